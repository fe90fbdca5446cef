//! Trials of the example `probe` with servers that the trial scripts: what no server of the
//! table does.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;

use libtest_mimic::{Failed, Trial};

use super::json::Json;
use super::scripted::{NOWHERE, Request, echo, read_methods, say_nothing, serve};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name: &str, play: fn() -> Result<(), Failed>| {
        Trial::test(format!("scripted::probe-{name}::blocking"), play)
    };
    vec![
        trial("website", a_website),
        trial("elsewhere", a_proxy_that_reaches_other_machines_only),
        trial("silence", a_server_that_says_nothing),
        trial("socks4-alone", a_server_of_socks4_that_ignores_the_rest),
        trial("socks5a", servers_of_one_method),
        trial("mark", a_server_that_takes_the_mark_of_socks4a_for_an_address),
        trial("bind-port", a_server_that_listens_at_the_port_of_the_request),
        trial("declared-source", a_relay_that_answers_to_the_declared_source),
        trial("lost-datagrams", a_relay_that_answers_nothing),
        trial("closed", the_same_words_for_a_closed_connection),
        trial("escapes", text_from_outside_is_escaped),
        trial("passwords", a_url_in_a_wrong_place),
    ]
}

/// What `probe --json` printed.
struct Said(Json);

impl Said {
    /// By the proxy at this address.
    fn about(proxy: SocketAddr, options: &[&str]) -> Result<Self, Failed> {
        let proxy = proxy.to_string();
        Ok(Self(Json::parse(&super::run("probe", &[&["--json"], options, &[&*proxy]].concat())?)?))
    }

    fn rows(&self) -> Result<&[Json], Failed> {
        match self.0.field("answers")? {
            Json::List(rows) => Ok(rows),
            other => Err(format!("no list of answers: {other:?}").into()),
        }
    }

    /// Checks the answer, and that these words are in its detail.
    fn check(&self, id: &str, answer: &str, words: &str) -> Result<(), Failed> {
        let is_it = |row: &&Json| row.field("id").is_ok_and(|found| found.text() == Some(id));
        let row = self.rows()?.iter().find(is_it).ok_or_else(|| format!("no row {id}"))?;
        let detail = row.field("detail")?.text().unwrap_or_default();
        if row.field("answer")?.text() == Some(answer) && detail.contains(words) {
            return Ok(());
        }
        Err(format!("{id} is not {answer:?} with {words:?}: {row:?}").into())
    }
}

/// The requests to the server, one line for each connection.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    fn check(&self, expected: &[&str]) -> Result<(), Failed> {
        let found = self.0.lock().unwrap();
        if *found == *expected { Ok(()) } else { Err(format!("asked for {found:?}").into()) }
    }

    /// Each connection has a thread, and one that closes at once may be recorded late.
    fn check_in_any_order(&self, expected: &[&str]) -> Result<(), Failed> {
        self.0.lock().unwrap().sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        self.check(&expected)
    }
}

fn a_website() -> Result<(), Failed> {
    let website = serve(|mut client| {
        client.read_exact(&mut [0])?;
        client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    })?;
    match super::run("probe", &[&website.to_string()]) {
        Err(said) if said.contains("the proxy does not speak SOCKS") => Ok(()),
        said => Err(format!("{said:?}").into()),
    }
}

/// The probe requests another target once the proxy has refused the one in the probe's process.
fn a_proxy_that_reaches_other_machines_only() -> Result<(), Failed> {
    let proxy = serve(|mut client| {
        let request = Request::read(&mut client)?;
        let is_here = !request.is_name || request.host == b"localhost";
        request.reply(&mut client, if is_here { 5 } else { 0 }, NOWHERE)
    })?;
    let said = Said::about(proxy, &[])?;
    if said.0.field("target")?.text() != Some("example.com:80") {
        return Err(format!("another target: {:?}", said.0).into());
    }
    said.check("socks5-name", "yes", "")
}

