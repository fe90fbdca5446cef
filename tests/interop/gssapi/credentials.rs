//! The sources of credentials, the form in a URL, and alternatives to GSS-API.

use anysocks::gssapi::{Cause, Gssapi, Level, kerberos::Kerberos};
use anysocks::{Auth, Credentials, Proxy};

use super::failures::cause;
use super::realm::Dante;
use super::relay::Relay;
use super::{CASE, Case, Client, PROTECTED, SERVICE, told};
use crate::cases::{echoed, pattern};
use crate::kerberos::{PASSWORD, PREAUTHENTICATED, USER};
use crate::servers::CREDENTIALS;

pub(super) const CASES: &[Case] = &[
    Case { name: "credentials", play: credentials, ..CASE },
    Case { name: "url", play: url, fronts: |front| front.connects, ..PROTECTED },
    Case { name: "alternatives", play: alternatives, ..CASE },
];

fn echoed_by(client: &Client<'_>, gssapi: Gssapi) -> Result<(), String> {
    let address = client.dante(Dante::Gssapi)?;
    let mut opened =
        client.open(address, Auth::gssapi(gssapi), client.echo()?).map_err(|error| told(&error))?;
    echoed(&mut *opened.tunnel, &pattern(1000))
}

fn credentials(client: &Client<'_>) -> Result<(), String> {
    let files = client.lab.realm().files(client.lab)?;
    for kerberos in [
        Kerberos::default_cache(),
        Kerberos::cache(files.user_cache()),
        Kerberos::cache(format!("FILE:{}", files.user_cache())),
        Kerberos::keytab(files.client_keytab(), USER),
        Kerberos::password(USER, PASSWORD),
        Kerberos::password(PREAUTHENTICATED, PASSWORD),
    ] {
        // The second connection has the tickets of the first one.
        for _ in 0..2 {
            let gssapi = Gssapi::with(kerberos.clone()).service(SERVICE);
            echoed_by(client, gssapi).map_err(|failure| format!("{kerberos:?}: {failure}"))?;
        }
    }
    for service in ["rcmd/localhost", "rcmd/localhost@TEST.LOCAL"] {
        echoed_by(client, Gssapi::kerberos().service(service))
            .map_err(|failure| format!("{service}: {failure}"))?;
    }
    echoed_by(client, Gssapi::kerberos().service(SERVICE).delegate(true))
        .map_err(|failure| format!("delegation: {failure}"))
}

fn url(client: &Client<'_>) -> Result<(), String> {
    let port = client.dante(Dante::Gssapi)?.port();
    let level = match client.level {
        Level::Integrity => "integrity",
        _ => "confidentiality",
    };
    for url in [
        format!("socks5h://localhost:{port}?auth=gssapi&level={level}"),
        format!("socks5h://127.0.0.1:{port}?auth=gssapi&level={level}&service=rcmd@localhost"),
    ] {
        let proxy: Proxy = url.parse().map_err(|error| told(&error))?;
        let auth = Auth::none();
        let mut opened = (client.front.open5)(&super::opening(&proxy, &auth, client.echo()?))
            .map_err(|error| format!("{url}: {error:#}"))?;
        echoed(&mut *opened.tunnel, &pattern(1000))?;
    }
    Ok(())
}

/// The proxy selects one of the two.
fn alternatives(client: &Client<'_>) -> Result<(), String> {
    let (user, password) = CREDENTIALS;
    let password = || Credentials::new(user, password).map(Auth::password_only).map_err(|error| told(&error));
    let gssapi = Auth::gssapi(client.gssapi());
    let either = gssapi.clone().or(password()?).map_err(|error| told(&error))?;
    for (dante, auth, selected) in [
        (Dante::GssapiOrPassword, &either, 1),
        (Dante::PasswordOrGssapi, &either, 2),
        (Dante::PasswordOrGssapi, &gssapi, 1),
        (Dante::GssapiOrPassword, &password()?, 2),
    ] {
        let relay = Relay::start(client.dante(dante)?, None)?;
        let mut opened =
            client.open(relay.address, auth.clone(), client.echo()?).map_err(|error| told(&error))?;
        echoed(&mut *opened.tunnel, &pattern(1000))?;
        let [_, received] = relay.captured();
        if !received.starts_with(&[5, selected]) {
            return Err(format!("METHOD {selected} was not selected: {:?}", &received[..2]));
        }
    }
    // A METHOD that fails is not left out.
    let none = Gssapi::with(Kerberos::cache("MEMORY:none")).service(SERVICE);
    let either = Auth::gssapi(none).or(password()?).map_err(|error| told(&error))?;
    match client.open(client.dante(Dante::GssapiOrPassword)?, either, client.echo()?) {
        Err(error) if cause(&error) == Some(Cause::NoCredentials) => Ok(()),
        Err(error) => Err(told(&error)),
        Ok(_) => Err("GSS-API was left out".to_owned()),
    }
}
