//! A proxy that never answers the request for one address of the target: the next address is
//! tried.
//!
//! The names have several addresses each, in a mount namespace with a list of hosts of its own.

use super::messages::{BOUND, Speaks};
use super::scene::{BEHIND, TARGET, chain, error, play, serving};
use super::ways::hooks::{Does, masked};
use super::ways::{WAYS, Way};
use crate::support::case::Case;
use crate::support::in_namespace;
use crate::support::script::{Line, proxy};
use anysocks::{Chain, Endpoint, Proxy, Reply, Resolve, Stage};
use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const TEST: &str = "swallowed::the_next_address_is_asked_for";
const PREPARE: &str = r#"
hosts=$(mktemp) && {
    echo 127.0.0.1 localhost
    for n in $(seq 15); do echo "192.0.2.$n many.test"; done
    for n in 1 2; do echo "192.0.2.$n two.test"; done
} >"$hosts" && mount --bind "$hosts" /etc/hosts && rm "$hosts" && ip link set lo up"#;

/// It has so many addresses that each has the least share of the default timeout, two seconds.
const MANY: &str = "many.test:80";
const TWO: &str = "two.test:80";
/// Half of it is a share too.
const LIMIT: Duration = Duration::from_secs(5);

type Play = fn(&Way);

#[test]
fn the_next_address_is_asked_for() {
    if !in_namespace::is_inside(TEST, PREPARE) {
        return;
    }
    let plays: [(&str, Play); 10] = [
        ("streams and connectors", connections),
        ("BIND", listeners),
        ("the last proxy of a chain", the_last_of_a_chain),
        ("the next proxy of a chain", the_next_of_a_chain),
        ("a wrapped stream", a_wrapped_stream),
        ("no address is answered for", none),
        ("the second is refused", the_second_is_refused),
        ("first bytes", early_data),
        ("a slow proxy", a_slow_proxy),
        ("no limit", no_limit),
    ];
    let mut running = Vec::new();
    for (name, play) in plays {
        for way in WAYS {
            running.push(thread::spawn(move || {
                let _case = Case::new(format!("{name} on {}", way.name));
                play(way);
            }));
        }
    }
    #[cfg(feature = "forward")]
    running.push(thread::spawn(through_a_forwarder));
    #[cfg(feature = "hyper")]
    running.push(thread::spawn(below_hyper));
    for thread in running {
        thread.join().expect("it passes");
    }
}

/// The requests that a proxy has received.
#[derive(Clone, Default)]
struct Requests(Arc<Mutex<Vec<Vec<u8>>>>);

impl Requests {
    /// Reads one: its number, beginning with 0.
    fn read(&self, client: &mut impl Read) -> Option<usize> {
        let mut request = [0; 300];
        let n = client.read(&mut request).ok().filter(|n| *n > 0)?;
        let mut requests = self.0.lock().expect("no panic before");
        requests.push(request[..n].to_vec());
        Some(requests.len() - 1)
    }

    fn count(&self) -> usize {
        self.0.lock().expect("no panic before").len()
    }

    fn assert_different(&self) {
        let requests = self.0.lock().expect("no panic before");
        assert!(requests.len() > 1 && requests[0] != requests[1], "{requests:?}");
    }
}

/// A proxy that plays the lines, reads a request, does not answer the first, and answers the
/// others with this.
fn swallowing(before: Vec<Line>, answers: Vec<Line>) -> (SocketAddr, Requests) {
    let requests = Requests::default();
    let heard = requests.clone();
    let addr = serving(move |mut client| {
        if play(&mut client, &before).is_err() {
            return;
        }
        match heard.read(&mut client) {
            None | Some(0) => {}
            Some(_) => play(&mut client, &answers).expect("a client that knows its part"),
        }
        let _ = client.read_to_end(&mut Vec::new());
    });
    (addr, requests)
}

fn swallowing_as(kind: Speaks) -> (SocketAddr, Requests) {
    swallowing(kind.greeting(), granted(kind))
}

fn granted(kind: Speaks) -> Vec<Line> {
    vec![proxy(Stage::Request, kind.granted(BOUND))]
}

