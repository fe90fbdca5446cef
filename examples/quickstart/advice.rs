//! What to try when something has failed.

use anysocks::{Endpoint, Error, ErrorKind, Invalid, Proxy, ProxyProtocol, Reply, Stage, Target};
use std::io;

/// The tunnel was granted, and nothing came through.
pub(crate) const NO_PAGE: &str =
    "Is it a website without TLS? Some proxies grant everything, and only then try to reach the target.";

const ESCAPES: &str =
    "In a URL's user name and password, %, @, :, /, ? and # are written %25, %40, %3A, %2F, %3F and %23.";

const PASSWORD: &str = "Are user name and password right? \
     In a URL, %, @, :, /, ? and # in them are written %25, %40, %3A, %2F, %3F and %23.";

/// On a proxy's URL that can't be read.
pub(crate) fn on_url(error: &Error, url: &str) -> Option<&'static str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority_ends = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match error.kind() {
        // What should have ended the user name and the password stands behind what ended all.
        _ if rest[authority_ends..].contains('@') => Some(ESCAPES),
        ErrorKind::Invalid(Invalid::PasswordOverSocks4) => {
            Some("A user id stands alone: socks4a://user@host:port. Passwords are for socks5h://.")
        }
        _ => None,
    }
}

/// On a target that can't be read.
pub(crate) fn on_target(error: &Error) -> Option<&'static str> {
    match error.kind() {
        ErrorKind::Invalid(Invalid::PortMissing | Invalid::NotAPort) => {
            Some("A target is host:port, and no URL: example.com:80.")
        }
        _ => None,
    }
}

/// On a tunnel to this target that did not come about.
pub(crate) fn what_to_try(error: &Error, proxy: &Proxy, target: &Target<'_>) -> Option<&'static str> {
    let speaks_v5 = matches!(proxy.protocol(), ProxyProtocol::V5(_));
    Some(match (error.stage(), error.kind()) {
        (_, ErrorKind::Invalid(invalid)) => return on_invalid(invalid),
        // The proxy's own errors name it.
        (Stage::Resolve, _) if error.proxy().is_some() => {
            "The proxy itself has no address here: is its name spelled right, and is this machine online?"
        }
        (Stage::Resolve, _) => {
            "No address: is the name spelled right? With socks5h:// or socks4a:// the proxy looks the target up."
        }
        (Stage::Dial, _) if error.is_timeout() => {
            "Nobody answers there: is the address right, or is there a firewall between?"
        }
        (Stage::Dial, ErrorKind::Unreachable(attempts)) => {
            return on_dial(attempts.last()?.error.kind(), proxy.endpoint());
        }
        (_, ErrorKind::NotSocks { first }) => on_stranger(*first),
        (_, ErrorKind::MethodsRefused | ErrorKind::MethodNotOffered(2)) if !names_user(proxy) => {
            "The proxy wants a user name and a password: socks5h://user:password@host:port."
        }
        (_, ErrorKind::MethodsRefused) => {
            "The proxy wants neither a password nor none: is it GSS-API that it wants, or no client from here?"
        }
        (_, ErrorKind::MethodNotOffered(_)) => {
            "The proxy insists on a method that this example does not know, such as GSS-API (X'01')."
        }
        (_, ErrorKind::PasswordRefused(_)) => PASSWORD,
        (_, ErrorKind::Refused(reply)) => on_reply(*reply, target),
        (_, ErrorKind::Malformed { .. }) => "The proxy breaks the protocol: is it a SOCKS proxy at all?",
        (stage, _) if error.is_timeout() => on_silence(stage, speaks_v5),
        (stage, kind) if is_hang_up(kind) => on_hang_up(stage, speaks_v5),
        _ => return None,
    })
}

fn on_invalid(invalid: &Invalid) -> Option<&'static str> {
    match invalid {
        Invalid::TlsNotWrapped => Some("The examples tls_proxy and tls_proxy_blocking show how."),
        Invalid::OnionResolvedLocally => Some("Try socks5h://: the proxy looks the target up."),
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
            "This user may not use the socket: who may, says `ls -l` of it and of its folder."
        }
        (io::ErrorKind::ConnectionRefused, Endpoint::Unix(_)) => {
            "The socket is there, and nobody listens at it: is the proxy still running?"
        }
        (io::ErrorKind::ConnectionRefused, _) => {
            "Nothing listens there: is the proxy running, and is this its port?"
        }
        (io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable, _) => {
            "There is no way to the proxy: is this machine online, and is the address right?"
        }
        _ => return None,
    })
}

