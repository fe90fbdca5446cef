//! Trials of what becomes of an association when the proxy is stopped.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anysocks::{Error, ErrorKind, Stage, Target};
use libtest_mimic::{Completion, Failed, Trial};

use crate::capabilities::{Capabilities, Place};
use crate::fronts::{FRONTS, Front};
use crate::lab::Lab;
use crate::process::logs;
use crate::resources::make_directory;
use crate::setting::Setting;
use crate::table::TABLE;
use crate::trials::{ipv6_loopback, lacking};
use crate::udp::associate;

/// How late the end of the TCP connection may be noticed on a machine that has other work.
const PROMPT: Duration = Duration::from_secs(3);

pub(crate) fn trials(lab: &Arc<Lab>) -> Vec<Trial> {
    let relays = TABLE.iter().filter(|server| server.udp.is_ok() && server.places.contains(&Place::V4));
    let fronts = || FRONTS.iter().filter(|front| front.associate.is_some());
    relays.flat_map(|server| fronts().map(|front| trial(lab, server, front))).collect()
}

fn trial(lab: &Arc<Lab>, server: &'static Capabilities, front: &'static Front) -> Trial {
    let lab = Arc::clone(lab);
    let name = format!("{}::udp_stopped::{}", server.server.name, front.name);
    Trial::ignorable_test(name.clone(), move || {
        match ipv6_loopback().and_then(|()| server.server.available()) {
            Ok(()) => run(&lab, &name, server, front),
            Err(reason) => lacking(&reason),
        }
    })
}

fn run(
    lab: &Lab,
    name: &str,
    server: &'static Capabilities,
    front: &'static Front,
) -> Result<Completion, Failed> {
    let directory = lab.directory()?.join(format!("{}-stopped-{}", server.server.name, front.name));
    make_directory(&directory)?;
    lab.alone(name, || play(lab, &directory, server, front))
        .map_err(|failure| format!("{failure}\n{}", logs(&directory.join(server.server.name))))?;
    Ok(Completion::Completed)
}

/// The server is this trial's own.
fn play(
    lab: &Lab,
    directory: &Path,
    capabilities: &'static Capabilities,
    front: &'static Front,
) -> Result<(), String> {
    let running = capabilities.server.start(directory)?;
    let setting = Setting { lab, capabilities, running: &running, place: Place::V4, front };
    let association = associate(&setting)?.map_err(|error| format!("{error:?}"))?;
    let echo = setting.lab.destinations()?.echo;
    let target = Target::try_from(("127.0.0.1", echo)).map_err(|error| error.to_string())?;
    association.send_to(b"anysocks", &target).map_err(|error| error.to_string())?;
    association.recv_from(&mut [0; 64]).map_err(|error| error.to_string())?;

    let (heard, ended, stopped) = thread::scope(|scope| {
        let waiting = scope.spawn(|| (association.recv_from(&mut [0; 64]), Instant::now()));
        drop(running);
        let stopped = Instant::now();
        waiting.join().map(|(heard, ended)| (heard, ended, stopped))
    })
    .map_err(|_| "the waiting thread panicked")?;
    let late = ended.saturating_duration_since(stopped);
    if late > PROMPT {
        return Err(format!("{heard:?} came {late:?} after the server had stopped"));
    }
    let error = heard.err().ok_or("a datagram came of nowhere")?;
    check_ended(&error)?;
    check_ended(&association.closed().map_err(|error| format!("not closed: {error}"))?)?;
    match association.send_to(b"anysocks", &target) {
        Err(error) => check_ended(&error),
        Ok(_) => Err("something was sent after the end".to_owned()),
    }
}

fn check_ended(error: &io::Error) -> Result<(), String> {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    let ended = inner.is_some_and(|inner| {
        inner.stage() == Stage::Association && matches!(inner.kind(), ErrorKind::AssociationEnded(_))
    });
    if ended && error.kind() == io::ErrorKind::ConnectionAborted {
        Ok(())
    } else {
        Err(format!("expected the association's end, got {error:?}"))
    }
}
