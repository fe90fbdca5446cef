//! Whether another try is worthwhile: the same way, or through another proxy.

use super::{Detail, Error, ErrorKind, Stage, extended};
use crate::protocol::reply::Reply;
use std::io;

/// # Another try
///
/// | error | [`is_retryable`](Self::is_retryable) | [`is_worth_another_proxy`](Self::is_worth_another_proxy) |
/// |---|---|---|
/// | `Invalid`, `Rule`, `Overrun`, `Over` | no | no |
/// | `Unresolved`: a proxy's name | yes | yes |
/// | `Unresolved`: the target's name, with local resolution or a direct connection | yes | no |
/// | `Unreachable`, `Io`, `TimedOut`, `EndedEarly` | yes | yes, except at the stages below |
/// | `NotSocks`, `Malformed`, `MethodNotOffered`, `NeedsSocks5a` | no | yes |
/// | `MethodsRefused`, `PasswordRefused`, `ClosedDuringMethod` | no | yes |
/// | `Method` whose source is an `io::Error` of the kind `ResourceBusy`: try later | yes | yes |
/// | `Method` whose source is an `io::Error` of the kind `InvalidInput`: a mistake in the arguments | no | no |
/// | `Method`, any other | no | yes |
/// | `Encapsulation`, `NoRelay` | no | yes |
/// | `AssociationEnded` | yes | yes |
/// | `Refused`, by an earlier proxy of a chain | [`Reply::is_retryable`] | yes |
/// | `Refused`, X'01', X'07', X'08', and X'5C' and X'5D' of SOCKS4 | [`Reply::is_retryable`] | yes |
/// | `Refused`, any other code | [`Reply::is_retryable`] | no |
/// | `RefusedExtended`, X'0A', X'0C' and X'10' | yes | yes |
/// | `RefusedExtended`, X'0F', by the last proxy | no | no |
/// | `RefusedExtended`, any other code | no | yes |
///
/// Another proxy is never worth a try at these stages:
///
/// - [`Direct`](Stage::Direct): there was no proxy.
/// - [`Preparation`](Stage::Preparation), unless a METHOD failed: the cause is on this machine.
/// - [`SecondReply`](Stage::SecondReply) with `TimedOut`: the peer did not connect.
impl Error {
    /// Returns whether the same call may succeed a little later.
    ///
    /// This is so if the cause may pass: a failure of the network, a timeout, or a reply that is
    /// [retryable](Reply::is_retryable). Among several [upstreams](crate::Upstreams), one such try
    /// suffices. A caller should wait before the next call, and limit the number of calls.
    ///
    /// After a call with [early data](crate::blocking::Socks5Stream::connect_with_early_data), the
    /// target may have received them.
    ///
    /// ```
    /// use anysocks::{Error, blocking::{AnyStream, Connector}};
    /// use std::{thread, time::Duration};
    ///
    /// fn connect(connector: &Connector, target: &str) -> Result<AnyStream, Error> {
    ///     for _ in 0..3 {
    ///         match connector.connect(target) {
    ///             Err(error) if error.is_retryable() => thread::sleep(Duration::from_secs(1)),
    ///             outcome => return outcome,
    ///         }
    ///     }
    ///     connector.connect(target)
    /// }
    /// ```
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.is_retryable_alone() || self.earlier_tries().iter().any(Self::is_retryable_alone)
    }

    fn is_retryable_alone(&self) -> bool {
        match self.kind() {
            ErrorKind::Io(_)
            | ErrorKind::Unresolved { .. }
            | ErrorKind::Unreachable(_)
            | ErrorKind::TimedOut
            | ErrorKind::EndedEarly { .. }
            | ErrorKind::AssociationEnded(_) => true,
            ErrorKind::Refused(reply) => reply.is_retryable(),
            ErrorKind::RefusedExtended { reply, .. } => extended::is_retryable(*reply),
            ErrorKind::Method(_) => self.io_kind() == io::ErrorKind::ResourceBusy,
            ErrorKind::Invalid(_)
            | ErrorKind::Rule(_)
            | ErrorKind::NotSocks { .. }
            | ErrorKind::MethodsRefused
            | ErrorKind::MethodNotOffered(_)
            | ErrorKind::PasswordRefused(_)
            | ErrorKind::NeedsSocks5a { .. }
            | ErrorKind::Encapsulation(_)
            | ErrorKind::ClosedDuringMethod { .. }
            | ErrorKind::Overrun { .. }
            | ErrorKind::Over
            | ErrorKind::NoRelay { .. }
            | ErrorKind::Malformed { .. } => false,
        }
    }

    /// Returns whether the same call may succeed through another proxy.
    ///
    /// This is so if the proxy can't be reached, does not answer in time, refuses the client, or
    /// does not follow the protocol. It is not so if the proxy refuses the target, also by its
    /// ruleset (X'02').
    #[must_use]
    pub fn is_worth_another_proxy(&self) -> bool {
        match (self.kind(), self.stage()) {
            // A mistake in the arguments of a METHOD.
            (ErrorKind::Method(_), _) => self.io_kind() != io::ErrorKind::InvalidInput,
            (ErrorKind::Invalid(_) | ErrorKind::Rule(_) | ErrorKind::Overrun { .. } | ErrorKind::Over, _)
            | (_, Stage::Direct | Stage::Preparation)
            | (ErrorKind::TimedOut, Stage::SecondReply) => false,
            (ErrorKind::Unresolved { .. }, _) => !self.is_unresolved_target(),
            (ErrorKind::Refused(reply), _) => self.hop() != self.hops() || refuses_client(*reply),
            (ErrorKind::RefusedExtended { reply: Reply::PERMISSION_DENIED, .. }, _) => {
                self.hop() != self.hops()
            }
            _ => true,
        }
    }

    /// Returns whether this machine could not resolve the target's name.
    pub(crate) fn is_unresolved_target(&self) -> bool {
        self.0.detail == Some(Detail::NameOfTarget)
    }
}

