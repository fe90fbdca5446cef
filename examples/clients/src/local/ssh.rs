//! An SSH server with one user and one key. It answers every command with the greeting.

use super::arguments;
use super::background::for_each_client;
use super::website::GREETING;
use russh::keys::{Algorithm, PrivateKey, PublicKey, load_secret_key};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Session, VerifiedPublicKey, run_stream};
use russh::{Channel, ChannelId, Error};
use std::env;
use std::io;
use std::sync::{Arc, OnceLock};

const USER: &str = "me";

static HOST_KEY: OnceLock<PublicKey> = OnceLock::new();
static USER_KEY: OnceLock<PrivateKey> = OnceLock::new();

/// Starts the server and returns its port.
///
/// # Errors
///
/// The system has no random bytes, free port or thread.
pub fn ssh_server() -> io::Result<u16> {
    let (host_key, user_key) = (new_key()?, new_key()?);
    HOST_KEY.get_or_init(|| host_key.public_key().clone());
    USER_KEY.get_or_init(|| user_key);
    let config = Arc::new(Config { keys: vec![host_key], ..Config::default() });
    for_each_client(move |client| {
        let config = Arc::clone(&config);
        async { run_stream(config, client, Greeter).await?.await }
    })
}

/// Returns whether this is the key of the server in this process.
#[must_use]
pub fn is_host_key(key: &PublicKey) -> bool {
    HOST_KEY.get().is_some_and(|host_key| host_key.key_data() == key.key_data())
}

/// Returns the user and the key for the server in this process. For another server, these are the
/// user `SSH_USER` and the key in the file `SSH_KEY`.
///
/// # Errors
///
/// One of the variables is not set, or the file has no key.
pub fn user_and_key() -> io::Result<(String, PrivateKey)> {
    if let (Some(key), []) = (USER_KEY.get(), &*arguments()) {
        return Ok((USER.to_owned(), key.clone()));
    }
    let variable = |name| env::var(name).map_err(|error| io::Error::other(format!("{name}: {error}")));
    let (user, file) = (variable("SSH_USER")?, variable("SSH_KEY")?);
    let key = load_secret_key(&file, None).map_err(|error| io::Error::other(format!("{file}: {error}")))?;
    Ok((user, key))
}

fn new_key() -> io::Result<PrivateKey> {
    PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).map_err(io::Error::other)
}

struct Greeter;

impl Handler for Greeter {
    type Error = Error;

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Error> {
        let theirs = key.public_key.key_data();
        let known = USER_KEY.get().is_some_and(|key| key.public_key().key_data() == theirs);
        Ok(if known && user == USER { Auth::Accept } else { Auth::reject() })
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
