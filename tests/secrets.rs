//! No secret is shown: not by a value, not by an error, and not by its sources or conversions.

mod support;

use anysocks::blocking::{Socks5Listener, Socks5Stream, Socks5UdpSocket, converse};
use anysocks::protocol::{Conversation, Scratch, Socks5, Step};
use anysocks::udp::{Datagram, Header, Options, Reassembler, Reassembly, RecvBatch, Relay, SendBatch};
use anysocks::{Auth, Credentials, Error, IntoProxy, Proxy, Resolve, Stage, Target, V4, V5, Version};
use std::error::Error as _;
use std::fmt::{Debug, Write as _};
use std::io::{self, Cursor, Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

const SECRET: &str = "Zq7xW2kTn9RbV4sL";

/// The secret as a text, and as a list of its bytes, which is what a derived `Debug` would print.
fn assert_hidden(shown: &str) {
    let bytes = format!("{:?}", SECRET.as_bytes());
    for telling in [SECRET, &SECRET[..8], &SECRET[8..], &bytes[1..20]] {
        assert!(!shown.contains(telling), "{shown}");
    }
}

fn debug(value: &impl Debug) -> String {
    format!("{value:?} {value:#?}")
}

/// All that can be printed of an error.
fn texts(error: Error) -> String {
    let mut texts = format!("{error} {:?} {}", error.proxy(), debug(&error));
    let mut source = error.source();
    while let Some(cause) = source {
        write!(texts, " {cause} {cause:?}").unwrap();
        source = cause.source();
    }
    let error = io::Error::from(error);
    write!(texts, " {error} {}", debug(&error)).unwrap();
    texts
}

fn credentials() -> Credentials {
    Credentials::new("user", SECRET).unwrap()
}

#[test]
fn values() {
    let auth = Auth::password(credentials());
    let proxy = Proxy::socks5("proxy.example").unwrap().password("user", SECRET).unwrap();
    let nobody = Auth::password_only(Credentials::without_user(SECRET).unwrap());
    let nobody = proxy.clone().auth(nobody).unwrap();
    for shown in [
        debug(&credentials()),
        debug(&auth),
        debug(&auth.clone().pipelined(true)),
        debug(&Some(proxy.endpoint())),
        format!("{proxy} {}", debug(&proxy)),
        format!("{nobody} {}", debug(&nobody)),
        format!(
            "{} {}",
            debug(&V5::auth(proxy.protocol()).unwrap()),
            debug(&V4::auth(proxy.protocol()).unwrap_err())
        ),
    ] {
        assert_hidden(&shown);
    }
}

/// At each step of a handshake that sends the password.
#[test]
fn handshakes() {
    for pipelined in [false, true] {
        let auth = Auth::password_only(credentials()).pipelined(pipelined);
        let mut talk = Socks5::connect(&auth, "example.com:80".try_into().unwrap()).unwrap();
        let mut proxy = Cursor::new(b"\x05\x02\x01\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00");
        let mut said = Vec::new();
        let established = (0..200).find_map(|_| {
            assert_hidden(&debug(&talk));
            let mut scratch = Scratch::new();
            let n = match talk.step(&mut scratch) {
                Step::Write(bytes) => said.write(&bytes[..1]).unwrap(),
                Step::Read(buf) => proxy.read(&mut buf[..1]).unwrap(),
                Step::Done(established) => return Some(established),
            };
            assert_hidden(&debug(&scratch));
            talk.advance(n).unwrap();
            None
        });
        assert_hidden(&debug(&established.unwrap()));
        assert!(
            said.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()),
            "else this tests nothing"
        );
    }
}

