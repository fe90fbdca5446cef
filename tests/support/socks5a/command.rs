//! Requests: CONNECT, BIND, UDP ASSOCIATE (RFC 1928 §4), and the commands of SOCKS5a.

use super::address::{Address, NAME};
use super::fault::{Fault, Point};
use super::judge::End;
use super::line::Line;
use super::relay::Relay;
use super::reply::{
    ADDRESS_NOT_SUPPORTED, COMMAND_NOT_SUPPORTED, HOST_UNREACHABLE, PROTOCOL_VIOLATION, Reply,
};
use super::setup::Target;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

pub(crate) const CONNECT: u8 = 1;
pub(crate) const BIND: u8 = 2;
pub(crate) const UDP_ASSOCIATE: u8 = 3;
pub(crate) const KEEP_ALIVE: u8 = 4;
pub(crate) const DNS_RESOLVE: u8 = 5;
pub(crate) const POOL_NEW: u8 = 6;
pub(crate) const POOL_GET: u8 = 7;
pub(crate) const UDP_ASSOCIATE_EXT: u8 = 8;

/// The commands of RFC 1928, and those of SOCKS5a too.
const PLAIN: &[u8] = &[CONNECT, BIND, UDP_ASSOCIATE];
const EXTENDED: &[u8] =
    &[CONNECT, BIND, UDP_ASSOCIATE, KEEP_ALIVE, DNS_RESOLVE, POOL_NEW, POOL_GET, UDP_ASSOCIATE_EXT];

/// BND.ADDR and BND.PORT where nothing depends on them.
const BOUND: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 1080);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) command: u8,
    pub(crate) address: Address,
    pub(crate) port: u16,
}

impl Request {
    /// The rule that a request for this command violates.
    fn check(&self) -> Result<(), String> {
        let Self { command, address, port } = self;
        let sound = match *command {
            KEEP_ALIVE => *address == Address::None && *port == 0,
            DNS_RESOLVE => address.code() == NAME && *port == 0,
            // POOL_GET's port has no meaning.
            POOL_GET => address.code() == NAME,
            _ => *address != Address::None,
        };
        if sound { Ok(()) } else { Err(format!("command {command:02x} with {address:?} and port {port}")) }
    }
}

/// Whether another request may follow a reply.
enum After {
    Another,
    Over,
}

/// Serves requests until one of them ends the connection.
pub(crate) fn serve(line: &mut Line, extended: bool) -> Result<(), End> {
    let mut replies = Replies { extended, sent: 0, early_data: false };
    loop {
        match replies.serve_one(line)? {
            After::Another => {}
            After::Over => return Ok(()),
        }
    }
}

struct Replies {
    /// Whether a SOCKS5a method was negotiated.
    extended: bool,
    sent: usize,
    /// Whether the client may send bytes for its target before the reply.
    early_data: bool,
}

impl Replies {
    fn serve_one(&mut self, line: &mut Line) -> Result<After, End> {
        let request = match self.read(line, if self.extended { EXTENDED } else { PLAIN })? {
            Ok(request) => request,
            Err(reply) => return self.refuse(line, &reply),
        };
        let granted = Reply::at(BOUND);
        match request.command {
            CONNECT => {
                self.reply(line, &granted, Point::Reply)?;
                relay(line)
            }
            BIND => {
                self.reply(line, &granted, Point::Reply)?;
                self.reply(line, &granted, Point::SecondReply)?;
                relay(line)
            }
            UDP_ASSOCIATE | UDP_ASSOCIATE_EXT => self.associate(line),
            KEEP_ALIVE => self.keep_alive(line).map(|()| After::Another),
            DNS_RESOLVE => {
                let known = line
                    .setup()
                    .names
                    .iter()
                    .find(|(name, _)| Address::Name(name.clone()) == request.address);
                match known.map(|(_, ip)| Reply::Granted(Address::Ip(*ip), 0)) {
                    Some(found) => self.reply(line, &found, Point::Reply).map(|()| After::Another),
                    None => self.refuse(line, &Reply::refused(HOST_UNREACHABLE)),
                }
            }
            POOL_NEW => {
                let id = line.shared.pool(request);
                self.reply(line, &Reply::Granted(Address::Name(id), 0), Point::Reply).map(|()| After::Another)
            }
            POOL_GET => {
                let Address::Name(id) = request.address else { unreachable!("checked above") };
                if line.shared.take_from_pool(&id).is_none() {
                    return self.refuse(line, &Reply::refused(HOST_UNREACHABLE));
                }
                self.reply(line, &granted, Point::Reply)?;
                relay(line)
            }
            _ => unreachable!("refused above"),
        }
    }

