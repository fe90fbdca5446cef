//! Text from outside: whatever a proxy, a METHOD, a rule, a hook or a caller's path fills in, it
//! reaches no terminal and no log as it is.

mod fronts;
#[path = "connector/messages.rs"]
mod messages;
#[path = "tracing/recorder.rs"]
mod recorder;
#[path = "connector/scene.rs"]
mod scene;
mod support;
#[path = "connector/ways.rs"]
mod ways;

use anysocks::protocol::{
    Conversation, Encapsulation, Extent, FrameError, Method, Negotiated, Open, Purpose, Scratch, Seal, Step,
};
use anysocks::{Address, Auth, Credentials, Endpoint, Error, ErrorKind, Name, Proxy, Stage, UserId, udp};
use messages::Speaks;
use scene::{TARGET, error, saying, serving};
use std::fmt::{self, Debug, Display};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;
use support::case::Case;
use support::script::{Line, client, proxy};
use ways::{Way, everywhere};

/// A title for the terminal, a forged line, C1 controls, and characters that turn the direction of
/// writing or are invisible.
const HOSTILE: &str =
    "\u{1b}]0;title\u{7}\r\nforged\u{8}\u{7f}\u{85}\u{9b}2J\u{2028}\u{202e}\u{2066}\u{200b}\0";

/// Whether a terminal prints every character of it, each in its place.
fn is_printable(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '\'' | '"' | '\\') || c.escape_debug().eq([c]))
}

/// What was shown of the text: something, and nothing as it is.
#[track_caller]
fn assert_escaped(shown: &[String]) {
    for text in shown {
        assert!(is_printable(text), "{text:?}");
    }
    assert!(shown.iter().any(|text| text.contains("forged")), "{shown:?}");
}

/// All that is shown of a value.
fn forms(value: &(impl Display + Debug)) -> Vec<String> {
    let lines = format!("{value:#?}");
    // The lines of `{:#?}` are its own.
    let lines = lines.lines().map(str::to_owned).inspect(|line| assert!(!line.starts_with("forged")));
    [format!("{value}"), format!("{value:#}"), format!("{value:?}")].into_iter().chain(lines).collect()
}

/// An error that displays the given text, in both forms.
struct Raw(String);

impl Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Raw {}

fn raw(text: &[u8]) -> Raw {
    Raw(String::from_utf8_lossy(text).into_owned())
}

const CODE: u8 = 0xA1;
/// The proxy's first bytes in the sub-negotiation, if it chooses the METHOD.
const AGREED: &[u8] = &[0; HOSTILE.len()];

/// A METHOD that reads a number of bytes, repeats unexpected ones in its error, and then frames
/// all bytes: a length, and the content.
struct Repeating {
    heard: [u8; HOSTILE.len()],
    len: usize,
}

impl Conversation for Repeating {
    type Outcome = Negotiated;

    fn step<'s>(&'s mut self, _: &'s mut Scratch) -> Step<'s, Self::Outcome> {
        if self.len == self.heard.len() {
            return Step::Done(Encapsulation::new(Counted, Counted).into());
        }
        Step::Read(&mut self.heard[self.len..])
    }

    fn advance(&mut self, n: usize) -> Result<(), Error> {
        self.len += n;
        if self.len == self.heard.len() && self.heard != AGREED {
            return Err(Error::method(raw(&self.heard)));
        }
        Ok(())
    }

    fn stage(&self) -> Stage {
        Stage::Authentication
    }
}

impl Method for Repeating {
    fn name(&self) -> &'static str {
        "a METHOD that repeats"
    }
}

struct Counted;

fn counted(bytes: &[u8]) -> Vec<u8> {
    [&[u8::try_from(bytes.len()).expect("a short frame")], bytes].concat()
}

impl Seal for Counted {
    fn seal(&mut self, plain: &[u8], frames: &mut Vec<u8>) -> Result<usize, FrameError> {
        if plain.starts_with(HOSTILE.as_bytes()) {
            return Err(raw(plain).into());
        }
        let plain = &plain[..plain.len().min(255)];
        frames.extend(counted(plain));
        Ok(plain.len())
    }
}

impl Open for Counted {
    fn extent(&self, start: &[u8]) -> Extent {
        start.first().map_or(Extent::AtLeast(1), |len| Extent::Exactly(1 + usize::from(*len)))
    }

    fn open(&mut self, frame: &mut [u8]) -> Result<Range<usize>, FrameError> {
        if frame[1..] == *HOSTILE.as_bytes() {
            return Err(raw(frame).into());
        }
        Ok(1..frame.len())
    }
}

