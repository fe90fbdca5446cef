//! Each rule of the negotiation that a client can violate, and the report of it.

use crate::case::Case;
use crate::client::{Client, TOKEN, context, metadata};
use crate::socks5a::{Eaf, Entry, Factor, Report, Server, Setup};

#[track_caller]
pub(crate) fn reported(report: &Report, rule: &str) {
    let violations = report.violations();
    assert!(violations.len() == 1 && violations[0].contains(rule), "{violations:?}, and not: {rule}");
}

#[test]
fn greetings() {
    let table: [(&[u8], &str); 5] = [
        (b"\x04\x01\x00", "a greeting of version 04"),
        (b"\x05\x00", "with the METHODs []"),
        (b"\x05\x02\x80\x80", "with the METHODs [80, 80]"),
        (b"\x05\x02\x80\x00", "other METHODs than expected"),
        (b"\x05\x01\x80\x01", "before its turn"),
    ];
    for (greeting, rule) in table {
        let _case = Case::new(rule);
        let expects = rule.contains("expected").then(|| vec![0x80]);
        let server = Server::start(Setup { expects, ..Setup::default() });
        let mut client = Client::new(&server);
        client.send(greeting);
        client.close();
        reported(&server.finish(), rule);
    }
}

#[test]
fn eaf_messages() {
    let bits = |bits: u32| Entry::new(2, bits.to_be_bytes());
    let long = Entry::new(4, [&context(1).value[..], &[b'a'; 256]].concat());
    let latin = Entry::new(4, [&context(1).value[..], b"\xe9"].concat());
    let short = Entry::new(4, [0; 23]);
    let x25519 = Entry::key_exchange([0; 32]);
    let table: [(&[u8], Vec<Entry>, &str); 30] = [
        (TOKEN, vec![context(1)], "no client capabilities"),
        (TOKEN, vec![bits(16)], "no authentication context"),
        (TOKEN, vec![bits(16), bits(16), context(1)], "metadata 02 is there twice"),
        (TOKEN, vec![bits(16), context(1), context(1)], "metadata 04 is there twice"),
        (TOKEN, vec![bits(16), context(1), bits(3)], "metadata 02 is there twice"),
        (TOKEN, vec![bits(16), context(1), Entry::new(3, [0; 4])], "metadata 03 from a client"),
        (TOKEN, vec![bits(16), context(1), Entry::new(5, [0; 4])], "metadata 05 from a client"),
        (TOKEN, vec![bits(16), context(1), Entry::new(6, [0; 1])], "metadata 06 from a client"),
        (TOKEN, vec![Entry::new(2, [0; 3]), context(1)], "capabilities of another size"),
        (TOKEN, vec![bits(16), short], "without its NONCE"),
        (TOKEN, vec![bits(16), long], "an identity of 256 bytes"),
        (TOKEN, vec![bits(16), latin], "not UTF-8"),
        (TOKEN, vec![bits(48), context(1), Entry::new(1, [0, 0x17, 0])], "of another kind"),
        (TOKEN, vec![bits(48), context(1), Entry::new(1, [0, 0x1d, 0])], "of another size than 32"),
        (TOKEN, vec![bits(48), context(1), x25519.clone()], "all-zero"),
        (TOKEN, metadata(16 | 1 << 6, 1), "unknown bits"),
        (TOKEN, metadata(8, 1), "other methods than the AUTH's"),
        (TOKEN, metadata(17, 1), "other methods than the AUTH's"),
        (TOKEN, metadata(16 | 1 << 5, 1), "the key exchange is wrong"),
        (TOKEN, vec![Entry::key_exchange([9; 32]), bits(16), context(1)], "the key exchange is wrong"),
        (TOKEN, metadata(16 | 1 << 8, 1), "TOL, which is not offered"),
        (TOKEN, metadata(16 | 1 << 9, 1), "chaining, which is not offered"),
        (b"", metadata(16, 1), "an empty AUTH"),
        (b"\x06", metadata(16, 1), "method 06"),
        (b"\x05\x00\x00", metadata(16, 1), "an empty TOKEN"),
        (b"\x05\x00\x02t", metadata(16, 1), "a length in AUTH"),
        (b"\x03\x00\x00", metadata(4, 1), "an empty CODE"),
        (b"\x03\x00\x01a", metadata(4, 1), "other bytes than digits"),
        (b"\x01\x00\x20\x00\x40", metadata(1, 1), "KLEN and SLEN"),
        (b"\x02\x00\x01a", metadata(2, 1), "a RESPONSE of 1 bytes"),
    ];
    for (auth, metadata, rule) in table {
        let _case = Case::new(rule);
        let server = Server::start(Setup::default());
        Client::authenticate(&server, auth, &metadata).close();
        reported(&server.finish(), rule);
    }
}

