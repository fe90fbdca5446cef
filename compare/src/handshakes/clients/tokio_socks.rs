//! `tokio-socks`: the conversation is one future, which contains a buffer for the longest message.

/// Defines the client of `tokio-socks`, or of a fork of it, which has the same calls.
macro_rules! fork {
    ($krate:ident, $name:literal) => {
        use crate::handshakes::client::{self, Refusal, Stream, future_size};
        use crate::request::{Login, TARGET};
        use tokio::net::TcpStream;
        use $krate::tcp::Socks5Stream;

        pub(crate) struct Client {
            login: Option<Login>,
        }

        impl<S: Stream> client::Client<S> for Client {
            const NAME: &str = $name;

            type Tunnel = Socks5Stream<S>;

            fn new(login: Option<Login>) -> Self {
                Self { login }
            }

            async fn handshake(&mut self, stream: S) -> Result<Self::Tunnel, Refusal> {
                let connected = match self.login {
                    None => Socks5Stream::connect_with_socket(stream, TARGET).await,
                    Some(Login { name, password }) => {
                        Socks5Stream::connect_with_password_and_socket(stream, TARGET, name, password).await
                    }
                };
                connected.map_err(|error| Refusal::without_code(&error))
            }

            fn future(&self) -> usize {
                match self.login {
                    None => {
                        future_size(|socket: TcpStream| Socks5Stream::connect_with_socket(socket, TARGET))
                    }
                    Some(Login { name, password }) => future_size(|socket: TcpStream| {
                        Socks5Stream::connect_with_password_and_socket(socket, TARGET, name, password)
                    }),
                }
            }
        }
    };
}

fork!(tokio_socks, "tokio-socks 0.5.3");

pub(super) use fork;
