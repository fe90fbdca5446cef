//! The settings of sockets and lookups: of a proxy, and of a connector for all that it dials.

use super::messages::{BOUND, Speaks};
use super::scene::{TARGET, assert_echo, deserted, error, saying, serving};
use super::ways::{Connecting, Setting, Through, Way, at_once, everywhere};
use super::word;
use crate::support::case::Case;
use crate::support::server::echo;
use anysocks::{Chain, ErrorKind, Family, Proxy, Resolve, Resolver, Resolving, Stage, Upstreams};
use socket2::{SockRef, Type};
use std::future::{pending, ready};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A resolver that knows one name, and records the names.
struct Hosts {
    ips: Vec<IpAddr>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Hosts {
    fn new(ips: impl IntoIterator<Item = IpAddr>) -> (Self, Arc<Mutex<Vec<String>>>) {
        let asked = Arc::<Mutex<_>>::default();
        (Self { ips: ips.into_iter().collect(), asked: Arc::clone(&asked) }, asked)
    }
}

impl Resolver for Hosts {
    fn resolve<'r>(&'r self, name: &'r str) -> Resolving<'r> {
        self.asked.lock().expect("a list").push(name.to_owned());
        let known = name.eq_ignore_ascii_case("known.example");
        Box::pin(ready(if known { Ok(self.ips.clone()) } else { Err(io::Error::other("an unknown name")) }))
    }
}

/// A resolver that never answers.
struct Never;

impl Resolver for Never {
    fn resolve<'r>(&'r self, _: &'r str) -> Resolving<'r> {
        Box::pin(pending())
    }
}

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// A hook that records each socket: its type, and whether our own options are set and it is not
/// bound yet.
type Seen = Arc<Mutex<Vec<(Type, bool)>>>;

fn recording(seen: &Seen) -> impl Fn(&SockRef<'_>) -> io::Result<()> + Send + Sync + 'static {
    let seen = Arc::clone(seen);
    move |socket| {
        let kind = socket.r#type()?;
        let is_ready = kind == Type::DGRAM || socket.tcp_nodelay()?;
        // Windows has no local address before the socket is bound.
        let local = socket.local_addr().ok().and_then(|local| local.as_socket());
        let is_early = local.is_none_or(|local| local.port() == 0) && socket.peer_addr().is_err();
        seen.lock().expect("a list").push((kind, is_ready && is_early));
        Ok(())
    }
}

fn take(seen: &Seen) -> Vec<(Type, bool)> {
    std::mem::take(&mut *seen.lock().expect("a list"))
}

/// A proxy that serves connections and associations.
fn any_request() -> SocketAddr {
    serving(|mut client| {
        let mut request = [0; 300];
        let _ = client.read_exact(&mut request[..3]);
        let _ = client.write_all(&[5, 0]);
        let n = client.read(&mut request).unwrap_or(0);
        let bound = if request[..n].get(1) == Some(&3) { "127.0.0.1:9" } else { BOUND };
        let _ = client.write_all(&Speaks::Socks5.granted(bound));
        let _ = client.read(&mut request);
    })
}

#[test]
fn the_hook_gets_each_socket_before_it_is_bound() {
    let addr = any_request();
    let local: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
    everywhere(|way| {
        let seen = Seen::default();
        let proxy = Speaks::Socks5.at(addr).local_addr(local).socket(recording(&seen));
        let connector = (way.new)(proxy.clone().into());
        connector.connect(TARGET).expect("a tunnel");
        assert_eq!(take(&seen), [(Type::STREAM, true)]);
        connector.associate().expect("an association");
        assert_eq!(take(&seen), [(Type::STREAM, true), (Type::DGRAM, true)]);
        // One TCP connection for the whole chain.
        let chain = Chain::from(proxy.clone()).then(proxy.clone()).expect("a chain");
        drop((way.new)(chain).connect(TARGET));
        assert_eq!(take(&seen), [(Type::STREAM, true)]);
        let upstreams = Upstreams::new([proxy]).expect("a list");
        (way.any_of)(upstreams).expect("a connector").connect(TARGET).expect("a tunnel");
        assert_eq!(take(&seen), [(Type::STREAM, true)]);
    });
}

/// It can undo what makes the local port shared.
#[cfg(unix)]
#[test]
fn the_hook_comes_after_the_options_of_a_local_port() {
    let (lonely, addr) = super::scene::Lonely::new();
    everywhere(|way| {
        let shared = Arc::<Mutex<Vec<bool>>>::default();
        let record = Arc::clone(&shared);
        let hook = move |socket: &SockRef<'_>| {
            record.lock().expect("a list").push(socket.reuse_address()?);
            // So this port need not be free.
            Err(io::Error::other("no connection"))
        };
        let proxy = Speaks::Socks5.at(addr).local_addr(SocketAddr::from((Ipv4Addr::LOCALHOST, 9)));
        error((way.new)(proxy.socket(hook).into()).connect(TARGET));
        assert_eq!(*shared.lock().expect("a list"), [true]);
    });
    lonely.assert_alone();
}

/// Both addresses of a name are attempts.
#[test]
fn the_hook_gets_the_socket_of_each_attempt() {
    let server = serving(|client| echo(&client));
    everywhere(|way| {
        let seen = Seen::default();
        let (hosts, _) = Hosts::new(["127.0.0.9".parse().expect("an address"), V4]);
        let connector = (way.direct)().set(Setting::Resolver(Box::new(hosts)));
        let connector = connector.set(Setting::Hook(Box::new(recording(&seen))));
        let target = format!("known.example:{}", server.port());
        assert_echo(connector.connect(&target).expect("a connection").1, b"");
        assert_eq!(take(&seen), [(Type::STREAM, true); 2]);
    });
}

#[test]
fn an_error_of_the_hook_is_that_of_the_attempt() {
    let addr = any_request();
    let refuse = |_: &SockRef<'_>| Err(io::Error::other("not on this socket"));
    let only_datagrams = |socket: &SockRef<'_>| match socket.r#type()? {
        Type::DGRAM => Err(io::Error::other("not on this socket")),
        _ => Ok(()),
    };
    everywhere(|way| {
        let failed = error((way.new)(Speaks::Socks5.at(addr).socket(refuse).into()).connect(TARGET));
        assert!(matches!(failed.kind(), ErrorKind::Unreachable(_)), "{failed}");
        assert!(failed.to_string().contains("not on this socket"), "{failed}");
        let failed = error((way.direct)().set(Setting::Hook(Box::new(refuse))).connect(&addr.to_string()));
        assert_eq!(failed.stage(), Stage::Direct);
        assert!(failed.to_string().contains("not on this socket"), "{failed}");
        let failed = error((way.new)(Speaks::Socks5.at(addr).socket(only_datagrams).into()).associate());
        assert_eq!(failed.stage(), Stage::Association, "{failed}");
        assert!(format!("{failed:#}").contains("not on this socket"), "{failed:#}");
    });
}