/// One question for each version is enough.
fn a_server_that_says_nothing() -> Result<(), Failed> {
    let log = Log::default();
    let server = serve({
        let log = log.clone();
        move |mut client| {
            let mut first = Vec::new();
            Read::by_ref(&mut client).take(1).read_to_end(&mut first)?;
            log.add(format!("{first:?}"));
            say_nothing(&client)
        }
    })?;
    match super::run("probe", &[&server.to_string()]) {
        Err(said) if said.contains("the proxy does not speak SOCKS") => {}
        said => return Err(format!("{said:?}").into()),
    }
    log.check_in_any_order(&["[]", "[4]", "[5]"])
}

fn a_server_of_socks4_that_ignores_the_rest() -> Result<(), Failed> {
    let log = Log::default();
    let server = serve({
        let log = log.clone();
        move |mut client| {
            let mut version = [0];
            if client.peek(&mut version)? == 0 {
                log.add("nothing");
                return Ok(());
            }
            if version != [4] {
                log.add("another version");
                return say_nothing(&client);
            }
            let request = Request::read(&mut client)?;
            log.add(format!("command {}{}", request.command, if request.is_name { " by name" } else { "" }));
            request.reply(&mut client, request.command - 1, NOWHERE)?;
            echo(&client)
        }
    })?;
    let said = Said::about(server, &[])?;
    said.check("socks4", "yes", "")?;
    said.check("socks4a", "yes", "")?;
    said.check("socks4-bind", "refused", "")?;
    said.check("socks5", "no", "nothing came back within 5 s")?;
    for id in ["method-none", "credentials", "socks5-name", "pipelined", "bind", "udp", "udp-name"] {
        said.check(id, "not tried", "the proxy does not speak SOCKS5")?;
    }
    log.check_in_any_order(&["nothing", "command 1", "command 1 by name", "command 2", "another version"])
}

/// The rows of the METHODs that the probe has no secret for.
const METHODS: [(u8, &str); 3] = [(0x80, "method-eaf"), (0x81, "method-tol"), (0x82, "method-amc")];

/// Each METHOD of SOCKS5a is offered alone, and only its selection is a yes. No byte follows it.
fn servers_of_one_method() -> Result<(), Failed> {
    for selected in METHODS.map(|(code, _)| code).into_iter().chain([0xFF]) {
        let log = Log::default();
        let server = serve({
            let log = log.clone();
            move |mut client| {
                let methods = read_methods(&mut client)?;
                if !methods.contains(&selected) {
                    return client.write_all(&[5, 0xFF]);
                }
                client.write_all(&[5, selected])?;
                let mut rest = Vec::new();
                client.read_to_end(&mut rest)?;
                log.add(format!("{methods:02X?} and {} bytes", rest.len()));
                Ok(())
            }
        })?;
        let said = Said::about(server, &[])?;
        for (code, row) in METHODS {
            let refused = "the proxy accepts none of the methods offered";
            let (answer, words) = if code == selected { ("yes", "") } else { ("no", refused) };
            said.check(row, answer, words)?;
        }
        said.check("socks5", "refused", "")?;
        let expected = match selected {
            0xFF => vec![],
            selected => vec![format!("[{selected:02X}] and 0 bytes")],
        };
        log.check(&expected.iter().map(String::as_str).collect::<Vec<_>>())?;
    }
    Ok(())
}

