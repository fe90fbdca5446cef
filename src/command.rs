//! What a client asks a proxy to do.

/// CMD of RFC 1928 §4; SOCKS4's CD has the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Connect = 1,
    Bind = 2,
    UdpAssociate = 3,
}
