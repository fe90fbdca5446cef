//! Messages that are lost, swapped, doubled or changed on their way.

use crate::Check;
use crate::kerberos::Files;
use crate::pair::Pair;
use anysocks_gssapi::Order::{self, Gap, InOrder, Late, Repeated};
use anysocks_gssapi::{ErrorKind, Flags, Unwrapped};

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("messages::order", order),
    ("messages::integrity_and_confidentiality", integrity_and_confidentiality),
    ("messages::changed", changed),
    ("messages::of_another_context", of_another_context),
    ("messages::allocate_nothing_in_buffers_with_room", allocate_nothing),
];

const PROTECTED: [Flags; 2] = [Flags::MUTUAL, Flags::CONFIDENTIALITY];

fn with(flags: &[Flags]) -> Flags {
    PROTECTED.iter().chain(flags).fold(Flags::INTEGRITY, |all, flag| all | *flag)
}

fn order(files: &Files) {
    let both = with(&[Flags::REPLAY, Flags::SEQUENCE]);
    let sequence = with(&[Flags::SEQUENCE]);
    let replay = with(&[Flags::REPLAY]);
    let neither = with(&[]);
    // The numbers of the messages as they arrive, and what is reported for each.
    let cases: &[(Flags, &[usize], &[Order])] = &[
        (both, &[0, 1, 2], &[InOrder, InOrder, InOrder]),
        (both, &[0, 2, 3], &[InOrder, Gap, InOrder]),
        (both, &[1], &[Gap]),
        (both, &[0, 2, 1, 3], &[InOrder, Gap, Late, InOrder]),
        (both, &[0, 1, 1, 2], &[InOrder, InOrder, Repeated, InOrder]),
        (both, &[0, 0], &[InOrder, Repeated]),
        (both, &[0, 99, 1], &[InOrder, Gap, Late]),
        (sequence, &[0, 2, 1, 3], &[InOrder, Gap, Late, InOrder]),
        (sequence, &[0, 1, 1], &[InOrder, InOrder, Late]),
        (replay, &[0, 2, 3], &[InOrder, InOrder, InOrder]),
        (replay, &[0, 2, 1, 3], &[InOrder, InOrder, InOrder, InOrder]),
        (replay, &[0, 1, 1, 2], &[InOrder, InOrder, Repeated, InOrder]),
        (replay, &[0, 99, 1], &[InOrder, InOrder, Repeated]),
        (neither, &[2, 1, 1, 0], &[InOrder, InOrder, InOrder, InOrder]),
    ];
    for &(flags, arrivals, expected) in cases {
        for confidential in [false, true] {
            let Pair { mut client, mut service } = Pair::new(files, flags);
            let last = arrivals.iter().max().unwrap();
            let tokens: Vec<_> = (0..=*last)
                .map(|n| {
                    let mut token = Vec::new();
                    let encrypted = client.wrap(confidential, n.to_string().as_bytes(), &mut token).unwrap();
                    assert_eq!(encrypted, confidential);
                    token
                })
                .collect();
            for (n, order) in arrivals.iter().zip(expected) {
                let mut plain = Vec::new();
                let unwrapped = service.unwrap(&tokens[*n], &mut plain).unwrap();
                let case = format!("{n} of {arrivals:?} with {flags:?}");
                assert_eq!(unwrapped, Unwrapped { confidential, order: *order }, "{case}");
                // In each case the message is delivered.
                assert_eq!(plain, n.to_string().as_bytes(), "{case}");
            }
        }
    }
}

fn integrity_and_confidentiality(files: &Files) {
    let Pair { mut client, mut service } = Pair::new(files, Flags::default());
    let text = b"the text of this message";
    for confidential in [false, true] {
        // What is there already stays.
        let (mut token, mut plain) = (b"before ".to_vec(), b"before ".to_vec());
        assert_eq!(client.wrap(confidential, text, &mut token).unwrap(), confidential);
        let visible = token.windows(text.len()).any(|window| window == text);
        assert_eq!(visible, !confidential);
        let unwrapped = service.unwrap(&token[7..], &mut plain).unwrap();
        assert_eq!(unwrapped, Unwrapped { confidential, order: InOrder });
        assert_eq!(plain, [&b"before "[..], text].concat());
    }
}

fn changed(files: &Files) {
    for confidential in [false, true] {
        let Pair { mut client, mut service } = Pair::new(files, Flags::default());
        let (mut token, mut plain) = (Vec::new(), Vec::new());
        client.wrap(confidential, b"x", &mut token).unwrap();
        let mut refused = |service: &mut anysocks_gssapi::Context, token: &[u8], what: &str| {
            let error = service.unwrap(token, &mut plain).expect_err(what);
            assert!(plain.is_empty(), "{what}");
            error
        };
        for n in 0..token.len() {
            refused(&mut service, &token[..n], "cut");
            let mut other = token.clone();
            other[n] ^= 1;
            // The place of the filler in a token of integrity (RFC 4121 §4.2.6.2), and of the
            // rotation, which is not protected: the same message by another rotation is right.
            let error = refused(&mut service, &other, &format!("byte {n}"));
            if n == token.len() - 1 {
                assert_eq!(error.kind(), ErrorKind::BadToken, "{error}");
                assert!(error.to_string().starts_with("invalid token from the peer: "), "{error}");
            }
        }
        refused(&mut service, b"not a token", "another text");
        // None of these has used up the number of the right one.
        let mut plain = Vec::new();
        assert_eq!(service.unwrap(&token, &mut plain).unwrap().order, InOrder);
    }
}

fn of_another_context(files: &Files) {
    let (mut one, mut two) = (Pair::new(files, Flags::default()), Pair::new(files, Flags::default()));
    let (mut token, mut plain) = (Vec::new(), Vec::new());
    one.client.wrap(true, b"x", &mut token).unwrap();
    // Back to its sender, or to another service's context.
    for context in [&mut one.client, &mut two.service, &mut two.client] {
        assert_eq!(context.unwrap(&token, &mut plain).unwrap_err().kind(), ErrorKind::BadToken);
    }
    assert!(plain.is_empty());
}

fn allocate_nothing(files: &Files) {
    let Pair { mut client, mut service } = Pair::new(files, Flags::default());
    let message = vec![7; 16_384];
    let (mut token, mut plain) = (Vec::with_capacity(20_000), Vec::with_capacity(20_000));
    let mut send = || {
        token.clear();
        plain.clear();
        client.wrap(true, &message, &mut token).unwrap();
        service.unwrap(&token, &mut plain).unwrap();
    };
    // The first one makes room for tokens of this length.
    send();
    let counted = allocation_counter::measure(|| (0..10).for_each(|_| send()));
    // The C library's own are not counted.
    assert_eq!(counted.count_total, 0);
    assert_eq!(plain, message);
}
