//! A DNS server for `udp_dns`.

use simple_dns::rdata::{A, RData};
use simple_dns::{CLASS, Packet, ResourceRecord, SimpleDnsError};
use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;

/// Starts the server on a free port. It returns the same address for all names, and runs until the
/// process ends.
pub(crate) fn server() -> io::Result<SocketAddr> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let addr = socket.local_addr()?;
    thread::spawn(move || {
        let mut buf = [0; 1232];
        while let Ok((len, from)) = socket.recv_from(&mut buf) {
            let answered = answer(&buf[..len]).map_err(Box::<dyn Error>::from);
            if let Err(error) = answered.and_then(|answer| Ok(socket.send_to(&answer, from)?)) {
                eprintln!("the DNS server in this process: {error}");
            }
        }
    });
    Ok(addr)
}

fn answer(query: &[u8]) -> Result<Vec<u8>, SimpleDnsError> {
    let mut answer = Packet::parse(query)?.into_reply();
    let known = RData::A(A { address: Ipv4Addr::new(192, 0, 2, 7).into() });
    let records = answer
        .questions
        .iter()
        .map(|asked| ResourceRecord::new(asked.qname.clone(), CLASS::IN, 60, known.clone()));
    answer.answers = records.collect();
    answer.build_bytes_vec_compressed()
}
