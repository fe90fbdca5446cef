//! Asks a DNS server for the IPv4 addresses of a name, through a proxy.
//!
//! ```text
//! # Everything in this process:
//! cargo run --example udp_dns
//! # A proxy of yours, a name and a DNS server:
//! cargo run --example udp_dns -- socks5://127.0.0.1:1080 example.com 1.1.1.1:53
//! ```

#[path = "local/dns.rs"]
mod dns;
mod local;

use anysocks::blocking::Socks5UdpSocket;
use simple_dns::rdata::{A, RData};
use simple_dns::{CLASS, Name, Packet, PacketFlag, Question, SimpleDnsError, TYPE};
use std::error::Error;
use std::net::Ipv4Addr;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (proxy, server) = match args.next() {
        Some(proxy) => (proxy, None),
        None => (format!("socks5://{}", local::proxy()?), Some(dns::server()?.to_string())),
    };
    let name = args.next().unwrap_or_else(|| "example.com".into());
    let server = server.or(args.next()).unwrap_or_else(|| "1.1.1.1:53".into());

    let socket = Socks5UdpSocket::associate(&proxy)?;
    // From here on, datagrams from other sources are dropped.
    socket.connect(&server)?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;

    let [high, low, ..] = getrandom::u32()?.to_ne_bytes();
    let id = u16::from_ne_bytes([high, low]);
    socket.send(&query(id, &name)?)?;
    let mut buf = [0; 1232];
    let len = socket.recv(&mut buf)?;
    let answer = Packet::parse(&buf[..len])?;
    if answer.id() != id {
        return Err("the answer has the ID of another query".into());
    }
    println!("{server} answers {:?} for {name}", answer.rcode());
    for record in &answer.answers {
        if let RData::A(A { address }) = record.rdata {
            println!("{name} has the address {}", Ipv4Addr::from(address));
        }
    }
    Ok(())
}

fn query(id: u16, name: &str) -> Result<Vec<u8>, SimpleDnsError> {
    let mut query = Packet::new_query(id);
    query.set_flags(PacketFlag::RECURSION_DESIRED);
    query.questions.push(Question::new(Name::new(name)?, TYPE::A.into(), CLASS::IN.into(), false));
    query.build_bytes_vec()
}
