//! By hand: the floor of all crates.

use crate::floor::on_tokio::{socks5, socks5_with_password};
use crate::handshakes::client::{self, Refusal, Stream, future_size};
use crate::request::Login;
use tokio::net::TcpStream;

pub(crate) struct Client {
    login: Option<Login>,
}

impl<S: Stream> client::Client<S> for Client {
    const NAME: &str = "by hand";

    type Tunnel = S;

    fn new(login: Option<Login>) -> Self {
        Self { login }
    }

    async fn handshake(&mut self, stream: S) -> Result<Self::Tunnel, Refusal> {
        let connected = match self.login {
            None => socks5(stream).await,
            Some(_) => socks5_with_password(stream).await,
        };
        connected.map_err(|error| Refusal::without_code(&error))
    }

    fn future(&self) -> usize {
        match self.login {
            None => future_size(socks5::<TcpStream>),
            Some(_) => future_size(socks5_with_password::<TcpStream>),
        }
    }
}