/// It grants names with 0.0.0.1. Echoed data show that it interprets the mark all the same.
fn a_server_that_takes_the_mark_of_socks4a_for_an_address() -> Result<(), Failed> {
    let server = |answer: fn(&TcpStream) -> io::Result<()>| {
        serve(move |mut client| {
            let request = Request::read(&mut client)?;
            if !request.is_name {
                request.reply(&mut client, 0, NOWHERE)?;
                return echo(&client);
            }
            request.reply(&mut client, 0, SocketAddrV4::new(Ipv4Addr::new(0, 0, 0, 1), 80))?;
            answer(&client)
        })
    };
    let closes = server(|_| Ok(()))?;
    let said = Said::about(closes, &[])?;
    said.check("socks4", "yes", "")?;
    said.check("socks4a", "no", "granted with BND 0.0.0.1:80: the proxy takes the mark")?;
    let said = Said::about(closes, &["--target", "a.invalid:80"])?;
    said.check("socks4a", "no", "granted with BND 0.0.0.1:80: the proxy takes the mark")?;
    let said = Said::about(server(echo)?, &[])?;
    said.check("socks4a", "yes", "")
}

/// A port that is in use can't be listened at, such as that of the target in the probe's process.
fn a_server_that_listens_at_the_port_of_the_request() -> Result<(), Failed> {
    let server = serve(|mut client| {
        let request = Request::read(&mut client)?;
        if request.command != 2 {
            request.reply(&mut client, 0, NOWHERE)?;
            return echo(&client);
        }
        let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, request.port)) else {
            return request.reply(&mut client, 9, NOWHERE);
        };
        let SocketAddr::V4(bound) = listener.local_addr()? else { return Ok(()) };
        request.reply(&mut client, 0, bound)?;
        let (_peer, SocketAddr::V4(peer)) = listener.accept()? else { return Ok(()) };
        request.reply(&mut client, 0, peer)?;
        say_nothing(&client)
    })?;
    let said = Said::about(server, &[])?;
    said.check("socks4-bind", "yes", "accepted a connection from 127.0.0.1:")?;
    said.check("bind", "yes", "accepted a connection from 127.0.0.1:")
}

/// A SOCKS5 server whose relay echoes datagrams to the sources that `answers` accepts. `answers`
/// gets the port that UDP ASSOCIATE declared and the port of the sender. A line of the log is a
/// declared source.
fn relay(log: &Log, answers: fn(u16, u16) -> bool) -> io::Result<SocketAddr> {
    let log = log.clone();
    serve(move |mut client| {
        let request = Request::read(&mut client)?;
        if request.command != 3 {
            request.reply(&mut client, 0, NOWHERE)?;
            return echo(&client);
        }
        log.add(if request.port == 0 { "zeros" } else { "declared" });
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        let SocketAddr::V4(addr) = socket.local_addr()? else { return Ok(()) };
        request.reply(&mut client, 0, addr)?;
        thread::spawn(move || {
            let mut datagram = [0; 512];
            while let Ok((len, from)) = socket.recv_from(&mut datagram) {
                if answers(request.port, from.port()) {
                    let _ = socket.send_to(&datagram[..len], from);
                }
            }
        });
        say_nothing(&client)
    })
}

fn a_relay_that_answers_to_the_declared_source() -> Result<(), Failed> {
    let log = Log::default();
    let said = Said::about(relay(&log, |declared, from| declared == from)?, &[])?;
    said.check("udp", "yes", "")?;
    for id in ["udp-ipv4", "udp-ipv6", "udp-name"] {
        said.check(id, "yes", "only with a declared source (0.0.0.0:0)")?;
    }
    log.check(&["zeros", "zeros", "declared", "declared", "declared"])
}

fn a_relay_that_answers_nothing() -> Result<(), Failed> {
    let log = Log::default();
    let said = Said::about(relay(&log, |_, _| false)?, &[])?;
    said.check("udp", "yes", "")?;
    said.check("udp-ipv4", "no", "nothing came back within 5 s, with a declared source (0.0.0.0:0) too")?;
    said.check("udp-ipv6", "no", "nothing came back within 5 s")?;
    log.check(&["zeros", "zeros", "declared", "zeros", "zeros"])
}

