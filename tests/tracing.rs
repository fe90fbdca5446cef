//! The events of the feature `tracing`, on every front end: the proxy, the target, stages and
//! sizes, and never a secret.

#![cfg(feature = "tracing")]

#[path = "tracing/failures.rs"]
mod failures;
mod fronts;
#[path = "connector/messages.rs"]
mod messages;
#[path = "tracing/recorder.rs"]
mod recorder;
#[cfg(feature = "socks5a")]
#[path = "socks5a/records.rs"]
mod records;
#[path = "tracing/replaced.rs"]
mod replaced;
#[path = "connector/scene.rs"]
mod scene;
#[cfg(feature = "socks5a")]
#[path = "tracing/socks5a.rs"]
mod socks5a;
mod support;
#[path = "connector/ways.rs"]
mod ways;

use anysocks::{Auth, Chain, Credentials, Proxy, Resolve};
use messages::{BOUND, PASSWORD, Speaks, USER};
use recorder::recorded;
use scene::{BEHIND, TARGET, behind, dialogue};
use std::io::Write;
use std::net::SocketAddr;
use support::case::Case;
use support::child;
use support::script::{Line, client, proxy};
use support::server::Server;
use support::toy::{self, Level};
use ways::{Way, everywhere};

const PEER: &str = "192.0.2.1:80";
const FIRST: &[u8] = b"first bytes Zq7xW2kTn9";

/// What is reported of a request to a proxy that plays these lines.
fn reported(
    way: &Way,
    lines: &[Line],
    chain: impl Fn(SocketAddr) -> Chain,
    ask: impl FnOnce(Box<dyn ways::Connecting>),
) -> (SocketAddr, Vec<String>) {
    let server = Server::start(lines.to_vec(), |_| ());
    let addr = server.addr;
    let reports = recorded(|| ask((way.new)(chain(addr))));
    server.join();
    (addr, reports)
}

fn one(kind: Speaks) -> impl Fn(SocketAddr) -> Chain {
    move |addr| kind.at(addr).into()
}

type Proxies = dyn Fn(SocketAddr) -> Chain;

/// The events of messages: their span, and their text.
fn messages(span: &str, sizes: &[(&str, &str, usize)]) -> Vec<String> {
    sizes.iter().map(|(what, stage, bytes)| format!("{span}: {what} stage={stage} bytes={bytes}")).collect()
}

const DIALLED: &str = "socks: connected stage=connection to the proxy";

#[test]
fn a_handshake_of_each_version() {
    everywhere(|way| {
        let four = [("sent", "request", 23), ("received", "request", 8)];
        let five = [
            ("sent", "method selection", 3),
            ("received", "method selection", 2),
            ("sent", "request", 18),
            ("received", "request", 10),
        ];
        let password = [
            ("sent", "method selection", 4),
            ("received", "method selection", 2),
            ("sent", "authentication", 3 + USER.len() + PASSWORD.len()),
            ("received", "authentication", 2),
            ("sent", "request", 18),
            ("received", "request", 10),
        ];
        let rows: [(_, _, &[_]); 3] = [
            (Speaks::Socks4, "socks4a://me@", &four),
            (Speaks::Socks5, "socks5h://", &five),
            (Speaks::Password, "socks5h://user@", &password),
        ];
        for (kind, url, sizes) in rows {
            let _case = Case::new(format!("{kind:?}"));
            let (addr, reports) = reported(way, &kind.connection(TARGET), one(kind), |connector| {
                connector.connect(TARGET).expect("a tunnel");
            });
            let span = format!(
                "end of socks command=CONNECT elapsed=.. proxy={url}{addr} stage=done target={TARGET}"
            );
            assert_eq!(reports, [vec![DIALLED.into()], messages("socks", sizes), vec![span]].concat());
        }
    });
}

