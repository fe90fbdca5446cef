//! A trial for each server, place, case and front end.

use std::net::{Ipv6Addr, TcpListener};
use std::sync::Arc;

use libtest_mimic::{Completion, Failed, Trial};

use crate::bind;
use crate::browsing;
use crate::capabilities::{Capabilities, Place};
use crate::cases::CASES;
use crate::chains;
use crate::checks;
use crate::circuits;
use crate::fronts::{FRONTS, Front};
use crate::gssapi;
use crate::isolation;
use crate::lab::Lab;
use crate::left_out::left_out;
use crate::lookups;
use crate::programs;
use crate::scene::Scene;
use crate::servers::Server;
use crate::setting::Setting;
use crate::stopped;
use crate::table::TABLE;
use crate::udp;

pub(crate) fn all(lab: &Arc<Lab>) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (row, server) in TABLE.iter().enumerate().filter(|(_, row)| row.server.is_wanted()) {
        for place in server.places {
            for front in &FRONTS {
                let spot = Spot { row, place: *place, front };
                for case in CASES.iter().filter(|case| case.applies(server, *place, front)) {
                    let play = |setting: &Setting<'_>| Scene { case, setting }.play();
                    trials.push(spot.trial(lab, case.name, Demands::NONE, play));
                }
                for case in bind::CASES.iter().filter(|case| case.applies(server, *place, front)) {
                    trials.push(spot.trial(lab, case.name, Demands::NONE, |setting| case.play(setting)));
                }
                for case in lookups::CASES.iter().filter(|case| case.applies(server, *place, front)) {
                    trials.push(spot.trial(lab, case.name, Demands::NONE, |setting| case.play(setting)));
                }
                for case in browsing::CASES.iter().filter(|case| case.applies(server, *place, front)) {
                    trials.push(spot.trial(lab, case.name, Demands::NONE, |setting| case.play(setting)));
                }
                if checks::applies(front) {
                    trials.push(spot.trial(lab, "check", Demands::NONE, checks::play));
                }
                if programs::probe::applies(front) {
                    trials.push(spot.trial(lab, "probe", Demands::NONE, programs::probe::play));
                }
                if programs::probe::trust_applies(*place, front) {
                    trials.push(spot.trial(lab, "probe-trust", Demands::NONE, programs::probe::trust));
                }
                if programs::http3_applies(server, *place, front) {
                    trials.push(spot.trial(lab, "http3", Demands::NONE, programs::http3));
                }
                if circuits::applies(server, front) {
                    trials.push(spot.trial(lab, "circuits", Demands::NONE, circuits::play));
                    trials.push(spot.trial(lab, "onion", Demands::NONE, circuits::reach_onion));
                }
                for case in udp::CASES.iter().filter(|case| case.applies(server, front)) {
                    trials.push(spot.trial(lab, case.name, case.demands, |setting| case.play(setting)));
                }
            }
        }
    }
    trials.extend(chains::trials(lab));
    trials.extend(stopped::trials(lab));
    trials.extend(gssapi::trials(lab));
    trials.extend(isolation::trials(lab));
    trials.extend(programs::strangers::trials());
    trials
}

/// The parameters of a trial.
#[derive(Clone, Copy)]
pub(crate) struct Demands {
    /// What has to run beside the server.
    pub(crate) helper: Option<&'static Server>,
    /// No other trial may run meanwhile.
    pub(crate) alone: bool,
}

impl Demands {
    pub(crate) const NONE: Self = Self { helper: None, alone: false };
}

/// Where a trial takes place.
#[derive(Clone, Copy)]
struct Spot {
    row: usize,
    place: Place,
    front: &'static Front,
}

impl Spot {
    fn trial(
        self,
        lab: &Arc<Lab>,
        case: &str,
        Demands { helper, alone }: Demands,
        play: impl Fn(&Setting<'_>) -> Result<(), String> + Send + 'static,
    ) -> Trial {
        let capabilities = &TABLE[self.row];
        let name = format!("{}::{case}::{}", place_name(capabilities, self.place), self.front.name);
        let lab = Arc::clone(lab);
        let available = move || {
            ipv6_loopback()?;
            capabilities.server.available()?;
            helper.map_or(Ok(()), Server::available)
        };
        Trial::ignorable_test(name.clone(), move || match available() {
            Ok(()) if alone => lab.alone(&name, || self.run(&lab, play)),
            Ok(()) => lab.together(&name, || self.run(&lab, play)),
            Err(reason) => lacking(&reason),
        })
    }

    fn run(self, lab: &Lab, play: impl Fn(&Setting<'_>) -> Result<(), String>) -> Result<Completion, Failed> {
        let Self { row, place, front } = self;
        let running = lab.server(row)?;
        let setting = Setting { lab, capabilities: &TABLE[row], running, place, front };
        play(&setting).map_err(|failure| format!("{failure}\n{}", running.logs()))?;
        Ok(Completion::Completed)
    }
}

/// Each server and destination listens there too, or has a port kept free for it.
pub(crate) fn ipv6_loopback() -> Result<(), String> {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0))
        .map(drop)
        .map_err(|error| format!("no IPv6 loopback: {error}"))
}

/// Leaves a trial out for this reason, or fails it if all of them are required.
pub(crate) fn lacking(reason: &str) -> Result<Completion, Failed> {
    if std::env::var_os("ANYSOCKS_INTEROP").is_some_and(|value| value == "require") {
        return Err(reason.into());
    }
    Ok(leave_out(reason))
}

/// Leaves a trial out, required or not.
pub(crate) fn leave_out(reason: &str) -> Completion {
    // Without the trial's name: a reason that hundreds of them share is one line of the summary.
    left_out("interop", reason);
    Completion::ignored_with(reason)
}

fn place_name(server: &Capabilities, place: Place) -> String {
    let name = server.server.name;
    if server.places.len() == 1 {
        return name.to_owned();
    }
    let place = match place {
        Place::V4 => "v4",
        Place::V6 => "v6",
        Place::Unix => "unix",
        Place::Tls => "tls",
    };
    format!("{name}-{place}")
}
