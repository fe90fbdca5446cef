//! The replies of SOCKS5a.

use crate::protocol::dialect::{Dialect, refused};

/// The dialect after a METHOD of SOCKS5a.
pub(super) static SOCKS5A: Dialect = Dialect { no_address: Some(0), missing: |_| 0, refusal: refused };
