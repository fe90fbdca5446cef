//! The cases of RESOLVE and `RESOLVE_PTR`, each for every server and dialling front end.

use std::net::IpAddr;

use anysocks::{Error, ErrorKind, Proxy, Stage};

use crate::capabilities::{Capabilities, Failure, Lookups, Place};
use crate::destinations::{ONION_UNKNOWN, UNRESOLVABLE};
use crate::dns;
use crate::expectation::check_failure;
use crate::fronts::{Front, Routes};
use crate::setting::Setting;
use crate::tornet::{NAME, NAME_V6};

pub(crate) struct LookupCase {
    pub(crate) name: &'static str,
    socks4: bool,
    ask: fn(&Routes, &Proxy) -> Result<String, Error>,
    /// Nothing where the case is not for this server.
    expected: fn(Lookups) -> Option<Answer>,
}

enum Answer {
    /// An address or a name.
    Is(&'static str),
    /// The address that represents a name without one.
    MadeUp,
    Refusal(Failure),
    /// It is taken for what it is: no answer.
    AddressForName,
}
use Answer::{AddressForName, Is, MadeUp, Refusal};

/// Tor's "host unreachable".
const NOT_FOUND: Option<Answer> = Some(Refusal(Failure::Reply(4)));
const REJECTED: Option<Answer> = Some(Refusal(Failure::Reply(0x5b)));

/// With an address as what is to be resolved, Tor needs no network.
const LITERAL: &str = "192.0.2.9";

pub(crate) const CASES: [LookupCase; 10] = [
    LookupCase {
        name: "resolve",
        socks4: false,
        ask: |routes, proxy| told((routes.resolve)(proxy, NAME)),
        expected: |server| match server {
            Lookups::Unknown(failure, _) => Some(Refusal(failure)),
            Lookups::Granted | Lookups::Tor => Some(Is("127.0.0.1")),
            Lookups::Offline => NOT_FOUND,
        },
    },
    LookupCase {
        name: "resolve_socks4",
        socks4: true,
        ask: |routes, proxy| told((routes.resolve)(proxy, NAME)),
        expected: |server| match server {
            Lookups::Unknown(_, failure) => Some(Refusal(failure)),
            Lookups::Granted | Lookups::Offline => REJECTED,
            Lookups::Tor => Some(Is("127.0.0.1")),
        },
    },
    LookupCase {
        name: "resolve_by_connector",
        socks4: false,
        ask: |routes, proxy| told((routes.resolve_by_connector)(proxy, NAME)),
        expected: |server| match server {
            Lookups::Unknown(failure, _) => Some(Refusal(failure)),
            Lookups::Granted | Lookups::Tor => Some(Is("127.0.0.1")),
            Lookups::Offline => NOT_FOUND,
        },
    },
    LookupCase {
        name: "resolve_v6",
        socks4: false,
        ask: |routes, proxy| told((routes.resolve)(proxy, NAME_V6)),
        expected: |server| only_of_tor(server, Some(Is("::1"))),
    },
    LookupCase {
        name: "resolve_nonexistent",
        socks4: false,
        ask: |routes, proxy| told((routes.resolve)(proxy, UNRESOLVABLE)),
        expected: |server| only_of_tor(server, NOT_FOUND),
    },
    LookupCase {
        name: "resolve_literal",
        socks4: false,
        ask: |routes, proxy| told((routes.resolve)(proxy, LITERAL)),
        expected: |server| only_of_any_tor(server, Is(LITERAL)),
    },
    LookupCase {
        name: "resolve_literal_socks4",
        socks4: true,
        ask: |routes, proxy| told((routes.resolve)(proxy, LITERAL)),
        expected: |server| only_of_any_tor(server, Is(LITERAL)),
    },
    LookupCase {
        name: "resolve_onion",
        socks4: false,
        ask: |routes, proxy| told((routes.resolve)(proxy, ONION_UNKNOWN)),
        expected: |server| only_of_any_tor(server, MadeUp),
    },
    LookupCase {
        name: "resolve_ptr",
        socks4: false,
        ask: |routes, proxy| told((routes.resolve_ptr)(proxy, dns::ADDRESS.into())),
        expected: |server| match server {
            Lookups::Unknown(failure, _) => Some(Refusal(failure)),
            Lookups::Granted => Some(AddressForName),
            Lookups::Offline => NOT_FOUND,
            Lookups::Tor => Some(Is(dns::NAME)),
        },
    },
    LookupCase {
        name: "resolve_ptr_nonexistent",
        socks4: false,
        ask: |routes, proxy| told((routes.resolve_ptr)(proxy, IpAddr::from([192, 0, 2, 8]))),
        expected: |server| only_of_tor(server, NOT_FOUND),
    },
];

fn told(answer: Result<impl ToString, Error>) -> Result<String, Error> {
    answer.map(|answer| answer.to_string())
}

fn only_of_tor(server: Lookups, answer: Option<Answer>) -> Option<Answer> {
    answer.filter(|_| server == Lookups::Tor)
}

fn only_of_any_tor(server: Lookups, answer: Answer) -> Option<Answer> {
    matches!(server, Lookups::Offline | Lookups::Tor).then_some(answer)
}

/// From the networks that Tor has for this by default.
fn is_made_up(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() && address.octets()[1] >= 192,
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

impl LookupCase {
    pub(crate) fn applies(&self, server: &Capabilities, place: Place, front: &Front) -> bool {
        front.routes.is_some() && place != Place::Tls && (self.expected)(server.lookups).is_some()
    }

    pub(crate) fn play(&self, setting: &Setting<'_>) -> Result<(), String> {
        let routes = setting.front.routes.as_ref().ok_or("this front end asks nothing")?;
        let proxy = if self.socks4 {
            setting.socks4().map(|(proxy, _)| proxy)
        } else {
            setting.socks5().map(|(proxy, _)| proxy)
        };
        let answer = (self.ask)(routes, &proxy.map_err(|error| error.to_string())?);
        match (answer, (self.expected)(setting.capabilities.lookups).ok_or("nothing to try")?) {
            (Ok(answer), Is(expected)) if answer == expected => Ok(()),
            (Ok(answer), MadeUp) if answer.parse().is_ok_and(is_made_up) => Ok(()),
            (Err(error), AddressForName)
                if matches!(error.kind(), ErrorKind::Malformed { field: "ATYP", byte: 1 }) =>
            {
                Ok(())
            }
            (Err(error), Refusal(failure)) => check_failure(failure, &error, Stage::Request),
            (Ok(answer), _) => Err(format!("got {answer}")),
            (Err(error), _) => Err(format!("{error:?}: {error}")),
        }
    }
}
