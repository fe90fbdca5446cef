//! The forwarder as a server: the input is the client's messages, right or not, and where it ends.
//! The reference is what the forwarder answers.

use super::dice::Dice;
use anysocks::forward::Forwarder;
use anysocks::tokio::Connector;
use anysocks::{Chain, Error, Proxy, Target};
use std::cell::RefCell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// A target that the rule forbids, like all but two.
const FORBIDDEN: &str = "forbidden.example";
/// Nothing listens there.
const REFUSING: [u8; 4] = [127, 0, 0, 9];
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn holds(input: &[u8]) {
    thread_local! {
        static SCENE: RefCell<Option<Scene>> = const { RefCell::new(None) };
    }
    SCENE.with_borrow_mut(|scene| scene.get_or_insert_with(Scene::new).run(Dice(input)));
}

struct Scene {
    runtime: Runtime,
    _forwarder: Forwarder,
    addr: SocketAddr,
    user: String,
    password: String,
    /// Echoes.
    target: SocketAddr,
}

impl Scene {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (forwarder, target) = runtime.block_on(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
            let target = listener.local_addr().expect("an address");
            let permitted = [target, SocketAddr::from((REFUSING, 1))].map(named);
            let rule = move |target: &Target<'_>| -> Result<Option<Chain>, Error> {
                if permitted.iter().any(|permitted| permitted == target) {
                    return Ok(None);
                }
                Err("?".parse::<Proxy>().expect_err("no URL"))
            };
            let forwarder = Forwarder::start(Connector::by_rule(rule)).await.expect("a forwarder");
            tokio::spawn(async move {
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(echo(client));
                }
            });
            (forwarder, target)
        });
        let url = forwarder.url();
        let (userinfo, addr) =
            url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).expect("a URL");
        let (user, password) = userinfo.split_once(':').expect("a password");
        let addr = addr.trim_end_matches('/').parse().expect("an address");
        let (user, password) = (user.to_owned(), password.to_owned());
        Self { runtime, _forwarder: forwarder, addr, user, password, target }
    }

    fn run(&self, mut dice: Dice<'_>) {
        let (mut sent, chunk) = (self.messages(&mut dice), usize::from(dice.byte()));
        let cut = usize::from(u16::from_be_bytes(dice.array()));
        if cut > 0 {
            sent.truncate(cut % sent.len().max(1));
        }
        sent.extend_from_slice(&dice.0[..dice.0.len().min(2000)]);
        let expected = self.expected(&sent);
        let reply_len = if matches!(expected.then, Then::Tunnel(_)) { 10 } else { 0 };
        let answers = self.runtime.block_on(async {
            let exchange = self.exchange(&sent, chunk, expected.known.len() + reply_len);
            timeout(PATIENCE, exchange).await.expect("the end of the connection")
        });
        let (known, rest) = answers.split_at(expected.known.len().min(answers.len()));
        assert_eq!(known, expected.known, "{sent:?}");
        match expected.then {
            Then::End => assert_eq!(rest, b"", "{sent:?}"),
            Then::Tunnel(behind) => {
                // BND.ADDR is that of the connection to the target.
                assert_eq!(rest[..8], [5, 0, 0, 1, 127, 0, 0, 1], "{sent:?}");
                assert_eq!(&rest[10..], behind, "{sent:?}");
            }
        }
    }

    /// The messages of a client, most of them right.
    fn messages(&self, dice: &mut Dice<'_>) -> Vec<u8> {
        let choice = dice.byte();
        let greeting: Vec<u8> = match choice % 8 {
            0 => [&[5, 3][..], &dice.array::<3>()].concat(),
            1 => dice.bytes().to_vec(),
            2 => vec![4, 1, 0, 80, 127, 0, 0, 1, 0],
            _ => vec![5, 1, 2],
        };
        let text = |text: &[u8]| [&[u8::try_from(text.len()).expect("a short text")], text].concat();
        let mut status = [&[1][..], &text(self.user.as_bytes()), &text(self.password.as_bytes())].concat();
        if choice / 8 % 8 == 0 {
            let at = usize::from(dice.byte()) % status.len();
            status[at] ^= dice.byte();
        }
        let command = [1, 1, 1, 1, 3, 2, 0xF0, dice.byte()][usize::from(choice / 32)];
        let mut request = vec![5, command, dice.byte()];
        let port = self.target.port().to_be_bytes();
        match dice.byte() % 8 {
            0 => request.extend([&[3][..], &text(FORBIDDEN.as_bytes()), &port].concat()),
            1 => request.extend([&[1][..], &REFUSING, &[0, 1]].concat()),
            2 => request.extend([&[3][..], &text(dice.bytes()), &port].concat()),
            3 => request.extend(dice.bytes()),
            4 => request.extend([&[3][..], &text(b"127.0.0.1"), &port].concat()),
            _ => request.extend([&[1, 127, 0, 0, 1][..], &port].concat()),
        }
        [greeting, status, request].concat()
    }

    /// Sends it all, closes that direction once so much has been answered, and reads to the end or
    /// to a reset. The forwarder ends a connection that the client closes before.
    async fn exchange(&self, sent: &[u8], chunk: usize, least: usize) -> Vec<u8> {
        let mut client = TcpStream::connect(self.addr).await.expect("a connection");
        let chunk = if chunk == 0 { usize::MAX } else { 16 * chunk };
        for part in sent.chunks(chunk) {
            // The forwarder may have refused it already.
            if client.write_all(part).await.is_err() {
                break;
            }
        }
        let (mut answers, mut buf) = (Vec::new(), [0; 4096]);
        while answers.len() < least {
            let Ok(n @ 1..) = client.read(&mut buf).await else { break };
            answers.extend(&buf[..n]);
        }
        let _ = client.shutdown().await;
        while let Ok(n @ 1..) = client.read(&mut buf).await {
            answers.extend(&buf[..n]);
        }
        // A reset, which leaves no port behind that waits.
        let _ = socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO));
        answers
    }

    /// What the forwarder answers, by the simplest possible server.
    fn expected<'s>(&self, sent: &'s [u8]) -> Expected<'s> {
        let mut known = Vec::new();
        let then = self.serve(sent, &mut known).unwrap_or(Then::End);
        Expected { known, then }
    }

    /// `None` where the client's message is not whole, or the forwarder ends the connection.
    fn serve<'s>(&self, sent: &'s [u8], known: &mut Vec<u8>) -> Option<Then<'s>> {
        let mut rest = sent;
        let mut take = |n: usize| -> Option<&'s [u8]> {
            let (taken, behind) = rest.split_at_checked(n)?;
            rest = behind;
            Some(taken)
        };
        let version = take(1)?[0];
        let count = take(1)?[0];
        let methods = take(count.into())?;
        if version != 5 || !methods.contains(&2) {
            known.extend([5, 0xFF]);
            return None;
        }
        known.extend([5, 2]);
        let version = take(1)?[0];
        let len = take(1)?[0];
        let user = take(len.into())?;
        let len = take(1)?[0];
        let password = take(len.into())?;
        if version != 1 || user != self.user.as_bytes() || password != self.password.as_bytes() {
            known.extend([1, 1]);
            return None;
        }
        known.extend([1, 0]);
        let [version, command, _, atyp] = *take(4)? else { return None };
        if version != 5 {
            return None;
        }
        let host = match atyp {
            1 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(take(4)?).ok()?).to_string()),
            4 => Some(format!("[{}]", std::net::Ipv6Addr::from(<[u8; 16]>::try_from(take(16)?).ok()?))),
            3 => {
                let len = take(1)?[0];
                std::str::from_utf8(take(len.into())?).ok().map(str::to_owned)
            }
            _ => {
                known.extend(refusal(8));
                return None;
            }
        };
        let port = u16::from_be_bytes(take(2)?.try_into().ok()?);
        let target = host.and_then(|host| Target::try_from((host, port)).ok());
        match (command, target) {
            (1, Some(target)) if target == named(self.target) => return Some(Then::Tunnel(rest)),
            (1, Some(target)) if target == named((REFUSING, 1).into()) => known.extend(refusal(5)),
            (1, Some(_)) => known.extend(refusal(2)),
            // A rule has no proxy for datagrams.
            (1, None) | (3, _) => known.extend(refusal(1)),
            _ => known.extend(refusal(7)),
        }
        None
    }
}

fn named(addr: SocketAddr) -> Target<'static> {
    (addr.ip(), addr.port()).into()
}

struct Expected<'s> {
    known: Vec<u8>,
    then: Then<'s>,
}

enum Then<'s> {
    End,
    /// A grant, and an echo of this.
    Tunnel(&'s [u8]),
}

fn refusal(code: u8) -> [u8; 10] {
    [5, code, 0, 1, 0, 0, 0, 0, 0, 0]
}

async fn echo(mut client: TcpStream) -> io::Result<()> {
    let mut buf = [0; 4096];
    loop {
        match client.read(&mut buf).await? {
            0 => break,
            n => client.write_all(&buf[..n]).await?,
        }
    }
    client.shutdown().await
}
