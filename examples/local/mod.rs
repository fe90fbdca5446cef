//! The servers of examples that run without arguments: a SOCKS5 server and a small HTTP server,
//! both in this process.

mod socks5;

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::thread;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Runtime;

/// The response to every request.
const PAGE: &[u8] = b"HTTP/1.0 200 OK\r\nContent-Length: 24\r\n\r\nHello through the proxy.\n";

/// Returns the arguments `proxy target`, with defaults for missing ones.
#[allow(dead_code, reason = "not every example takes arguments")]
pub(crate) fn proxy_and_target() -> io::Result<(String, String)> {
    let mut args = std::env::args().skip(1);
    match (args.next(), args.next()) {
        (None, _) => Ok((format!("socks5h://{}", proxy()?), website()?.to_string())),
        (Some(proxy), None) => Ok((proxy, "example.com:80".into())),
        (Some(proxy), Some(target)) => Ok((proxy, target)),
    }
}

/// Starts a SOCKS5 server on a free port. It runs until the process ends.
#[allow(dead_code, reason = "not every example listens on TCP")]
pub(crate) fn proxy() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let addr = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    in_background(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            tokio::spawn(serve(listener.accept().await?.0));
        }
    })?;
    Ok(addr)
}

/// Runs a server on its own thread.
pub(crate) fn in_background(server: impl Future<Output = io::Result<()>> + Send + 'static) -> io::Result<()> {
    let runtime = Runtime::new()?;
    thread::spawn(move || {
        if let Err(error) = runtime.block_on(server) {
            eprintln!("the server in this process: {error}");
        }
    });
    Ok(())
}

/// Serves one client of the SOCKS5 server, whatever its stream is.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(mut client: S) {
    match socks5::serve(&mut client).await {
        // The client has closed its connection.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
        Err(error) => eprintln!("the SOCKS server in this process: {error}"),
        Ok(()) => {}
    }
}

/// Starts an HTTP server on a free port. It runs until the process ends.
pub(crate) fn website() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let addr = listener.local_addr()?;
    thread::spawn(move || {
        for client in listener.incoming() {
            let answered = client.and_then(|mut client| {
                let request = BufReader::new(&client).lines();
                request.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty())).for_each(drop);
                client.write_all(PAGE)
            });
            if let Err(error) = answered {
                eprintln!("the HTTP server in this process: {error}");
            }
        }
    });
    Ok(addr)
}

/// Starts a UDP server on a free port, which returns each datagram. It runs until the process ends.
#[allow(dead_code, reason = "not every example sends datagrams")]
pub(crate) fn echo() -> io::Result<SocketAddr> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let addr = socket.local_addr()?;
    thread::spawn(move || {
        let mut buf = [0; 2048];
        while let Ok((len, from)) = socket.recv_from(&mut buf) {
            if let Err(error) = socket.send_to(&buf[..len], from) {
                eprintln!("the echo server in this process: {error}");
            }
        }
    });
    Ok(addr)
}

/// Returns an HTTP request for the root page of a host.
#[allow(dead_code, reason = "not every example speaks HTTP")]
pub(crate) fn get(host: &str) -> Vec<u8> {
    format!("GET / HTTP/1.0\r\nHost: {host}\r\n\r\n").into_bytes()
}
