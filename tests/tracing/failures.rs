//! Every failure is one event, with the whole error.

use crate::fronts::listening::Listening;
use crate::messages::{BOUND, Speaks};
use crate::recorder::recorded;
use crate::scene::{self, TARGET, behind, error};
use crate::support::case::Case;
use crate::support::dialogue::Dialogue;
use crate::support::drivers::DRIVERS;
use crate::support::script::{Manner, Script, client, proxy};
use crate::ways::{self, everywhere, hooks};
use crate::{PEER, one, reported};
use anysocks::{Auth, Error, Invalid, Resolve, Stage};
use std::time::Duration;

/// The events of failures.
fn failures(reports: &[String]) -> Vec<&str> {
    let failed = reports.iter().filter_map(|report| report.split_once(": failed stage="));
    failed.filter_map(|(_, failed)| failed.split_once(" error=")).map(|(_, error)| error).collect()
}

type Ask = fn(&dyn ways::Connecting) -> Error;

/// Every connection that fails is reported once, with its error.
#[test]
fn each_failure_once() {
    const CONNECT: Ask = |connector| error(connector.connect(TARGET));
    const BIND: Ask = |connector| error(connector.bind(PEER));
    const ASSOCIATE: Ask = |connector| error(connector.associate());
    const RESOLVE: Ask = |connector| error(connector.resolve("a.example"));
    const RESOLVE_PTR: Ask = |connector| error(connector.resolve_ptr([192, 0, 2, 1].into()));
    const CHECK: Ask = |connector| error(connector.check());
    const UNKNOWN: Ask = |connector| error(connector.connect("nonexistent.invalid:80"));
    const IPV6: Ask = |connector| error(connector.connect("[2001:db8::7]:80"));
    let closing = scene::serving(drop);
    everywhere(|way| {
        let proxy = || Speaks::Socks5.at(closing);
        let socks4 = || Speaks::Socks4.at(closing);
        let rows: [(Box<dyn ways::Connecting>, &[Ask]); 8] = [
            ((way.new)(proxy().into()), &[CONNECT, BIND, ASSOCIATE, RESOLVE, RESOLVE_PTR, CHECK]),
            ((way.new)(behind(closing, &[Speaks::Socks5; 2])), &[CONNECT, BIND, ASSOCIATE, RESOLVE, CHECK]),
            ((way.new)(proxy().resolve(Resolve::Locally).into()), &[UNKNOWN]),
            ((way.new)(socks4().into()), &[CONNECT, ASSOCIATE, RESOLVE_PTR, IPV6]),
            ((way.direct)(), &[UNKNOWN, BIND, ASSOCIATE, RESOLVE_PTR, CHECK]),
            ((way.by_rule)(Box::new(move |_| Some(Speaks::Socks5.at(closing)))), &[CONNECT, BIND, ASSOCIATE]),
            (
                (way.by_fallible_rule)(Box::new(|_| Err(Invalid::NameEmpty.into()))),
                &[CONNECT, BIND, RESOLVE, RESOLVE_PTR],
            ),
            (
                (way.wrapped)(
                    proxy().into(),
                    Box::new(|_| hooks::Does::Fail(std::io::Error::other("no TLS"))),
                ),
                &[CONNECT, BIND, ASSOCIATE, RESOLVE, CHECK],
            ),
        ];
        for (connector, asks) in rows {
            for (n, ask) in asks.iter().enumerate() {
                let _case = Case::new(format!("{connector:?}, call {n}"));
                let mut shown = String::new();
                let reports = recorded(|| shown = format!("{:#}", ask(&*connector)));
                assert_eq!(failures(&reports), [shown], "{reports:?}");
            }
        }
        // Without a connector.
        let proxy = proxy();
        let (deserted, _socket) = scene::deserted();
        let alone: [&dyn Fn() -> Error; 5] = [
            &|| error(anysocks::blocking::dial(deserted)),
            &|| error((way.connect5_with)(&proxy, TARGET, b"")),
            &|| error((way.resolve)(&proxy, "a.example")),
            &|| error((way.check)(&proxy)),
            &|| error((way.resolve_ptr)(&proxy, [192, 0, 2, 1].into())),
        ];
        for ask in alone {
            let mut shown = String::new();
            let reports = recorded(|| shown = format!("{:#}", ask()));
            assert_eq!(failures(&reports), [shown], "{reports:?}");
        }
    });
}

/// A peer that does not come, and a handshake over a stream.
#[test]
fn each_failure_after_dialling_once() {
    let kind = Speaks::Socks5;
    everywhere(|way| {
        let lines =
            [kind.lines(2, PEER, kind.granted(BOUND)), vec![proxy(Stage::SecondReply, kind.refused())]]
                .concat();
        let accepts: [fn(&mut dyn Listening) -> Error; 2] = [
            |listener| error(listener.accept()),
            |listener| error(listener.accept_within(Duration::from_secs(8))),
        ];
        for accept in accepts {
            let mut shown = String::new();
            let (addr, reports) = reported(way, &lines, one(kind), |connector| {
                let mut listener = connector.bind(PEER).expect("a listener");
                shown = format!("{:#}", accept(&mut *listener));
            });
            assert!(
                shown.starts_with(&format!("proxy socks5h://{addr}, target {PEER}: second reply ")),
                "{shown}"
            );
            assert_eq!(failures(&reports), [shown], "{reports:?}");
        }
    });
    let refusal = [kind.greeting(), vec![client(kind.request(1, TARGET))]].concat();
    let refusal = [refusal, vec![proxy(Stage::Request, kind.refused())]].concat();
    for driver in DRIVERS {
        let _case = Case::new(driver.name);
        let script = Script::new(&refusal, b"", Manner::default());
        let dialogue = Dialogue::v5(Auth::none(), TARGET);
        let mut shown = String::new();
        let reports = recorded(|| shown = format!("{:#}", error((driver.handshake)(script, &dialogue))));
        assert!(shown.starts_with(&format!("target {TARGET}: request refused")), "{shown}");
        assert_eq!(failures(&reports), [shown], "{reports:?}");
    }
}

/// The client of a forwarder receives only a code.
#[cfg(feature = "forward")]
#[test]
fn each_failure_of_a_forwarder_once() {
    use anysocks::forward::Forwarder;
    use anysocks::tokio::{Connector, Socks5Stream};
    use std::sync::mpsc::channel;

    let closing = scene::serving(drop);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (report, told) = channel();
    let reports = recorded(|| {
        runtime.block_on(async {
            let report = move |error: &Error| report.send(format!("{error:#}")).expect("a test that waits");
            let connector = Connector::new(Speaks::Socks5.at(closing));
            let forwarder =
                Forwarder::builder(connector).on_error(report).start().await.expect("a forwarder");
            let refused = Socks5Stream::connect(forwarder.url(), TARGET).await.expect_err("a refusal");
            assert_eq!(refused.reply(), Some(anysocks::Reply::GENERAL_FAILURE));
        });
    });
    let told: Vec<_> = told.try_iter().collect();
    let start = format!("proxy socks5h://{closing}, target {TARGET}: method selection failed");
    assert!(matches!(&*told, [error] if error.starts_with(&start)), "{told:?}");
    // The client's own failure is another one.
    let events = failures(&reports);
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!(events.iter().filter(|event| ***event == told[0]).count(), 1, "{events:?}");
}