fn locally(kind: Speaks, at: impl Into<Endpoint>) -> Proxy {
    kind.at(at).resolve(Resolve::Locally)
}

fn named(kind: Speaks, name: &str) -> Proxy {
    kind.at(Endpoint::try_from(name).expect("a name"))
}

fn connections(way: &Way) {
    let each = |kind: Speaks| {
        let (addr, requests) = swallowing_as(kind);
        (way.new)(locally(kind, addr).into()).connect(MANY).expect("a tunnel");
        requests.assert_different();

        let (addr, requests) = swallowing_as(kind);
        let connect = if kind == Speaks::Socks4 { way.connect4_with } else { way.connect5_with };
        connect(&locally(kind, addr), MANY, b"").expect("a tunnel");
        requests.assert_different();
    };
    thread::scope(|scope| Speaks::ALL.map(|kind| drop(scope.spawn(move || each(kind)))));
}

fn listeners(way: &Way) {
    let (addr, requests) = swallowing_as(Speaks::Socks5);
    (way.new)(locally(Speaks::Socks5, addr).into()).bind(MANY).expect("a listener");
    requests.assert_different();
}

fn the_last_of_a_chain(way: &Way) {
    let before = [Speaks::Socks4.connection(BEHIND[0]), Speaks::Password.greeting()].concat();
    let (addr, requests) = swallowing(before, granted(Speaks::Password));
    let last = locally(Speaks::Password, BEHIND[0].parse::<SocketAddr>().expect("an address"));
    (way.new)(chain([Speaks::Socks4.at(addr), last])).connect(MANY).expect("a tunnel");
    requests.assert_different();
}

/// Every request of the last proxy.
fn the_next_of_a_chain(way: &Way) {
    let hops = |answers: Vec<Line>| {
        let answers = [granted(Speaks::Socks5), answers].concat();
        let (addr, requests) = swallowing(Speaks::Socks5.greeting(), answers);
        let chain = chain([locally(Speaks::Socks5, addr), named(Speaks::Socks4, "many.test:1080")]);
        ((way.new)(chain), requests)
    };
    let (connector, requests) = hops(Speaks::Socks4.connection(TARGET));
    connector.connect(TARGET).expect("a tunnel");
    requests.assert_different();
    // The first proxy does not receive the early data, so its request may be repeated.
    let first = [Speaks::Socks4.request(1, TARGET), b"first".to_vec()].concat();
    let (connector, requests) = hops([vec![Line::Client(first)], granted(Speaks::Socks4)].concat());
    connector.connect_with_early_data(TARGET, b"first").expect("a tunnel");
    requests.assert_different();
    let lookup = Speaks::Socks4.lines(0xF0, "example.com:0", Speaks::Socks4.granted("192.0.2.1:0"));
    let (connector, requests) = hops(lookup);
    connector.resolve("example.com").expect("an address");
    requests.assert_different();
}

fn a_wrapped_stream(way: &Way) {
    let kind = Speaks::Password;
    let (addr, requests) = swallowing(masked(&kind.greeting()), masked(&granted(kind)));
    let masking = (way.wrapped)(locally(kind, addr).into(), Box::new(|_| Does::Mask));
    masking.connect(MANY).expect("a tunnel");
    requests.assert_different();
}

/// The error is that of the last address, after the whole timeout.
fn none(way: &Way) {
    let requests = Requests::default();
    let heard = requests.clone();
    let addr = serving(move |mut client| {
        if play(&mut client, &Speaks::Socks5.greeting()).is_ok() {
            heard.read(&mut client);
            let _ = client.read_to_end(&mut Vec::new());
        }
    });
    let started = Instant::now();
    let connector = (way.new)(locally(Speaks::Socks5, addr).timeout(LIMIT).into());
    let failed = error(connector.connect(TWO));
    assert!(failed.is_timeout() && started.elapsed() >= LIMIT, "{failed:?}");
    assert_eq!((failed.stage(), requests.count()), (Stage::Request, 2));
    requests.assert_different();
}

fn the_second_is_refused(way: &Way) {
    let refused = vec![proxy(Stage::Request, Speaks::Socks5.refused())];
    let (addr, requests) = swallowing(Speaks::Socks5.greeting(), refused);
    let connector = (way.new)(locally(Speaks::Socks5, addr).timeout(LIMIT).into());
    assert_eq!(error(connector.connect(TWO)).reply(), Some(Reply::V5(4)));
    requests.assert_different();
}

