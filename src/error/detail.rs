//! Facts about a failure that neither its stage nor its kind has.

use super::kind::ErrorKind;
use super::stage::Stage;
use std::borrow::Cow;
use std::io;

/// A fact that the text of an error adds to the stage and the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// The name that can't be resolved is the target's.
    NameOfTarget,
    /// The server has accepted the connection, and sent no byte.
    Unanswered,
    /// Only no authentication was offered.
    NoPassword,
    /// Only a password was offered.
    OnlyPassword,
    /// Only Tor's isolation token was offered, as a password.
    IsolationToken,
    /// Only this custom METHOD was offered.
    OnlyMethod(u8),
    /// A request was sent in an encapsulation, and the proxy has sent no byte behind it.
    SealedUnanswered,
}

impl Detail {
    /// Returns the text that follows the sentence and its sources, or an empty one.
    pub(super) fn text(self, stage: Stage, kind: &ErrorKind) -> Cow<'static, str> {
        if let (Self::OnlyMethod(code), ErrorKind::MethodsRefused) = (self, kind) {
            return format!(": only X'{code:02X}' was offered").into();
        }
        self.fixed_text(stage, kind).into()
    }

    fn fixed_text(self, stage: Stage, kind: &ErrorKind) -> &'static str {
        match (self, kind) {
            (Self::SealedUnanswered, ErrorKind::EndedEarly { .. }) => {
                ": the keys of the encapsulation may differ from the proxy's"
            }
            (Self::Unanswered, ErrorKind::TimedOut) => after_silence(stage),
            (Self::Unanswered, ErrorKind::EndedEarly { .. }) => after_close(stage),
            (Self::Unanswered, ErrorKind::Io(error)) if is_reset(error) => after_close(stage),
            (Self::NoPassword, ErrorKind::MethodsRefused) => {
                ": no user name and password were offered, and it may require them"
            }
            (Self::OnlyPassword, ErrorKind::MethodsRefused) => ": only a password was offered",
            (Self::IsolationToken, ErrorKind::MethodsRefused) => {
                ": only a password was offered, because `isolated` does so: is it Tor?"
            }
            (Self::IsolationToken, ErrorKind::PasswordRefused(_)) => {
                ": `isolated` replaces the password by a token: is it Tor?"
            }
            _ => "",
        }
    }
}

/// A SOCKS4 proxy may be silent until it is connected to the target.
const fn after_silence(stage: Stage) -> &'static str {
    match stage {
        Stage::Request => {
            ": the server accepted the connection and sent nothing: \
             is it an HTTP proxy, does it expect TLS, or does the target not answer?"
        }
        _ => {
            ": the server accepted the connection and sent nothing: \
             is it an HTTP proxy, or does it expect TLS?"
        }
    }
}

/// A SOCKS4 proxy may refuse the request in this way.
const fn after_close(stage: Stage) -> &'static str {
    match stage {
        Stage::Request => ": is it an HTTP proxy, does it expect TLS, or does it refuse the request?",
        _ => ": is it an HTTP proxy, does it expect TLS, or does it refuse this client?",
    }
}

/// Returns whether the other side has reset the connection.
pub(crate) fn is_reset(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted)
}