/// By the first byte that came.
const fn on_stranger(first: u8) -> &'static str {
    match first {
        b'H' | b'<' => "An HTTP proxy, or a website? SOCKS is on another port.",
        b'S' => {
            "An SSH server? `ssh -D 1080 user@host` makes a SOCKS proxy of it, on port 1080 of this machine."
        }
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
            "The proxy does not say why. It may not reach the target, or find no address for its name. \
             Tor says this of private addresses."
        }
        Reply::NOT_ALLOWED => "The proxy's rules forbid this target.",
        Reply::NETWORK_UNREACHABLE | Reply::HOST_UNREACHABLE if named => {
            "The proxy does not reach the target, or finds no address for its name: is it spelled right?"
        }
        Reply::NETWORK_UNREACHABLE | Reply::HOST_UNREACHABLE => {
            "The proxy does not reach this address: is it right, and does the proxy have a way there?"
        }
        Reply::CONNECTION_REFUSED => "Nothing listens at the target: is it running, and is this its port?",
        Reply::TTL_EXPIRED => "The target does not answer the proxy in time: is it there?",
        Reply::COMMAND_NOT_SUPPORTED => "The proxy makes no connections: is it for something else?",
        Reply::ADDRESS_TYPE_NOT_SUPPORTED if named => {
            "The proxy takes no names: with socks5:// this machine looks the target up."
        }
        Reply::ADDRESS_TYPE_NOT_SUPPORTED => "The proxy takes no such address: try the target's name.",
        Reply::REJECTED if named => {
            "The proxy does not reach the target, forbids it, or knows no SOCKS4a (Dante does not): try socks5h://."
        }
        Reply::REJECTED => {
            "The proxy does not reach the target, or forbids it. With socks5h:// it may say which."
        }
        Reply::NO_IDENTD | Reply::OTHER_USER_ID => {
            "The proxy asks this machine's identd who is there: give the user id that it knows, socks4a://user@host:port."
        }
        Reply::ONION_BAD_ADDRESS => {
            "No onion service can have this name: is it complete, and without a slip?"
        }
        Reply::ONION_AUTH_MISSING | Reply::ONION_AUTH_WRONG => {
            "The onion service wants a key of its clients: ClientOnionAuthDir in Tor's manual."
        }
        Reply::V5(0xf0..=0xf3) | Reply::ONION_TIMED_OUT => {
            "The onion service is not there at the moment, or has gone for good: is the name current?"
        }
        _ => "No standard knows this code: the proxy's log may say more.",
    }
}

/// Nothing came. In SOCKS4 the request comes first.
const fn on_silence(stage: Stage, speaks_v5: bool) -> &'static str {
    match (stage, speaks_v5) {
        (Stage::Request, true) => "The proxy answers, and the target does not, or not in time: is it there?",
        (Stage::Request, false) => {
            "Something listens that does not answer: is it a SOCKS4 proxy (if not, try socks5h://), and is the target there?"
        }
        (Stage::Authentication, _) => "The proxy does not say what it makes of the password: is it busy?",
        _ => {
            "Something listens that does not answer. What speaks SOCKS4 (socks4a://), HTTP or TLS may wait for more."
        }
    }
}

/// The connection was closed in place of an answer.
const fn on_hang_up(stage: Stage, speaks_v5: bool) -> &'static str {
    match (stage, speaks_v5) {
        (Stage::Request, true) => {
            "The proxy speaks SOCKS5, and hangs up on this target: is it there? `ssh -D` says no more of any failure."
        }
        (Stage::Request, false) => {
            "The proxy hangs up: does it speak SOCKS4 (if not, try socks5h://), and is the target there?"
        }
        (Stage::Authentication, _) => PASSWORD,
        _ => {
            "The proxy hangs up: does it speak SOCKS5 (if not, try socks4a://), and may this machine use it?"
        }
    }
}

/// A reset tells as little as an end: a proxy that does not read all that it is sent ends so.
fn is_hang_up(kind: &ErrorKind) -> bool {
    match kind {
        ErrorKind::EndedEarly { .. } => true,
        ErrorKind::Io(error) => matches!(
            error.kind(),
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe
        ),
        _ => false,
    }
}

/// A proxy shows its user name, and an `@` in no other place.
fn names_user(proxy: &Proxy) -> bool {
    proxy.to_string().contains('@')
}
