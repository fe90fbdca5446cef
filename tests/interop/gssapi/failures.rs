//! The errors, in words.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use anysocks::gssapi::{Cause, Error, Gssapi, Level, kerberos::Kerberos};
use anysocks::{Auth, ErrorKind, Stage};

use super::realm::Dante;
use super::{CASE, Case, Client, SERVICE, told};
use crate::cases::{echoed, pattern};
use crate::kerberos::{GONE, PASSWORD, SKEWED, USER};
use crate::tunnel::DEADLINE;

pub(super) const CASES: &[Case] = &[
    Case { name: "failures", play: before_dialling, dante: false, ..CASE },
    Case { name: "expired", play: expired, dante: false, ..CASE },
    Case { name: "refusals", play: of_the_proxy, ..CASE },
];

/// The cause of the mechanism's failure.
pub(super) fn cause(error: &anysocks::Error) -> Option<Cause> {
    match Error::of(error)? {
        Error::Mechanism(failure) => Some(failure.cause()),
        _ => None,
    }
}

/// The error of a connection that is not opened.
fn failed(client: &Client<'_>, address: SocketAddr, gssapi: Gssapi) -> Result<anysocks::Error, String> {
    let target = client.echo()?;
    let opened = client.open(address, Auth::gssapi(gssapi), target);
    opened.err().ok_or_else(|| "got a tunnel".to_owned())
}

fn before_dialling(client: &Client<'_>) -> Result<(), String> {
    let files = client.lab.realm().files(client.lab)?;
    let none = files.directory().join("none").display().to_string();
    let password = |realm: &str, password: &str| Kerberos::password(format!("{USER}@{realm}"), password);
    let rows = [
        (Kerberos::cache(&none), SERVICE, Cause::NoCredentials, "none"),
        (Kerberos::keytab(&none, USER), SERVICE, Cause::NoCredentials, "none"),
        (Kerberos::keytab(files.stale_keytab(), USER), SERVICE, Cause::WrongPassword, ""),
        (Kerberos::password(USER, "wrong"), SERVICE, Cause::WrongPassword, "integrity check failed"),
        (Kerberos::password("unknown", PASSWORD), SERVICE, Cause::UnknownClient, "unknown@TEST.LOCAL"),
        (Kerberos::default_cache(), "other@localhost", Cause::UnknownService, "other/localhost@TEST.LOCAL"),
        (password(SKEWED, PASSWORD), SERVICE, Cause::Clock, "Clock skew too great"),
        (password(GONE, PASSWORD), SERVICE, Cause::NoKdc, "Cannot contact any KDC for realm 'GONE.LOCAL'"),
    ];
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
    listener.set_nonblocking(true).map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    for (kerberos, service, expected, text) in rows {
        let error = failed(client, address, Gssapi::with(kerberos).service(service))?;
        check(&error, expected, text)?;
        if client.front.connects && listener.accept().is_ok() {
            return Err(format!("the proxy was dialled: {error:#}"));
        }
    }
    Ok(())
}

/// The ticket was valid for a second from the KDC's start on.
fn expired(client: &Client<'_>) -> Result<(), String> {
    let files = client.lab.realm().files(client.lab)?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, client.lab.destinations()?.closed));
    let started = Instant::now();
    loop {
        let gssapi = Gssapi::with(Kerberos::cache(files.expired_cache())).service(SERVICE);
        let error = failed(client, address, gssapi)?;
        if cause(&error).is_some() || started.elapsed() > DEADLINE {
            return check(&error, Cause::Expired, "expired");
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// The stage, the cause, and that the text has the words of the cause and then those of the
/// library.
fn check(error: &anysocks::Error, expected: Cause, text: &str) -> Result<(), String> {
    let all = told(error);
    let fits = error.stage() == Stage::Preparation
        && cause(error) == Some(expected)
        && all
            .split_once(&format!("preparation failed: {expected}: "))
            .is_some_and(|(_, rest)| rest.contains(text));
    if fits { Ok(()) } else { Err(format!("expected {expected:?} and {text:?}: {error:?}: {all}")) }
}

/// Dante closes the connection, and its log has the reason.
fn of_the_proxy(client: &Client<'_>) -> Result<(), String> {
    for dante in [Dante::ReplacedKeys, Dante::Integrity] {
        let error = failed(client, client.dante(dante)?, client.gssapi())?;
        let all = told(&error);
        let text = "authentication failed: the proxy closed the connection during GSS-API (X'01'); \
                    its log may say why (its clock, its keytab, the realm)";
        let fits = matches!(error.kind(), ErrorKind::ClosedDuringMethod { code: 1, .. });
        if !fits || !all.ends_with(text) {
            return Err(format!("{error:?}: {all}"));
        }
    }
    // The level that this Dante grants.
    let address = client.dante(Dante::Integrity)?;
    let auth = Auth::gssapi(client.gssapi().level(Level::Integrity));
    let mut opened = client.open(address, auth, client.echo()?).map_err(|error| told(&error))?;
    echoed(&mut *opened.tunnel, &pattern(1000))
}
