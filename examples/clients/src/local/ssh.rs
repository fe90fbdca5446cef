//! An SSH server that takes everybody in, and answers every command with the greeting.

use super::background::for_each_client;
use super::website::GREETING;
use russh::keys::{Algorithm, PrivateKey, PublicKey};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Session, run_stream};
use russh::{Channel, ChannelId, Error};
use std::io;
use std::sync::{Arc, OnceLock};

static HOST_KEY: OnceLock<PublicKey> = OnceLock::new();

/// Starts the server, and gives its port.
///
/// # Errors
///
/// There is no key, port or thread to be had.
pub fn ssh_server() -> io::Result<u16> {
    let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).map_err(io::Error::other)?;
    HOST_KEY.get_or_init(|| key.public_key().clone());
    let config = Arc::new(Config { keys: vec![key], ..Config::default() });
    for_each_client(move |client| {
        let config = Arc::clone(&config);
        async { run_stream(config, client, Greeter).await?.await }
    })
}

/// Whether this is the key of the server in this process.
#[must_use]
pub fn is_host_key(key: &PublicKey) -> bool {
    HOST_KEY.get().is_some_and(|host_key| host_key.key_data() == key.key_data())
}

struct Greeter;

impl Handler for Greeter {
    type Error = Error;

    async fn auth_password(&mut self, _: &str, _: &str) -> Result<Auth, Error> {
        Ok(Auth::Accept)
    }

    async fn channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        _: &[u8],
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_success(channel)?;
        session.data(channel, GREETING)?;
        session.exit_status_request(channel, 0)?;
        session.eof(channel)?;
        session.close(channel)
    }
}
