//! From the library's codes to an [`Error`].

use crate::buffer::Output;
use crate::error::{Error, ErrorKind};
use crate::ffi::{Functions, GSS_CODE, KRB5, MECH_CODE};

/// The bits of a major status that report a failure; the lower ones inform.
const FAILURE: u32 = 0xffff_0000;

/// What the library was asked for. The same code means different things.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Name,
    Acquire,
    Context,
    Message,
}

/// Returns the informational bits of a major status, or the failure.
///
/// Must be called on the thread of the failed call, before any other call.
pub(crate) fn check(
    functions: &'static Functions,
    operation: Operation,
    major: u32,
    minor: u32,
) -> Result<u32, Error> {
    if major & FAILURE == 0 {
        return Ok(major);
    }
    Err(Error::new(kind(operation, major, minor), message(functions, major, minor), major, minor))
}

/// The routine errors of RFC 2744 §3.9.1.
mod routine {
    pub(super) const BAD_NAME: u32 = 2;
    pub(super) const BAD_NAMETYPE: u32 = 3;
    pub(super) const BAD_MIC: u32 = 6;
    pub(super) const NO_CREDENTIAL: u32 = 7;
    pub(super) const DEFECTIVE_TOKEN: u32 = 9;
    pub(super) const DEFECTIVE_CREDENTIAL: u32 = 10;
    pub(super) const CREDENTIALS_EXPIRED: u32 = 11;
    pub(super) const CONTEXT_EXPIRED: u32 = 12;
    pub(super) const FAILURE: u32 = 13;

    pub(super) fn of(major: u32) -> u32 {
        (major >> 16) & 0xff
    }
}

/// Codes of Kerberos: those of RFC 4120 §7.5.9, and from 128 on those that both libraries add.
mod krb5 {
    pub(super) const CLIENT_UNKNOWN: u32 = 6;
    pub(super) const SERVER_UNKNOWN: u32 = 7;
    pub(super) const PREAUTH_FAILED: u32 = 24;
    pub(super) const BAD_INTEGRITY: u32 = 31;
    pub(super) const TICKET_EXPIRED: u32 = 32;
    pub(super) const REPEATED: u32 = 34;
    pub(super) const SKEW: u32 = 37;
    pub(super) const MODIFIED: u32 = 41;
    pub(super) const MUTUAL_FAILED: [u32; 2] = [46, 158];
    pub(super) const KDC_REPLY_SKEW: u32 = 148;
    pub(super) const REALM_UNKNOWN: u32 = 154;
    pub(super) const KDC_UNREACHABLE: u32 = 156;
    pub(super) const REALM_UNRESOLVED: u32 = 220;

    /// `ERROR_TABLE_BASE_krb5`, where these codes begin.
    pub(super) const BASE: u32 = 2_529_638_912;

    pub(super) fn of(minor: u32) -> u32 {
        minor.wrapping_sub(BASE)
    }
}

fn kind(operation: Operation, major: u32, minor: u32) -> ErrorKind {
    match krb5::of(minor) {
        krb5::CLIENT_UNKNOWN => return ErrorKind::UnknownClient,
        krb5::SERVER_UNKNOWN => return ErrorKind::UnknownService,
        krb5::PREAUTH_FAILED | krb5::BAD_INTEGRITY if operation == Operation::Acquire => {
            return ErrorKind::WrongPassword;
        }
        // The peer's token was changed or repeated, or made with another key than this side has.
        krb5::BAD_INTEGRITY | krb5::REPEATED | krb5::MODIFIED => return ErrorKind::BadToken,
        code if krb5::MUTUAL_FAILED.contains(&code) => return ErrorKind::BadToken,
        krb5::TICKET_EXPIRED => return ErrorKind::Expired,
        krb5::SKEW | krb5::KDC_REPLY_SKEW => return ErrorKind::ClockSkew,
        krb5::REALM_UNKNOWN | krb5::KDC_UNREACHABLE | krb5::REALM_UNRESOLVED => {
            return ErrorKind::KdcUnreachable;
        }
        _ => {}
    }
    match routine::of(major) {
        routine::BAD_NAME | routine::BAD_NAMETYPE => ErrorKind::Invalid,
        routine::NO_CREDENTIAL | routine::DEFECTIVE_CREDENTIAL => ErrorKind::NoCredentials,
        routine::CREDENTIALS_EXPIRED | routine::CONTEXT_EXPIRED => ErrorKind::Expired,
        routine::BAD_MIC | routine::DEFECTIVE_TOKEN => ErrorKind::BadToken,
        _ => ErrorKind::Other,
    }
}

