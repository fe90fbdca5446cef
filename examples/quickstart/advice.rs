//! What to try after a failure.

use anysocks::{Endpoint, Error, ErrorKind, Invalid, Proxy, Reply, SocksProtocol, Stage, Target};
use std::io;

/// For a granted tunnel without a response.
pub(crate) const NO_PAGE: &str =
    "Is the target a website without TLS? Some proxies grant every request, and connect to the target later.";

const ESCAPES: &str =
    "In a URL's user name and password, write %, @, :, /, ? and # as %25, %40, %3A, %2F, %3F and %23.";

const PASSWORD: &str = "Are user name and password right? \
     In a URL, write %, @, :, /, ? and # in them as %25, %40, %3A, %2F, %3F and %23.";

/// For a proxy's URL that can't be parsed.
pub(crate) fn on_url(error: &Error, url: &str) -> Option<&'static str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority_ends = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match error.kind() {
        // An `@` behind the authority: the password contains an unescaped `/`, `?` or `#`.
        _ if rest[authority_ends..].contains('@') => Some(ESCAPES),
        ErrorKind::Invalid(Invalid::PasswordOverSocks4) => {
            Some("A user id stands alone: socks4a://user@host:port. Only SOCKS5 has passwords: socks5h://.")
        }
        _ => None,
    }
}

/// For a target that can't be parsed.
pub(crate) fn on_target(error: &Error) -> Option<&'static str> {
    match error.kind() {
        ErrorKind::Invalid(Invalid::PortMissing | Invalid::NotAPort | Invalid::UrlAsTarget) => {
            Some("A target is host:port, not a URL: example.com:80.")
        }
        _ => None,
    }
}

/// For a tunnel to this target that failed.
pub(crate) fn what_to_try(error: &Error, proxy: &Proxy, target: &Target<'_>) -> Option<&'static str> {
    let speaks_v5 = matches!(proxy.protocol(), SocksProtocol::V5(_));
    Some(match (error.stage(), error.kind()) {
        (_, ErrorKind::Invalid(invalid)) => return on_invalid(invalid),
        // Errors about the proxy's own name have the proxy.
        (Stage::Resolve, _) if error.proxy().is_some() => {
            "The proxy itself has no address: is its name spelled right, and is this machine online?"
        }
        (Stage::Resolve, _) => {
            "The target has no address: is its name spelled right? With socks5h:// or socks4a:// the proxy resolves it."
        }
        (Stage::Dial, _) if error.is_timeout() => {
            "The proxy's address does not answer: is it right, or is there a firewall between?"
        }
        (Stage::Dial, ErrorKind::Unreachable(attempts)) => {
            return on_dial(attempts.last()?.error.kind(), proxy.endpoint());
        }
        (_, ErrorKind::NotSocks { first }) => on_stranger(*first),
        (_, ErrorKind::MethodsRefused | ErrorKind::MethodNotOffered(2)) if !names_user(proxy) => {
            "The proxy wants a user name and a password: socks5h://user:password@host:port."
        }
        (_, ErrorKind::MethodsRefused) => {
            "The proxy accepts neither a password nor none: does it require GSS-API, or refuse this machine?"
        }
        (_, ErrorKind::MethodNotOffered(_)) => {
            "The proxy requires a METHOD that this example does not support, such as GSS-API (X'01')."
        }
        (_, ErrorKind::PasswordRefused(_)) => PASSWORD,
        (_, ErrorKind::Refused(reply)) => on_reply(*reply, target),
        (_, ErrorKind::Malformed { .. }) => "The answer breaks the protocol: is it a SOCKS proxy?",
        (stage, _) if error.is_timeout() => on_silence(stage, speaks_v5),
        (stage, kind) if is_closed(kind) => on_close(stage, speaks_v5),
        _ => return None,
    })
}

fn on_invalid(invalid: &Invalid) -> Option<&'static str> {
    match invalid {
        Invalid::TlsNotWrapped => Some("The examples tls_proxy and tls_proxy_blocking show how."),
        Invalid::OnionResolvedLocally => Some("Try socks5h://: then the proxy resolves the target's name."),
        Invalid::Ipv6OverSocks4 => Some("Try socks5h://, if the proxy speaks SOCKS5, or the target's name."),
        _ => None,
    }
}

fn on_dial(error: io::ErrorKind, proxy: &Endpoint) -> Option<&'static str> {
    Some(match (error, proxy) {
        (io::ErrorKind::NotFound, Endpoint::Unix(_)) => {
            "No such socket: is the proxy running, and is this its path?"
        }
        (io::ErrorKind::PermissionDenied, Endpoint::Unix(_)) => {
            "This user may not use the socket: check the permissions of the socket and of its folder with `ls -l`."
        }
        (io::ErrorKind::ConnectionRefused, Endpoint::Unix(_)) => {
            "The socket exists, but no process listens on it: is the proxy still running?"
        }
        (io::ErrorKind::ConnectionRefused, _) => {
            "Nothing listens there: is the proxy running, and is this its port?"
        }
        (io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable, _) => {
            "There is no route to the proxy: is this machine online, and is the address right?"
        }
        _ => return None,
    })
}

