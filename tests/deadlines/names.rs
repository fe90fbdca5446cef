//! The calls that resolve a name by a name server that never answers.

use crate::namespace;
use crate::scene::{TARGET, chain};
use crate::support::left_out::left_out;
use crate::{At, LIMIT, LONG, Late, at_once};
use anysocks::udp::{Options, Relay};
use anysocks::{Address, Proxy, Resolve, Stage};
use std::net::{Ipv4Addr, UdpSocket};
use std::{env, fs, process};

/// Set where the program runs with other resolver files.
const INSIDE: &str = "ANYSOCKS_DEADLINES_NAMES";

fn named(at: &At) -> Proxy {
    Proxy::socks5((&*at.name, 1080)).expect("a proxy").timeout(LIMIT)
}

fn locally(at: &At) -> Proxy {
    At::v5(at.peers.silent).resolve(Resolve::Locally)
}

fn target(at: &At) -> String {
    format!("{}:80", at.name)
}

const NAMES: &[Late] = &[
    Late::new("dial by name", Stage::Resolve, |at| (at.way.dial)(&named(at))),
    Late::new("connect by name", Stage::Resolve, |at| (at.front.connect5)(&named(at), TARGET)),
    Late::new("SOCKS4 connect by name", Stage::Resolve, |at| {
        let proxy = Proxy::socks4((&*at.name, 1080)).expect("a proxy").timeout(LIMIT);
        (at.front.connect4)(&proxy, TARGET)
    }),
    Late::new("bind by name", Stage::Resolve, |at| (at.front.bind5)(&named(at), TARGET).map(drop)),
    Late::new("associate by name", Stage::Resolve, |at| (at.front.associate)(&named(at)).map(drop)),
    Late::new("resolve by name", Stage::Resolve, |at| (at.way.resolve)(&named(at), "example.com").map(drop)),
    Late::new("a connector by name", Stage::Resolve, |at| {
        (at.way.new)(named(at).into()).connect(TARGET).map(drop)
    }),
    Late::new("the target's name", Stage::Resolve, |at| (at.front.connect5)(&locally(at), &target(at))),
    Late::new("the target's name, by SOCKS4", Stage::Resolve, |at| {
        (at.front.connect4)(&At::v4(at.peers.silent).resolve(Resolve::Locally), &target(at))
    }),
    Late::new("the peer's name of BIND", Stage::Resolve, |at| {
        (at.front.bind5)(&locally(at), &target(at)).map(drop)
    }),
    Late::new("the target's name, with early data", Stage::Resolve, |at| {
        (at.way.connect5_with)(&locally(at), &target(at), b"GET").map(drop)
    }),
    Late::new("the relay's name", Stage::Resolve, |at| {
        let name = at.name.clone().into_bytes();
        let by = Relay::by(move |told, _| Address::Name(name.clone().into(), told.port()));
        let proxy = At::v5(at.peers.associating).udp(Options::new().relay(by));
        (at.front.associate)(&proxy).map(drop)
    }),
    Late::new("the first name of a chain, by its own timeout", Stage::Resolve, |at| {
        let second = At::v5(at.peers.silent).timeout(LONG);
        let hops = chain([named(at).timeout(LONG), second]).timeout(LIMIT);
        (at.way.new)(hops).connect(TARGET).map(drop)
    })
    .of_hop(1),
    Late::new("the second name of a chain, by its own timeout", Stage::Resolve, |at| {
        let hops = chain([locally(at).timeout(LONG), named(at).timeout(LONG)]).timeout(LIMIT);
        (at.way.new)(hops).connect(TARGET).map(drop)
    })
    .of_hop(1),
];

#[test]
fn name_resolution() {
    if env::var_os(INSIDE).is_some() {
        return at_once(&[
            NAMES,
            #[cfg(feature = "socks5a")]
            crate::clients::NAMES,
        ]);
    }
    if let Err(reason) = namespace::available() {
        return left_out("names::name_resolution", reason);
    }
    // Its port is that of name servers, so its address must be otherwise unused. Nothing reads it.
    let [.., high, low] = process::id().to_be_bytes();
    let ip = Ipv4Addr::new(127, 55, high, low.max(1));
    let _server = UdpSocket::bind((ip, 53)).expect("an address");
    let directory = env::temp_dir().join(format!("anysocks-deadlines-{}", process::id()));
    fs::create_dir_all(&directory).expect("a directory");
    let files = [("hosts", ""), ("resolv.conf", &*format!("nameserver {ip}\n"))];
    let program = env::current_exe().expect("this program");
    let done = namespace::enter(&directory, &files, &program, |command| {
        command.args(["--exact", "names::name_resolution", "--nocapture"]).env(INSIDE, "1")
    });
    fs::remove_dir_all(&directory).expect("the directory");
    let done = done.expect("a namespace");
    let output = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
    print!("{output}");
    assert!(done.status.success() && output.contains("1 passed"), "{output}");
}