/// Whether a METHOD encapsulates.
#[test]
fn a_custom_method() {
    everywhere(|way| {
        for (level, encapsulated) in [(Level::Bare, false), (Level::Framed, true)] {
            let _case = Case::new(format!("{level:?}"));
            let kind = Speaks::Socks5;
            let lines = toy::connection(level, &kind.request(1, TARGET), &kind.granted(BOUND));
            let own = |addr| kind.at(addr).auth(toy::auth()).expect("SOCKS5").into();
            let (_, reports) = reported(way, &lines, own, |connector| {
                connector.connect(TARGET).expect("a tunnel");
            });
            let negotiated = format!("socks: negotiated stage=authentication encapsulated={encapsulated}");
            assert_eq!(reports.iter().filter(|report| **report == negotiated).count(), 1, "{reports:?}");
        }
        let lines = Speaks::Socks5.connection(TARGET);
        let (_, reports) = reported(way, &lines, one(Speaks::Socks5), |connector| {
            connector.connect(TARGET).expect("a tunnel");
        });
        assert!(!reports.iter().any(|report| report.contains("negotiated")), "{reports:?}");
    });
}

#[test]
fn each_proxy_of_a_chain() {
    let kinds = [Speaks::Socks4, Speaks::Socks5];
    everywhere(|way| {
        let of_both = |addr| behind(addr, &kinds);
        let (addr, reports) = reported(way, &dialogue(&kinds, TARGET), of_both, |connector| {
            connector.connect(TARGET).expect("a tunnel");
        });
        let first = format!("socks4a://me@{addr}");
        let second = format!("socks5h://{}", BEHIND[0]);
        let expected = [
            vec![DIALLED.to_owned()],
            messages("socks>hop 1", &[("sent", "request", 11), ("received", "request", 8)]),
            vec![format!("end of hop number=1 proxy={first} stage=request")],
            messages(
                "socks>hop 2",
                &[
                    ("sent", "method selection", 3),
                    ("received", "method selection", 2),
                    ("sent", "request", 18),
                    ("received", "request", 10),
                ],
            ),
            vec![
                format!("end of hop number=2 proxy={second} stage=request"),
                format!(
                    "end of socks command=CONNECT elapsed=.. proxy={first}, {second} stage=done target={TARGET}"
                ),
            ],
        ];
        assert_eq!(reports, expected.concat());
    });
}

#[test]
fn a_failure_with_its_stage_and_reason() {
    everywhere(|way| {
        for (kind, size) in [(Speaks::Socks4, 8), (Speaks::Socks5, 10)] {
            let lines = kind.lines(1, TARGET, kind.refused());
            let (_, reports) = reported(way, &lines, one(kind), |connector| {
                assert!(connector.connect(TARGET).is_err());
            });
            let [.., heard, failed, end] = &*reports else { panic!("{reports:?}") };
            assert!(heard.starts_with("socks: received stage=request bytes="), "{heard}, {size}");
            assert!(failed.starts_with("socks: failed stage=request error=proxy socks"), "{failed}");
            assert!(end.contains("request refused: "), "{end}");
            assert!(end.contains("elapsed=.. ") && end.contains("stage=request"), "{end}");
        }
        let lines = [
            client([5, 2, 0, 2]),
            proxy(anysocks::Stage::MethodSelection, [5, 2]),
            client(messages::subnegotiation(USER, PASSWORD)),
            proxy(anysocks::Stage::Authentication, [1, 1]),
        ];
        let (_, reports) = reported(way, &lines, one(Speaks::Password), |connector| {
            assert!(connector.connect(TARGET).is_err());
        });
        assert!(reports.contains(&"socks: received stage=authentication bytes=2".into()), "{reports:?}");
        assert!(reports.last().is_some_and(|end| end.contains("stage=authentication")), "{reports:?}");

        // The system's error is part of it.
        let (addr, _bound) = scene::deserted();
        let reports = recorded(|| {
            assert!((way.new)(Speaks::Socks5.at(addr).into()).connect(TARGET).is_err());
        });
        let [failed, end] = &*reports else { panic!("{reports:?}") };
        assert!(failed.starts_with("socks: failed stage=connection to the proxy error=proxy "), "{failed}");
        assert!(end.contains("connection to the proxy failed: "), "{end}");
    });
}

