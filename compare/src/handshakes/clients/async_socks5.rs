//! `async-socks5` reads and writes single fields, so its documentation wraps the stream in a
//! `BufStream`.

use crate::handshakes::client::{Client, Refusal, Stream, future_size};
use crate::request::{HOST, Login, PORT};
use async_socks5::{Auth, Error, UnsuccessfulReply, connect};
use tokio::io::BufStream;
use tokio::net::TcpStream;

/// Over the stream itself.
pub(crate) struct Bare {
    login: Option<Login>,
}

/// Over a `BufStream`.
pub(crate) struct Buffered {
    login: Option<Login>,
}

impl<S: Stream> Client<S> for Bare {
    const NAME: &str = "async-socks5 0.6.0";

    type Tunnel = S;

    fn new(login: Option<Login>) -> Self {
        Self { login }
    }

    async fn handshake(&mut self, mut stream: S) -> Result<Self::Tunnel, Refusal> {
        connect(&mut stream, (HOST, PORT), auth(self.login)).await.map_err(|error| refusal(&error))?;
        Ok(stream)
    }

    fn future(&self) -> usize {
        let connecting =
            future_size(|stream: &'static mut TcpStream| connect(stream, (HOST, PORT), auth(self.login)));
        size_of::<TcpStream>() + connecting
    }
}

impl<S: Stream> Client<S> for Buffered {
    const NAME: &str = "async-socks5 0.6.0, buffered";

    type Tunnel = BufStream<S>;

    fn new(login: Option<Login>) -> Self {
        Self { login }
    }

    async fn handshake(&mut self, stream: S) -> Result<Self::Tunnel, Refusal> {
        let mut stream = BufStream::new(stream);
        connect(&mut stream, (HOST, PORT), auth(self.login)).await.map_err(|error| refusal(&error))?;
        Ok(stream)
    }

    fn future(&self) -> usize {
        let connecting = future_size(|stream: &'static mut BufStream<TcpStream>| {
            connect(stream, (HOST, PORT), auth(self.login))
        });
        size_of::<BufStream<TcpStream>>() + connecting
    }
}

fn auth(login: Option<Login>) -> Option<Auth> {
    login.map(|Login { name, password }| Auth::new(name, password))
}

fn refusal(error: &Error) -> Refusal {
    match error {
        Error::Response(UnsuccessfulReply::Unassigned(code)) => {
            Refusal { code: Some(*code), text: error.to_string() }
        }
        _ => Refusal::without_code(error),
    }
}
