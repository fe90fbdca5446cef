//! A Tor network on loopback: directory authorities, relays, a client with an onion service, and
//! the name server of the exits.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use crate::control::Control;
use crate::destinations::serve_echo;
use crate::dns;
use crate::process;
use crate::resources::free_port;
use crate::running::Running;

/// Resolves to 127.0.0.1.
pub(crate) const NAME: &str = "four.anysocks.test";
/// Resolves to `::1`.
pub(crate) const NAME_V6: &str = "six.anysocks.test";
/// The port of the onion service: an echo.
pub(crate) const ONION_PORT: u16 = 7;

const AUTHORITIES: usize = 3;
const RELAYS: usize = 2;
/// Ordinarily it takes 18 to 50 s.
const START_DEADLINE: Duration = Duration::from_secs(150);

const CONTROL: &str = "control.sock";

/// The client's control port.
pub(crate) fn control(running: &Running) -> Result<Control, String> {
    Control::connect(&running.directory.join(CONTROL))
}

/// The name of the onion service.
pub(crate) fn onion(running: &Running) -> Result<String, String> {
    Ok(read(&running.directory.join("onion/hostname"))?.trim().to_owned())
}

pub(crate) fn start(running: &mut Running) -> Result<(), String> {
    start_name_server(running)?;
    let authorities = (0..AUTHORITIES).map(Authority::prepare).collect::<Result<Vec<_>, _>>()?;
    let lines: Result<String, String> = authorities.iter().map(|authority| authority.line(running)).collect();
    let common = [include_str!("configs/tornet.common"), &*lines?].concat();
    let relay = include_str!("configs/tornet.relay");

    for Authority { name, or, dir } in &authorities {
        let own = format!("DirPort {dir}\nORPort {or}\n");
        let torrc = [&*common, relay, include_str!("configs/tornet.authority"), &own].concat();
        serve(running, name, &torrc, &[*or, *dir])?;
    }
    for n in 0..RELAYS {
        let or = port()?;
        let torrc = [&*common, relay, &format!("ORPort {or}\n")].concat();
        serve(running, &format!("relay{n}"), &torrc, &[or])?;
    }
    let [socks, _] = running.take_port("@PORT@")?;
    let echo = serve_echo()?.to_string();
    let client = include_str!("configs/tornet.client").replace("@ECHO_PORT@", &echo);
    serve(running, "client", &[&*common, &client].concat(), &[socks])?;
    control(running)?.wait_until_up(&onion(running)?, START_DEADLINE)?;
    running.addresses = vec![socks];
    Ok(())
}

fn port() -> Result<SocketAddr, String> {
    Ok(([127, 0, 0, 1], free_port()?).into())
}

fn serve(running: &mut Running, name: &str, torrc: &str, addresses: &[SocketAddr]) -> Result<(), String> {
    running.configure(name, &[torrc, &own_lines(name)].concat())?;
    running.serve(&["tor", "-f", &format!("@RUN@/{name}")], addresses)
}

fn own_lines(name: &str) -> String {
    format!("Nickname {name}\nDataDirectory @RUN@/{name}.data\nLog notice file @RUN@/{name}.log\n")
}

fn start_name_server(running: &mut Running) -> Result<(), String> {
    let [v4, _] = running.take_port("@DNS_PORT@")?;
    let alone = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts"];
    let listen = ["--port=@DNS_PORT@", "--listen-address=127.0.0.1", "--bind-interfaces", "--pid-file="];
    let four = format!("--host-record={NAME},127.0.0.1");
    let six = format!("--host-record={NAME_V6},::1");
    // Tor queries no name of a private address.
    let public = format!("--host-record={},{}", dns::NAME, dns::ADDRESS);
    running.serve(&[&alone[..], &listen, &[&four, &six, &public]].concat(), &[v4])?;
    running.configure("resolv.conf", "nameserver 127.0.0.1:@DNS_PORT@\n")
}

/// A directory authority, which is a relay too.
struct Authority {
    name: String,
    or: SocketAddr,
    dir: SocketAddr,
}

impl Authority {
    fn prepare(n: usize) -> Result<Self, String> {
        Ok(Self { name: format!("authority{n}"), or: port()?, dir: port()? })
    }

    /// Makes its keys. By this line all others know it.
    fn line(&self, running: &Running) -> Result<String, String> {
        let Self { name, or, dir } = self;
        let identity = self.make_identity(running)?;
        let fingerprint = self.make_relay_key(running)?;
        let or = or.port();
        Ok(format!("DirAuthority {name} orport={or} v3ident={identity} {dir} {fingerprint}\n"))
    }

    /// The key that signs the consensus. The fingerprint is in its certificate.
    fn make_identity(&self, running: &Running) -> Result<String, String> {
        let Self { name, dir, .. } = self;
        let keys = running.directory.join(format!("{name}.data/keys"));
        fs::create_dir_all(&keys).map_err(|error| format!("{}: {error}", keys.display()))?;
        let program = process::find("tor-gencert")?;
        let command = format!(
            "cd '{}' && echo anysocks | '{}' --create-identity-key --passphrase-fd 0 -m 12 -a {dir} \
             -i authority_identity_key -s authority_signing_key -c authority_certificate",
            keys.display(),
            program.display(),
        );
        running.run(&["sh", "-c", &command])?;
        let certificate = read(&keys.join("authority_certificate"))?;
        let fingerprint = certificate.lines().find_map(|line| line.strip_prefix("fingerprint "));
        Ok(fingerprint.ok_or("a certificate without a fingerprint")?.to_owned())
    }

    fn make_relay_key(&self, running: &Running) -> Result<String, String> {
        let Self { name, or, .. } = self;
        let torrc = format!("{}ORPort {or}\nSocksPort 0\nAddress 127.0.0.1\n", own_lines(name));
        running.configure(name, &torrc)?;
        running.run(&["tor", "-f", &format!("@RUN@/{name}"), "--list-fingerprint", "--quiet"])?;
        let line = read(&running.directory.join(format!("{name}.data/fingerprint")))?;
        Ok(line.split_whitespace().last().ok_or("an empty fingerprint")?.to_owned())
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}