/// The target may have received them: the address has all of the time.
fn early_data(way: &Way) {
    let (addr, requests) = swallowing_as(Speaks::Socks5);
    let started = Instant::now();
    let connector = (way.new)(locally(Speaks::Socks5, addr).timeout(LIMIT).into());
    let failed = error(connector.connect_with_early_data(TWO, b"first"));
    assert!(failed.is_timeout() && started.elapsed() >= LIMIT, "{failed:?}");
    assert_eq!((failed.stage(), requests.count()), (Stage::Request, 1));
}

/// A proxy whose method selection takes longer than the timeout of one address is slow for all
/// addresses.
fn a_slow_proxy(way: &Way) {
    let requests = Requests::default();
    let heard = requests.clone();
    let addr = serving(move |mut client| {
        let greeting = Speaks::Password.greeting();
        play(&mut client, &greeting[..1]).expect("a greeting");
        thread::sleep(Duration::from_secs(4));
        if play(&mut client, &greeting[1..]).is_ok() {
            heard.read(&mut client);
            play(&mut client, &granted(Speaks::Password)).expect("a client that listens");
            let _ = client.read_to_end(&mut Vec::new());
        }
    });
    (way.new)(locally(Speaks::Password, addr).into()).connect(MANY).expect("a tunnel");
    assert_eq!(requests.count(), 1);
}

/// Without a limit there are no shares: the first address lasts until the proxy closes the
/// connection.
fn no_limit(way: &Way) {
    let requests = Requests::default();
    let heard = requests.clone();
    let addr = serving(move |mut client| {
        play(&mut client, &Speaks::Socks5.greeting()).expect("a client that knows its part");
        if heard.read(&mut client) == Some(0) {
            thread::sleep(Duration::from_secs(4));
            assert_eq!(heard.count(), 1);
        } else {
            play(&mut client, &granted(Speaks::Socks5)).expect("a client that listens");
            let _ = client.read_to_end(&mut Vec::new());
        }
    });
    let chain = Chain::from(locally(Speaks::Socks5, addr).timeout(None));
    (way.new)(chain).connect(MANY).expect("a tunnel");
    assert_eq!(requests.count(), 2);
}

#[cfg(feature = "forward")]
fn through_a_forwarder() {
    use crate::support::blocked::{Executor, OnTokio};
    use anysocks::tokio::{Connector, Socks5Stream};

    let _case = Case::new("a forwarder");
    let (addr, requests) = swallowing_as(Speaks::Socks5);
    OnTokio::run(async {
        let connector = Connector::new(locally(Speaks::Socks5, addr));
        let forwarder = anysocks::forward::Forwarder::start(connector).await.expect("a forwarder");
        Socks5Stream::connect(forwarder.url(), MANY).await.expect("a tunnel");
    });
    requests.assert_different();
}

#[cfg(feature = "hyper")]
fn below_hyper() {
    use crate::support::blocked::{Executor, OnTokio};
    use anysocks::tokio::Connector;
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;

    const PAGE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

    let _case = Case::new("hyper");
    let requests = Requests::default();
    let heard = requests.clone();
    let addr = serving(move |mut client| {
        play(&mut client, &Speaks::Socks5.greeting()).expect("a client that knows its part");
        if heard.read(&mut client) != Some(0) {
            play(&mut client, &granted(Speaks::Socks5)).expect("a client that listens");
            assert!(client.read(&mut [0; 1000]).expect("a request for a page") > 0);
            play(&mut client, &[proxy(Stage::Request, PAGE)]).expect("a client that listens");
        }
        let _ = client.read_to_end(&mut Vec::new());
    });
    OnTokio::run(async {
        let connector = Connector::new(locally(Speaks::Socks5, addr));
        let client: Client<_, String> = Client::builder(TokioExecutor::new()).build(connector);
        let page = format!("http://{MANY}/").parse().expect("a URI");
        assert_eq!(client.get(page).await.expect("a page").status(), 200);
    });
    requests.assert_different();
}