type Route = fn(&Way, Proxy) -> Box<dyn Connecting>;

/// A setting of the connector reaches direct connections and every proxy, those of a rule too.
#[test]
fn settings_of_a_connector_apply_to_all_that_it_dials() {
    let addr = any_request();
    let proxy = || Speaks::Socks5.at(addr);
    let ways: [(&str, Route); 5] = [
        ("a proxy", |way, proxy| (way.new)(proxy.into())),
        ("upstreams", |way, proxy| (way.any_of)(Upstreams::new([proxy]).expect("a list")).expect("a list")),
        ("a rule", |way, proxy| (way.by_rule)(Box::new(move |_| Some(proxy.clone())))),
        ("a rule's upstreams", |way, proxy| {
            let upstreams = Upstreams::new([proxy]).expect("a list");
            (way.by_rule_of_upstreams)(Box::new(move |_| Some(upstreams.clone())))
        }),
        ("an exception", |way, proxy| {
            (way.new)(Proxy::socks5("192.0.2.1").expect("a proxy").into())
                .no_proxy(&proxy.endpoint().to_string())
        }),
    ];
    everywhere(|way| {
        for (name, connector) in ways {
            let _case = Case::new(name);
            let seen = Seen::default();
            let connector = connector(way, proxy()).set(Setting::Hook(Box::new(recording(&seen))));
            let target = if name == "an exception" { addr.to_string() } else { TARGET.to_owned() };
            connector.connect(&target).expect("a connection");
            assert_eq!(take(&seen), [(Type::STREAM, true)]);
            // A later setting keeps the earlier ones.
            let connector = connector.set(Setting::Timeout(Some(Duration::from_secs(20))));
            connector.connect(&target).expect("a connection");
            assert_eq!(take(&seen), [(Type::STREAM, true)]);
        }
    });
}

