//! EAF: each factor, with and without a key exchange, alone and before TOL.

use crate::parts::{EAF, TARGET, TOL, proxy, psk};
use crate::reference::{self, Fault, Server, Setup};
use crate::support::case::Case;
use crate::support::drivers::FRONT_ENDS;
use crate::support::echo::assert_echoed;
use anysocks::Auth;
use anysocks::socks5a::{Eaf, Factor, Obfuscation, Sequence, Tol};
use ed25519_dalek::SigningKey;

const SEED: [u8; 32] = [0x41; 32];
const SECRET: &[u8] = b"12345678901234567890";

/// A factor on both sides, and its bits of the client's capabilities.
type Both = (fn() -> Factor, fn() -> reference::Factor, u32);

const ALL: &[Both] = &[
    (|| Factor::public_key(SEED), public_key, 0b1),
    (
        || Factor::challenge_response(SECRET).expect("a secret"),
        || reference::Factor::Challenge(SECRET.into()),
        0b10,
    ),
    (|| Factor::totp(SECRET).expect("a secret"), || reference::Factor::Totp(SECRET.into()), 0b100),
    (|| Factor::code(|_| Ok("31415926".into())), || reference::Factor::Code("31415926".into()), 0b100),
    (
        || {
            let [totp, token] = [Factor::totp(SECRET), Factor::token("tok-123")];
            let totp = totp.expect("a secret");
            Factor::several([totp, Factor::public_key(SEED), token.expect("a token")]).expect("three")
        },
        || {
            let token = reference::Factor::Token(b"tok-123".into());
            reference::Factor::Several(vec![public_key(), reference::Factor::Totp(SECRET.into()), token])
        },
        0b1_1101,
    ),
    (
        || Factor::token(vec![b't'; 65_532]).expect("a token that fits"),
        || reference::Factor::Token(vec![b't'; 65_532]),
        0b1_0000,
    ),
];

fn public_key() -> reference::Factor {
    reference::Factor::PublicKey(SigningKey::from_bytes(&SEED).verifying_key().to_bytes())
}

/// Runs a check with each factor, with and without a key exchange.
fn each_factor(check: impl Fn(Eaf, &reference::Eaf, u32)) {
    for (client, server, bits) in ALL {
        for key_exchange in [false, true] {
            let _case = Case::new(format!("{:?}, key exchange: {key_exchange}", client()));
            let eaf = Eaf::new(psk(), client()).identity("alice").expect("a short identity");
            let setup = reference::Eaf {
                factor: server(),
                requires_key_exchange: key_exchange,
                ..reference::Eaf::default()
            };
            check(eaf.key_exchange(key_exchange), &setup, bits | (u32::from(key_exchange) << 5));
        }
    }
}

/// Connects on every front end, also through a server that sends each byte by itself.
fn connects(auth: &Auth, eaf: &reference::Eaf, methods: &[u8], bits: u32) {
    for (front, faults) in FRONT_ENDS.iter().flat_map(|front| [(front, vec![]), (front, vec![Fault::Crumbs])])
    {
        let _case = Case::new(format!("{}, {faults:?}", front.name));
        let sequence = [methods, &[0]].concat();
        let server = Server::start(Setup { eaf: eaf.clone(), sequence, faults, ..Setup::default() });
        let mut stream = (front.connect)(&proxy(server.addr, auth.clone()), TARGET).expect("a tunnel");
        assert_echoed(&mut *stream, 5);
        drop(stream);
        let connection = server.finish().only();
        assert_eq!(connection.methods, methods);
        assert_eq!(connection.identity.as_deref(), Some("alice"));
        assert_eq!(connection.capabilities, Some(bits));
        assert_eq!(connection.relayed, 5);
    }
}

#[test]
fn alone() {
    each_factor(|eaf, setup, bits| connects(&eaf.auth(), setup, &[EAF], bits));
}

/// The records show that both sides have made the same key.
#[test]
fn before_records() {
    each_factor(|eaf, setup, bits| {
        let sequence = Sequence::new().then(eaf).and_then(|all| all.then(Tol::new(Obfuscation::None)));
        let auth = sequence.and_then(Sequence::auth).expect("a sequence");
        connects(&auth, setup, &[EAF, TOL], bits | (0b11 << 8));
    });
}
