//! A server that runs: its addresses, its files and its processes.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::runtime::Runtime;

use crate::process::{self, Process};
use crate::resources::{free_port, loopback, make_directory};
use crate::servers::CREDENTIALS;

/// User name and password.
pub(crate) type Credentials = (&'static str, &'static str);

/// It runs until it is dropped.
pub(crate) struct Running {
    /// Where it speaks SOCKS (`STUNNEL`: inside TLS). The first is IPv4.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) unix: Option<PathBuf>,
    /// A right user name and password, if the server has any.
    pub(crate) credentials: Option<Credentials>,
    /// DER, self-signed, for `localhost` and 127.0.0.1: both the trusted root and the server's
    /// certificate.
    pub(crate) certificate: Option<Vec<u8>>,
    pub(crate) directory: PathBuf,
    /// Of a server inside this process.
    pub(crate) runtime: Option<Runtime>,
    /// The replacement of each `@NAME@` in configurations and commands.
    placeholders: Vec<(&'static str, String)>,
    processes: Vec<Process>,
}

impl Running {
    /// What the server has logged, for the message of a failure.
    pub(crate) fn logs(&self) -> String {
        process::logs(&self.directory)
    }

    pub(crate) fn in_directory(directory: PathBuf) -> Result<Self, String> {
        make_directory(&directory)?;
        let run = directory.to_str().ok_or("the temporary directory's name is not UTF-8")?.to_owned();
        let (user, password) = CREDENTIALS;
        Ok(Self {
            addresses: Vec::new(),
            unix: None,
            credentials: None,
            certificate: None,
            directory,
            placeholders: vec![
                ("@RUN@", run),
                ("@USER@", user.to_owned()),
                ("@PASSWORD@", password.to_owned()),
            ],
            processes: Vec::new(),
            runtime: None,
        })
    }

    /// On both loopback addresses.
    pub(crate) fn take_port(&mut self, placeholder: &'static str) -> Result<[SocketAddr; 2], String> {
        let port = free_port()?;
        self.placeholders.push((placeholder, port.to_string()));
        Ok(loopback(port))
    }

    fn fill(&self, template: &str) -> String {
        self.placeholders.iter().fold(template.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    /// Writes a configuration file into the directory.
    pub(crate) fn configure(&self, name: &str, template: &str) -> Result<(), String> {
        let path = self.directory.join(name);
        fs::write(&path, self.fill(template)).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn command(&self, words: &[&str]) -> (Vec<String>, PathBuf) {
        let name = words.first().and_then(|program| Path::new(program).file_name()).unwrap_or_default();
        let log = self.directory.join(name).with_extension("log");
        (words.iter().map(|word| self.fill(word)).collect(), log)
    }

    /// Runs a command that ends by itself.
    pub(crate) fn run(&self, words: &[&str]) -> Result<(), String> {
        let (command, log) = self.command(words);
        process::run(&command, &log)
    }

    /// Starts a command that lasts, and waits until it accepts connections at all the addresses.
    pub(crate) fn serve(&mut self, words: &[&str], addresses: &[SocketAddr]) -> Result<(), String> {
        let (command, log) = self.command(words);
        let mut process = Process::spawn(&command, &log)?;
        let listening = addresses.iter().try_for_each(|address| process.wait_until_listening(*address));
        // Dropped from the front: what was started last ends first, a client before its server.
        self.processes.insert(0, process);
        listening
    }
}
