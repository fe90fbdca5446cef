//! A trial for each server, place, case and front end.

use std::net::{Ipv6Addr, TcpListener};
use std::sync::Arc;

use libtest_mimic::{Completion, Failed, Trial};

use crate::capabilities::{Capabilities, Place, TABLE};
use crate::cases::{CASES, Case};
use crate::fronts::{FRONTS, Front};
use crate::isolation;
use crate::lab::Lab;
use crate::scene::Scene;

pub(crate) fn all(lab: &Arc<Lab>) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (row, server) in TABLE.iter().enumerate() {
        for place in server.places {
            for case in &CASES {
                for front in FRONTS.iter().filter(|front| case.applies(server, *place, front)) {
                    trials.push(trial(lab, row, *place, case, front));
                }
            }
        }
    }
    trials.extend(isolation::trials(lab));
    trials
}

fn trial(lab: &Arc<Lab>, row: usize, place: Place, case: &'static Case, front: &'static Front) -> Trial {
    let name = format!("{}::{}::{}", place_name(&TABLE[row], place), case.name, front.name);
    let lab = Arc::clone(lab);
    Trial::ignorable_test(name, move || match ipv6_loopback().and_then(|()| TABLE[row].server.available()) {
        Ok(()) => lab.together(|| run(&lab, row, place, case, front)),
        Err(reason) => lacking(&reason),
    })
}

fn run(lab: &Lab, row: usize, place: Place, case: &Case, front: &Front) -> Result<Completion, Failed> {
    let running = lab.server(row)?;
    let capabilities = &TABLE[row];
    let scene = Scene { case, front, capabilities, place, running, destinations: lab.destinations()? };
    scene.play().map_err(|failure| format!("{failure}\n{}", running.logs()))?;
    Ok(Completion::Completed)
}

/// Each server and destination listens there too, or has a port kept free for it.
fn ipv6_loopback() -> Result<(), String> {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0))
        .map(drop)
        .map_err(|error| format!("no IPv6 loopback: {error}"))
}

/// A reason to leave a trial out, or where all of them are required, to fail it.
pub(crate) fn lacking(reason: &str) -> Result<Completion, Failed> {
    if std::env::var_os("ANYSOCKS_INTEROP").is_some_and(|value| value == "require") {
        Err(reason.into())
    } else {
        Ok(Completion::ignored_with(reason))
    }
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
