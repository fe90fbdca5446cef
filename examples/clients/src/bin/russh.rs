//! SSH by [russh](https://docs.rs/russh) through a chain of proxies, such as `ssh -D` and Dante
//! behind it.
//!
//! `SSH_USER=me SSH_KEY=.ssh/id_ed25519 cargo run --bin russh [-- proxy-url,proxy-url target]`

use anysocks::{Chain, Target, tokio::Connector};
use russh::keys::{PrivateKeyWithHashAlg, PublicKeyOrCertificate, check_known_hosts};
use russh::{ChannelMsg, Disconnect, Error, client};
use std::sync::Arc;

struct Client {
    server: Target<'static>,
}

impl client::Handler for Client {
    type Error = Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else { return Ok(false) };
        let host = self.server.host().to_string();
        Ok(local::is_host_key(key) || check_known_hosts(&host, self.server.port(), key)?)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (chain, target) = local::chain_and_target(local::ssh_server)?;
    let (user, key) = local::user_and_key()?;
    let connector = Connector::new(chain.parse::<Chain>()?);

    let server: Target<'_> = target.parse()?;
    let stream = connector.connect(&server).await?;
    let mut session = client::connect_stream(Arc::default(), stream, Client { server }).await?;
    let hash = session.best_supported_rsa_hash().await?.flatten();
    let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
    if !session.authenticate_publickey(user, key).await?.success() {
        return Err("the server refuses this user or key".into());
    }

    let mut channel = session.channel_open_session().await?;
    channel.exec(true, "uname -a").await?;
    let (mut output, mut status) = (Vec::new(), None);
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Data { data } => output.extend_from_slice(&data),
            ChannelMsg::ExitStatus { exit_status } => status = Some(exit_status),
            _ => {}
        }
    }
    session.disconnect(Disconnect::ByApplication, "", "en").await?;
    if status != Some(0) {
        return Err(format!("the command ended with {status:?}").into());
    }
    local::check(&String::from_utf8(output)?)?;
    local::check_hosts(&["second.invalid", "hello.invalid"])?;
    Ok(())
}