/// The span lasts until the peer is there, and no longer.
#[test]
fn a_listener_and_its_peer() {
    let kind = Speaks::Socks5;
    everywhere(|way| {
        let lines = [
            kind.lines(2, PEER, kind.granted(BOUND)),
            vec![proxy(anysocks::Stage::SecondReply, kind.granted(PEER))],
        ]
        .concat();
        let (_, reports) = reported(way, &lines, one(kind), |connector| {
            let mut listener = connector.bind(PEER).expect("a listener");
            listener.accept().expect("the peer");
            tracing::info!(target: "anysocks_user", "accepted");
            drop(listener);
        });
        let [.., first, second, end, accepted] = &*reports else { panic!("{reports:?}") };
        assert_eq!(accepted, ": accepted");
        assert_eq!(first, "socks: received stage=request bytes=10");
        assert_eq!(second, "socks: received stage=second reply bytes=10");
        assert!(end.starts_with("end of socks command=BIND elapsed=.. proxy="), "{end}");
        assert!(end.contains("stage=done"), "{end}");
    });
}

#[test]
fn what_else_is_asked() {
    let kind = Speaks::Socks5;
    everywhere(|way| {
        let resolve = kind.lines(0xF0, "example.com:0", kind.granted("192.0.2.9:0"));
        let (_, reports) = reported(way, &resolve, one(kind), |connector| {
            connector.resolve("example.com").expect("an address");
        });
        let end = reports.last().expect("a report");
        assert!(
            end.starts_with("end of socks command=RESOLVE ") && end.ends_with("target=example.com"),
            "{end}"
        );

        let associate = [
            kind.greeting(),
            vec![
                client(b"\x05\x03\x00\x01\0\0\0\0\0\0"),
                proxy(anysocks::Stage::Request, kind.granted("127.0.0.1:9")),
            ],
        ];
        let (_, reports) = reported(way, &associate.concat(), one(kind), |connector| {
            connector.associate().expect("an association");
        });
        let end = reports.last().expect("a report");
        assert!(end.starts_with("end of socks command=UDP ASSOCIATE "), "{end}");
    });
}

#[test]
fn a_connection_without_a_proxy() {
    everywhere(|way| {
        let target = scene::saying(vec![], "word").to_string();
        let reports = recorded(|| drop((way.direct)().connect(&target).expect("a connection")));
        let end = format!("end of socks command=CONNECT elapsed=.. proxy=none stage=done target={target}");
        assert_eq!(reports, ["socks: connected stage=direct connection", &end]);
    });
}

#[test]
fn a_name_that_is_looked_up_here() {
    let kind = Speaks::Socks5;
    everywhere(|way| {
        let lines = kind.lines(1, "127.0.0.1:80", kind.granted(BOUND));
        let here = |addr| Chain::from(kind.at(addr).resolve(Resolve::Locally));
        let server = scene::serving(move |mut client| {
            // The name may have another address first, which is refused.
            if scene::play(&mut client, &lines).is_err() {
                let _ = client.write_all(&kind.refused());
            }
        });
        let reports = recorded(|| drop((way.new)(here(server)).connect("localhost:80")));
        assert!(reports[0].starts_with("socks: resolved stage=name resolution addresses="), "{reports:?}");
        let reports = recorded(|| {
            (way.new)(here(server)).resolve("localhost").expect("an address");
        });
        let [looked_up, end] = &*reports else { panic!("{reports:?}") };
        assert!(looked_up.starts_with("socks: resolved stage=name resolution addresses="), "{looked_up}");
        assert_eq!(end, "end of socks command=RESOLVE elapsed=.. proxy=none stage=done target=localhost");
    });
}

/// A variable that does not count is named, and its value is not shown.
#[test]
fn a_variable_that_is_passed_over() {
    const CHILD: &str = "ANYSOCKS_TRACING_CHILD";
    let url = format!("http://user:{PASSWORD}@proxy.example:3128");
    if std::env::var_os(CHILD).is_none() {
        let socks = "socks5h://127.0.0.1:1080";
        let variables = [("https_proxy", &*url), ("HTTPS_PROXY", socks), ("http_proxy", &url)];
        let header: &[_] = if cfg!(unix) { &[("HTTP_PROXY", socks)] } else { &[] };
        let variables = if cfg!(unix) { &variables[..] } else { &variables[2..] };
        let own = [(CHILD, "1"), ("no_proxy", "*.secret.example, *secret.example, db*")];
        child::run("a_variable_that_is_passed_over", &[&own, variables, header].concat());
        return;
    }
    let not_socks = |name: &str| format!(": ignored variable={name:?} why=\"it is not a SOCKS URL\"");
    let no_proxy = ": ignored variable=\"no_proxy\" why=\"2 of its entries can never match\"".to_owned();
    let expected = if cfg!(unix) {
        let header = "a CGI server sets it from a header of the request";
        let header = format!(": ignored variable=\"HTTP_PROXY\" why={header:?}");
        vec![not_socks("https_proxy"), not_socks("http_proxy"), header, no_proxy]
    } else {
        vec![not_socks("http_proxy"), no_proxy]
    };
    everywhere(|way| {
        let reports = recorded(|| drop((way.from_env)().expect("a way")));
        assert_eq!(reports, expected);
    });
}