fn through_the_method(addr: SocketAddr) -> Proxy {
    let start = |_: &Purpose<'_>| -> Result<Box<dyn Method>, Error> {
        Ok(Box::new(Repeating { heard: [0; HOSTILE.len()], len: 0 }))
    };
    Speaks::Socks5.at(addr).auth(Auth::method(CODE, start).expect("a method")).expect("a proxy")
}

/// The METHOD, agreed on if its first words are.
fn greeting(first: &[u8]) -> Vec<Line> {
    let selection = [client([5, 1, CODE]), proxy(Stage::MethodSelection, [5, CODE])];
    [&selection[..], &[proxy(Stage::Authentication, first)]].concat()
}

/// The same, and a reply in a frame.
fn reply(content: &[u8]) -> Vec<Line> {
    let request = Speaks::Socks5.request(1, TARGET);
    let reply = [client(counted(&request)), proxy(Stage::Request, counted(content))];
    [greeting(AGREED), reply.to_vec()].concat()
}

/// BND.ADDR as a name of the proxy's choice.
fn reply_with_a_name() -> Vec<u8> {
    let name = HOSTILE.as_bytes();
    [&[5, 0, 0, 3, u8::try_from(name.len()).expect("a short name")], name, &[0, 80]].concat()
}

/// The error of each of these, and its kind.
type Failing = (&'static str, fn(&Way) -> Error, fn(&ErrorKind) -> bool);

const FAILURES: &[Failing] = &[
    (
        "the error of a METHOD",
        |way| {
            let addr = saying(greeting(HOSTILE.as_bytes()), "");
            error((way.new)(through_the_method(addr).into()).connect(TARGET))
        },
        |kind| matches!(kind, ErrorKind::Method(_)),
    ),
    (
        "the error of an encapsulation",
        |way| {
            let addr = saying(reply(HOSTILE.as_bytes()), "");
            error((way.new)(through_the_method(addr).into()).connect(TARGET))
        },
        |kind| matches!(kind, ErrorKind::Encapsulation(_)),
    ),
    (
        "the error of what wraps a stream",
        |way| {
            let addr = saying(Speaks::Socks5.connection(TARGET), "");
            let fails =
                |_: Option<&Proxy>| ways::hooks::Does::Fail(io::Error::other(raw(HOSTILE.as_bytes())));
            error((way.wrapped)(Speaks::Socks5.at(addr).into(), Box::new(fails)).connect(TARGET))
        },
        |kind| matches!(kind, ErrorKind::Io(_)),
    ),
    (
        "the error of a rule",
        |way| {
            let refusing = |_: &anysocks::Target<'_>| Err(Error::method(raw(HOSTILE.as_bytes())));
            error((way.by_fallible_rule)(Box::new(refusing)).connect(TARGET))
        },
        |kind| matches!(kind, ErrorKind::Rule(_)),
    ),
    (
        "the name of a relay",
        |way| {
            let lines = Speaks::Socks5.lines(3, "0.0.0.0:0", reply_with_a_name());
            let addr = serving(move |mut client| {
                let _ = scene::play(&mut client, &lines);
                let _ = client.read(&mut [0]);
            });
            let proxy = Speaks::Socks5.at(addr).timeout(Duration::from_secs(5));
            error((way.new)(proxy.into()).associate())
        },
        // There is no such relay, or it is not found.
        |_| true,
    ),
    #[cfg(unix)]
    (
        "the path of a socket",
        |way| {
            let path = format!("/nonexistent/{}", HOSTILE.trim_end_matches('\0'));
            error((way.new)(Speaks::Socks5.at(std::path::PathBuf::from(path)).into()).connect(TARGET))
        },
        |kind| matches!(kind, ErrorKind::Unreachable(_)),
    ),
];

#[test]
fn errors_and_what_is_reported_of_them() {
    everywhere(|way| {
        for (name, fails, is) in FAILURES {
            let _case = Case::new(*name);
            let mut failed = None;
            let reports = recorder::recorded(|| failed = Some(fails(way)));
            let failed = failed.expect("an error");
            assert!(is(failed.kind()), "{failed:?}");
            assert_escaped(&forms(&failed));
            assert!(forms(failed.kind()).iter().all(|form| is_printable(form)), "{failed:?}");
            if cfg!(feature = "tracing") && failed.stage() != Stage::Preparation {
                assert_escaped(&reports);
            }
            let system = io::Error::from(failed);
            assert_escaped(&forms(&system));
        }
    });
}

#[test]
fn the_error_of_a_rule_of_any_type() {
    let rule = |_: &anysocks::Target<'_>| Err::<Option<Proxy>, _>(raw(HOSTILE.as_bytes()));
    let failed = error(anysocks::blocking::Connector::by_rule(rule).connect(TARGET));
    assert_escaped(&forms(&failed));
    let ErrorKind::Rule(cause) = failed.kind() else { panic!("{failed:?}") };
    assert!(cause.is::<Raw>());
}

#[test]
fn the_errors_of_a_tunnel() {
    everywhere(|way| {
        let granted = reply(b"\x05\0\0\x01\0\0\0\0\0\0");
        let addr = serving(move |mut client| {
            if scene::play(&mut client, &granted).is_ok() {
                let _ = client.write_all(&counted(HOSTILE.as_bytes()));
                let _ = client.read(&mut [0]);
            }
        });
        let connector = (way.new)(through_the_method(addr).into());
        let (_, mut stream) = connector.connect(TARGET).expect("a tunnel");
        let heard = stream.read(&mut [0; 9]).expect_err("a frame that can't be opened");
        let said =
            support::blocked::send(&mut *connector.connect(TARGET).expect("a tunnel").1, HOSTILE.as_bytes());
        for failed in [heard, said.expect_err("a frame that can't be sealed")] {
            assert_eq!(failed.kind(), io::ErrorKind::InvalidData);
            assert_escaped(&forms(&failed));
            let own = failed
                .get_ref()
                .and_then(|own| own.downcast_ref::<Error>())
                .expect("an error of the crate's");
            assert_eq!(own.stage(), Stage::Tunnel);
            let ErrorKind::Encapsulation(cause) = own.kind() else { panic!("{own:?}") };
            assert!(cause.is::<Raw>());
        }
    });
}

#[test]
fn what_a_proxy_replies() {
    everywhere(|way| {
        let granted =
            |command, target: &str| saying(Speaks::Socks5.lines(command, target, reply_with_a_name()), "");
        let through = |addr| (way.new)(Speaks::Socks5.at(addr).into());
        let reports = recorder::recorded(|| {
            let (bound, _) = through(granted(1, TARGET)).connect(TARGET).expect("a tunnel");
            assert_escaped(&forms(&bound));
            let mut lines = Speaks::Socks5.lines(2, TARGET, reply_with_a_name());
            lines.push(proxy(Stage::SecondReply, reply_with_a_name()));
            let mut listener = through(saying(lines, "")).bind(TARGET).expect("a listener");
            assert_escaped(&forms(listener.bound()));
            assert_escaped(&forms(listener.raw_bound()));
            assert_escaped(&forms(&listener.accept().expect("a peer").peer));
            let ip = [192, 0, 2, 1].into();
            let name = through(granted(0xF1, "192.0.2.1:0")).resolve_ptr(ip).expect("a name");
            assert_escaped(&forms(&name));
        });
        assert!(reports.iter().all(|line| is_printable(line)), "{reports:?}");
    });
}

#[test]
fn values() {
    let bytes = HOSTILE.as_bytes();
    let name = || Name::from(bytes.to_vec());
    assert_escaped(&forms(&name()));
    assert_escaped(&forms(&Address::Name(name(), 80)));
    assert_escaped(&forms(&udp::Source::Name(bytes, 80)));
    assert_escaped(&[format!("{:?}", Credentials::new(bytes, "").expect("credentials"))]);
    let without_nul = HOSTILE.trim_end_matches('\0');
    assert_escaped(&[format!("{:?}", UserId::new(without_nul).expect("a user id"))]);
    let path = std::path::PathBuf::from(format!("/{without_nul}"));
    assert_escaped(&forms(&Endpoint::from(path.clone())));
    let user = Proxy::socks5(path).and_then(|proxy| proxy.password(bytes, "")).expect("a proxy");
    assert_escaped(&forms(&user));
    assert_escaped(&forms(&anysocks::Chain::from(user)));
}

/// A text that is refused is not repeated, but for one character.
#[test]
fn what_is_not_even_read() {
    for text in
        [format!("{HOSTILE}:80"), format!("a{HOSTILE}"), format!("a:{HOSTILE}"), format!("[{HOSTILE}]:80")]
    {
        let mut failed = vec![
            anysocks::Target::try_from(&text).map(drop).expect_err("a mistake"),
            Endpoint::try_from(&text).map(drop).expect_err("a mistake"),
        ];
        for scheme in ["", "socks5h://", "socks5h://user@", "socks5h+unix://", "socks5h://[fe80::1%25"] {
            failed.extend(format!("{scheme}{text}").parse::<Proxy>().err());
            failed.extend(format!("socks5h://one, {scheme}{text}").parse::<anysocks::Chain>().err());
        }
        for error in failed {
            assert!(forms(&error).iter().all(|form| is_printable(form)), "{error:?}");
        }
    }
}