/// For every request, and every byte before it.
fn the_same_words_for_a_closed_connection() -> Result<(), Failed> {
    let server = serve(|mut client| {
        let request = Request::read(&mut client)?;
        match (request.version, request.command, request.host.len()) {
            // In place of a reply, in the middle of one, and after one; but never for an IPv6
            // address.
            (_, 1, 4) => Ok(()),
            (_, 1, 16) => {
                request.reply(&mut client, 0, NOWHERE)?;
                echo(&client)
            }
            (5, 2, _) => client.write_all(&[5, 0]),
            // The bytes that the client has sent by then are read: otherwise the client would get
            // a reset and no end.
            _ => {
                request.reply(&mut client, 0, NOWHERE)?;
                client.shutdown(Shutdown::Write)?;
                say_nothing(&client)
            }
        }
    })?;
    let said = Said::about(server, &[])?;
    said.check("socks4", "no", "request failed: the proxy closed the connection")?;
    said.check("socks4a", "refused", "granted, but the proxy closed the connection")?;
    said.check("socks5-ipv4", "refused", "request failed: the proxy closed the connection")?;
    said.check("socks5-name", "refused", "granted, but the proxy closed the connection")?;
    said.check("bind", "no", "request failed: the proxy closed the connection after 2 bytes of its answer")
}

/// A name in BND.ADDR that rings the bell, clears the screen, begins a row of its own, and
/// turns the text around.
const HOSTILE: &str = "\u{7}\u{1b}[2J\nudp yes\u{202e}\u{85}";

fn text_from_outside_is_escaped() -> Result<(), Failed> {
    let server = serve(|mut client| {
        let request = Request::read(&mut client)?;
        if request.version == 4 {
            return request.reply(&mut client, 91, NOWHERE);
        }
        let len = u8::try_from(HOSTILE.len()).unwrap();
        client.write_all(&[&[5, 0, 0, 3, len], HOSTILE.as_bytes(), &[0, 80]].concat())?;
        echo(&client)
    })?;
    let url = format!("socks5h://{server}");
    let table = super::run("probe", &[&url])?;
    let json = super::run("probe", &["--json", &url])?;
    for printed in [&table, &json] {
        let escaped = printed.chars().all(|c| c == '\n' || c == ' ' || c.is_ascii_graphic());
        let shown = printed.lines().filter(|line| line.contains("[2J")).count();
        if !escaped || shown < 4 || printed.lines().any(|line| line.starts_with("udp yes")) {
            return Err(format!("not escaped: {printed:?}").into());
        }
    }
    match super::run("probe", &["-\u{1b}\u{202e}\u{85}"]) {
        Err(said) if said.contains(r"unknown argument -\u{1b}\u{202e}\u{85}: ") => {}
        said => return Err(format!("not escaped: {said:?}").into()),
    }
    Said(Json::parse(&json)?).check("udp", "no", "this machine resolves no name of a relay")
}

/// A message that quotes it would have its password.
fn a_url_in_a_wrong_place() -> Result<(), Failed> {
    const URL: &str = "socks5://user:secret@h:1080";
    let option = format!("--proxy={URL}");
    for (arguments, expected) in [
        (&["127.0.0.1:1", URL][..], "unknown argument: see --help"),
        (&["127.0.0.1:1", "user:secret"], "unknown argument: see --help"),
        (&[&option], "unknown argument --proxy: see --help"),
        (&["--password=secret"], "unknown argument --password: see --help"),
        (&["--target", URL], "--target: this is a URL"),
        (&["--target", "secret@h:1080"], "--target: "),
        (&["--ca", URL, "socks5h+tls://127.0.0.1:1"], "--ca needs a file, not a URL"),
        (&["--server-name", URL, "socks5h+tls://127.0.0.1:1"], "--server-name: "),
        (&[URL, "--frob"], "unknown argument --frob: see --help"),
    ] {
        match super::run("probe", arguments) {
            Err(said) if said.contains(expected) && !said.contains("secret") => {}
            said => return Err(format!("not {expected:?}: {said:?}").into()),
        }
    }
    Ok(())
}
