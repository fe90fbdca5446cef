//! Every command of SOCKS5: the input is the command, the client, the chunks, and then the proxy's
//! bytes. Behind a reply that grants the command, they are the second reply of BIND, or the reply
//! to another request on the same connection.

use super::conversation::{Heard, Messages, Reference, check, granted};
use super::dice::Dice;
use super::socks5::{Client, OWN, Second};
use anysocks::protocol::{Command, SecondReply, Socks5};
use anysocks::{Auth, Error, ErrorKind, Invalid, Stage, Target, V5};
use std::net::{IpAddr, Ipv4Addr};

const COMMANDS: [Command; 5] =
    [Command::Connect, Command::Bind, Command::UdpAssociate, Command::Resolve, Command::ResolvePtr];
const CODES: [u8; 5] = [1, 2, 3, 0xF0, 0xF1];

pub(crate) fn holds(input: &[u8]) {
    let mut dice = Dice(input);
    let [first, next] = [(); 2].map(|()| usize::from(dice.byte()) % COMMANDS.len());
    let mut client = Client::from(&mut dice);
    let chunks = dice.chunks();
    client.command = CODES[first];
    client.target = target(COMMANDS[first], client.target);
    let (auth, wire) = (client.auth(), dice.0);
    let request = || request(COMMANDS[first], &auth, &client.target).expect("a request");
    check(request, &client, wire, chunks);

    let (Heard::Open { at, .. }, _) = client.read(wire) else { return };
    let established = || granted(&mut request(), &mut &*wire);
    if COMMANDS[first] == Command::Bind {
        check(|| SecondReply::<V5>::after(established()), &Second, &wire[at..], chunks);
    }
    let target = target(COMMANDS[next], client.target.clone());
    let further = Client::bare(CODES[next], target);
    let another = || Socks5::after(established(), COMMANDS[next], further.target.borrowed());
    let mut talk = request();
    granted(&mut talk, &mut &*wire);
    if talk.method() == Some(OWN) {
        check(|| another().expect("another request"), &Further(&further), &wire[at..], chunks);
    } else {
        let error = another().expect_err("a connection for one request");
        assert!(matches!(error.kind(), ErrorKind::Invalid(Invalid::OneRequest)), "{error}");
    }
}

/// The target that a request of this command can have.
fn target(command: Command, target: Target<'static>) -> Target<'static> {
    match command {
        Command::Resolve => Target::new(target.host().clone().into_owned(), 0),
        Command::ResolvePtr => {
            let ip = target.ip().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
            (ip, 0).into()
        }
        _ => target,
    }
}

fn request<'a>(command: Command, auth: &'a Auth, target: &'a Target<'_>) -> Result<Socks5<'a>, Error> {
    match command {
        Command::Bind => Socks5::bind(auth, target.borrowed()),
        Command::UdpAssociate => Socks5::associate(auth, target.borrowed()),
        Command::Resolve => Socks5::resolve(auth, target.host().borrowed()),
        Command::ResolvePtr => Socks5::resolve_ptr(auth, target.ip().expect("an address")),
        _ => Socks5::connect(auth, target.borrowed()),
    }
}

/// A request on the connection of an earlier one.
struct Further<'c>(&'c Client);

impl Reference for Further<'_> {
    fn read(&self, wire: &[u8]) -> (Heard, Messages) {
        let heard = match Client::reply(Stage::Request, wire) {
            Ok((at, bound)) => Heard::Open { at, bound },
            Err(heard) => heard,
        };
        (heard, vec![self.0.request()])
    }
}