/// By the first byte of the answer.
const fn on_stranger(first: u8) -> &'static str {
    match first {
        b'H' | b'<' => "An HTTP proxy, or a website? SOCKS is on another port.",
        b'S' => "An SSH server? `ssh -D 1080 user@host` starts a SOCKS proxy on port 1080 of this machine.",
        0 | 4 => "Try socks4a://.",
        5 => "Try socks5h://.",
        0x15 | 0x16 => "The proxy is behind TLS: see the example tls_proxy.",
        _ => "Something other than SOCKS: is this the proxy's port?",
    }
}

fn on_reply(reply: Reply, target: &Target<'_>) -> &'static str {
    let named = target.domain().is_some();
    match reply {
        Reply::GENERAL_FAILURE => {
            "The proxy does not say why. It may not reach the target, or not resolve its name. \
             Tor answers so for private addresses."
        }
        Reply::NOT_ALLOWED => "The proxy's rules forbid this target.",
        Reply::NETWORK_UNREACHABLE | Reply::HOST_UNREACHABLE if named => {
            "The proxy does not reach the target, or can't resolve its name: is it spelled right?"
        }
        Reply::NETWORK_UNREACHABLE | Reply::HOST_UNREACHABLE => {
            "The proxy does not reach this address: is it right, and does the proxy have a route to it?"
        }
        Reply::CONNECTION_REFUSED => "Nothing listens at the target: is it running, and is this its port?",
        Reply::TTL_EXPIRED => "The target does not answer the proxy in time: is it running?",
        Reply::COMMAND_NOT_SUPPORTED => "The proxy makes no connections: is it for another purpose?",
        Reply::ADDRESS_TYPE_NOT_SUPPORTED if named => {
            "The proxy accepts no names: with socks5:// this machine resolves the target's name."
        }
        Reply::ADDRESS_TYPE_NOT_SUPPORTED => {
            "The proxy does not accept this type of address: try the target's name."
        }
        Reply::REJECTED if named => {
            "The proxy does not reach the target, forbids it, or knows no SOCKS4a (as Dante): try socks5h://."
        }
        Reply::REJECTED => {
            "The proxy does not reach the target, or forbids it. With socks5h:// it may say which of the two."
        }
        Reply::NO_IDENTD | Reply::OTHER_USER_ID => {
            "The proxy asks this machine's identd for the user: use the id that identd reports, socks4a://user@host:port."
        }
        Reply::ONION_BAD_ADDRESS => {
            "No onion service can have this name: is it complete, and typed without a slip?"
        }
        Reply::ONION_AUTH_MISSING | Reply::ONION_AUTH_WRONG => {
            "The onion service requires a key of its clients: see ClientOnionAuthDir in Tor's manual."
        }
        Reply::V5(0xf0..=0xf3) | Reply::ONION_TIMED_OUT => {
            "The onion service is not there at the moment, or no longer exists: is the name current?"
        }
        _ => "No standard defines this code: the proxy's log may contain more.",
    }
}

/// For a timeout without an answer. In SOCKS4 the request is the first message.
const fn on_silence(stage: Stage, speaks_v5: bool) -> &'static str {
    match (stage, speaks_v5) {
        (Stage::Request, true) => {
            "The proxy answers, but the target does not, or not in time: is it running?"
        }
        (Stage::Request, false) => {
            "A server listens but does not answer: is it a SOCKS4 proxy (if not, try socks5h://), and is the target running?"
        }
        (Stage::Authentication, _) => "The proxy does not answer what it makes of the password: is it busy?",
        _ => {
            "A server listens but does not answer. A server of SOCKS4 (socks4a://), HTTP or TLS may wait for more."
        }
    }
}

/// For a connection that was closed without an answer.
const fn on_close(stage: Stage, speaks_v5: bool) -> &'static str {
    match (stage, speaks_v5) {
        (Stage::Request, true) => {
            "The proxy speaks SOCKS5, but closes the connection for this target: is it running? `ssh -D` reports every failure so."
        }
        (Stage::Request, false) => {
            "The proxy closes the connection: does it speak SOCKS4 (if not, try socks5h://), and is the target running?"
        }
        (Stage::Authentication, _) => PASSWORD,
        _ => {
            "The proxy closes the connection: does it speak SOCKS5 (if not, try socks4a://), and may this machine use it?"
        }
    }
}

/// Whether the connection was closed or reset. A proxy that closes it before it has read
/// everything causes a reset.
fn is_closed(kind: &ErrorKind) -> bool {
    match kind {
        ErrorKind::EndedEarly { .. } => true,
        ErrorKind::Io(error) => matches!(
            error.kind(),
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe
        ),
        _ => false,
    }
}

/// Whether the proxy has a user name: only then its text contains an `@`.
fn names_user(proxy: &Proxy) -> bool {
    proxy.to_string().contains('@')
}