    /// Reads a request for one of these commands. The inner error is the reply that refuses it.
    fn read(&mut self, line: &mut Line, commands: &[u8]) -> Result<Result<Request, Reply>, End> {
        let header = line.read_start(4)?;
        let [version, command, reserved, atyp] = header[..] else { unreachable!("4 bytes") };
        if version != 5 || reserved != 0 {
            return Err(End::Violation(format!("a request that begins with {header:02x?}")));
        }
        let known = commands.contains(&command);
        self.early_data = matches!(command, CONNECT | POOL_GET);
        let mut bytes = header;
        let address = Address::read(atyp, |length| {
            let part = line.read_exact(length)?;
            bytes.extend(&part);
            Ok::<_, End>(part)
        })?;
        line.notes.get().request_bytes.push(bytes);
        let Some((address, port, rule)) = address else {
            line.notes.violation(format!("a request with ATYP {atyp:02x}"));
            let code = if known { ADDRESS_NOT_SUPPORTED } else { COMMAND_NOT_SUPPORTED };
            return Ok(Err(Reply::refused(code)));
        };
        let request = Request { command, address, port };
        line.notes.get().requests.push(request.clone());
        if !known {
            line.notes.violation(format!("a request with CMD {command:02x}"));
            return Ok(Err(Reply::refused(COMMAND_NOT_SUPPORTED)));
        }
        if request.address.is_extended() && !self.extended {
            line.notes.violation(format!("ATYP {atyp:02x} without a METHOD of SOCKS5a"));
            return Ok(Err(Reply::refused(ADDRESS_NOT_SUPPORTED)));
        }
        if let Err(rule) = rule.and_then(|()| request.check()) {
            line.notes.violation(rule.clone());
            let code = if self.extended { PROTOCOL_VIOLATION } else { ADDRESS_NOT_SUPPORTED };
            return Ok(Err(Reply::with_details(code, 1, &rule)));
        }
        if line.setup().unsupported.contains(&atyp) {
            return Ok(Err(Reply::refused(ADDRESS_NOT_SUPPORTED)));
        }
        Ok(Ok(request))
    }

    fn keep_alive(&mut self, line: &mut Line) -> Result<(), End> {
        let long = line.setup().long_keep_alive;
        let reply = if long { Reply::at(BOUND) } else { Reply::Short };
        self.reply(line, &reply, Point::Reply)
    }

    /// Sends a granted reply, unless the script has another one for this number.
    fn reply(&mut self, line: &mut Line, reply: &Reply, point: Point) -> Result<(), End> {
        line.at(point)?;
        let number = self.sent;
        self.sent += 1;
        let scripted = line.setup().fault(|fault| match fault {
            Fault::Reply(own, reply) if *own == number => Some((reply.encode(), reply.is_granted())),
            Fault::ReplyBytes(own, bytes) if *own == number => Some((bytes.clone(), true)),
            _ => None,
        });
        let (mut bytes, granted) = scripted.unwrap_or_else(|| (reply.encode(), reply.is_granted()));
        bytes.extend(line.setup().faults.iter().flat_map(|fault| match fault {
            Fault::BehindReply(own, bytes) if *own == number => bytes.clone(),
            _ => Vec::new(),
        }));
        line.dummies()?;
        if granted {
            line.send(&bytes)?;
            return line.dummies();
        }
        let cut = line.setup().fault(|fault| match fault {
            Fault::Cut(length, action) => Some((*length, *action)),
            _ => None,
        });
        if let Some((length, action)) = cut {
            line.send(&bytes[..length.min(bytes.len())])?;
            line.act(action)?;
        }
        line.send(&bytes)?;
        line.finish()?;
        // RFC 1928 §6: the connection is over.
        while !line.read()?.is_empty() {
            if self.early_data {
                continue;
            }
            line.notes.violation("bytes of the client after a refusal");
        }
        Err(End::Refused)
    }

    fn refuse(&mut self, line: &mut Line, reply: &Reply) -> Result<After, End> {
        self.reply(line, reply, Point::Reply).map(|()| After::Over)
    }

    /// Relays datagrams while the control connection is open. Only `KEEP_ALIVE` is valid on it.
    fn associate(&mut self, line: &mut Line) -> Result<After, End> {
        let relay = Relay::start(line)?;
        let addr = relay.addr;
        self.reply(line, &Reply::at(addr), Point::Reply)?;
        loop {
            line.at(Point::Relay)?;
            match self.read(line, if self.extended { &[KEEP_ALIVE] } else { &[] }) {
                Err(End::Closed) => return Ok(After::Over),
                Err(end) => return Err(end),
                Ok(Ok(_)) => self.keep_alive(line)?,
                Ok(Err(reply)) => return self.refuse(line, &reply),
            }
        }
    }
}

/// Connects the client to its target.
fn relay(line: &mut Line) -> Result<After, End> {
    line.at(Point::Relay)?;
    match line.setup().target.clone() {
        Target::Echo => loop {
            let bytes = line.read()?;
            if bytes.is_empty() {
                line.finish()?;
                return Ok(After::Over);
            }
            line.notes.get().relayed += bytes.len();
            line.send(&bytes)?;
        },
        Target::Sends(bytes) => {
            line.send(&bytes)?;
            line.finish()?;
            while !line.read()?.is_empty() {}
            Ok(After::Over)
        }
    }
}