/// Returns whether the reply is not about the target.
const fn refuses_client(reply: Reply) -> bool {
    matches!(
        reply,
        Reply::GENERAL_FAILURE
            | Reply::COMMAND_NOT_SUPPORTED
            | Reply::ADDRESS_TYPE_NOT_SUPPORTED
            | Reply::NO_IDENTD
            | Reply::OTHER_USER_ID
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::invalid::Invalid;
    use crate::error::{AssociationEnd, Attempt};
    use crate::protocol::address::Address;
    use std::io;

    const NAME: &str = "a.example";

    fn io_error() -> io::Error {
        io::ErrorKind::ConnectionReset.into()
    }

    fn attempts() -> Vec<Attempt> {
        vec![Attempt { address: String::new(), error: io_error() }]
    }

    /// The rows of the documentation's table.
    #[test]
    fn every_kind() {
        use Stage::{Association, Authentication, Dial, Direct, MethodSelection, Preparation, Request};
        use Stage::{Resolve, SecondReply, Tunnel};
        let unresolved = || ErrorKind::Unresolved { name: NAME.into(), error: io_error() };
        let address = || Address::Ip(([127, 0, 0, 1], 0).into());
        let method = |kind| ErrorKind::Method(Box::new(io::Error::from(kind)));
        let extended = |reply| ErrorKind::RefusedExtended { reply, details: None };
        let (yes, no) = (true, false);
        for (stage, kind, retryable, another) in [
            (Preparation, ErrorKind::Invalid(Invalid::PortMissing), no, no),
            (Tunnel, ErrorKind::Invalid(Invalid::NoClock), no, no),
            (Preparation, ErrorKind::Rule("no".into()), no, no),
            (Request, ErrorKind::Overrun { reported: 2, offered: 1 }, no, no),
            (Request, ErrorKind::Over, no, no),
            (Resolve, unresolved(), yes, yes),
            (Dial, ErrorKind::Unreachable(attempts()), yes, yes),
            (Direct, ErrorKind::Unreachable(attempts()), yes, no),
            (Preparation, ErrorKind::Io(io_error()), yes, no),
            (MethodSelection, ErrorKind::Io(io_error()), yes, yes),
            (Direct, ErrorKind::Io(io_error()), yes, no),
            (Preparation, ErrorKind::TimedOut, yes, no),
            (MethodSelection, ErrorKind::TimedOut, yes, yes),
            (Authentication, ErrorKind::TimedOut, yes, yes),
            (Request, ErrorKind::TimedOut, yes, yes),
            (SecondReply, ErrorKind::TimedOut, yes, no),
            (Request, ErrorKind::EndedEarly { received: 0 }, yes, yes),
            (SecondReply, ErrorKind::EndedEarly { received: 0 }, yes, yes),
            (MethodSelection, ErrorKind::NotSocks { first: b'H' }, no, yes),
            (MethodSelection, ErrorKind::MethodNotOffered(1), no, yes),
            (Request, ErrorKind::Malformed { field: "VER", byte: 4 }, no, yes),
            (MethodSelection, ErrorKind::MethodsRefused, no, yes),
            (Authentication, ErrorKind::PasswordRefused(1), no, yes),
            (Authentication, ErrorKind::Method("no".into()), no, yes),
            (Preparation, ErrorKind::Method("no".into()), no, yes),
            (Preparation, method(io::ErrorKind::InvalidInput), no, no),
            (Authentication, method(io::ErrorKind::ResourceBusy), yes, yes),
            (Authentication, method(io::ErrorKind::PermissionDenied), no, yes),
            (Request, ErrorKind::NeedsSocks5a { method: 0 }, no, yes),
            (Authentication, ErrorKind::ClosedDuringMethod { code: 1, name: "toy" }, no, yes),
            (Tunnel, ErrorKind::Encapsulation("no".into()), no, yes),
            (Association, ErrorKind::NoRelay { bound: address(), relay: address() }, no, yes),
            (Association, ErrorKind::AssociationEnded(AssociationEnd::Closed), yes, yes),
            (Request, ErrorKind::Refused(Reply::GENERAL_FAILURE), yes, yes),
            (Request, ErrorKind::Refused(Reply::NOT_ALLOWED), no, no),
            (Request, ErrorKind::Refused(Reply::NETWORK_UNREACHABLE), yes, no),
            (Request, ErrorKind::Refused(Reply::HOST_UNREACHABLE), yes, no),
            (Request, ErrorKind::Refused(Reply::CONNECTION_REFUSED), yes, no),
            (Request, ErrorKind::Refused(Reply::TTL_EXPIRED), yes, no),
            (SecondReply, ErrorKind::Refused(Reply::TTL_EXPIRED), yes, no),
            (Request, ErrorKind::Refused(Reply::COMMAND_NOT_SUPPORTED), no, yes),
            (Request, ErrorKind::Refused(Reply::ADDRESS_TYPE_NOT_SUPPORTED), no, yes),
            (Request, ErrorKind::Refused(Reply::V5(9)), no, no),
            (Request, ErrorKind::Refused(Reply::ONION_INVALID), no, no),
            (Request, ErrorKind::Refused(Reply::REJECTED), yes, no),
            (Request, ErrorKind::Refused(Reply::NO_IDENTD), yes, yes),
            (Request, ErrorKind::Refused(Reply::OTHER_USER_ID), no, yes),
            (Request, extended(Reply::AUTHENTICATION_EXPIRED), no, yes),
            (Request, extended(Reply::RATE_LIMITED), yes, yes),
            (Request, extended(Reply::PROTOCOL_VIOLATION), no, yes),
            (Request, extended(Reply::TEMPORARY_FAILURE), yes, yes),
            (Request, extended(Reply::CLIENT_MISCONFIGURED), no, yes),
            (Request, extended(Reply::NETWORK_MISCONFIGURED), no, yes),
            (Request, extended(Reply::PERMISSION_DENIED), no, no),
            (SecondReply, extended(Reply::RESOURCES_EXHAUSTED), yes, yes),
        ] {
            let error = Error::new(stage, kind);
            assert_eq!(
                (error.is_retryable(), error.is_worth_another_proxy()),
                (retryable, another),
                "{error:?}"
            );
        }
    }

    #[test]
    fn the_targets_name_is_the_same_for_each_proxy() {
        let unresolved = || {
            let kind = ErrorKind::Unresolved { name: NAME.into(), error: io_error() };
            Error::new(Stage::Resolve, kind).about("a.example:80")
        };
        assert!(unresolved().is_worth_another_proxy(), "the proxy's, of the same name");
        assert!(!unresolved().of_target_name().is_worth_another_proxy());
    }

    /// A try that may succeed later makes the whole call one.
    #[test]
    fn earlier_tries_count() {
        let refused = || Error::new(Stage::MethodSelection, ErrorKind::MethodsRefused);
        let lost = Error::new(Stage::Dial, ErrorKind::Unreachable(attempts()));
        assert!(!refused().after_tries(vec![refused()]).is_retryable());
        assert!(refused().after_tries(vec![refused(), lost]).is_retryable());
    }

    /// It refuses the next proxy, and not the target.
    #[test]
    fn another_chain_can_be_used_after_a_refusal_by_an_earlier_proxy() {
        for (number, another) in [(1, true), (2, false)] {
            let refused = ErrorKind::Refused(Reply::HOST_UNREACHABLE);
            let error = Error::new(Stage::Request, refused).of_hop(number, 2);
            assert_eq!(error.is_worth_another_proxy(), another, "{error}");
        }
    }
}
