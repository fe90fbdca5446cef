//! The program under test, and proxies that play a script.

#![allow(dead_code, reason = "each test crate uses a part of it")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::net::TcpSocket;

#[path = "../../../tests/support/child.rs"]
pub(crate) mod child;
#[path = "../../../tests/support/left_out.rs"]
pub(crate) mod left_out;

/// No test takes this long.
const LIMIT: Duration = Duration::from_secs(120);

/// Ends the process if it still runs after the limit: a test that would hang fails instead.
pub(crate) fn limit_tests() {
    static STARTED: std::sync::Once = std::sync::Once::new();
    STARTED.call_once(|| {
        thread::spawn(|| {
            thread::sleep(LIMIT);
            eprintln!("no end after {LIMIT:?}");
            std::process::exit(1);
        });
    });
}

/// The program with these arguments, without proxies in its environment.
pub(crate) fn anysocks(arguments: &[&str]) -> Command {
    limit_tests();
    let mut command = Command::new(env!("CARGO_BIN_EXE_anysocks"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for variable in child::OF_PROXIES {
        command.env_remove(variable);
    }
    command
}

/// What the program has printed, and its exit status.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

/// Runs the program with this standard input.
pub(crate) fn run_with(command: &mut Command, input: &[u8]) -> Ended {
    let mut child = command.spawn().expect("the program");
    let mut stdin = child.stdin.take().expect("a pipe");
    // A program that fails early reads nothing.
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().expect("an end").into()
}

pub(crate) fn run(arguments: &[&str]) -> Ended {
    run_with(&mut anysocks(arguments), b"")
}

/// A program that runs until this value is dropped.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("the program"))
    }

    /// Reads a line of the standard output.
    pub(crate) fn line(&mut self) -> String {
        line(self.0.stdout.as_mut().expect("a pipe"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The target ends its direction, and resets the connection while the standard input is open and
/// idle. Without the reset, the program would wait for its input.
#[cfg(unix)]
pub(crate) fn assert_ends_with_a_reset(command: &mut Command, reset: impl FnOnce()) {
    let mut program = Running::start(command);
    let mut stdin = program.0.stdin.take().expect("a pipe");
    stdin.write_all(b"hello").expect("an open pipe");
    rest(program.0.stdout.as_mut().expect("a pipe"));
    assert_eq!(program.0.try_wait().expect("a status"), None);
    reset();
    assert_eq!(program.0.wait().expect("an end").code(), Some(1));
    let printed = rest(program.0.stderr.as_mut().expect("a pipe"));
    assert!(printed.starts_with(b"anysocks: receiving failed: "), "{}", String::from_utf8_lossy(&printed));
    drop(stdin);
}

/// Reads a line, and nothing after it.
pub(crate) fn line(from: &mut impl Read) -> String {
    let mut line = Vec::new();
    let mut byte = [0];
    while from.read(&mut byte).expect("a line") == 1 && byte != *b"\n" {
        line.extend(byte);
    }
    String::from_utf8(line).expect("UTF-8")
}

/// A file for the program, removed at the end.
pub(crate) struct File(pub(crate) String);

impl File {
    pub(crate) fn new(name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = std::env::temp_dir().join(format!("anysocks-cli-{}-{name}", std::process::id()));
        std::fs::write(&path, content).expect("a file");
        Self(path.to_str().expect("UTF-8").to_owned())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A proxy that serves one client.
pub(crate) struct Scripted<T> {
    pub(crate) addr: SocketAddr,
    thread: JoinHandle<T>,
}

impl<T: Send + 'static> Scripted<T> {
    pub(crate) fn start(serve: impl FnOnce(TcpStream) -> T + Send + 'static) -> Self {
        limit_tests();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let addr = listener.local_addr().expect("an address");
        let thread = thread::spawn(move || serve(listener.accept().expect("a client").0));
        Self { addr, thread }
    }

    /// Its URL as a SOCKS5 proxy.
    pub(crate) fn url(&self) -> String {
        format!("socks5h://{}", self.addr)
    }

    pub(crate) fn join(self) -> T {
        self.thread.join().expect("no panic in the proxy")
    }
}

/// Reads exactly these bytes.
pub(crate) fn expect(client: &mut impl Read, message: &[u8]) {
    let mut received = vec![0; message.len()];
    client.read_exact(&mut received).expect("the client's message");
    assert_eq!(received, message);
}

/// Reads the rest, up to the end of the client's direction.
pub(crate) fn rest(client: &mut impl Read) -> Vec<u8> {
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).expect("the end of the client's direction");
    rest
}

pub(crate) const GRANTED: &[u8] = &[5, 0, 0, 1, 192, 0, 2, 7, 48, 57];
/// `192.0.2.7:12345`, as a proxy reports it.
pub(crate) const BOUND: &str = "192.0.2.7:12345";

/// CONNECT, or another command, to a name.
pub(crate) fn request(command: u8, name: &str, port: u16) -> Vec<u8> {
    let len = u8::try_from(name.len()).expect("a short name");
    [&[5, command, 0, 3, len][..], name.as_bytes(), &port.to_be_bytes()].concat()
}

/// Plays a proxy without authentication up to its reply.
pub(crate) fn grant(client: &mut (impl Read + Write), request: &[u8]) {
    expect(client, &[5, 1, 0]);
    client.write_all(&[5, 0]).expect("an open connection");
    expect(client, request);
    client.write_all(GRANTED).expect("an open connection");
}

/// The same with a password.
pub(crate) fn grant_with_password(client: &mut (impl Read + Write), request: &[u8]) {
    expect(client, &[5, 2, 0, 2]);
    client.write_all(&[5, 2]).expect("an open connection");
    expect(client, &[&[1, 4][..], USER.as_bytes(), &[10], PASSWORD.as_bytes()].concat());
    client.write_all(&[1, 0]).expect("an open connection");
    expect(client, request);
    client.write_all(GRANTED).expect("an open connection");
}

pub(crate) const USER: &str = "user";
pub(crate) const PASSWORD: &str = "Zq7xW2kTn9";

/// The URL of a proxy that refuses connections: its socket is bound and does not listen.
pub(crate) fn dead() -> &'static str {
    static DEAD: OnceLock<(TcpSocket, String)> = OnceLock::new();
    let (_, url) = DEAD.get_or_init(|| {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a port");
        let url = format!("socks5h://{}", socket.local_addr().expect("an address"));
        (socket, url)
    });
    url
}

/// Returns whether the test is left out, because this machine has no `::1`.
pub(crate) fn is_left_out_without_ipv6(test: &str) -> bool {
    let Err(reason) = TcpListener::bind("[::1]:0") else { return false };
    left_out::left_out(&format!("anysocks-cli {test}"), format_args!("[::1]: {reason}"));
    true
}
