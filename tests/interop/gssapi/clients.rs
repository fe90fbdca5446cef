//! Chains, and clients behind a proxy with GSS-API: hyper, the forwarder and quinn.

use anysocks::forward::Forwarder;
use anysocks::tokio::Connector;
use anysocks::{Auth, Chain, Proxy, Target};

use super::realm::Dante;
use super::{Case, Client, PROTECTED, told};
use crate::cases::{echoed, pattern, same};
use crate::fronts::{Errand, Front, in_tokio};
use crate::peer::{self, Peer};
use crate::servers::{CREDENTIALS, FAST_SOCKS5_PASSWORD};
use crate::tunnel::DEADLINE;
use crate::{bind, browsing};

/// They are of tokio alone.
fn is_tokio(front: &Front) -> bool {
    front.name == "tokio"
}

pub(super) const CASES: &[Case] = &[
    Case { name: "chain", play: chain, fronts: |front| front.routes.is_some(), ..PROTECTED },
    Case { name: "hyper", play: hyper, fronts: is_tokio, ..PROTECTED },
    Case { name: "forwarder", play: forwarder, fronts: is_tokio, ..PROTECTED },
    Case { name: "quinn", play: quinn, fronts: is_tokio, ..PROTECTED },
];

/// GSS-API at the first proxy, at the last, and at both.
fn chain(client: &Client<'_>) -> Result<(), String> {
    let routes = client.front.routes.as_ref().ok_or("this front end has no connector")?;
    // Dante refuses to connect to itself.
    let (gssapi, also_gssapi) = (client.proxy(Dante::Gssapi)?, client.proxy(Dante::GssapiOrPassword)?);
    let (_, running) = client.lab.running(&FAST_SOCKS5_PASSWORD)?;
    let (user, password) = CREDENTIALS;
    let other = Proxy::socks5(running.addresses[0]).and_then(|proxy| proxy.password(user, password));
    let other = other.map_err(|error| told(&error))?.timeout(DEADLINE);
    for (first, second) in [(&gssapi, &other), (&other, &gssapi), (&gssapi, &also_gssapi)] {
        let chain = Chain::from(first.clone()).then(second.clone()).map_err(|error| told(&error))?;
        let errand = Errand { chain: &chain, target: client.echo()?, early_data: &[], tls: None };
        let mut opened = (routes.connect)(&errand).map_err(|error| told(&error))?;
        echoed(&mut *opened.tunnel, &pattern(256 * 1024))?;
    }
    let chain = Chain::from(gssapi).then(also_gssapi).map_err(|error| told(&error))?;
    let peer = Target::try_from(("127.0.0.1", 0)).map_err(|error| told(&error))?;
    let mut listener = (routes.bind)(&chain, &peer).map_err(|error| told(&error))?;
    bind::meet(&mut *listener)
}

fn hyper(client: &Client<'_>) -> Result<(), String> {
    browsing::get_by(client.proxy(Dante::Gssapi)?).map_err(|error| format!("{error:?}"))
}

fn forwarder(client: &Client<'_>) -> Result<(), String> {
    let connector = Connector::new(client.proxy(Dante::Gssapi)?);
    let forwarder = in_tokio(Forwarder::start(connector)).and_then(|started| started);
    let forwarder = forwarder.map_err(|error| error.to_string())?;
    let proxy: Proxy = forwarder.url().parse().map_err(|error| told(&error))?;
    let auth = Auth::none();
    let mut opened =
        (client.front.open5)(&super::opening(&proxy, &auth, client.echo()?)).map_err(|error| told(&error))?;
    echoed(&mut *opened.tunnel, &pattern(256 * 1024))
}

fn quinn(client: &Client<'_>) -> Result<(), String> {
    let proxy = client.proxy(Dante::Gssapi)?;
    let bytes = pattern(256 * 1024);
    let heard = in_tokio(async {
        let peer = Peer::start(&["127.0.0.1"]);
        let endpoint = anysocks::quinn::endpoint(&proxy).await.map_err(|error| told(&error))?;
        let connection = peer.connect(&endpoint, peer.addrs[0]).await;
        Ok::<_, String>(peer::echo(&connection, &bytes).await)
    });
    same(&heard.map_err(|error| error.to_string())??, &bytes)
}
