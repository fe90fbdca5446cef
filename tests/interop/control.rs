//! Tor's control port: the data that a client reports.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, SockAddr, Socket, Type};

/// Each answer is there at once.
const ANSWER_DEADLINE: Duration = Duration::from_secs(10);

const CONNECT_INTERVAL: Duration = Duration::from_millis(20);
const FETCH_INTERVAL: Duration = Duration::from_secs(1);

pub(crate) struct Control {
    lines: BufReader<Socket>,
}

impl Control {
    pub(crate) fn connect(path: &Path) -> Result<Self, String> {
        let deadline = Instant::now() + ANSWER_DEADLINE;
        let stream = loop {
            match open(path) {
                Ok(stream) => break stream,
                // When Tor's other ports are open, the control port may be bound and not listening
                // yet.
                Err(_) if Instant::now() < deadline => thread::sleep(CONNECT_INTERVAL),
                Err(error) => return Err(format!("{}: {error}", path.display())),
            }
        };
        let mut control = Self { lines: BufReader::new(stream) };
        control.limit(ANSWER_DEADLINE)?;
        control.ask("AUTHENTICATE")?;
        Ok(control)
    }

    /// Waits until there are circuits, and the onion service of this name is found.
    pub(crate) fn wait_until_up(mut self, onion: &str, limit: Duration) -> Result<(), String> {
        let deadline = Instant::now() + limit;
        self.ask("SETEVENTS STATUS_CLIENT HS_DESC")?;
        let mut missing = vec!["CIRCUIT_ESTABLISHED", "HS_DESC UPLOADED"];
        while !missing.is_empty() {
            let event = self.event(deadline, &missing)?;
            missing.retain(|name| *name != event);
        }
        let service = onion.trim_end_matches(".onion");
        loop {
            self.ask(&format!("HSFETCH {service}"))?;
            if self.event(deadline, &["HS_DESC RECEIVED", "HS_DESC FAILED"])? == "HS_DESC RECEIVED" {
                return Ok(());
            }
            // Directories that a new consensus has made responsible may not have it yet, and Tor
            // reports no event for it.
            thread::sleep(FETCH_INTERVAL);
        }
    }

    /// Waits for one of these events.
    fn event(&mut self, deadline: Instant, names: &[&'static str]) -> Result<&'static str, String> {
        loop {
            let left = deadline.checked_duration_since(Instant::now());
            self.limit(left.ok_or_else(|| format!("the Tor network has no {names:?}"))?)?;
            let line = self.line()?;
            if let Some(name) = names.iter().find(|name| line.contains(*name)) {
                return Ok(name);
            }
        }
    }

    /// The circuits that carry the streams to this port, one for each.
    pub(crate) fn circuits_to(&mut self, port: u16) -> Result<Vec<String>, String> {
        // A stream: its number, its state, its circuit's number, its target, and more.
        let streams = self.ask("GETINFO stream-status")?;
        let port = format!(":{port}");
        let circuits = streams.iter().filter_map(|stream| {
            let mut words = stream.trim_start_matches("stream-status=").split(' ').skip(1);
            match (words.next()?, words.next()?, words.next()?) {
                ("SUCCEEDED", circuit, target) if target.ends_with(&port) => Some(circuit.to_owned()),
                _ => None,
            }
        });
        Ok(circuits.collect())
    }

    /// The lines of the answer.
    fn ask(&mut self, command: &str) -> Result<Vec<String>, String> {
        let stream = self.lines.get_mut();
        stream
            .write_all(format!("{command}\r\n").as_bytes())
            .map_err(|error| format!("{command}: {error}"))?;
        let mut answer = Vec::new();
        loop {
            let line = self.line().map_err(|error| format!("{command}: {error}"))?;
            match line.split_at_checked(4) {
                Some(("250 ", _)) => return Ok(answer),
                Some(("250-", rest)) => answer.push(rest.to_owned()),
                // Data, which a lone dot ends.
                Some(("250+", _)) => loop {
                    match self.line()? {
                        dot if dot == "." => break,
                        data => answer.push(data),
                    }
                },
                Some((event, _)) if event.starts_with("650") => {}
                _ => return Err(format!("{command}: {line}")),
            }
        }
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        match self.lines.read_line(&mut line) {
            Ok(0) => Err("the control port has hung up".to_owned()),
            Ok(_) => Ok(line.trim_end().to_owned()),
            Err(error) => Err(format!("the control port: {error}")),
        }
    }

    fn limit(&self, limit: Duration) -> Result<(), String> {
        let stream = self.lines.get_ref();
        stream.set_read_timeout(Some(limit)).map_err(|error| format!("the control port: {error}"))
    }
}

/// The standard library has Unix-domain sockets on Unix alone.
fn open(path: &Path) -> io::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.connect(&SockAddr::unix(path)?)?;
    Ok(socket)
}