#[test]
fn the_timeout_of_a_connector_replaces_all_others() {
    let silent = serving(|mut client: TcpStream| {
        let _ = client.read_to_end(&mut Vec::new());
    });
    let limit = Duration::from_millis(200);
    let chains: [fn(SocketAddr) -> Through; 3] = [
        |addr| Speaks::Socks5.at(addr).timeout(None).into(),
        |addr| {
            let chain = Chain::from(Speaks::Socks5.at(addr)).then(Speaks::Socks4.at(addr)).expect("a chain");
            chain.timeout(Duration::from_secs(600)).into()
        },
        |addr| Through::Rule(Box::new(move |_| Some(Speaks::Socks5.at(addr).timeout(None).into()))),
    ];
    at_once(|way| {
        for through in chains {
            let connector = match through(silent) {
                Through::Chain(chain) => (way.new)(chain),
                Through::Rule(rule) => (way.by_rule_of_chains)(rule),
                _ => unreachable!("another kind"),
            };
            let failed = error(connector.set(Setting::Timeout(Some(limit))).connect(TARGET));
            assert!(failed.is_timeout(), "{failed}");
        }
        let upstreams = Upstreams::new([Speaks::Socks5.at(silent).timeout(None)]).expect("a list");
        let connector = (way.any_of)(upstreams).expect("a connector").set(Setting::Timeout(Some(limit)));
        assert!(error(connector.connect(TARGET)).is_timeout());
        // The lookup is a part of it.
        let direct = (way.direct)().set(Setting::Resolver(Box::new(Never)));
        let failed = error(direct.set(Setting::Timeout(Some(limit))).connect("known.example:80"));
        assert_eq!((failed.stage(), failed.is_timeout()), (Stage::Resolve, true), "{failed}");
        let failed = error(direct.set(Setting::Timeout(Some(limit))).resolve("known.example"));
        assert!(failed.is_timeout(), "{failed}");
    });
}

