//! What takes the place of something else: the next upstream, and the address of a relay.

use crate::messages::Speaks;
use crate::recorder::recorded;
use crate::scene::{TARGET, deserted, saying};
use crate::ways::everywhere;
use anysocks::{Proxy, Upstreams};

#[test]
fn a_failed_try_and_the_next_upstream() {
    let (dead, _bound) = deserted();
    let good = saying(Speaks::Socks5.connection(TARGET), "");
    everywhere(|way| {
        let proxies = [Proxy::socks5(dead), Proxy::socks5(good)].map(|proxy| proxy.expect("a proxy"));
        let connector = (way.any_of)(Upstreams::new(proxies).expect("a list")).expect("a connector");
        let reports = recorded(|| drop(connector.connect(TARGET).expect("the second")));
        let next: Vec<_> =
            reports.iter().filter(|report| report.contains("trying the next upstream")).collect();
        let [next] = &next[..] else { panic!("{reports:?}") };
        assert!(next.contains(&format!("proxy socks5h://{dead}, target {TARGET}: ")), "{next}");
    });
}

#[cfg(target_os = "linux")]
#[test]
fn an_internal_address_of_a_relay() {
    use crate::messages::field;
    use crate::support::in_namespace;
    use crate::support::script::{client, proxy};
    use crate::support::server::Server;
    use anysocks::Stage;
    const TEST: &str = "replaced::an_internal_address_of_a_relay";
    const PREPARE: &str = "ip link set lo up && ip address add 203.0.113.7/32 dev lo";
    if !in_namespace::is_inside(TEST, PREPARE) {
        return;
    }
    let at = [203, 0, 113, 7].into();
    for (told, is_reported) in [("10.0.0.5:9", true), ("203.0.113.7:9", false), ("0.0.0.0:9", false)] {
        everywhere(|way| {
            let reply = [&[5, 0, 0][..], &field(told)].concat();
            let request = [&[5, 3, 0][..], &field("0.0.0.0:0")].concat();
            let lines = [Speaks::Socks5.greeting(), vec![client(request), proxy(Stage::Request, reply)]];
            let server = Server::start_at(at, lines.concat(), |_| ());
            let connector = (way.new)(server.proxy().into());
            let reports = recorded(|| drop(connector.associate().expect("an association")));
            server.join();
            let event = "the reply names an internal address bound=10.0.0.5:9 relay=203.0.113.7:9";
            assert_eq!(
                reports.iter().any(|report| report.contains(event)),
                is_reported,
                "{told}: {reports:?}"
            );
        });
    }
}
