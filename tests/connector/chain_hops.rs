//! A proxy that gets the next proxy's address in the request: each address of the next proxy's
//! name is tried.

use super::messages::{BOUND, Speaks};
use super::scene::{BEHIND, TARGET, chain, error, play, serving};
use super::ways::everywhere;
use crate::support::case::Case;
use crate::support::script::Line;
use anysocks::{Chain, Endpoint, ErrorKind, Reply, Resolve};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{Receiver, channel};

const FIRST: &[u8] = b"GET / HTTP/1.1\r\n\r\n";
const PORT: u16 = 1080;

/// The addresses that the system finds for this machine.
fn localhost(port: u16) -> Vec<SocketAddr> {
    ("localhost", port).to_socket_addrs().expect("a resolver").collect()
}

/// The messages of a proxy that gets one request for each address.
fn requests(kind: Speaks, port: u16) -> Vec<Vec<u8>> {
    let mut addrs = localhost(port);
    addrs.retain(|addr| addr.is_ipv4() || kind != Speaks::Socks4);
    addrs.iter().map(|addr| kind.request(1, &addr.to_string())).collect()
}

/// The proxy whose successor has a name, and the requests for it.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// The proxies before that one.
    before: &'static [Speaks],
    /// The request for each address, and then the last proxy's own request.
    asked: Speaks,
    last: Speaks,
}

const WAYS: [Way; 5] = [
    Way { before: &[], asked: Speaks::Socks5, last: Speaks::Socks4 },
    Way { before: &[], asked: Speaks::Password, last: Speaks::Socks5 },
    Way { before: &[], asked: Speaks::Socks4, last: Speaks::Socks5 },
    Way { before: &[Speaks::Socks4], asked: Speaks::Socks5, last: Speaks::Password },
    Way { before: &[Speaks::Socks5], asked: Speaks::Socks4, last: Speaks::Socks4 },
];

/// The proxy's answer to the request for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Grant,
    Refuse,
    HangUp,
    /// An answer that no proxy sends.
    Babble,
}

impl Way {
    fn number(self) -> usize {
        self.before.len() + 1
    }

    fn chain(self, first: SocketAddr) -> Chain {
        let at = |n: usize| match n {
            0 => first,
            n => BEHIND[n - 1].parse().expect("an address"),
        };
        let before = self.before.iter().enumerate().map(|(n, kind)| kind.at(at(n)));
        let asked = self.asked.at(at(self.before.len())).resolve(Resolve::Locally);
        let last = self.last.at(Endpoint::try_from(("localhost", PORT)).expect("a name"));
        chain(before.chain([asked, last]))
    }

    /// Up to the request for an address.
    fn lines(self) -> Vec<Line> {
        let before = self.before.iter().zip(BEHIND).flat_map(|(kind, next)| kind.connection(next));
        before.chain(self.asked.greeting()).collect()
    }

    /// Proxies that report each request, answer it by the number of its address, and continue with
    /// these lines.
    fn serve(
        self,
        answer: impl Fn(usize) -> Answer + Clone + Send + 'static,
        then: Vec<Line>,
    ) -> (SocketAddr, Receiver<Vec<u8>>) {
        let (report, requests) = channel();
        let addr = serving(move |mut client: TcpStream| {
            play(&mut client, &self.lines()).expect("a client that knows its part");
            let mut request = [0; 100];
            let n = client.read(&mut request).expect("a request");
            let number = self::requests(self.asked, PORT).iter().position(|known| known == &request[..n]);
            report.send(request[..n].to_vec()).expect("a test that goes on");
            let reply = match answer(number.expect("an address of that name")) {
                Answer::Grant => self.asked.granted(BOUND),
                Answer::Refuse => self.asked.refused(),
                Answer::HangUp => return,
                Answer::Babble => b"HTTP/1.1 400 Bad Request\r\n".to_vec(),
            };
            client.write_all(&reply).expect("a client that listens");
            if play(&mut client, &then).is_ok() {
                let _ = client.read(&mut [0]);
            }
        });
        (addr, requests)
    }
}

fn each(check: impl Fn(Way, &super::ways::Way)) {
    for case in WAYS {
        everywhere(|way| {
            let _case = Case::new(format!("{case:?}"));
            check(case, way);
        });
    }
}

#[test]
fn all_are_refused() {
    each(|case, way| {
        for first in [b"", FIRST] {
            let (addr, heard) = case.serve(|_| Answer::Refuse, vec![]);
            let chain = case.chain(addr);
            let url = chain.hops()[case.number() - 1].to_string();
            let failed = error((way.new)(chain).connect_with_early_data(TARGET, first));
            let refusal = case.asked.refusal();
            assert_eq!((failed.hop(), failed.reply()), (Some(case.number()), Some(refusal)));
            assert_eq!(failed.proxy(), Some(&*url));
            assert_eq!(heard.try_iter().collect::<Vec<_>>(), requests(case.asked, PORT));
        }
    });
}

