//! Where a case is played: at one place of a server, with one front end.

use std::net::SocketAddr;
use std::sync::Arc;

use anysocks::{Auth, Credentials, Endpoint, Error, Proxy, Target, UserId, V5, Version};
use rustls::ClientConfig;

use crate::capabilities::{Capabilities, Place};
use crate::cases::Login;
use crate::fronts::{Front, Opening};
use crate::lab::Lab;
use crate::running::Running;
use crate::servers::CREDENTIALS;
use crate::tls;
use crate::tunnel::DEADLINE;

const WRONG_PASSWORD: &str = "not-the-password";

pub(crate) struct Setting<'a> {
    pub(crate) lab: &'a Lab,
    pub(crate) capabilities: &'static Capabilities,
    pub(crate) running: &'a Running,
    pub(crate) place: Place,
    pub(crate) front: &'static Front,
}

impl Setting<'_> {
    /// At which the server speaks SOCKS.
    pub(crate) fn address(&self) -> SocketAddr {
        let v6 = self.place == Place::V6;
        let found = self.running.addresses.iter().find(|address| address.is_ipv6() == v6);
        *found.expect("the table names a place at which the server does not listen")
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        match (&self.running.unix, self.place) {
            (Some(path), Place::Unix) => path.as_path().into(),
            _ => self.address().into(),
        }
    }

    pub(crate) fn auth(&self, login: Login) -> Result<Auth, Error> {
        let (user, password) = CREDENTIALS;
        let right = Credentials::new(user, password)?;
        Ok(match (login, self.running.credentials) {
            (Login::Nobody, _) | (Login::Usual, None) => Auth::none(),
            (Login::PipelinedNobody, _) => Auth::none().pipelined(true),
            (Login::Right, _) | (Login::Usual, Some(_)) => Auth::password_only(right),
            (Login::PipelinedRight, _) => Auth::password_only(right).pipelined(true),
            (Login::Either, _) => Auth::password(right),
            (Login::Isolated, _) => {
                V5::auth(Proxy::socks5(self.endpoint())?.isolated("anysocks")?.protocol())?.clone()
            }
            (Login::Wrong, _) => Auth::password_only(Credentials::new(user, WRONG_PASSWORD)?),
        })
    }

    /// The server as a SOCKS5 proxy, with the credentials that it requires.
    pub(crate) fn socks5(&self) -> Result<(Proxy, Auth), Error> {
        let auth = self.auth(Login::Usual)?;
        Ok((socks5(self.endpoint(), auth.clone())?, auth))
    }

    /// The same for a client that logs in so.
    pub(crate) fn socks5_by(&self, login: Login) -> Result<Proxy, Error> {
        socks5(self.endpoint(), self.auth(login)?)
    }

    /// The same, given by its name.
    pub(crate) fn socks5_by_name(&self) -> Result<Proxy, Error> {
        let endpoint = ("localhost", self.address().port()).try_into()?;
        socks5(endpoint, self.auth(Login::Usual)?)
    }

    /// The server as a SOCKS4 proxy.
    pub(crate) fn socks4(&self) -> Result<(Proxy, UserId), Error> {
        Ok((Proxy::socks4(self.endpoint())?.timeout(DEADLINE), UserId::none()))
    }

    pub(crate) fn opening<'o, V: Version>(
        &self,
        proxy: &'o Proxy,
        auth: &'o V::Auth,
        target: Target<'o>,
    ) -> Result<Opening<'o, V>, String> {
        Ok(Opening { proxy, auth, target, tls: self.tls()?, inner: false, early_data: &[] })
    }

    pub(crate) fn tls(&self) -> Result<Option<Arc<ClientConfig>>, String> {
        let certificate = self.running.certificate.as_deref();
        certificate.map(tls::trusting).transpose().map_err(|error| error.to_string())
    }
}

fn socks5(endpoint: Endpoint, auth: Auth) -> Result<Proxy, Error> {
    Ok(Proxy::socks5(endpoint)?.auth(auth)?.timeout(DEADLINE))
}
