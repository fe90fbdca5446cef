//! What a METHOD is told about its connection.

use crate::messages::Speaks;
use crate::scene::{self, BEHIND, TARGET, deserted, error};
use crate::support::case::Case;
use crate::support::dialogue::Dialogue;
use crate::support::drivers::DRIVERS;
use crate::support::methods::short;
use crate::support::methods::witness::{Seen, Witness};
use crate::support::script::{Line, Manner, Script, client, proxy};
use crate::support::server::Server;
use crate::ways::{Connecting, Way, everywhere};
use anysocks::protocol::Command;
use anysocks::{Auth, Chain, Error, ErrorKind, Proxy, Stage};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

const CODE: u8 = 0xC0;
const PEER: &str = "192.0.2.9:40000";
const IP: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

type Ask = fn(&dyn Connecting) -> Option<Error>;

/// The commands that go through chains.
const COMMANDS: [(Command, Ask); 4] = [
    (Command::Connect, |connector| connector.connect(TARGET).err()),
    (Command::Bind, |connector| connector.bind(PEER).err()),
    (Command::Resolve, |connector| connector.resolve("a.b").err()),
    (Command::ResolvePtr, |connector| connector.resolve_ptr(IP).err()),
];

const ASSOCIATE: (Command, Ask) = (Command::UdpAssociate, |connector| connector.associate().err());

fn seen(command: Command, host: &str, (hop, hops): (usize, usize), offered: &[u8]) -> Seen {
    Seen { command, host: Some(host.to_owned()), hop, hops, offered: offered.to_vec() }
}

/// The lines up to the start of the METHOD, which is chosen among these. Then the proxy closes.
fn chosen(offered: &[u8]) -> Vec<Line> {
    let count = u8::try_from(offered.len()).expect("a few");
    vec![client([&[5, count], offered].concat()), proxy(Stage::MethodSelection, [5, CODE])]
}

/// Those that are prepared are told before anything is dialled.
#[test]
fn of_preparations() {
    everywhere(|way| {
        let witness = Witness::default();
        let auth = || Auth::none().or(witness.prepared(CODE)).expect("two METHODs");
        let (addr, _socket) = deserted();
        let one = Proxy::socks5(addr).and_then(|proxy| proxy.auth(auth())).expect("a proxy");
        for (command, ask) in COMMANDS.into_iter().chain([ASSOCIATE]) {
            let _case = Case::new(format!("{command} on {}", way.name));
            ask(&*(way.new)(one.clone().into())).expect("nobody listens");
            assert_eq!(witness.take(), [seen(command, "127.0.0.1", (1, 1), &[0, CODE])]);
        }
        let second = Proxy::socks5("proxy.example:1080").and_then(|proxy| proxy.auth(auth()));
        let hops = [one, Speaks::Socks4.at(SocketAddr::from((IP, 1080))), second.expect("a proxy")];
        for (command, ask) in COMMANDS {
            let _case = Case::new(format!("{command} through a chain on {}", way.name));
            ask(&*(way.new)(scene::chain(hops.clone()))).expect("nobody listens");
            // To an earlier proxy, the command is always CONNECT.
            let first = seen(Command::Connect, "127.0.0.1", (1, 3), &[0, CODE]);
            // It is prepared last, because it is dialled next.
            assert_eq!(witness.take(), [seen(command, "proxy.example", (3, 3), &[0, CODE]), first]);
        }
    });
}

/// A METHOD that is not prepared is made when the proxy has chosen it.
#[test]
fn of_those_that_start() {
    everywhere(|way| {
        for (command, ask) in COMMANDS.into_iter().chain([ASSOCIATE]) {
            let _case = Case::new(format!("{command} on {}", way.name));
            let witness = Witness::default();
            let server = Server::start(chosen(&[2, CODE]), |_| ());
            let auth = Auth::password_only(crate::support::dialogue::credentials("me", "key"));
            let auth = auth.or(witness.auth(CODE)).expect("two METHODs");
            let proxy = server.proxy().auth(auth).expect("SOCKS5");
            ask(&*(way.new)(proxy.into())).expect("it closes");
            assert_eq!(witness.take(), [seen(command, "127.0.0.1", (1, 1), &[2, CODE])]);
            server.join();
        }
    });
}

/// At the second proxy of two, which is known by its name.
#[test]
fn of_the_second_proxy() {
    everywhere(|way| {
        for (command, ask) in COMMANDS {
            let _case = Case::new(format!("{command} on {}", way.name));
            let (first, second) = (Witness::default(), Witness::default());
            let connected = [
                client(Speaks::Socks5.request(1, "proxy.example:1080")),
                proxy(Stage::Request, Speaks::Socks5.granted(BEHIND[0])),
            ];
            let lines = [&short::lines(CODE)[..], &connected, &chosen(&[CODE])].concat();
            let server = Server::start(lines, |_| ());
            let one = server.proxy().auth(first.auth(CODE)).expect("SOCKS5");
            let two = Proxy::socks5("proxy.example:1080").and_then(|two| two.auth(second.auth(CODE)));
            let chain = Chain::from(one).then(two.expect("a proxy")).expect("a chain");
            ask(&*(way.new)(chain)).expect("it closes");
            assert_eq!(first.take(), [seen(Command::Connect, "127.0.0.1", (1, 2), &[CODE])]);
            assert_eq!(second.take(), [seen(command, "proxy.example", (2, 2), &[CODE])]);
            server.join();
        }
    });
}

