//! This crate. Every call has a deadline of 30 seconds, except where the name excludes it.

use super::super::case::Case;
use super::super::way::{Role, Way};
use crate::request::{LOGIN, Login, TARGET, USER_ID};
use anysocks::tokio::{Connector, Socks4Stream, Socks5Stream};
use anysocks::{Error, Proxy, blocking};
use std::net::SocketAddr;

const BY_PROXY: &str = "anysocks, by &Proxy";
const BY_TEXT: &str = "anysocks, by text";
const BY_CONNECTOR: &str = "anysocks, by Connector";
const NO_DEADLINE: &str = "anysocks, no deadline";

pub(super) fn ways(proxy: SocketAddr) -> Vec<Way> {
    let Login { name, password } = LOGIN;
    // The shortest text, as in the README.
    let no_auth = Arguments::new(proxy.to_string(), Proxy::socks5(proxy));
    let password = Arguments::from_url(format!("socks5h://{name}:{password}@{proxy}"));
    let socks4a = Arguments::from_url(format!("socks4a://{USER_ID}@{proxy}"));
    let cases =
        [no_auth.socks5(Case::NoAuth), password.socks5(Case::Password), socks4a.socks4(Case::Socks4a)];
    cases.into_iter().flatten().collect()
}

/// What the calls borrow, for as long as the program runs.
struct Arguments {
    text: &'static str,
    proxy: &'static Proxy,
    endless: &'static Proxy,
    connector: &'static Connector,
}

impl Arguments {
    fn new(text: String, proxy: Result<Proxy, Error>) -> Self {
        let proxy = proxy.expect("a proxy");
        Self {
            text: text.leak(),
            endless: Box::leak(Box::new(proxy.clone().timeout(None))),
            connector: Box::leak(Box::new(Connector::new(&proxy))),
            proxy: Box::leak(Box::new(proxy)),
        }
    }

    fn from_url(url: String) -> Self {
        let proxy = url.parse();
        Self::new(url, proxy)
    }

    fn socks5(self, case: Case) -> Vec<Way> {
        let Self { text, proxy, endless, connector } = self;
        vec![
            Way::tokio(BY_PROXY, Role::Ours, case, move || Socks5Stream::connect(proxy, TARGET)),
            Way::tokio(BY_TEXT, Role::Ours, case, move || Socks5Stream::connect(text, TARGET)),
            Way::tokio(BY_CONNECTOR, Role::Ours, case, move || connector.connect(TARGET)),
            Way::tokio(NO_DEADLINE, Role::Ours, case, move || Socks5Stream::connect(endless, TARGET)),
            Way::blocking(BY_PROXY, Role::Ours, case, move || blocking::Socks5Stream::connect(proxy, TARGET)),
            Way::blocking(BY_TEXT, Role::Ours, case, move || blocking::Socks5Stream::connect(text, TARGET)),
            Way::blocking(NO_DEADLINE, Role::Ours, case, move || {
                blocking::Socks5Stream::connect(endless, TARGET)
            }),
        ]
    }

    fn socks4(self, case: Case) -> Vec<Way> {
        let Self { text, proxy, endless, connector } = self;
        vec![
            Way::tokio(BY_PROXY, Role::Ours, case, move || Socks4Stream::connect(proxy, TARGET)),
            Way::tokio(BY_TEXT, Role::Ours, case, move || Socks4Stream::connect(text, TARGET)),
            Way::tokio(BY_CONNECTOR, Role::Ours, case, move || connector.connect(TARGET)),
            Way::tokio(NO_DEADLINE, Role::Ours, case, move || Socks4Stream::connect(endless, TARGET)),
            Way::blocking(BY_PROXY, Role::Ours, case, move || blocking::Socks4Stream::connect(proxy, TARGET)),
            Way::blocking(BY_TEXT, Role::Ours, case, move || blocking::Socks4Stream::connect(text, TARGET)),
            Way::blocking(NO_DEADLINE, Role::Ours, case, move || {
                blocking::Socks4Stream::connect(endless, TARGET)
            }),
        ]
    }
}
