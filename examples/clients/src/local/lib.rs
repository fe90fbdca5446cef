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
pub use name_server::name_server;
pub use process::{postgres, redis, vsftpd};
pub use proxy::{Request, chain, proxy, requests};
pub use ssh::{is_host_key, ssh_server};
pub use tls::{https_website, native_tls, tls};
pub use website::{GREETING, website};
pub use websocket::websocket;

use std::io;

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

/// Prints what has come through the tunnel, and compares it with what the server in this process sends, if that was asked.
///
/// # Errors
///
/// It differs.
pub fn check(received: &str) -> io::Result<()> {
    println!("{}", received.trim_end());
    if arguments().is_empty() && received != GREETING {
        return Err(io::Error::other(format!("expected {GREETING:?}, received {received:?}")));
    }
    Ok(())
}

/// Compares the hosts that the proxies in this process have been asked for with these, if they are all that there is.
///
/// # Errors
///
/// They differ.
pub fn check_hosts(expected: &[&str]) -> io::Result<()> {
    let hosts: Vec<_> = requests().into_iter().map(|asked| asked.host).collect();
    if arguments().is_empty() && hosts != expected {
        return Err(io::Error::other(format!("expected requests for {expected:?}, got {hosts:?}")));
    }
    Ok(())
}

fn arguments() -> Vec<String> {
    std::env::args().skip(1).collect()
}
