//! Fetches a page through a SOCKS proxy, and says what happens, stage by stage.
//!
//! ```text
//! cargo run --example quickstart                                                       everything in this process
//! cargo run --example quickstart -- socks5h://user:pass@host:1080 example.com:80       through a proxy of yours
//! ```

mod local;

use anysocks::blocking::dial;
use anysocks::{
    Conversation, Error, ErrorKind, Established, Proxy, Reply, Resolve, Scratch, Socks4, Socks5, Stage, Step,
    Target, V4, V5, Version,
};
use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprint!("quickstart: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprint!(": {error}");
                cause = error.source();
            }
            eprintln!();
            if let Some(advice) = error.downcast_ref().and_then(what_to_try) {
                eprintln!("{advice}");
            }
            ExitCode::FAILURE
        }
    }
}

/// What may help.
fn what_to_try(error: &Error) -> Option<&'static str> {
    Some(match (error.stage(), error.kind()) {
        (Stage::Preparation, _) => return None,
        (Stage::Resolve, _) => {
            "No address: is the name spelled right? With socks5h:// the proxy looks the target up."
        }
        (Stage::Dial, _) if error.is_timeout() => {
            "Nobody answers there: is the address right, or a firewall between?"
        }
        (Stage::Dial, _) => "Nothing listens there: is the proxy running, and is this its port?",
        (_, ErrorKind::NotSocks { first: b'H' | b'<' }) => {
            "An HTTP proxy, or a website? SOCKS is on another port."
        }
        (_, ErrorKind::NotSocks { first: 0 | 4 }) => "Try socks4a://.",
        (_, ErrorKind::NotSocks { first: 5 }) => "Try socks5h://.",
        (_, ErrorKind::NotSocks { first: 0x15 | 0x16 }) => {
            "The proxy is behind TLS: see the example tls_proxy."
        }
        (_, ErrorKind::MethodsRefused) => {
            "The proxy wants a user name and a password: socks5h://user:password@host:port."
        }
        (_, ErrorKind::PasswordRefused(_)) => {
            "Are user name and password right? In a URL, %, @, :, / and # are written %25, %40, %3A, %2F and %23."
        }
        (_, ErrorKind::Refused(Reply::NOT_ALLOWED)) => "The proxy's rules forbid this target.",
        (_, ErrorKind::Refused(Reply::HOST_UNREACHABLE | Reply::GENERAL_FAILURE | Reply::REJECTED)) => {
            "The proxy can't reach the target, or finds no address for its name."
        }
        (_, ErrorKind::Refused(Reply::ADDRESS_TYPE_NOT_SUPPORTED)) => {
            "The proxy takes no such address: try a name."
        }
        (_, ErrorKind::Refused(_)) => "The proxy answers, and the target does not: is it there?",
        (_, ErrorKind::EndedEarly { .. }) => {
            "The proxy hangs up: does it speak this version, and may this machine use it?"
        }
        (_, ErrorKind::TimedOut) => "Something listens there that does not answer: is it a SOCKS proxy?",
        _ => return None,
    })
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, target) = local::proxy_and_target()?;
    let proxy: Proxy = proxy.parse()?;
    let mut target: Target<'_> = target.parse()?;
    let mut clock = Clock(Instant::now());

    if let (Resolve::Locally, Some(name)) = (proxy.resolves(), target.domain()) {
        let addrs = (name, target.port()).to_socket_addrs();
        let addr = addrs.map_err(|error| format!("{name} can't be resolved here: {error}"))?.next();
        target = addr.ok_or_else(|| format!("{name} has no address"))?.try_into()?;
        clock.say("target resolved here", &target);
    }
    let until = proxy.limit().map(|limit| Instant::now() + limit);
    let mut stream = InTime { stream: dial(&proxy)?, until };
    clock.say("proxy dialled", &proxy);

    let established = if let Ok(auth) = V5::auth(&proxy) {
        let talk = Socks5::connect(auth, target.borrowed())?;
        converse(&mut stream, talk, Socks5::method, &target, &mut clock)?
    } else {
        let talk = Socks4::connect(V4::auth(&proxy)?, target.borrowed())?;
        converse(&mut stream, talk, |_| None, &target, &mut clock)?
    };
    clock.say("bound address", &established.bound);

    let line = first_line(stream, &target).map_err(|error| format!("no page from {target}: {error}"))?;
    clock.say("first line of the response", line);
    Ok(())
}

/// A driver that talks about what it does.
fn converse<C: Conversation<Outcome = Established>>(
    stream: &mut InTime,
    mut talk: C,
    method_of: impl Fn(&C) -> Option<u8>,
    target: &Target<'_>,
    clock: &mut Clock,
) -> Result<Established, Error> {
    let mut method = None;
    loop {
        let stage = talk.stage();
        let mut scratch = Scratch::new();
        let (wrote, moved) = match talk.step(&mut scratch) {
            Step::Write(bytes) => (true, stream.write(bytes)),
            Step::Read([]) => (false, Ok(0)),
            Step::Read(buf) => (false, stream.read(buf)),
            Step::Done(established) => return Ok(established),
        };
        talk.report(moved)?;
        if let (None, Some(chosen)) = (method, method_of(&talk)) {
            method = Some(chosen);
            clock.say("method chosen", method_name(chosen));
        }
        if wrote && stage == Stage::Request {
            clock.say("target asked for", target);
        }
    }
}

fn method_name(code: u8) -> String {
    match code {
        0 => "no authentication (X'00')".into(),
        2 => "user name and password (X'02')".into(),
        code => format!("X'{code:02X}'"),
    }
}

fn first_line(mut stream: InTime, target: &Target<'_>) -> io::Result<String> {
    stream.write_all(&local::get(&target.host().to_string()))?;
    let mut line = Vec::new();
    match BufReader::new(stream.take(4096)).read_until(b'\n', &mut line)? {
        0 => Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the target closed the connection without an answer",
        )),
        // It comes from outside, and goes to a terminal.
        _ => Ok(line.trim_ascii_end().escape_ascii().to_string()),
    }
}

/// A stream on which everything together has to be done in time.
struct InTime {
    stream: TcpStream,
    until: Option<Instant>,
}

impl Read for InTime {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.until.map(|until| until.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(left)?;
        self.stream.read(buf).map_err(|error| match error.kind() {
            // A socket's read timeout shows as this.
            io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
            _ => error,
        })
    }
}

impl Write for InTime {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.stream.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Since the line before.
struct Clock(Instant);

impl Clock {
    fn say(&mut self, what: &str, value: impl Display) {
        println!("{:>9.3} ms  {what}: {value}", self.0.elapsed().as_secs_f64() * 1000.0);
        self.0 = Instant::now();
    }
}
