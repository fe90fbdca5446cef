//! The proxies and the servers behind them.

use crate::process::{Process, find, logs, run};
use crate::resources::{free_port, loopback, make_directory};
use crate::support::{Running, anysocks};
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::thread;

const USER: &str = "anysocks";
const PASSWORD: &str = "anysocks-pass";

/// Returns which of the programs is missing.
pub(crate) fn missing(programs: &[&str]) -> Option<String> {
    programs.iter().find_map(|program| find(program).err())
}

/// The chain of proxies of one test, and a directory for its files.
pub(crate) struct Lab {
    directory: PathBuf,
    proxies: String,
    _first: Running,
    _second: Process,
}

impl Lab {
    pub(crate) fn start(test: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("anysocks-cli-{}-{test}", process::id()));
        // A dead process of the same number may have left it.
        let _absent = fs::remove_dir_all(&directory);
        make_directory(&directory).expect("a directory");
        let mut first = Running::start(&mut anysocks(&["forward"]));
        let first_url = first.line();
        let port = free_port().expect("a port");
        let words = ["microsocks", "-i", "127.0.0.1", "-p", &port.to_string(), "-u", USER, "-P", PASSWORD];
        let second = serve(&directory, &words, port);
        let file = directory.join("proxies");
        fs::write(&file, format!("{first_url}\nsocks5h://{USER}:{PASSWORD}@127.0.0.1:{port}\n"))
            .expect("a file");
        let proxies = file.to_str().expect("UTF-8").to_owned();
        Self { directory, proxies, _first: first, _second: second }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.directory
    }

    /// The file for `--proxy-file`.
    pub(crate) fn proxies(&self) -> &str {
        &self.proxies
    }

    /// The command with which ssh connects.
    pub(crate) fn proxy_command(&self, target: &str) -> String {
        format!("{} connect --proxy-file {} {target}", env!("CARGO_BIN_EXE_anysocks"), self.proxies)
    }

    /// Starts an SSH server that lets in this user, with a new key.
    pub(crate) fn sshd(&self) -> Sshd {
        let directory = &self.directory;
        let port = free_port().expect("a port");
        for key in ["host_key", "client_key"] {
            let path = directory.join(key).display().to_string();
            let words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", &path].map(str::to_owned);
            run(&words, &directory.join("ssh-keygen.log")).expect("a key");
        }
        let config = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {0}/host_key\nAuthorizedKeysFile {0}/client_key.pub\n\
             PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n\
             PermitRootLogin prohibit-password\n",
            directory.display()
        );
        let file = directory.join("sshd_config");
        fs::write(&file, config).expect("a file");
        let server = serve(directory, &["sshd", "-D", "-e", "-f", file.to_str().expect("UTF-8")], port);
        Sshd { port, key: directory.join("client_key"), _server: server }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", logs(&self.directory));
        }
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Starts a server, and waits until it listens on this port of 127.0.0.1.
fn serve(directory: &Path, words: &[&str], port: u16) -> Process {
    let log = directory.join(format!("{}.log", words[0]));
    let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
    let mut server = Process::spawn(&words, &log).expect("a server");
    let [addr, _] = loopback(port);
    let listening = server.wait_until_listening(addr);
    listening.unwrap_or_else(|error| panic!("{error}\n{}", logs(directory)));
    server
}

/// This user at the SSH server.
pub(crate) fn this_user() -> String {
    let user = Command::new("id").arg("-un").output().expect("a user").stdout;
    format!("{}@127.0.0.1", String::from_utf8(user).expect("UTF-8").trim())
}

pub(crate) struct Sshd {
    pub(crate) port: u16,
    key: PathBuf,
    _server: Process,
}

impl Sshd {
    /// The options of ssh, which reads no file of the user's.
    pub(crate) fn options(&self, proxy_command: &str) -> Vec<String> {
        let options = [
            format!("ProxyCommand={proxy_command}"),
            format!("Port={}", self.port),
            format!("IdentityFile={}", self.key.display()),
            "IdentitiesOnly=yes".into(),
            "IdentityAgent=none".into(),
            "BatchMode=yes".into(),
            "StrictHostKeyChecking=no".into(),
            "UserKnownHostsFile=/dev/null".into(),
        ];
        let options = options.into_iter().flat_map(|option| ["-o".to_owned(), option]);
        ["-F".to_owned(), "none".to_owned()].into_iter().chain(options).collect()
    }
}

/// Starts a web server with one page.
pub(crate) fn website(page: &'static str) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let addr = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.expect("a client");
            let _ = client.read(&mut [0; 4096]);
            let _ = write!(client, "HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n{page}", page.len());
        }
    });
    addr
}
