//! Servers on their own threads, for examples on any runtime. They run until the process ends.

use std::fmt::Display;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use tokio::net::TcpStream;
use tokio::runtime::Builder;

/// Runs a server on a new thread.
pub(crate) fn in_background(server: impl Future<Output = io::Result<()>> + Send + 'static) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().spawn(move || {
        if let Err(error) = runtime.block_on(server) {
            eprintln!("a server in this process: {error}");
        }
    })?;
    Ok(())
}

/// Listens on a free port, runs `serve` for each client, and returns the port.
pub(crate) fn for_each_client<F, E>(serve: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> io::Result<u16>
where
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Display,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    listener.set_nonblocking(true)?;
    in_background(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let served = serve(listener.accept().await?.0);
            tokio::spawn(async {
                if let Err(error) = served.await {
                    eprintln!("a server in this process: {error}");
                }
            });
        }
    })?;
    Ok(port)
}