/// Each lookup on this machine: of the proxy's name, of targets, and of a datagram's target.
#[test]
fn the_callers_resolver_has_all_lookups_of_this_machine() {
    let addr = any_request();
    let by_address = saying(Speaks::Socks5.connection("127.0.0.1:80"), "by address");
    let server = serving(|client| echo(&client));
    everywhere(|way| {
        let (hosts, asked) = Hosts::new([V4]);
        let proxy = Proxy::socks5(("known.example", addr.port())).expect("a proxy").resolver(hosts);
        (way.new)(proxy.into()).connect(TARGET).expect("a tunnel");
        assert_eq!(std::mem::take(&mut *asked.lock().expect("a list")), ["known.example"]);

        let (hosts, asked) = Hosts::new([V4]);
        let proxy = Speaks::Socks5.at(by_address).resolve(Resolve::Locally).resolver(hosts);
        let connector = (way.new)(proxy.into());
        assert_eq!(word(connector.connect("Known.example:80").expect("a tunnel").1), "by address");
        assert_eq!(connector.resolve("known.example").expect("an address"), V4);
        let failed = error(connector.connect("other.example:80"));
        assert!(matches!(failed.kind(), ErrorKind::Unresolved { name, .. } if name == "other.example"));
        assert!(format!("{failed:#}").ends_with("an unknown name"), "{failed:#}");
        assert_eq!(asked.lock().expect("a list").len(), 3);
        assert_eq!(*asked.lock().expect("a list"), ["Known.example", "known.example", "other.example"]);

        let (hosts, asked) = Hosts::new([V4]);
        let proxy = Speaks::Socks5.at(addr).resolve(Resolve::Locally).resolver(hosts);
        let socket = (way.new)(proxy.into()).associate().expect("an association");
        let _ = socket.send_to(b"datagram", "known.example:53").expect("a sent datagram");
        assert_eq!(asked.lock().expect("a list").len(), 1);

        let (hosts, asked) = Hosts::new([V4]);
        let direct = (way.direct)().set(Setting::Resolver(Box::new(hosts)));
        let target = format!("known.example:{}", server.port());
        assert_echo(direct.connect(&target).expect("a connection").1, b"");
        assert_eq!(asked.lock().expect("a list").len(), 1);
        // It never gets an address, nor an onion service.
        assert_echo(direct.connect(&server.to_string()).expect("a connection").1, b"");
        drop(direct.connect("hidden.onion:80"));
        assert_eq!(asked.lock().expect("a list").len(), 1);
    });
}

#[test]
fn the_family_decides_which_addresses_are_dialled() {
    let server = serving(|client| echo(&client));
    let (dead, _bound) = deserted();
    everywhere(|way| {
        let direct = |family, ips: &[IpAddr]| {
            let (hosts, _) = Hosts::new(ips.iter().copied());
            (way.direct)().set(Setting::Resolver(Box::new(hosts))).set(Setting::Family(family))
        };
        let target = format!("known.example:{}", server.port());
        assert_echo(direct(Family::Ipv4Only, &[V6, V4]).connect(&target).expect("IPv4").1, b"");
        // The order of the attempts.
        let target = format!("known.example:{}", dead.port());
        for (family, expected) in [
            (Family::Any, &[V6, V4][..]),
            (Family::Ipv4First, &[V4, V6]),
            (Family::Ipv6First, &[V6, V4]),
            (Family::Ipv4Only, &[V4]),
            (Family::Ipv6Only, &[V6]),
        ] {
            let seen = Arc::<Mutex<Vec<IpAddr>>>::default();
            let record = Arc::clone(&seen);
            let hook = move |socket: &SockRef<'_>| {
                // Only IPv6 sockets have this option.
                let is_ipv4 = socket.only_v6().is_err();
                record.lock().expect("a list").push(if is_ipv4 { V4 } else { V6 });
                // No attempt ends before the next one begins.
                Err(io::Error::other("no connection"))
            };
            let connector = direct(family, &[V6, V4]).set(Setting::Hook(Box::new(hook)));
            error(connector.connect(&target));
            assert_eq!(*seen.lock().expect("a list"), expected, "{family:?}");
        }
        // Mapped to IPv6, it is an IPv4 address all the same.
        let mapped = IpAddr::V6(Ipv4Addr::LOCALHOST.to_ipv6_mapped());
        for v4 in [V4, mapped] {
            let failed = error(direct(Family::Ipv6Only, &[v4]).connect(&target));
            assert!(format!("{failed:#}").ends_with("it has no IPv6 address"), "{failed:#}");
        }
        let target = format!("known.example:{}", server.port());
        assert_echo(direct(Family::Ipv4Only, &[mapped]).connect(&target).expect("IPv4").1, b"");
        assert_eq!(direct(Family::Ipv4First, &[V6, V4]).resolve("known.example").expect("an address"), V4);
    });
}

