//! MIT Kerberos on loopback: a KDC with its principals, keytabs and tickets.
//!
//! libkrb5 reads `KRB5_CONFIG` in the process that uses it, so the process under test has to be a
//! child with [`Files::environment`].

#![allow(dead_code, reason = "each test crate uses a part of it")]

use crate::process::{Process, find, run};
use crate::resources::free_port;
use std::fmt::Write;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The realm with the principals below.
pub(crate) const REALM: &str = "TEST.LOCAL";
/// A realm whose KDC's clock is an hour ahead. It has the user alone.
pub(crate) const SKEWED: &str = "SKEWED.LOCAL";
/// A realm at whose KDC's address nothing listens.
pub(crate) const GONE: &str = "GONE.LOCAL";
/// A realm whose KDC accepts connections and never answers.
pub(crate) const SILENT: &str = "SILENT.LOCAL";

/// A principal with this password, which is also in the client's keytab.
pub(crate) const USER: &str = "user";
/// A principal with the same password that must authenticate before the KDC answers.
pub(crate) const PREAUTHENTICATED: &str = "preauthenticated";
pub(crate) const PASSWORD: &str = "user-pass";

/// The service of a SOCKS proxy on this host.
pub(crate) const SERVICE: &str = "rcmd";
pub(crate) const HOST: &str = "localhost";

/// The kinds of keys of the service `SERVICE`, of which the last is that of the tickets.
const ENCTYPE: &str = "aes256-cts-hmac-sha1-96";

/// Services with keys of one kind: the first part of the principal, and the kind.
pub(crate) const SERVICES_BY_ENCTYPE: [(&str, &str); 5] = [
    ("aes128-sha1", "aes128-cts-hmac-sha1-96"),
    ("aes256-sha1", "aes256-cts-hmac-sha1-96"),
    ("aes128-sha2", "aes128-cts-hmac-sha256-128"),
    ("aes256-sha2", "aes256-cts-hmac-sha384-192"),
    ("camellia", "camellia256-cts-cmac"),
];

const PROGRAMS: [&str; 4] = ["krb5kdc", "kadmin.local", "kdb5_util", "kinit"];

/// Returns which program this machine lacks.
pub(crate) fn missing() -> Option<String> {
    PROGRAMS.iter().find_map(|program| find(program).err())
}

/// The files of a KDC, in one directory.
#[derive(Clone)]
pub(crate) struct Files(PathBuf);

impl Files {
    /// Those that a [`Kdc`] has made here.
    pub(crate) fn at(directory: impl Into<PathBuf>) -> Self {
        Self(directory.into())
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.0
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    /// The keys of all services.
    pub(crate) fn service_keytab(&self) -> String {
        self.path("services.keytab")
    }

    /// Keys of the proxy's service that the KDC has replaced.
    pub(crate) fn replaced_keytab(&self) -> String {
        self.path("replaced.keytab")
    }

    /// The keys of [`USER`].
    pub(crate) fn client_keytab(&self) -> String {
        self.path("client.keytab")
    }

    /// A keytab with other keys of [`USER`] than the KDC has.
    pub(crate) fn stale_keytab(&self) -> String {
        self.path("stale.keytab")
    }

    /// The cache of `KRB5CCNAME`, with a forwardable ticket of [`USER`].
    pub(crate) fn default_cache(&self) -> String {
        self.path("default.ccache")
    }

    /// Another cache with a forwardable ticket of [`USER`].
    pub(crate) fn user_cache(&self) -> String {
        self.path("user.ccache")
    }

    /// A cache with a ticket that was valid for a second from the KDC's start on.
    pub(crate) fn expired_cache(&self) -> String {
        self.path("expired.ccache")
    }

    /// A configuration in which this kind of key has precedence.
    pub(crate) fn config_of(&self, enctype: &str) -> PathBuf {
        self.0.join(format!("krb5-{enctype}.conf"))
    }

    /// What a process needs in order to use the KDC.
    pub(crate) fn environment(&self) -> [(&'static str, String); 2] {
        [("KRB5_CONFIG", self.path("krb5.conf")), ("KRB5CCNAME", self.default_cache())]
    }
}

/// It runs until it is dropped.
pub(crate) struct Kdc {
    files: Files,
    processes: Vec<Process>,
    /// It never accepts: the system does, up to the backlog.
    silent: TcpListener,
}

impl Kdc {
    /// Starts the KDCs of the realms, and makes principals, keytabs and tickets in this directory.
    pub(crate) fn start(directory: &Path) -> Result<Self, String> {
        let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
        let mut kdc = Self { files: Files::at(directory), processes: Vec::new(), silent };
        let realms = [(REALM, free_port()?), (SKEWED, free_port()?), (GONE, free_port()?)];
        kdc.configure(&realms)?;
        kdc.make_principals()?;
        for (realm, port) in &realms[..2] {
            kdc.listen(realm, *port)?;
        }
        let files = &kdc.files;
        let keytab = files.client_keytab();
        let tickets =
            [(files.default_cache(), "1h"), (files.user_cache(), "1h"), (files.expired_cache(), "1s")];
        for (cache, lifetime) in &tickets {
            kdc.run(&["kinit", "-l", lifetime, "-c", cache, "-k", "-t", &keytab, USER])?;
        }
        Ok(kdc)
    }

    pub(crate) fn files(&self) -> &Files {
        &self.files
    }

    fn configure(&self, realms: &[(&str, u16)]) -> Result<(), String> {
        let directory = self.files.0.display();
        let silent = self.silent.local_addr().map_err(|error| error.to_string())?.port();
        let (mut clients, mut servers) = (String::new(), String::new());
        for (realm, port) in realms.iter().chain([&(SILENT, silent)]) {
            let _ = writeln!(clients, "    {realm} = {{\n        kdc = 127.0.0.1:{port}\n    }}");
            let _ = writeln!(
                servers,
                "    {realm} = {{
        database_name = {directory}/{realm}.db
        key_stash_file = {directory}/{realm}.stash
        acl_file = {directory}/no.acl
        kdc_listen = 127.0.0.1:{port}
        kdc_tcp_listen = 127.0.0.1:{port}
        supported_enctypes = {ENCTYPE}:normal
        max_life = 24h
    }}"
            );
        }
        self.write("kdc.conf", &format!("[realms]\n{servers}"))?;
        let client = |enctypes: &str| {
            format!(
                "[libdefaults]
    default_realm = {REALM}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    qualify_shortname = \"\"
    rdns = false
    # Without it, the client adjusts to the KDC's clock.
    kdc_timesync = 0
    udp_preference_limit = 1
    forwardable = true
    default_rcache_name = file2:{directory}/rcache
    permitted_enctypes = {enctypes}
[realms]
{clients}
[domain_realm]
    {HOST} = {REALM}
"
            )
        };
        for (_, enctype) in SERVICES_BY_ENCTYPE {
            let name = self.files.config_of(enctype);
            fs::write(&name, client(&format!("{enctype} {ENCTYPE}"))).map_err(|error| error.to_string())?;
        }
        // The KDC's own too, which permits all kinds. The first one counts for clients.
        let all = SERVICES_BY_ENCTYPE.map(|(_, enctype)| enctype).join(" ");
        self.write("krb5.conf", &client(&format!("{ENCTYPE} {all}")))
    }

