//! What the examples talk to when they are given nothing else: servers in this process, or started by it.
//!
//! The proxies take every name for this machine, and the examples ask for names under `.invalid`, which no other resolver knows: what
//! reaches its server has gone through the proxy, and its name with it.

mod background;
mod health;
mod mail;
mod name_server;
mod process;
mod proxy;
mod ssh;
mod tls;
mod website;
mod websocket;

pub use health::health;
pub use mail::mail_server;
pub use name_server::{ADDRESS, name_server};
pub use process::{postgres, redis, vsftpd};
pub use proxy::{chain, proxy};
pub use ssh::{is_host_key, ssh_server, user_and_key};
#[cfg(feature = "native-tls")]
pub use tls::native_tls;
pub use tls::{https_website, tls};
pub use website::{GREETING, website};
pub use websocket::websocket;

use proxy::requests;
use std::fmt::{Debug, Display};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::slice;

/// The arguments `proxy target`; without them a proxy in this process, and the server that this starts at the port that it gives.
///
/// # Errors
///
/// One of them can't be started, or there is one argument, or more than two.
pub fn proxy_and_target(server: impl FnOnce() -> io::Result<u16>) -> io::Result<(String, String)> {
    match &*arguments() {
        [] => Ok((proxy()?, format!("hello.invalid:{}", server()?))),
        [proxy, target] => Ok((proxy.clone(), target.clone())),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "the arguments are: [proxy-url target]")),
    }
}

/// As [`proxy_and_target`], but the first argument is a chain, and without arguments there are two proxies.
///
/// # Errors
///
/// Those of `proxy_and_target`.
pub fn chain_and_target(server: impl FnOnce() -> io::Result<u16>) -> io::Result<(String, String)> {
    let (proxy, target) = proxy_and_target(server)?;
    Ok((if arguments().is_empty() { chain()? } else { proxy }, target))
}

/// As [`proxy_and_target`], but the target is an address.
///
/// # Errors
///
/// Those of `proxy_and_target`, or the second argument is no address.
pub fn proxy_and_addr(server: impl FnOnce() -> io::Result<u16>) -> io::Result<(String, SocketAddr)> {
    if arguments().is_empty() {
        return Ok((proxy()?, (Ipv4Addr::LOCALHOST, server()?).into()));
    }
    let (proxy, target) = proxy_and_target(server)?;
    Ok((proxy, target.parse().map_err(io::Error::other)?))
}

/// As [`proxy_and_target`], but there may be several targets; without arguments there are two names of one server.
///
/// # Errors
///
/// A server can't be started, or there is one argument.
pub fn proxy_and_targets(server: impl FnOnce() -> io::Result<u16>) -> io::Result<(String, Vec<String>)> {
    if let [proxy, first, more @ ..] = &*arguments() {
        return Ok((proxy.clone(), [slice::from_ref(first), more].concat()));
    }
    let (proxy, target) = proxy_and_target(server)?;
    let again = target.replace("hello", "again");
    Ok((proxy, vec![target, again]))
}

/// Prints what has come through the tunnel, and compares it with what the server in this process sends, if that was asked.
///
/// # Errors
///
/// It differs.
pub fn check(received: &str) -> io::Result<()> {
    check_is(received, GREETING)
}

/// As [`check`], but the server in this process sends, or is, something else.
///
/// # Errors
///
/// It differs.
pub fn check_is(received: impl Display, expected: impl Display) -> io::Result<()> {
    let (received, expected) = (received.to_string(), expected.to_string());
    println!("{}", received.trim_end());
    compare(&expected, &received)
}

/// Compares the hosts that the proxies in this process have been asked for with these, if they are all that there is.
///
/// # Errors
///
/// They differ.
pub fn check_hosts(expected: &[&str]) -> io::Result<()> {
    let hosts: Vec<_> = requests().into_iter().map(|asked| asked.host).collect();
    compare(expected, &*hosts)
}

/// Compares the users and passwords that the proxies in this process have been told with these, likewise.
///
/// # Errors
///
/// They differ.
pub fn check_logins(expected: &[(&str, &str)]) -> io::Result<()> {
    let logins: Vec<_> = requests().into_iter().map(|asked| (asked.user, asked.password)).collect();
    compare(expected, &*logins)
}

fn compare<T: Debug + ?Sized, U: Debug + ?Sized>(expected: &T, found: &U) -> io::Result<()> {
    let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
    if arguments().is_empty() && found != expected {
        return Err(io::Error::other(format!("expected {expected}, found {found}")));
    }
    Ok(())
}

fn arguments() -> Vec<String> {
    std::env::args().skip(1).collect()
}

/// The code of the pages, as doctests of this crate, which depends on the clients in them.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../../../README.md")]
    mod readme {}
    #[doc = include_str!("../../../../docs/coming-from/async-socks5.md")]
    mod async_socks5 {}
    #[doc = include_str!("../../../../docs/coming-from/fast-socks5.md")]
    mod fast_socks5 {}
    #[doc = include_str!("../../../../docs/coming-from/hyper-util.md")]
    mod hyper_util {}
    #[doc = include_str!("../../../../docs/coming-from/socks.md")]
    mod socks {}
    #[doc = include_str!("../../../../docs/coming-from/tokio-socks.md")]
    mod tokio_socks {}
}