fn message(functions: &'static Functions, major: u32, minor: u32) -> String {
    // MIT Kerberos also has minor codes that mean 0.
    let detail = text(functions, minor, MECH_CODE).filter(|text| minor != 0 && text != "Success");
    // The text of a plain failure only refers to the minor code.
    let summary = if detail.is_some() && major == routine::FAILURE << 16 {
        None
    } else {
        text(functions, major, GSS_CODE)
    };
    match (summary, detail) {
        (Some(summary), Some(detail)) => format!("{summary}: {detail}"),
        (Some(text), None) | (None, Some(text)) => text,
        (None, None) => format!("major status {major:#x}, minor status {minor:#x}"),
    }
}

/// Returns the text of a status, or none if the library has none.
fn text(functions: &'static Functions, status: u32, kind: i32) -> Option<String> {
    // One status has several texts if it has several bits. Not more than these:
    const LIMIT: usize = 8;
    let mut texts = Vec::new();
    let mut context = 0;
    for _ in 0..LIMIT {
        let mut minor = 0;
        let mut output = Output::new(functions);
        // SAFETY: the pointers are to values that live through the call, and the library fills
        // the buffer with memory of its own, which `Output` releases.
        let major = unsafe {
            (functions.display_status)(
                &raw mut minor,
                status,
                kind,
                &raw const KRB5,
                &raw mut context,
                output.as_mut(),
            )
        };
        if major & FAILURE != 0 {
            break;
        }
        let text = String::from_utf8_lossy(output.bytes()).trim().to_owned();
        texts.extend((!text.is_empty()).then_some(text));
        if context == 0 {
            break;
        }
    }
    (!texts.is_empty()).then(|| texts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_codes() {
        let krb5 = |code: u32| krb5::BASE + code;
        for (operation, routine, minor, expected) in [
            (Operation::Acquire, 7, krb5(31), ErrorKind::WrongPassword),
            (Operation::Acquire, 7, krb5(24), ErrorKind::WrongPassword),
            (Operation::Context, 13, krb5(31), ErrorKind::BadToken),
            (Operation::Context, 13, krb5(34), ErrorKind::BadToken),
            (Operation::Acquire, 7, krb5(195), ErrorKind::NoCredentials),
            (Operation::Acquire, 13, krb5(6), ErrorKind::UnknownClient),
            (Operation::Context, 13, krb5(7), ErrorKind::UnknownService),
            (Operation::Context, 13, krb5(32), ErrorKind::Expired),
            (Operation::Context, 11, 0, ErrorKind::Expired),
            (Operation::Context, 13, krb5(37), ErrorKind::ClockSkew),
            (Operation::Acquire, 7, krb5(148), ErrorKind::ClockSkew),
            (Operation::Acquire, 7, krb5(154), ErrorKind::KdcUnreachable),
            (Operation::Context, 13, krb5(156), ErrorKind::KdcUnreachable),
            (Operation::Message, 6, 0, ErrorKind::BadToken),
            (Operation::Context, 9, 0, ErrorKind::BadToken),
            (Operation::Name, 2, 0, ErrorKind::Invalid),
            (Operation::Message, 13, 1, ErrorKind::Other),
        ] {
            assert_eq!(kind(operation, routine << 16, minor), expected, "{routine} {minor}");
        }
    }
}
