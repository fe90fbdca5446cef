//! The real SOCKS servers: how to start each of them on loopback.

use std::fs;
use std::path::Path;

use crate::dns;
use crate::in_process;
use crate::process;
use crate::running::{Credentials, Running};
use crate::tornet;

/// What the servers with a password accept; the system account of this name is made by `setup.sh`.
pub(crate) const CREDENTIALS: Credentials = ("anysocks", "anysocks-pass");

/// A kind of server.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    programs: &'static [&'static str],
    /// It checks or takes on the system account, which only root can.
    uses_account: bool,
    start: fn(&mut Running) -> Result<(), String>,
}

/// SOCKS4 and 5 on both loopback addresses; takes a password and does without.
pub(crate) static DANTE: Server =
    Server { name: "dante", programs: &["danted"], uses_account: true, start: start_dante };

pub(crate) static MICROSOCKS: Server = Server {
    name: "microsocks",
    programs: &["microsocks"],
    uses_account: false,
    start: |running| start_microsocks(running, &[]),
};

pub(crate) static MICROSOCKS_PASSWORD: Server = Server {
    name: "microsocks-password",
    programs: &["microsocks"],
    uses_account: false,
    start: |running| {
        running.credentials = Some(CREDENTIALS);
        start_microsocks(running, &["-u", "@USER@", "-P", "@PASSWORD@"])
    },
};

/// `ssh -D`.
pub(crate) static SSH: Server =
    Server { name: "ssh", programs: &["sshd", "ssh", "ssh-keygen"], uses_account: true, start: start_ssh };

/// A Tor client without a network; also on a Unix socket.
pub(crate) static TOR: Server =
    Server { name: "tor", programs: &["tor"], uses_account: false, start: start_tor };

/// The client of a Tor network on loopback, which takes half a minute to start.
pub(crate) static TORNET: Server = Server {
    name: "tornet",
    programs: &["tor", "tor-gencert", "dnsmasq"],
    uses_account: false,
    start: tornet::start,
};

pub(crate) static SHADOWSOCKS: Server = Server {
    name: "shadowsocks",
    programs: &["ss-server", "ss-local"],
    uses_account: false,
    start: start_shadowsocks,
};

pub(crate) static V2RAY: Server = Server {
    name: "v2ray",
    programs: &["v2ray"],
    uses_account: false,
    start: |running| start_v2ray(running, "noauth"),
};

pub(crate) static V2RAY_PASSWORD: Server = Server {
    name: "v2ray-password",
    programs: &["v2ray"],
    uses_account: false,
    start: |running| {
        running.credentials = Some(CREDENTIALS);
        start_v2ray(running, "password")
    },
};

/// TLS, with a Dante of its own behind it.
pub(crate) static STUNNEL: Server = Server {
    name: "stunnel",
    programs: &["stunnel", "openssl", "danted"],
    uses_account: true,
    start: start_stunnel,
};

pub(crate) static FAST_SOCKS5: Server = Server {
    name: "fast-socks5",
    programs: &[],
    uses_account: false,
    start: |running| start_fast_socks5(running, None),
};

pub(crate) static FAST_SOCKS5_PASSWORD: Server = Server {
    name: "fast-socks5-password",
    programs: &[],
    uses_account: false,
    start: |running| start_fast_socks5(running, Some(CREDENTIALS)),
};

/// Not a proxy, but a name server that is queried through the proxies.
pub(crate) static DNSMASQ: Server =
    Server { name: "dnsmasq", programs: &["dnsmasq"], uses_account: false, start: start_dnsmasq };

impl Server {
    /// Whether its trials are to be there at all.
    pub(crate) fn is_wanted(&self) -> bool {
        self.name != TORNET.name || std::env::var_os("ANYSOCKS_INTEROP_TOR").is_some()
    }

    /// Or what the machine lacks.
    pub(crate) fn available(&self) -> Result<(), String> {
        for program in self.programs {
            process::find(program)?;
        }
        if self.uses_account {
            account_is_usable()?;
        }
        Ok(())
    }

    /// Starts it with its files below `run`, and returns once it accepts connections.
    pub(crate) fn start(&self, run: &Path) -> Result<Running, String> {
        let with_name = |error| format!("{}: {error}", self.name);
        self.available().map_err(with_name)?;
        let mut running = Running::in_directory(run.join(self.name)).map_err(with_name)?;
        match (self.start)(&mut running) {
            Ok(()) => Ok(running),
            Err(error) => Err(format!("{}: {error}\n{}", self.name, running.logs())),
        }
    }
}

/// Whether this machine has the account that `setup.sh` makes.
pub(crate) fn account_is_usable() -> Result<(), String> {
    if !is_root() {
        return Err("needs root".to_owned());
    }
    let accounts = fs::read_to_string("/etc/shadow").map_err(|error| format!("/etc/shadow: {error}"))?;
    let (user, _) = CREDENTIALS;
    let password = accounts.lines().find_map(|line| line.strip_prefix(user)?.strip_prefix(':'));
    match password {
        Some(password) if !password.starts_with('!') => Ok(()),
        Some(_) => Err(format!("needs the system account {user}, which is locked (setup.sh unlocks it)")),
        None => Err(format!("needs the system account {user} (setup.sh makes it)")),
    }
}