/// Every way in which a proxy may end a handshake with a password, after all messages of the
/// client.
#[test]
fn errors_of_the_proxy() {
    let whole = b"\x05\x02\x01\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";
    let cut = (0..whole.len()).map(|len| whole[..len].to_vec());
    // VER, METHOD, VER, STATUS, VER, REP and ATYP; what RSV is does not matter.
    let wrong = [0, 1, 2, 3, 4, 5, 7].map(|at| {
        let mut bytes = whole.to_vec();
        bytes[at] ^= 0xF9;
        bytes
    });
    let echo = [[5, 2].as_slice(), SECRET.as_bytes()].concat();
    for bytes in cut.chain(wrong).chain([echo]) {
        for pipelined in [false, true] {
            let auth = Auth::password_only(credentials()).pipelined(pipelined);
            let stream = Duplex(Cursor::new(bytes.clone()));
            let error =
                Socks5Stream::handshake(stream, &auth, "example.com:80").expect_err("nothing is granted");
            assert_hidden(&texts(error));
        }
    }
}

/// Reads what it was given, and forgets what is written.
#[derive(Debug)]
struct Duplex(Cursor<Vec<u8>>);

impl Read for Duplex {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Duplex {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn errors_of_the_stream() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let auth = Auth::password_only(credentials()).pipelined(true);
    let mut talk = Socks5::connect(&auth, "example.com:80".try_into().unwrap()).unwrap();
    assert_hidden(&texts(converse(&mut Broken, &mut talk).unwrap_err()));
    talk.step(&mut Scratch::new());
    assert_hidden(&texts(talk.advance(usize::MAX).unwrap_err()));
}

#[test]
fn errors_of_dialling() {
    support::case::limit_test();
    // The system accepts connections, and no program answers on them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = silent.local_addr().unwrap();
    let proxy = |at: &str| -> Proxy { format!("socks5://user:{SECRET}@{at}").parse().unwrap() };
    let of = |proxy: Proxy| {
        Socks5Stream::connect(proxy.timeout(Duration::from_secs(1)), "192.0.2.1:1").unwrap_err()
    };
    let timed_out = of(proxy(&addr.to_string()));
    assert!(timed_out.is_timeout() && timed_out.stage() == Stage::MethodSelection, "{timed_out}");
    drop(silent);
    let refused = of(proxy(&addr.to_string()));
    assert_eq!(refused.stage(), Stage::Dial);
    let unknown = of(proxy("name.invalid"));
    assert_eq!(unknown.stage(), Stage::Resolve);
    let onion = Socks5Stream::connect(proxy("h").resolve(Resolve::Locally), "a.onion:1").unwrap_err();
    for error in [timed_out, refused, unknown, onion] {
        assert!(
            error.stage() == Stage::Preparation || error.proxy().unwrap().starts_with("socks5://user@"),
            "{error}"
        );
        assert_hidden(&texts(error));
    }
}

/// A proxy that requires the password, and sends this reply to the request.
fn granting(reply: &'static [u8]) -> Proxy {
    support::case::limit_test();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        for answer in [&[5, 2][..], &[1, 0], reply] {
            assert!(client.read(&mut [0; 600]).unwrap() > 0);
            client.write_all(answer).unwrap();
        }
        // Until the client has closed the connection.
        let _ = client.read(&mut [0; 600]);
    });
    format!("socks5://user:{SECRET}@{addr}").parse().unwrap()
}

#[test]
fn listeners() {
    let proxy = granting(b"\x05\x00\x00\x01\xC0\x00\x02\x07\x00\x15");
    let mut listener = Socks5Listener::bind(&proxy, "192.0.2.1:1").unwrap();
    assert_hidden(&debug(&listener));
    let late = listener.accept_within(Duration::from_millis(20)).unwrap_err();
    assert!(late.is_timeout() && late.stage() == Stage::SecondReply, "{late}");
    assert_hidden(&texts(late));
    assert_hidden(&debug(&listener));
    let refused = Socks5Listener::bind(granting(b"\x05\x07"), "192.0.2.1:1").unwrap_err();
    assert_eq!(refused.stage(), Stage::Request);
    assert_hidden(&texts(refused));
}

