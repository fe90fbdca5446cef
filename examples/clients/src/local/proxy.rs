//! A SOCKS5 server: CONNECT and UDP ASSOCIATE, for clients with and without a password.

use super::background::for_each_client;
use fast_socks5::Socks5Command;
use fast_socks5::server::{
    Socks5ServerProtocol, SocksServerError, StandardAuthentication, StandardAuthenticationStarted,
    run_tcp_proxy, run_udp_proxy,
};
use fast_socks5::util::target_addr::TargetAddr;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The password comes first: if a client offers one, the test checks it.
const METHODS: &[StandardAuthentication] = &[
    StandardAuthentication::PasswordAuthentication(fast_socks5::server::PasswordAuthentication),
    StandardAuthentication::NoAuthentication(fast_socks5::server::NoAuthentication),
];

static REQUESTS: Mutex<Vec<Request>> = Mutex::new(Vec::new());

/// A request to a proxy, and the credentials of its client.
#[derive(Clone, Default)]
pub(crate) struct Request {
    /// The user name, or empty.
    pub(crate) user: String,
    /// The password, or empty.
    pub(crate) password: String,
    /// The host of the target. For datagrams it is zeros.
    pub(crate) host: String,
}

/// Starts a proxy and returns its URL.
///
/// # Errors
///
/// The system has no free port or thread.
pub fn proxy() -> io::Result<String> {
    Ok(format!("socks5h://{HERE}:{}", for_each_client(serve)?))
}

/// Starts two proxies and returns their URLs with a comma between them. Only the first proxy can
/// resolve the name of the second.
///
/// # Errors
///
/// The errors of [`proxy`].
pub fn chain() -> io::Result<String> {
    Ok(format!("{},socks5h://second.invalid:{}", proxy()?, for_each_client(serve)?))
}

/// Starts a proxy that grants associations and ends each at once. Returns its URL.
///
/// # Errors
///
/// The errors of [`proxy`].
pub fn short_associations() -> io::Result<String> {
    let port = for_each_client(async |mut client: TcpStream| {
        client.read_exact(&mut [0; 3]).await?;
        client.write_all(&[5, 0]).await?;
        client.read_exact(&mut [0; 10]).await?;
        client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 9]).await
    })?;
    Ok(format!("socks5h://{HERE}:{port}"))
}

/// Returns the requests to the proxies in this process so far.
pub(crate) fn requests() -> Vec<Request> {
    REQUESTS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

async fn serve(client: TcpStream) -> Result<(), SocksServerError> {
    let mut asked = Request::default();
    let authenticated = match Socks5ServerProtocol::start(client).negotiate_auth(METHODS).await? {
        StandardAuthenticationStarted::NoAuthentication(done) => Socks5ServerProtocol::finish_auth(done),
        StandardAuthenticationStarted::PasswordAuthentication(started) => {
            let (user, password, checked) = started.read_username_password().await?;
            (asked.user, asked.password) = (user, password);
            Socks5ServerProtocol::finish_auth(checked.accept().await?)
        }
    };
    let (request, command, target) = authenticated.read_command().await?;
    let (host, port) = target.into_string_and_port();
    let target = TargetAddr::Ip((host.parse().unwrap_or(HERE), port).into());
    asked.host = host;
    REQUESTS.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
    match command {
        Socks5Command::UDPAssociate => run_udp_proxy(request, &target, Some(HERE), HERE, None).await,
        _ => run_tcp_proxy(request, &target, Duration::from_secs(10), true).await,
    }
    .map(drop)
}
