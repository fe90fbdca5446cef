//! Hooks that fail, and how their errors look.

use super::messages::{PASSWORD, Speaks};
use super::scene::{TARGET, behind, error, serving};
use super::ways::hooks::{Does, Hook};
use super::ways::{Through, everywhere};
use crate::support::case::Case;
use anysocks::{Chain, Error, ErrorKind, Stage};
use std::error::Error as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr};

const IP: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// The hook's error.
struct Failure {
    error: fn() -> io::Error,
    /// The text of the source; none where the error is that of a deadline.
    text: Option<&'static str>,
}

const FAILURES: [Failure; 6] = [
    Failure { error: || io::Error::other("no certificate"), text: Some("no certificate") },
    Failure { error: || io::Error::new(io::ErrorKind::InvalidData, "not TLS"), text: Some("not TLS") },
    Failure { error: || io::ErrorKind::UnexpectedEof.into(), text: Some("unexpected end of file") },
    // Its own timeout, with its own text.
    Failure {
        error: || io::Error::new(io::ErrorKind::TimedOut, "no handshake within 5 s"),
        text: Some("no handshake within 5 s"),
    },
    Failure { error: || io::Error::new(io::ErrorKind::TimedOut, ""), text: Some("") },
    // One of which it does not.
    Failure { error: || io::ErrorKind::TimedOut.into(), text: None },
];

impl Failure {
    fn hook(&self) -> Hook {
        let error = self.error;
        Box::new(move |_| Does::Fail(error()))
    }

    fn assert_is(&self, error: &Error, stage: Stage) {
        let cause = (self.error)().kind();
        assert_eq!(error.stage(), stage, "{error:?}");
        assert_eq!(error.is_timeout(), cause == io::ErrorKind::TimedOut, "{error:?}");
        let Some(text) = self.text else {
            assert!(matches!(error.kind(), ErrorKind::TimedOut) && error.source().is_none(), "{error:?}");
            assert!(error.to_string().ends_with(&format!("{stage} timed out")), "{error}");
            return;
        };
        assert!(matches!(error.kind(), ErrorKind::Io(io) if io.kind() == cause), "{error:?}");
        let source = error.source().expect("the hook's own error");
        assert!(source.is::<io::Error>() && source.to_string() == text, "{source}");
        assert!(error.to_string().ends_with(&format!("{stage} failed")), "{error}");
    }
}

#[test]
fn on_the_way_to_a_proxy() {
    let addr = serving(drop);
    let chains = [
        vec![Speaks::Password],
        vec![Speaks::Socks4, Speaks::Socks5],
        vec![Speaks::Password, Speaks::Socks4, Speaks::Socks5],
    ];
    for (kinds, failure) in chains.iter().flat_map(|kinds| FAILURES.iter().map(move |f| (kinds, f))) {
        let chain = behind(addr, kinds);
        let (first, of) = (chain.hops()[0].to_string(), kinds.len());
        let start = match of {
            1 => format!("proxy {first}"),
            of => format!("proxy {first} (1 of {of})"),
        };
        everywhere(|way| {
            let _case = Case::new(format!("{kinds:?}: {}", (failure.error)()));
            let connector = (way.wrapped)(chain.clone().into(), failure.hook());
            for (target, error) in [
                (TARGET, error(connector.connect(TARGET))),
                (TARGET, error(connector.connect_with_early_data(TARGET, b"GET"))),
                ("192.0.2.1:80", error(connector.bind("192.0.2.1:80"))),
                ("example.com", error(connector.resolve("example.com"))),
                (&IP.to_string(), error(connector.resolve_ptr(IP))),
            ] {
                failure.assert_is(&error, Stage::Dial);
                assert_eq!((error.hop(), error.proxy()), ((of > 1).then_some(1), Some(&*first)));
                let shown = format!("{error} {error:?}");
                let start = format!("{start}, target {target}: connection to the proxy ");
                assert!(shown.starts_with(&start) && !shown.contains(PASSWORD), "{shown}");
            }
        });
    }
}

#[test]
fn on_a_direct_connection() {
    let target = serving(drop).to_string();
    for failure in &FAILURES {
        everywhere(|way| {
            let _case = Case::new((failure.error)().to_string());
            let proxy = Speaks::Socks5.at(std::net::SocketAddr::from(([127, 0, 0, 1], 1)));
            let connectors = [
                (way.wrapped)(Through::Nobody, failure.hook()),
                (way.wrapped)(Through::Rule(Box::new(|_| None)), failure.hook()),
                (way.wrapped)(Chain::from(proxy).into(), failure.hook()).no_proxy("127.0.0.1"),
            ];
            for connector in connectors {
                for error in [
                    error(connector.connect(&target)),
                    error(connector.connect_with_early_data(&target, b"GET")),
                ] {
                    failure.assert_is(&error, Stage::Direct);
                    assert_eq!((error.hop(), error.proxy()), (None, None));
                    assert!(
                        error.to_string().starts_with(&format!("target {target}: direct connection ")),
                        "{error}"
                    );
                }
            }
        });
    }
}