/// Cancelled work reports the time it took too, and its stage.
#[cfg(feature = "tokio")]
#[test]
fn what_is_given_up() {
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let reports = recorded(|| {
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let proxy = Speaks::Socks5.at(listener.local_addr().expect("an address"));
            let greeted = async {
                let (mut client, _) = listener.accept().await.expect("a client");
                client.read_exact(&mut [0; 3]).await.expect("a greeting");
                client
            };
            tokio::select! {
                _ = anysocks::tokio::Socks5Stream::connect(&proxy, TARGET) => panic!("no proxy answers"),
                _client = greeted => {}
            }
        });
    });
    let end = reports.last().expect("a report");
    assert!(end.starts_with("end of socks command=CONNECT elapsed=.. "), "{end}");
    assert!(end.contains("stage=method selection"), "{end}");
}

/// Where this crate's own are not wanted, the spans of others are none of its business.
#[test]
fn nobody_elses_spans() {
    let kinds = [Speaks::Socks4, Speaks::Socks5];
    everywhere(|way| {
        let server = Server::start(dialogue(&kinds, TARGET), |_| ());
        let reports = recorder::recorded_above_debug(|| {
            let job = tracing::info_span!(target: "anysocks_user", "job", stage = "billing");
            job.in_scope(|| (way.new)(behind(server.addr, &kinds)).connect(TARGET).expect("a tunnel"));
        });
        server.join();
        assert_eq!(reports, ["end of job stage=\"billing\""]);
    });
}

#[test]
fn no_secret() {
    const KINDS: [Speaks; 2] = [Speaks::Password, Speaks::Password];
    let isolated =
        |addr| Chain::from(Proxy::socks5(addr).and_then(|tor| tor.isolated(PASSWORD)).expect("a proxy"));
    let token = [
        vec![client([5, 1, 2]), proxy(anysocks::Stage::MethodSelection, [5, 2])],
        vec![client([&[1, 9], &b"<torS0X>0"[..], &[10], PASSWORD.as_bytes()].concat())],
        vec![proxy(anysocks::Stage::Authentication, [1, 0])],
        vec![client(Speaks::Socks5.request(1, TARGET))],
        vec![proxy(anysocks::Stage::Request, Speaks::Socks5.refused())],
    ];
    let at_once = |addr| {
        let auth =
            Auth::password_only(Credentials::new(USER, PASSWORD).expect("credentials")).pipelined(true);
        Chain::from(Speaks::Socks5.at(addr).auth(auth).expect("a proxy"))
    };
    let message =
        [&[5, 1, 2], &*messages::subnegotiation(USER, PASSWORD), &Speaks::Socks5.request(1, TARGET), FIRST];
    everywhere(|way| {
        let rows: [(Vec<Line>, &Proxies); 3] = [
            (dialogue(&KINDS, TARGET), &|addr| behind(addr, &KINDS)),
            (token.concat(), &isolated),
            (vec![client(message.concat()), proxy(anysocks::Stage::MethodSelection, [5, 2, 1, 1])], &at_once),
        ];
        for (n, (lines, chain)) in rows.into_iter().enumerate() {
            let (_, reports) = reported(way, &lines, chain, |connector| {
                let first: &[u8] = if n == 2 { FIRST } else { b"" };
                let _ = connector.connect_with_early_data(TARGET, first);
            });
            assert!(reports.len() > 3, "{reports:?}");
            let text = reports.join("\n");
            for secret in [PASSWORD.as_bytes(), FIRST] {
                let bytes = format!("{secret:?}");
                let escaped = secret.escape_ascii().to_string();
                for telling in [&*escaped, &escaped[..8], &bytes[1..20]] {
                    assert!(!text.contains(telling), "{text}");
                }
            }
        }
    });
}
