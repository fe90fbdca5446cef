//! SSH by [russh](https://docs.rs/russh) through a chain of proxies; `ssh -D` or Dante may well be one of them.
//!
//! `SSH_USER=me SSH_PASSWORD=secret cargo run --bin russh [-- proxy-url,proxy-url target]`

use anysocks::{Chain, Target, tokio::Connector};
use russh::keys::{PublicKeyOrCertificate, check_known_hosts};
use russh::{Disconnect, Error, client};
use std::env;
use std::sync::Arc;
use tokio::io::AsyncReadExt;

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
    let connector = Connector::new(chain.parse::<Chain>()?);

    let server: Target<'_> = target.parse()?;
    let stream = connector.connect(&server).await?;
    let mut session = client::connect_stream(Arc::default(), stream, Client { server }).await?;
    let user = env::var("SSH_USER").unwrap_or_default();
    let password = env::var("SSH_PASSWORD").unwrap_or_default();
    if !session.authenticate_password(user, password).await?.success() {
        return Err("the server wants another user name or password".into());
    }

    let channel = session.channel_open_session().await?;
    channel.exec(true, "uname -a").await?;
    let mut output = String::new();
    channel.into_stream().read_to_string(&mut output).await?;
    session.disconnect(Disconnect::ByApplication, "", "en").await?;
    local::check(&output)?;
    Ok(())
}
