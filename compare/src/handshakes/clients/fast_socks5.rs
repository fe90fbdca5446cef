//! `fast-socks5` takes two calls over a caller's stream, and owns the stream.

use crate::handshakes::client::{self, Refusal, Stream, future_size};
use crate::request::{HOST, Login, PORT};
use fast_socks5::client::{Config, Socks5Stream};
use fast_socks5::util::target_addr::TargetAddr;
use fast_socks5::{AuthenticationMethod, Socks5Command};
use tokio::net::TcpStream;

pub(crate) struct Client {
    login: Option<Login>,
}

impl Client {
    fn method(&self) -> Option<AuthenticationMethod> {
        let Login { name, password } = self.login?;
        Some(AuthenticationMethod::Password { username: name.into(), password: password.into() })
    }
}

impl<S: Stream> client::Client<S> for Client {
    const NAME: &str = "fast-socks5 1.0.0";

    type Tunnel = Socks5Stream<S>;

    fn new(login: Option<Login>) -> Self {
        Self { login }
    }

    async fn handshake(&mut self, stream: S) -> Result<Self::Tunnel, Refusal> {
        let opened = Socks5Stream::use_stream(stream, self.method(), Config::default()).await;
        let mut stream = opened.map_err(|error| Refusal::without_code(&error))?;
        let connected = stream.request(Socks5Command::TCPConnect, target()).await;
        connected.map_err(|error| Refusal::without_code(&error))?;
        Ok(stream)
    }

    /// The larger of the two.
    fn future(&self) -> usize {
        let opening = future_size(|socket: TcpStream| {
            Socks5Stream::use_stream(socket, self.method(), Config::default())
        });
        let requesting = future_size(|stream: &'static mut Socks5Stream<TcpStream>| {
            stream.request(Socks5Command::TCPConnect, target())
        });
        opening.max(size_of::<Socks5Stream<TcpStream>>() + requesting)
    }
}

fn target() -> TargetAddr {
    TargetAddr::Domain(HOST.into(), PORT)
}