#[test]
fn several_factors() {
    let table: [(&[u8], &str); 6] = [
        (b"\x04", "no COUNT"),
        (b"\x04\x01\x00\x04\x05\x00\x01t", "fewer than two"),
        (b"\x04\x02\x00\x04\x05\x00\x01t\x00\x04\x05\x00\x01u", "of one method"),
        (b"\x04\x02\x00\x04\x05\x00\x01t\x00\x03\x02\x00\x00", "a factor of method 02"),
        (b"\x04\x02\x00\x04\x05\x00\x01t\x00\x04\x03\x00\x011!", "behind the last factor"),
        (b"\x04\x02\x00\x04\x05\x00\x01t\x00\x09\x03\x00\x011", "an FLEN that runs past AUTH"),
    ];
    for (auth, rule) in table {
        let _case = Case::new(rule);
        let server = Server::start(Setup::default());
        Client::authenticate(&server, auth, &metadata(28, 1)).close();
        reported(&server.finish(), rule);
    }
}

#[test]
fn later_messages_and_other_connections() {
    let factor = Factor::Challenge(b"s".into());
    let right = [&b"\x02\x00\x20"[..], &[0; 32]].concat();
    let table: [(&[u8], Vec<Entry>, &str); 6] = [
        (&right, vec![context(2)], "another NONCE"),
        (&right, vec![Entry::new(2, [0, 0, 0, 2]), context(1)], "metadata 02 in a later message"),
        (&right, vec![Entry::key_exchange([9; 32]), context(1)], "metadata 01 in a later message"),
        (&right, vec![Entry::new(4, [&context(1).value[..], b"a"].concat())], "an identity in a later"),
        (b"\x02\x00\x00", vec![context(1)], "an empty RESPONSE"),
        (TOKEN, vec![context(1)], "no RESPONSE"),
    ];
    for (auth, metadata, rule) in table {
        let _case = Case::new(rule);
        let eaf = Eaf { factor: factor.clone(), ..Eaf::default() };
        let server = Server::start(Setup { eaf, ..Setup::default() });
        let mut client =
            Client::authenticate(&server, b"\x02\x00\x00", &[Entry::new(2, [0, 0, 0, 2]), context(1)]);
        client.read(5 + 35 + 27 + 32);
        client.eaf(auth, &metadata);
        client.close();
        reported(&server.finish(), rule);
    }
    let server = Server::start(Setup::default());
    for _ in 0..2 {
        Client::authenticate(&server, TOKEN, &metadata(16, 1)).close();
    }
    reported(&server.finish(), "a NONCE for the second time");
    let server = Server::start(Setup::default());
    for nonce in [1, 2] {
        let key = Entry::key_exchange([9; 32]);
        Client::authenticate(&server, TOKEN, &[key, Entry::new(2, [0, 0, 0, 0x30]), context(nonce)]).close();
    }
    reported(&server.finish(), "an X25519 key for the second time");
    let server =
        Server::start(Setup { eaf: Eaf { psk: [7; 32].into(), ..Eaf::default() }, ..Setup::default() });
    Client::authenticate(&server, TOKEN, &metadata(16, 1)).close();
    reported(&server.finish(), "a wrong HMAC");
}
