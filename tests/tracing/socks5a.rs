//! Violations of SOCKS5a that may be attacks.

use crate::messages::Speaks;
use crate::recorder::recorded_above_debug;
use crate::records::{PSK, record};
use crate::scene::{TARGET, error};
use crate::support::script::{Line, client, proxy};
use crate::support::server::Server;
use crate::ways::everywhere;
use anysocks::socks5a::{Eaf, Factor, Obfuscation, Psk, Sequence, Tol};
use anysocks::{Auth, Credentials, Proxy, Stage};

#[test]
fn violations() {
    let tol = || Tol::new(Obfuscation::None).psk(Psk::new(PSK).expect("32 bytes"));
    let credentials = || Credentials::new("user", "Zq7xW2kTn9").expect("credentials");
    let sequence =
        || Sequence::new().then(tol()).and_then(|all| all.then(credentials())).expect("two METHODs");
    let selection = |code| vec![client([5, 1, code]), proxy(Stage::MethodSelection, [5, code])];
    let request = client(record(0, b"", &Speaks::Socks5.request(1, TARGET)));
    let forged = proxy(Stage::Request, *b"\0\0\0\0\0\0");
    let selects = |code| proxy(Stage::Authentication, [5, code]);
    let eaf = Eaf::new(Psk::new(PSK).expect("32 bytes"), Factor::token("t").expect("a token"));
    let without_key = Sequence::new().then(eaf).and_then(|all| all.then(Tol::new(Obfuscation::None)));
    let without_key = without_key.expect("two METHODs").in_any_order();
    let rows: [(Auth, Vec<Line>, &str); 4] = [
        (
            tol().auth().expect("a key"),
            [selection(0x81), vec![request, forged]].concat(),
            "a record of the proxy has a wrong signature: its key is another one, or it was changed",
        ),
        (
            sequence().auth().expect("a sequence"),
            [selection(0x82), vec![selects(2)]].concat(),
            "the proxy selected METHOD X'02' out of order: it may be an attack",
        ),
        (
            sequence().auth().expect("a sequence"),
            [selection(0x82), vec![selects(0)]].concat(),
            "the proxy ended the sequence before METHOD X'81', which is required",
        ),
        (
            without_key.auth().expect("a sequence"),
            [selection(0x82), vec![selects(0x81)]].concat(),
            "the proxy selected METHOD X'81' out of order: it may be an attack",
        ),
    ];
    everywhere(|way| {
        for (auth, lines, what) in &rows {
            let server = Server::start(lines.clone(), |_| ());
            let addr = server.addr;
            let reports = recorded_above_debug(|| {
                let proxy = Proxy::socks5(addr).and_then(|proxy| proxy.auth(auth.clone()));
                let connector = (way.new)(proxy.expect("a proxy").into());
                error(connector.connect(TARGET));
            });
            server.join();
            assert_eq!(reports.len(), 1, "{reports:?}");
            assert!(reports[0].ends_with(&format!("violation what={what}")), "{reports:?}");
        }
    });
}