/// Each setter of a connector sets the option of its name, on a direct connection.
#[test]
fn each_setter_sets_its_own_option() {
    let server = serving(|mut client| {
        let peer = client.peer_addr().expect("an address").ip().to_string();
        let _ = client.write_all(peer.as_bytes());
    });
    everywhere(|way| {
        let read = |setting: Option<Setting>| {
            let seen = Arc::<Mutex<Vec<(bool, bool)>>>::default();
            let record = Arc::clone(&seen);
            let hook = move |socket: &SockRef<'_>| {
                record.lock().expect("a list").push((socket.tcp_nodelay()?, socket.keepalive()?));
                Ok(())
            };
            let connector = (way.direct)().set(Setting::Hook(Box::new(hook)));
            let connector = setting.map_or_else(|| connector.another(), |setting| connector.set(setting));
            let peer = word(connector.connect(&server.to_string()).expect("a connection").1);
            let seen = seen.lock().expect("a list").clone();
            (seen, peer)
        };
        let here = "127.0.0.1".to_owned();
        assert_eq!(read(None), (vec![(true, false)], here.clone()));
        assert_eq!(read(Some(Setting::Nodelay(false))), (vec![(false, false)], here.clone()));
        let after = Duration::from_secs(60);
        assert_eq!(read(Some(Setting::Keepalive(after))), (vec![(true, true)], here));
        // Only Linux has more than one address on its loopback interface.
        if cfg!(target_os = "linux") {
            let local = SocketAddr::from(([127, 0, 0, 9], 0));
            let from = read(Some(Setting::LocalAddr(local)));
            assert_eq!(from, (vec![(true, false)], "127.0.0.9".to_owned()));
        }
    });
}

/// Linux would take an empty name for none, and cut one of 16 bytes, which may then be another's.
#[test]
fn a_name_that_no_interface_has() {
    let server = serving(drop);
    everywhere(|way| {
        for (name, is_name) in [("", false), ("lo\0x", false), ("lo34567890123456", false), ("none", true)] {
            let _case = Case::new(name);
            let failed = error((way.direct)().set(Setting::Interface(name)).connect(&server.to_string()));
            assert!(matches!(failed.kind(), ErrorKind::Unreachable(_)), "{failed}");
            let text = failed.to_string();
            assert_eq!(text.contains("this is not the name of an interface"), !is_name, "{text}");
        }
    });
}

/// What `socket2` sets is really set on the socket of the tunnel.
#[cfg(unix)]
#[test]
fn named_options_are_set() {
    use crate::support::left_out::left_out;
    let addr = any_request();
    for name in ["interface", "mark"] {
        everywhere(|way| {
            let _case = Case::new(name);
            let seen = Arc::<Mutex<Vec<String>>>::default();
            let record = Arc::clone(&seen);
            let hook = move |socket: &SockRef<'_>| {
                record.lock().expect("a list").push(format!("{:?}", value(socket, name)?));
                Ok(())
            };
            let proxy = Speaks::Socks5.at(addr).socket(hook);
            let (of_proxy, of_connector) = match name {
                "interface" => (proxy.clone().interface("lo"), Setting::Interface("lo")),
                _ => (proxy.clone().mark(7), Setting::Mark(7)),
            };
            let by_connector = (way.new)(proxy.into()).set(of_connector).associate();
            match by_connector.and_then(|_| (way.new)(of_proxy.into()).associate()) {
                Ok(_) => {
                    let expected = if name == "mark" { "7".to_owned() } else { format!("{:?}", Some(b"lo")) };
                    assert_eq!(*seen.lock().expect("a list"), vec![expected; 4]);
                }
                Err(refused) => {
                    let text = format!("{refused:#}");
                    let is_forbidden = text.contains("not permitted") || text.contains("this system");
                    assert!(is_forbidden, "{text}");
                    left_out("connector::settings::named_options_are_set", format!("{name}: {text}"));
                }
            }
        });
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn value(socket: &SockRef<'_>, name: &str) -> io::Result<Box<dyn std::fmt::Debug>> {
    Ok(match name {
        "mark" => Box::new(socket.mark()?),
        _ => Box::new(socket.device()?),
    })
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn value(_: &SockRef<'_>, _: &str) -> io::Result<Box<dyn std::fmt::Debug>> {
    Err(io::ErrorKind::Unsupported.into())
}