#[cfg(unix)]
fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0)
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

fn start_dante(running: &mut Running) -> Result<(), String> {
    let addresses = running.take_port("@PORT@")?;
    running.configure("dante.conf", include_str!("configs/dante.conf"))?;
    running.serve(&["danted", "-f", "@RUN@/dante.conf", "-p", "@RUN@/danted.pid", "-N", "1"], &addresses)?;
    running.addresses = addresses.to_vec();
    running.credentials = Some(CREDENTIALS);
    Ok(())
}

fn start_microsocks(running: &mut Running, login: &[&str]) -> Result<(), String> {
    let [v4, _] = running.take_port("@PORT@")?;
    let listen = ["microsocks", "-i", "127.0.0.1", "-p", "@PORT@"];
    running.serve(&[&listen, login].concat(), &[v4])?;
    running.addresses = vec![v4];
    Ok(())
}

fn start_ssh(running: &mut Running) -> Result<(), String> {
    let [sshd, _] = running.take_port("@SSHD_PORT@")?;
    let [socks, _] = running.take_port("@PORT@")?;
    for key in ["@RUN@/host_key", "@RUN@/client_key"] {
        running.run(&["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])?;
    }
    running.configure("sshd_config", include_str!("configs/sshd_config"))?;
    running.serve(&["sshd", "-D", "-e", "-f", "@RUN@/sshd_config"], &[sshd])?;
    running.configure("ssh_config", include_str!("configs/ssh_config"))?;
    running.serve(&["ssh", "-N", "-F", "@RUN@/ssh_config", "127.0.0.1"], &[socks])?;
    running.addresses = vec![socks];
    Ok(())
}

fn start_tor(running: &mut Running) -> Result<(), String> {
    let [v4, _] = running.take_port("@PORT@")?;
    running.configure("tor.torrc", include_str!("configs/tor.torrc"))?;
    running.serve(&["tor", "-f", "@RUN@/tor.torrc"], &[v4])?;
    running.addresses = vec![v4];
    running.unix = Some(running.directory.join("socks.sock"));
    // Any pair is right: Tor keeps the streams of different pairs apart, and checks nothing.
    running.credentials = Some(CREDENTIALS);
    Ok(())
}

fn start_shadowsocks(running: &mut Running) -> Result<(), String> {
    let [server, _] = running.take_port("@SERVER_PORT@")?;
    let [socks, _] = running.take_port("@PORT@")?;
    running.configure("ss.json", include_str!("configs/ss.json"))?;
    running.serve(&["ss-server", "-c", "@RUN@/ss.json"], &[server])?;
    running.serve(&["ss-local", "-c", "@RUN@/ss.json", "-u"], &[socks])?;
    running.addresses = vec![socks];
    Ok(())
}

fn start_v2ray(running: &mut Running, login: &str) -> Result<(), String> {
    let [socks, _] = running.take_port("@PORT@")?;
    running.configure("v2ray.json", &include_str!("configs/v2ray.json").replace("@LOGIN@", login))?;
    running.serve(&["v2ray", "-config", "@RUN@/v2ray.json"], &[socks])?;
    running.addresses = vec![socks];
    Ok(())
}

fn start_stunnel(running: &mut Running) -> Result<(), String> {
    start_dante(running)?;
    let [tls, _] = running.take_port("@TLS_PORT@")?;
    running.configure("openssl.cnf", include_str!("configs/openssl.cnf"))?;
    let request = ["openssl", "req", "-x509", "-config", "@RUN@/openssl.cnf", "-days", "2"];
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let files = ["-keyout", "@RUN@/key.pem", "-out", "@RUN@/cert.pem"];
    running.run(&[&request[..], &key, &files].concat())?;
    let convert = ["openssl", "x509", "-in", "@RUN@/cert.pem", "-outform", "DER", "-out", "@RUN@/cert.der"];
    running.run(&convert)?;
    let path = running.directory.join("cert.der");
    running.certificate = Some(fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?);
    running.configure("stunnel.conf", include_str!("configs/stunnel.conf"))?;
    running.serve(&["stunnel", "@RUN@/stunnel.conf"], &[tls])?;
    running.addresses = vec![tls];
    Ok(())
}

fn start_fast_socks5(running: &mut Running, credentials: Option<Credentials>) -> Result<(), String> {
    let [v4, _] = running.take_port("@PORT@")?;
    let log = running.directory.join("fast-socks5.log");
    running.runtime = Some(in_process::start(v4, credentials, log)?);
    running.addresses = vec![v4];
    running.credentials = credentials;
    Ok(())
}

fn start_dnsmasq(running: &mut Running) -> Result<(), String> {
    let [v4, _] = running.take_port("@PORT@")?;
    let alone = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts"];
    let listen = ["--port=@PORT@", "--listen-address=127.0.0.1", "--bind-interfaces", "--pid-file="];
    let record = format!("--host-record={},{}", dns::NAME, dns::ADDRESS);
    running.serve(&[&alone[..], &listen, &[&record]].concat(), &[v4])?;
    running.addresses = vec![v4];
    Ok(())
}
