//! This crate, on its tokio front end.

use crate::handshakes::client::{self, Refusal, Stream, future_size};
use crate::request::{Login, TARGET};
use anysocks::tokio::Socks5Stream;
use anysocks::{Auth, Credentials, Error, ErrorKind};
use tokio::net::TcpStream;

pub(crate) struct Client {
    auth: Auth,
}

impl<S: Stream> client::Client<S> for Client {
    const NAME: &str = "anysocks";

    type Tunnel = Socks5Stream<S>;

    fn new(login: Option<Login>) -> Self {
        let auth = match login {
            None => Auth::none(),
            Some(Login { name, password }) => {
                Auth::password(Credentials::new(name, password).expect("credentials"))
            }
        };
        Self { auth }
    }

    async fn handshake(&mut self, stream: S) -> Result<Self::Tunnel, Refusal> {
        Socks5Stream::handshake(stream, &self.auth, TARGET).await.map_err(|error| refusal(&error))
    }

    fn future(&self) -> usize {
        future_size(|socket: TcpStream| Socks5Stream::handshake(socket, &self.auth, TARGET))
    }
}

fn refusal(error: &Error) -> Refusal {
    let code = match error.kind() {
        ErrorKind::Refused(reply) => Some(reply.code()),
        _ => None,
    };
    Refusal { code, text: error.to_string() }
}
