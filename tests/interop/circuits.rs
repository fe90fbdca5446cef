//! What only a Tor network shows: which circuit carries a stream, and an onion service.

use std::thread;
use std::time::{Duration, Instant};

use anysocks::{Proxy, Target};

use crate::capabilities::{Capabilities, Lookups};
use crate::cases::{EARLY_DATA, answered};
use crate::destinations::serve_echo;
use crate::fronts::{Errand, Front, Routes};
use crate::setting::Setting;
use crate::tornet;
use crate::tunnel::Opened;

/// Whether there is a network behind the server.
pub(crate) fn applies(server: &Capabilities, front: &Front) -> bool {
    server.lookups == Lookups::Tor && front.routes.is_some()
}

/// Streams of one isolation token share a circuit, those of two do not.
pub(crate) fn play(setting: &Setting<'_>) -> Result<(), String> {
    let mut control = tornet::control(setting.running)?;
    let plain = || Proxy::socks5(setting.endpoint()).map_err(|error| error.to_string());
    let isolated = |token: &str| plain()?.isolated(token).map_err(|error| error.to_string());
    let randomly = || plain()?.isolated_randomly().map_err(|error| error.to_string());
    let nobody_else = randomly()?;
    let front = setting.front.name;
    // The circuits of the clients: equal letters should share a circuit, and others should not.
    let proxies = [
        ('a', isolated(&format!("{front} alice"))?),
        ('b', isolated(&format!("{front} bob"))?),
        ('a', isolated(&format!("{front} alice"))?),
        ('c', nobody_else.clone()),
        ('d', randomly()?),
        ('c', nobody_else),
        ('e', plain()?),
    ];
    let mut open = Vec::new();
    for (way, proxy) in proxies {
        // By a port of its own a stream is found again: Tor puts an address in the name's place.
        let port = serve_echo()?;
        let opened = reach(setting, proxy, tornet::NAME, port)?;
        let circuits = control.circuits_to(port)?;
        let [circuit] =
            <[_; 1]>::try_from(circuits).map_err(|circuits| format!("one stream, in {circuits:?}"))?;
        open.push((way, circuit, opened));
    }
    for (n, (way, circuit, _)) in open.iter().enumerate() {
        for (other_way, other, _) in &open[..n] {
            if (way == other_way) != (circuit == other) {
                let ways: Vec<_> = open.iter().map(|(way, circuit, _)| (way, circuit)).collect();
                return Err(format!("streams and their circuits: {ways:?}"));
            }
        }
    }
    open.iter_mut().try_for_each(|(_, _, opened)| answered(&mut *opened.tunnel))
}

/// Within this time one attempt has to succeed.
const ONION_DEADLINE: Duration = Duration::from_secs(140);
/// Both sides build new circuits, which takes long on a busy machine.
const ONION_TIMEOUT: Duration = Duration::from_secs(60);
const ONION_INTERVAL: Duration = Duration::from_secs(2);

/// Connects to the onion service by its name. The early data arrive there too.
///
/// For some seconds after a new consensus, the directories that it makes responsible may not have
/// the service's descriptor, and Tor refuses the name. It is the network's state, so the trial
/// tries again.
pub(crate) fn reach_onion(setting: &Setting<'_>) -> Result<(), String> {
    let name = tornet::onion(setting.running)?;
    let (proxy, _) = setting.socks5().map_err(|error| error.to_string())?;
    let deadline = Instant::now() + ONION_DEADLINE;
    let mut opened = loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let proxy = proxy.clone().timeout(left.min(ONION_TIMEOUT));
        match reach(setting, proxy, &name, tornet::ONION_PORT) {
            Ok(opened) => break opened,
            Err(_) if Instant::now() + ONION_INTERVAL < deadline => thread::sleep(ONION_INTERVAL),
            Err(error) => return Err(error),
        }
    };
    answered(&mut *opened.tunnel)
}

fn reach(setting: &Setting<'_>, proxy: Proxy, name: &str, port: u16) -> Result<Opened, String> {
    let Routes { connect, .. } = setting.front.routes.as_ref().ok_or("this front end has no connector")?;
    let target = Target::try_from((name, port)).map_err(|error| error.to_string())?;
    let errand = Errand { chain: &proxy.into(), target, early_data: EARLY_DATA, tls: None };
    connect(&errand).map_err(|error| format!("{error:?}: {error}"))
}