/// Only the last proxy receives the early data, and only once, whatever other proxies have
/// refused.
#[test]
fn the_last_is_granted() {
    each(|case, way| {
        let all = requests(case.asked, PORT);
        let last = all.len() - 1;
        for (first, no) in [
            (&b""[..], Answer::Refuse),
            (FIRST, Answer::Refuse),
            (b"", Answer::HangUp),
            (FIRST, Answer::HangUp),
        ] {
            let mut lines = case.last.connection(TARGET);
            let said = lines.len() - 1;
            lines.insert(said, crate::support::script::client(first));
            let answer = move |n| if n == last { Answer::Grant } else { no };
            let (addr, heard) = case.serve(answer, lines);
            (way.new)(case.chain(addr)).connect_with_early_data(TARGET, first).expect("a tunnel");
            assert_eq!(heard.try_iter().collect::<Vec<_>>(), all, "{no:?}");
        }
    });
}

#[test]
fn the_first_is_granted() {
    each(|case, way| {
        let (addr, heard) = case.serve(|_| Answer::Grant, case.last.connection(TARGET));
        (way.new)(case.chain(addr)).connect(TARGET).expect("a tunnel");
        assert_eq!(heard.try_iter().collect::<Vec<_>>(), requests(case.asked, PORT)[..1]);
    });
}

/// Another address would have the same answer.
#[test]
fn what_is_no_refusal() {
    each(|case, way| {
        let (addr, heard) = case.serve(|_| Answer::Babble, vec![]);
        let failed = error((way.new)(case.chain(addr)).connect(TARGET));
        let no_proxy = matches!(failed.kind(), ErrorKind::NotSocks { .. } | ErrorKind::Malformed { .. });
        assert!(no_proxy, "{failed:?}");
        assert_eq!(failed.hop(), Some(case.number()));
        assert_eq!(heard.try_iter().collect::<Vec<_>>(), requests(case.asked, PORT)[..1]);
    });
}

/// The proxy is there, whatever it sends then.
#[test]
fn the_next_proxy_refuses_its_own_request() {
    each(|case, way| {
        let lines = case.last.lines(1, TARGET, case.last.refused());
        let (addr, heard) = case.serve(|_| Answer::Grant, lines);
        let failed = error((way.new)(case.chain(addr)).connect(TARGET));
        assert_eq!(failed.hop(), Some(case.number() + 1), "{failed:?}");
        assert!(failed.reply().is_some(), "{failed:?}");
        assert_eq!(heard.try_iter().collect::<Vec<_>>(), requests(case.asked, PORT)[..1]);
    });
}

/// The target's addresses are requested through the address that was granted.
#[test]
fn the_target_has_several_addresses_too() {
    let case = Way { before: &[], asked: Speaks::Socks5, last: Speaks::Socks5 };
    let (hops, targets) = (requests(case.asked, PORT), requests(case.last, 80));
    everywhere(|way| {
        let granted = hops.len() - 1;
        let (report, asked) = channel();
        let (last_hop, wanted) = (hops[granted].clone(), hops.clone());
        let addr = serving(move |mut client| {
            let mut request = [0; 100];
            for answer in [Speaks::Socks5.granted(BOUND), Speaks::Socks5.refused()] {
                if play(&mut client, &Speaks::Socks5.greeting()).is_err() {
                    return;
                }
                let n = client.read(&mut request).expect("a request");
                report.send(request[..n].to_vec()).expect("a test that goes on");
                let refused = wanted.iter().any(|hop| *hop == request[..n]) && last_hop != request[..n];
                let reply = if refused { Speaks::Socks5.refused() } else { answer };
                client.write_all(&reply).expect("a client that listens");
            }
        });
        let [first, last] = [0, 1].map(|n| case.chain(addr).hops()[n].clone());
        let connector = (way.new)(chain([first, last.resolve(Resolve::Locally)]));
        let failed = error(connector.connect("localhost:80"));
        assert_eq!((failed.hop(), failed.reply()), (Some(2), Some(Reply::V5(4))));
        let mut expected = hops[..granted].to_vec();
        expected.extend(targets.iter().flat_map(|target| [hops[granted].clone(), target.clone()]));
        assert_eq!(asked.try_iter().collect::<Vec<_>>(), expected);
    });
}
