//! The servers of examples that run without arguments. They are in this process, or started by it.
//!
//! The proxies resolve every name to this machine. The examples use names under `.invalid`, which
//! no other resolver knows. So a connection that reaches its server went through the proxy, and so
//! did the name.

mod background;
mod echo;
mod health;
mod mail;
mod name_server;
mod process;
mod proxy;
mod ssh;
mod tls;
mod website;
mod websocket;

pub use echo::echo;
pub use health::health;
pub use mail::mail_server;
pub use name_server::{ADDRESS, name_server};
pub use process::{postgres, redis, vsftpd};
pub use proxy::{chain, proxy, short_associations};
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

/// Returns the arguments `proxy target`. Without arguments, starts a proxy in this process and a
/// server with this function, which returns its port.
///
/// # Errors
///
/// - A server can't be started.
/// - The number of arguments is neither 0 nor 2.
pub fn proxy_and_target(server: impl FnOnce() -> io::Result<u16>) -> io::Result<(String, String)> {
    match &*arguments() {
        [] => Ok((proxy()?, format!("hello.invalid:{}", server()?))),
        [proxy, target] => Ok((proxy.clone(), target.clone())),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "the arguments are: [proxy-url target]")),
    }
}

/// The same as [`proxy_and_target`], but the first argument is a chain. Without arguments, the
/// chain has two proxies.
///
/// # Errors
///
/// The errors of `proxy_and_target`.
pub fn chain_and_target(server: impl FnOnce() -> io::Result<u16>) -> io::Result<(String, String)> {
    let (proxy, target) = proxy_and_target(server)?;
    Ok((if arguments().is_empty() { chain()? } else { proxy }, target))
}

/// The same as [`proxy_and_target`], but the target is an address.
///
/// # Errors
///
/// The errors of `proxy_and_target`, or the second argument is no address.
pub fn proxy_and_addr(server: impl FnOnce() -> io::Result<u16>) -> io::Result<(String, SocketAddr)> {
    if arguments().is_empty() {
        return Ok((proxy()?, (Ipv4Addr::LOCALHOST, server()?).into()));
    }
    let (proxy, target) = proxy_and_target(server)?;
    Ok((proxy, target.parse().map_err(io::Error::other)?))
}

/// The same as [`proxy_and_target`], but for several targets. Without arguments, they are two
/// names of one server.
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

/// Prints the received text. Without arguments, compares it with the text that the server in this
/// process sends.
///
/// # Errors
///
/// The texts differ.
pub fn check(received: &str) -> io::Result<()> {
    check_is(received, GREETING)
}

/// The same as [`check`], with another expected text.
///
/// # Errors
///
/// The texts differ.
pub fn check_is(received: impl Display, expected: impl Display) -> io::Result<()> {
    let (received, expected) = (received.to_string(), expected.to_string());
    println!("{}", received.trim_end());
    compare(&expected, &received)
}

/// Compares the hosts that the proxies in this process received with these. With arguments, does
/// nothing.
///
/// # Errors
///
/// The hosts differ.
pub fn check_hosts(expected: &[&str]) -> io::Result<()> {
    let hosts: Vec<_> = requests().into_iter().map(|asked| asked.host).collect();
    compare(expected, &*hosts)
}

/// Compares the user names and passwords that the proxies in this process received with these.
/// With arguments, does nothing.
///
/// # Errors
///
/// The credentials differ.
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

/// Compiles the code of the pages as doctests. They use clients that this crate depends on.
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
