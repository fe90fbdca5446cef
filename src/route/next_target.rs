//! Whether a refused request is made again, for another target.

use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::reply::Reply;
use crate::protocol::target::{Host, Target};

/// Returns the host and the port of a URL, if the proxy does not take URLs and this one has a
/// fallback.
pub(super) fn url_fallback(error: &Error, target: &Target<'_>) -> Option<Target<'static>> {
    let refused = matches!(
        error.kind(),
        ErrorKind::Refused(Reply::ADDRESS_TYPE_NOT_SUPPORTED) | ErrorKind::NeedsSocks5a { .. }
    );
    match target.host() {
        Host::Url(_) if refused && error.stage() == Stage::Request => {
            target.clone().into_standard().ok().map(Target::into_owned)
        }
        _ => None,
    }
}

/// Returns whether the proxy refused the address, so that another address may succeed.
///
/// Some proxies close the connection to refuse. Others close it after they have forwarded the
/// early data, which must not be sent twice.
pub(super) fn is_refused_address(error: &Error, may_repeat: bool) -> bool {
    let refused = match error.kind() {
        // The other codes of SOCKS5a are not about the address.
        ErrorKind::Refused(_) | ErrorKind::RefusedExtended { reply: Reply::PERMISSION_DENIED, .. } => true,
        ErrorKind::EndedEarly { .. } | ErrorKind::Io(_) => may_repeat,
        _ => false,
    };
    refused && error.stage() == Stage::Request
}