    fn make_principals(&self) -> Result<(), String> {
        let (keytab, stale) = (self.files.client_keytab(), self.files.stale_keytab());
        let (services, replaced) = (self.files.service_keytab(), self.files.replaced_keytab());
        let mut script = format!(
            "addprinc -pw {PASSWORD} {USER}
addprinc -pw {PASSWORD} +requires_preauth {PREAUTHENTICATED}
ktadd -k {stale} {USER}
cpw -pw {PASSWORD} {USER}
ktadd -norandkey -k {keytab} {USER}
addprinc -randkey {SERVICE}/{HOST}
ktadd -k {replaced} {SERVICE}/{HOST}
ktadd -k {services} {SERVICE}/{HOST}\n"
        );
        for (service, enctype) in SERVICES_BY_ENCTYPE {
            let _ = writeln!(
                script,
                "addprinc -randkey -e {enctype}:normal {service}/{HOST}
setstr {service}/{HOST} session_enctypes {enctype}
ktadd -k {services} -e {enctype}:normal {service}/{HOST}"
            );
        }
        self.make_database(REALM, &script)?;
        self.make_database(SKEWED, &format!("addprinc -pw {PASSWORD} {USER}\n"))?;
        for keytab in [keytab, stale, services, replaced] {
            fs::metadata(&keytab).map_err(|error| format!("{keytab}: {error}"))?;
        }
        Ok(())
    }

    fn make_database(&self, realm: &str, script: &str) -> Result<(), String> {
        self.run(&["kdb5_util", "-r", realm, "create", "-s", "-P", "master-pass"])?;
        let name = format!("{realm}.kadmin");
        self.write(&name, script)?;
        let log = File::options().create(true).append(true).open(self.log()).map_err(|e| e.to_string())?;
        let status = Command::new(find("kadmin.local")?)
            .args(["-r", realm])
            .envs(self.environment())
            .stdin(File::open(self.files.0.join(name)).map_err(|error| error.to_string())?)
            .stdout(log.try_clone().map_err(|error| error.to_string())?)
            .stderr(log)
            .status();
        match status {
            Ok(status) if status.success() => Ok(()),
            status => Err(format!("kadmin.local: {status:?}")),
        }
    }

    fn listen(&mut self, realm: &str, port: u16) -> Result<(), String> {
        let offset = if realm == SKEWED { "3600" } else { "0" };
        let pid = self.files.path(&format!("{realm}.pid"));
        let command = self.command(&["krb5kdc", "-n", "-r", realm, "-T", offset, "-P", &pid]);
        let mut process = Process::spawn(&command, &self.log())?;
        process.wait_until_listening(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        self.processes.push(process);
        Ok(())
    }

    fn environment(&self) -> [(&'static str, String); 3] {
        let [config, cache] = self.files.environment();
        [config, cache, ("KRB5_KDC_PROFILE", self.files.path("kdc.conf"))]
    }

    fn run(&self, command: &[&str]) -> Result<(), String> {
        run(&self.command(command), &self.log())
    }

    fn command(&self, command: &[&str]) -> Vec<String> {
        let program = find(command[0]).map_or(command[0].to_owned(), |path| path.display().to_string());
        let variables = self.environment().map(|(name, value)| format!("{name}={value}"));
        let arguments = command[1..].iter().map(|argument| (*argument).to_owned());
        ["env".to_owned()].into_iter().chain(variables).chain([program]).chain(arguments).collect()
    }

    fn write(&self, name: &str, contents: &str) -> Result<(), String> {
        fs::write(self.files.0.join(name), contents).map_err(|error| format!("{name}: {error}"))
    }

    fn log(&self) -> PathBuf {
        self.files.0.join("kdc.log")
    }
}