#[test]
fn associations() {
    let socket = Socks5UdpSocket::associate(granting(b"\x05\x00\x00\x01\x7F\x00\x00\x01\x00\x09")).unwrap();
    socket.connect("192.0.2.1:1").unwrap();
    // Payloads are secret, too.
    let mut batch = SendBatch::new();
    batch.push(SECRET.as_bytes(), "192.0.2.1:1").unwrap();
    for shown in [debug(&socket), debug(&socket.clone()), debug(&batch), debug(&RecvBatch::new(1))] {
        assert_hidden(&shown);
    }
    let late =
        socket.set_read_timeout(Some(Duration::from_millis(20))).and_then(|()| socket.recv(&mut [0; 9]));
    assert_hidden(&debug(&late.unwrap_err()));
    let source = "127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap();
    let options = Options::new().source(source).relay(Relay::by(|told, _| told.clone()));
    for proxy in [granting(b"\x05\x00\x00\x01\0\0\0\0\0\0"), granting(b"\x05\x07")] {
        let proxy = proxy.udp(options.clone());
        assert_hidden(&debug(&proxy));
        assert_hidden(&texts(Socks5UdpSocket::associate(&proxy).unwrap_err()));
    }
}

/// The application's bytes, as they are put together.
#[test]
fn fragments() {
    let mut reassembler = Reassembler::new(Reassembly::new());
    let from = Target::try_from("192.0.2.1:1").unwrap();
    let part = [Header::new(&from).expect("an address").fragment(1).as_bytes(), SECRET.as_bytes()].concat();
    let taken = reassembler.take(&Datagram::parse(&part).unwrap(), Instant::now());
    assert_eq!((taken.lost, reassembler.waiting()), (0, SECRET.len()));
    assert_hidden(&debug(&reassembler));
}

#[test]
fn errors_of_urls() {
    for url in [
        "socks5://user:*@h:port",
        "socks5://user:*@h:65536",
        "socks5://user:*@h/path",
        "socks5://user:*@h?query",
        "socks5://user:*@h#fragment",
        "socks5://user:*@a b",
        "socks5://user:*@[::1",
        "socks5://user:*@::1",
        "socks5://user:*@",
        "socks5://user:*",
        "socks5://user:* @h i",
        "socks5://user:*/h",
        "socks5://:*@h",
        "socks5://user:*%@:1",
        "socks4://id:*@h",
        "socks5+unix://user:*@run/x",
        "socks5+unix://user:*@/x?y",
        "socks5+unix://user:*@/x%00",
        "http://user:*@h",
        "socks6://user:*@h",
        "socks5s://user:*@h/path",
        "://user:*@h",
        "user:*@h:1080",
        "user:*@h:1080/",
        "socks5:user:*@h",
        "socks5:/user:*@h",
        "socks5//user:*@h",
        // The separator is behind the password, or in it, and the scheme in front of it is none.
        "user:*@h://",
        "user:*@socks5://h",
        "socks5:/user:*://@h",
        "socks5:user:p://*@h",
        "socks5:user:*@h/?next=http://x",
    ] {
        let url = url.replace('*', SECRET);
        assert_hidden(&texts(url.parse::<Proxy>().expect_err(&url)));
        assert_hidden(&texts(url.as_str().into_proxy::<V5>().map(drop).expect_err(&url)));
        assert_hidden(&texts(Proxy::socks5(&*url).expect_err(&url)));
    }
    let long = format!("socks5://user:{}@h", SECRET.repeat(16));
    assert_hidden(&texts(long.parse::<Proxy>().unwrap_err()));
    assert_hidden(&texts(Credentials::new("", SECRET).unwrap_err()));
}

#[test]
fn steps() {
    let auth = Auth::password_only(credentials()).pipelined(true);
    let mut talk = Socks5::connect(&auth, "a:1".try_into().unwrap()).unwrap();
    let mut scratch = Scratch::new();
    let step = talk.step(&mut scratch);
    let Step::Write(bytes) = &step else { panic!("{step:?}") };
    let plain = format!("{bytes:?}");
    let shown = format!("{step:?} {step:#?}");
    assert!(!shown.contains(&plain[1..plain.len() - 1]) && !shown.contains(','), "{shown}");
}
