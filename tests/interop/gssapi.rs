//! GSS-API with Kerberos: a KDC, and Dantes with GSS-API, which `kerberos.sh` has built.

mod clients;
mod credentials;
mod datagrams;
mod failures;
mod faults;
mod realm;
mod relay;
mod silent;
mod streams;

use std::net::SocketAddr;
use std::sync::Arc;

use anysocks::gssapi::{Gssapi, Level};
use anysocks::protocol::Command;
use anysocks::{Auth, Error, Proxy, Target, V5};
use libtest_mimic::{Completion, Trial};

use crate::fronts::{BIND_OVER_STREAM, FRONTS, Front, Opening};
use crate::lab::Lab;
use crate::listening::Listening;
use crate::servers::account_is_usable;
use crate::trials::{ipv6_loopback, lacking, leave_out};
use crate::tunnel::{DEADLINE, Opened};

use realm::Dante;
pub(crate) use realm::{Realm, enter as enter_realm};

/// The name of the service of each Dante, whose address has no name.
const SERVICE: &str = "rcmd@localhost";

struct Case {
    name: &'static str,
    play: fn(&Client<'_>) -> Result<(), String>,
    fronts: fn(&Front) -> bool,
    /// There is a trial for each. With one alone, it is not part of the trial's name.
    levels: &'static [Level],
    /// Whether it needs a Dante. Each case needs the KDC.
    dante: bool,
}

const LEVELS: &[Level] = &[Level::Integrity, Level::Confidentiality];

/// At one level, with each front end.
const CASE: Case =
    Case { name: "", play: |_| Ok(()), fronts: |_| true, levels: &[Level::Confidentiality], dante: true };

/// At each level, with each front end.
const PROTECTED: Case = Case { levels: LEVELS, ..CASE };

pub(crate) fn trials(lab: &Arc<Lab>) -> Vec<Trial> {
    let cases = [
        streams::CASES,
        datagrams::CASES,
        faults::CASES,
        clients::CASES,
        credentials::CASES,
        failures::CASES,
        silent::CASES,
    ];
    let mut trials = Vec::new();
    for case in cases.into_iter().flatten() {
        for level in case.levels {
            for front in FRONTS.iter().filter(|front| (case.fronts)(front)) {
                trials.push(case.trial(lab, front, *level));
            }
        }
    }
    trials
}

impl Case {
    fn trial(&'static self, lab: &Arc<Lab>, front: &'static Front, level: Level) -> Trial {
        let level_name = match (self.levels.len(), level) {
            (1, _) => "",
            (_, Level::Integrity) => "_integrity",
            _ => "_confidentiality",
        };
        let name = format!("gssapi::{}{level_name}::{}", self.name, front.name);
        let lab = Arc::clone(lab);
        Trial::ignorable_test(name.clone(), move || {
            let account = || if self.dante { account_is_usable() } else { Ok(()) };
            if let Err(reason) = ipv6_loopback().and_then(|()| realm::available()).and_then(|()| account()) {
                return lacking(&reason);
            }
            if self.dante {
                // Also if all trials are required: Dante's source may be unavailable.
                if let Err(reason) = realm::built() {
                    return Ok(leave_out(&reason));
                }
            }
            let client = Client { lab: &lab, front, level };
            lab.together(&name, || {
                lab.realm().files(&lab)?;
                (self.play)(&client)
            })
            .map_err(|failure| format!("{failure}\n{}", lab.realm().logs()))?;
            Ok(Completion::Completed)
        })
    }
}

/// A client with a front end, which requests a level.
struct Client<'a> {
    lab: &'a Lab,
    front: &'static Front,
    level: Level,
}

impl Client<'_> {
    fn dante(&self, dante: Dante) -> Result<SocketAddr, String> {
        self.lab.realm().dante(self.lab, dante)
    }

    /// With the default cache.
    fn gssapi(&self) -> Gssapi {
        Gssapi::kerberos().service(SERVICE).level(self.level)
    }

    fn proxy(&self, dante: Dante) -> Result<Proxy, String> {
        proxy(self.dante(dante)?, Auth::gssapi(self.gssapi())).map_err(|error| told(&error))
    }

    fn echo(&self) -> Result<Target<'static>, String> {
        let port = self.lab.destinations()?.echo;
        Target::try_from(("127.0.0.1", port)).map_err(|error| told(&error))
    }

    fn open(&self, address: SocketAddr, auth: Auth, target: Target<'_>) -> Result<Opened, Error> {
        let (proxy, auth) = self.prepared(address, auth, Command::Connect)?;
        (self.front.open5)(&opening(&proxy, &auth, target))
    }

    fn bind(&self, address: SocketAddr, auth: Auth) -> Result<Box<dyn Listening>, Error> {
        let (proxy, auth) = self.prepared(address, auth, Command::Bind)?;
        let bind = self.front.bind.as_ref().map_or(BIND_OVER_STREAM, |bind| bind.v5);
        bind(&opening(&proxy, &auth, Target::try_from(("127.0.0.1", 0))?))
    }

    /// The METHOD is prepared here if the front end has no threads for that.
    fn prepared(&self, address: SocketAddr, auth: Auth, command: Command) -> Result<(Proxy, Auth), Error> {
        let proxy = proxy(address, auth.clone())?;
        let auth = if self.front.connects { auth } else { auth.prepare(command)? };
        Ok((proxy, auth))
    }
}

fn opening<'o>(proxy: &'o Proxy, auth: &'o Auth, target: Target<'o>) -> Opening<'o, V5> {
    Opening { proxy, auth, target, tls: None, inner: false, early_data: &[] }
}

fn proxy(address: SocketAddr, auth: Auth) -> Result<Proxy, Error> {
    Ok(Proxy::socks5(address)?.auth(auth)?.timeout(DEADLINE))
}

fn told(error: &Error) -> String {
    format!("{error:#}")
}
