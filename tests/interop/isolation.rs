//! Trials of name resolution. The system's resolver reads files below `/etc`, so each trial runs
//! in a separate process with replaced files.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::{Completion, Failed, Trial};
use socket2::{Domain, Socket, Type};

use crate::fronts::{FRONTS, Front};
use crate::granting::Granting;
use crate::in_process;
use crate::isolated::{TASK, Task};
use crate::lab::Lab;
use crate::namespace::{self, available};
use crate::process::logs;
use crate::programs;
use crate::recorder::NameServer;
use crate::resources::{free_port, make_directory};
use crate::trials::leave_out;

const BLACKHOLE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// As near to 127.0.0.1 as the blackhole, so that the resolver keeps their order (RFC 6724 §6,
/// rule 9).
const LIVE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

type Play = fn(&Lab, &Path, &Front) -> Result<(), String>;

pub(crate) fn trials(lab: &Arc<Lab>) -> Vec<Trial> {
    const TRIALS: [(&str, Play); 3] = [
        ("silent_name_server", silent_name_server),
        ("many_lookups", many_lookups),
        ("silent_first_address", silent_first_address),
    ];
    let fronts = FRONTS.iter().filter(|front| front.connects);
    let all = fronts.flat_map(|front| TRIALS.map(|(name, play)| trial(lab, name, play, front)));
    all.chain([trial(lab, "examples", examples, &FRONTS[0])]).collect()
}

fn trial(lab: &Arc<Lab>, name: &'static str, play: Play, front: &'static Front) -> Trial {
    let lab = Arc::clone(lab);
    Trial::ignorable_test(format!("resolver::{name}::{}", front.name), move || match available() {
        Ok(()) => run(&lab, name, play, front),
        // Not even if every server is required: a container may forbid it, and no package provides
        // it.
        Err(reason) => Ok(leave_out(&reason)),
    })
}

fn run(lab: &Lab, name: &str, play: Play, front: &Front) -> Result<Completion, Failed> {
    let directory = lab.directory()?.join(format!("{name}-{}", front.name));
    make_directory(&directory)?;
    lab.alone(name, || play(lab, &directory, front))
        .map_err(|failure| format!("{failure}\n{}", logs(&directory)))?;
    Ok(Completion::Completed)
}

/// The call must end on time, though the resolver goes on waiting.
fn silent_name_server(_: &Lab, directory: &Path, front: &Front) -> Result<(), String> {
    let server = name_server().map_err(|error| format!("a silent name server: {error}"))?;
    let address = server.local_addr().map_err(|error| error.to_string())?;
    let files = [("hosts", ""), ("resolv.conf", &format!("nameserver {}\n", address.ip()))];
    enter(directory, &files, &Task::SilentNameServer { front })
}

/// Threads that wait for the resolver are few, however many calls there have been.
fn many_lookups(_: &Lab, directory: &Path, front: &Front) -> Result<(), String> {
    let server = name_server().map_err(|error| format!("a silent name server: {error}"))?;
    let address = server.local_addr().map_err(|error| error.to_string())?;
    // No lookup ends before the last call does: the resolver waits for as long as it can.
    let patient = format!("nameserver {}\noptions timeout:30 attempts:5\n", address.ip());
    enter(directory, &[("hosts", ""), ("resolv.conf", &patient)], &Task::ManyLookups { front })
}

/// The examples that get a target's name send it to the proxy, and resolve nothing.
fn examples(_: &Lab, directory: &Path, _: &Front) -> Result<(), String> {
    let names = NameServer::start().map_err(|error| format!("a name server: {error}"))?;
    let proxy = Granting::start().map_err(|error| format!("a proxy: {error}"))?;
    let files = [("hosts", ""), ("resolv.conf", &*format!("nameserver {}\n", names.ip))];
    let url = |scheme: &str| format!("{scheme}://{}", proxy.addr);
    let said = |example: &str, arguments: &[&str]| {
        let program = programs::built()?.join(example);
        let output = namespace::enter(directory, &files, &program, |command| command.args(arguments))?;
        Ok::<_, String>(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let table = said("probe", &["--target", "probe.test:80", &url("socks5h")])?;
    let by_url = said("probe", &["--target", "probe.test:80", &url("socks5")])?;
    // QUIC can't connect to port 0, and so does not wait for a server.
    let by_proxy = said("http3", &[&url("socks5h"), "by-proxy.test:0"])?;
    let by_caller = said("http3", &[&url("socks5h"), "by-caller.test:0", "192.0.2.7"])?;
    let locally = said("http3", &[&url("socks5"), "locally.test:0"])?;
    let refused = said("http3", &[&url("socks5"), "hidden.onion:0"])?;
    let asked = [names.asked.all(), proxy.asked.all()].map(|names| names.into_iter().collect::<Vec<_>>());
    if asked == [vec!["locally.test"], vec!["by-proxy.test", "probe.test"]] {
        return Ok(());
    }
    let said = [table, by_url, by_proxy, by_caller, locally, refused];
    Err(format!("this machine and the proxy were asked for {asked:?}: {said:#?}"))
}

/// The next address is tried before the first has failed.
fn silent_first_address(lab: &Lab, directory: &Path, front: &Front) -> Result<(), String> {
    let destination = lab.destinations()?.echo;
    let proxy = free_port()?;
    let log = directory.join("fast-socks5.log");
    let _live = in_process::start((LIVE, proxy).into(), None, log)?;
    let _blackhole = blackhole((BLACKHOLE, proxy).into()).map_err(|error| format!("a blackhole: {error}"))?;
    let name = Task::NAME;
    let files = [("hosts", &*format!("{BLACKHOLE} {name}\n{LIVE} {name}\n")), ("resolv.conf", "")];
    enter(directory, &files, &Task::SilentFirstAddress { front, proxy, destination })
}

/// Runs this program again, as one for which the resolver's files are others.
fn enter(directory: &Path, files: &[(&str, &str)], task: &Task<'_>) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let output = namespace::enter(directory, files, &program, |command| command.env(TASK, task.to_string()))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()))
    }
}

/// Receives queries, and never reads them. Its port is that of name servers, so its address is
/// otherwise unused.
fn name_server() -> std::io::Result<UdpSocket> {
    let [.., high, low] = process::id().to_be_bytes();
    UdpSocket::bind((Ipv4Addr::new(127, 53, high, low.max(1)), 53))
}

/// A listener whose backlog is full: the system drops new connections.
fn blackhole(address: SocketAddr) -> std::io::Result<Vec<Socket>> {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    listener.bind(&address.into())?;
    listener.listen(0)?;
    let mut held = vec![listener];
    loop {
        let filler = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        let full = filler.connect_timeout(&address.into(), Duration::from_millis(100)).is_err();
        held.push(filler);
        if full {
            return Ok(held);
        }
    }
}
