//! `socks` is blocking and opens its own connection. So the proxy is a thread, and calls can't be
//! counted.

use crate::handshakes::client::Refusal;
use crate::handshakes::fate::fate;
use crate::handshakes::measure::{
    BANNER, CUT, Column, NOT_RESERVED, ODD_ADDRESS, SLICE, SLICES, UNASSIGNED, arrived,
};
use crate::handshakes::script::{GRANTED, messages};
use crate::request::{self, HOST, Login, PORT};
use allocation_counter::measure;
use socks::Socks5Stream;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener};
use std::thread::{JoinHandle, spawn};

pub(crate) fn column(login: Option<Login>) -> Column {
    let (proxy, heard) = serve(login, &GRANTED);
    let mut stream = None;
    let counted = measure(|| stream = Some(connect(login, proxy)));
    let mut stream = stream.expect("it was called").expect("a tunnel");
    let written = stream.write_vectored(&[IoSlice::new(&SLICE); SLICES]).expect("a write");
    drop(stream);
    let said = heard.join().expect("the proxy");
    assert!(said.ends_with(&request::encoded()), "socks asks for something else");
    Column {
        name: "socks 0.3.4",
        writes: None,
        reads: None,
        sent: said.len(),
        allocations: counted.count_total,
        allocated: counted.bytes_total,
        future: None,
        heap: None,
        banner: banner(login),
        vectored: arrived(written, 1),
        unassigned: answered(login, &UNASSIGNED),
        not_reserved: answered(login, &NOT_RESERVED),
        cut: answered(login, &CUT),
        odd_address: answered(login, &ODD_ADDRESS),
    }
}

fn connect(login: Option<Login>, proxy: SocketAddr) -> io::Result<Socks5Stream> {
    match login {
        None => Socks5Stream::connect(proxy, (HOST, PORT)),
        Some(Login { name, password }) => {
            Socks5Stream::connect_with_password(proxy, (HOST, PORT), name, password)
        }
    }
}

fn banner(login: Option<Login>) -> &'static str {
    let (proxy, _) = serve(login, &[&GRANTED, BANNER].concat());
    let mut stream = connect(login, proxy).expect("a tunnel");
    let mut first = [0; BANNER.len()];
    match stream.read_exact(&mut first) {
        Ok(()) if first == BANNER => "kept",
        _ => "lost",
    }
}

fn answered(login: Option<Login>, reply: &[u8]) -> String {
    let (proxy, _) = serve(login, reply);
    fate(|| connect(login, proxy).map_err(|error| Refusal::without_code(&error)))
}

/// A proxy for one client, and the bytes that it receives up to the reply.
fn serve(login: Option<Login>, reply: &[u8]) -> (SocketAddr, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let messages = messages(login, reply);
    let heard = spawn(move || {
        let (mut client, _) = listener.accept().expect("a client");
        let (mut said, mut buf) = (Vec::new(), [0; 1024]);
        for message in messages {
            // The client sends each message in one write, and waits for the answer.
            let n = client.read(&mut buf).expect("a message");
            said.extend(&buf[..n]);
            client.write_all(&message).expect("an answer");
        }
        _ = client.shutdown(Shutdown::Write);
        // Reads to the end: closing with unread bytes resets the connection, and the client may
        // lose the answer. The client may reset it, too.
        while client.read(&mut buf).is_ok_and(|n| n > 0) {}
        said
    });
    (address, heard)
}