/// Neither a METHOD that is offered, nor one that the proxy can't choose, is made for nothing.
#[test]
fn not_started_without_a_connection() {
    everywhere(|way: &Way| {
        let witness = Witness::default();
        let auth = Auth::none().or(witness.auth(CODE)).expect("two METHODs");
        let (addr, _socket) = deserted();
        let deserted = Proxy::socks5(addr).and_then(|proxy| proxy.auth(auth.clone())).expect("a proxy");
        assert_eq!(format!("{auth:?}"), "[none, X'C0']");
        error((way.new)(deserted.into()).connect(TARGET));
        let server =
            Server::start(vec![client([5, 2, 0, CODE]), proxy(Stage::MethodSelection, [5, 0])], |_| ());
        error((way.new)(server.proxy().auth(auth).expect("SOCKS5").into()).connect(TARGET));
        server.join();
        assert_eq!(witness.take(), []);
    });
}

#[cfg(unix)]
#[test]
fn the_host_of_a_unix_socket_is_what_the_caller_sets() {
    for set in [None, Some("proxy.example")] {
        let witness = Witness::default();
        let auth = witness.prepared(CODE);
        let auth = if let Some(set) = set { auth.host(set).expect("a host") } else { auth };
        let proxy = "socks5h+unix:///nonexistent/socks".parse::<Proxy>().expect("a proxy");
        let proxy = proxy.auth(auth).expect("SOCKS5");
        everywhere(|way| {
            error((way.new)(proxy.clone().into()).connect(TARGET));
            let hosts: Vec<_> = witness.take().into_iter().map(|seen| seen.host).collect();
            assert_eq!(hosts, [set.map(str::to_owned)]);
        });
    }
}

/// A handshake over a stream is told the host that the caller sets, and no other.
#[test]
fn of_handshakes_over_a_stream() {
    for (set, host) in [
        (None, None),
        (Some("proxy.example"), Some("proxy.example")),
        (Some("192.0.2.7"), Some("192.0.2.7")),
        (Some("2001:db8::7"), Some("[2001:db8::7]")),
    ] {
        for driver in DRIVERS {
            for binds in [false, true] {
                let _case = Case::new(format!("{set:?} on {}, BIND: {binds}", driver.name));
                let witness = Witness::default();
                let auth = witness.auth(CODE);
                let auth = if let Some(set) = set { auth.host(set).expect("a host") } else { auth };
                let dialogue = Dialogue::v5(auth, "a.b:80");
                let dialogue = if binds { dialogue.bind() } else { dialogue };
                let mut script = Script::new(&chosen(&[CODE]), b"", Manner::default());
                (driver.converse)(&mut script, &mut dialogue.talk()).expect_err("it closes");
                let command = if binds { Command::Bind } else { Command::Connect };
                let host = host.map(str::to_owned);
                assert_eq!(witness.take(), [Seen { command, host, hop: 1, hops: 1, offered: vec![CODE] }]);
            }
        }
    }
    assert!(Auth::none().host("no host").is_err());
}

/// A preparation that the caller makes is told the command that the caller names.
#[test]
fn of_preparations_over_a_stream() {
    let witness = Witness::default();
    let auth = witness.prepared(CODE).host("proxy.example").expect("a host");
    let script = || Script::new(&chosen(&[CODE]), b"", Manner::default());
    error(anysocks::blocking::Socks5Stream::handshake(script(), &auth, "a.b:80"));
    error(anysocks::blocking::Socks5Listener::handshake(script(), &auth, "a.b:80"));
    auth.prepare(Command::UdpAssociate).expect("it was prepared");
    let commands = [Command::Connect, Command::Bind, Command::UdpAssociate];
    assert_eq!(witness.take(), commands.map(|command| seen(command, "proxy.example", (1, 1), &[CODE])));
}

/// An error of `start` is the call's, with the stage and the kind that the METHOD gives it.
#[test]
fn a_start_that_fails() {
    everywhere(|way| {
        for kind in [io::ErrorKind::PermissionDenied, io::ErrorKind::Unsupported] {
            let _case = Case::new(format!("{kind} on {}", way.name));
            let auth = Auth::method(CODE, move |_| Err(Error::method(io::Error::new(kind, "no ticket"))));
            let server = Server::start(chosen(&[CODE]), |_| ());
            let proxy = server.proxy().auth(auth.expect("a METHOD")).expect("SOCKS5");
            let failed = error((way.new)(proxy.into()).connect(TARGET));
            assert_eq!(failed.stage(), Stage::Authentication);
            assert!(matches!(failed.kind(), ErrorKind::Method(_)), "{failed:?}");
            assert!(failed.proxy().is_some());
            assert_eq!(io::Error::from(failed).kind(), kind);
            server.join();
        }
        let auth = Auth::method(CODE, |_| Err(Error::io(Stage::Resolve, io::ErrorKind::NotFound.into())));
        let server = Server::start(chosen(&[CODE]), |_| ());
        let proxy = server.proxy().auth(auth.expect("a METHOD")).expect("SOCKS5");
        let failed = error((way.new)(proxy.into()).connect(TARGET));
        assert_eq!(failed.stage(), Stage::Resolve);
        assert_eq!(io::Error::from(failed).kind(), io::ErrorKind::NotFound);
        server.join();
    });
}
