//! Trials of the example `probe` with servers of this process: what is no SOCKS proxy, and what reaches nothing of this machine.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use libtest_mimic::{Failed, Trial};

use super::json::Json;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("website::probe::blocking", a_website),
        Trial::test("elsewhere::probe::blocking", a_proxy_that_reaches_other_machines_only),
    ]
}

/// It connects, and the probe fails all the same.
fn a_website() -> Result<(), Failed> {
    let website = serve(|mut client| {
        client.read_exact(&mut [0])?;
        client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    })?;
    match super::run("probe", &[&website.to_string()]) {
        Err(said) if said.contains("nothing of SOCKS was answered") => Ok(()),
        said => Err(format!("{said:?}").into()),
    }
}

/// It is asked for another target, once it is clear that it speaks SOCKS.
fn a_proxy_that_reaches_other_machines_only() -> Result<(), Failed> {
    let proxy = serve(grant_what_is_elsewhere)?;
    let said = Json::parse(&super::run("probe", &["--json", &proxy.to_string()])?)?;
    if said.field("target")?.text() != Some("example.com:80") {
        return Err(format!("another target: {said:?}").into());
    }
    let Json::List(rows) = said.field("answers")? else { return Err("no list of answers".into()) };
    for row in rows {
        if row.field("id")?.text() == Some("socks5-name") && row.field("answer")?.text() == Some("yes") {
            return Ok(());
        }
    }
    Err(format!("not granted: {said:?}").into())
}

/// Says of `localhost` and loopback addresses that they refuse.
fn grant_what_is_elsewhere(mut client: TcpStream) -> io::Result<()> {
    let mut request = [0; 512];
    let greeting = client.read(&mut request)?;
    if greeting == 0 || request[0] != 5 {
        return Ok(());
    }
    client.write_all(&[5, 0])?;
    let len = client.read(&mut request)?;
    if len == 0 {
        return Ok(());
    }
    // ATYP 3 is a name.
    let is_here = request[3] != 3 || request[..len].windows(9).any(|name| name == b"localhost");
    client.write_all(&[5, if is_here { 5 } else { 0 }, 0, 1, 0, 0, 0, 0, 0, 0])
}

/// A server on loopback that does this with each client.
fn serve(with: fn(TcpStream) -> io::Result<()>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let addr = listener.local_addr()?;
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // How a client leaves is its own affair.
            thread::spawn(move || with(client));
        }
    });
    Ok(addr)
}
