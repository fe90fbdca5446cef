//! One case, played at one place of a server with one front end.

use std::net::SocketAddr;

use anysocks::{Auth, Credentials, Endpoint, Error, Proxy, Resolve, Target, UserId, Version};

use crate::capabilities::{Capabilities, Place};
use crate::cases::{Case, Login, MEBIBYTE, Socks, Way, pattern, same};
use crate::destinations::Destinations;
use crate::expectation::{check, check_bound};
use crate::fronts::{Front, Opening};
use crate::running::Running;
use crate::servers::CREDENTIALS;
use crate::tls;
use crate::tunnel::{DEADLINE, Opened};

const WRONG_PASSWORD: &str = "not-the-password";

pub(crate) struct Scene<'a> {
    pub(crate) case: &'a Case,
    pub(crate) front: &'a Front,
    pub(crate) capabilities: &'a Capabilities,
    pub(crate) place: Place,
    pub(crate) running: &'a Running,
    pub(crate) destinations: &'a Destinations,
}

impl Scene<'_> {
    pub(crate) fn play(&self) -> Result<(), String> {
        let target = self.target().map_err(|error| error.to_string())?;
        match self.case.socks {
            Socks::V4 => {
                let auth = UserId::none();
                let proxy = self.socks4().map_err(|error| error.to_string())?;
                let opening = self.opening(&proxy, &auth, target)?;
                self.go_on((self.front.open4)(&opening), None)
            }
            Socks::V5(login) => {
                let auth = self.auth(login).map_err(|error| error.to_string())?;
                let proxy = self.socks5(auth.clone()).map_err(|error| error.to_string())?;
                let opening = self.opening(&proxy, &auth, target.borrowed())?;
                match self.front.halves {
                    Some(halves) if self.case.way == Way::Halves => {
                        let heard =
                            halves(&opening, pattern(MEBIBYTE)).map_err(|error| format!("{error:?}"))?;
                        same(&heard, &pattern(MEBIBYTE))
                    }
                    _ => self.go_on((self.front.open5)(&opening), Some(&target)),
                }
            }
        }
    }

    fn go_on(&self, opened: Result<Opened, Error>, bound_for: Option<&Target<'_>>) -> Result<(), String> {
        let expected = (self.case.expected)(self.capabilities);
        let Some(mut opened) = check(opened, &expected, self.case.hangs_up_at)? else { return Ok(()) };
        if let Some(target) = bound_for {
            check_bound(self.capabilities.bound, &opened.bound, target, self.address())?;
        }
        (self.case.talk)(&mut *opened.tunnel)
    }

    fn opening<'o, V: Version>(
        &self,
        proxy: &'o Proxy,
        auth: &'o V::Auth,
        target: Target<'o>,
    ) -> Result<Opening<'o, V>, String> {
        let certificate = self.running.certificate.as_deref();
        let tls = certificate.map(tls::trusting).transpose().map_err(|error| error.to_string())?;
        Ok(Opening { proxy, auth, target, tls, inner: self.case.way == Way::Inner })
    }

    fn target(&self) -> Result<Target<'static>, Error> {
        Ok(Target::try_from((self.case.host, (self.case.port)(self.destinations)))?.into_owned())
    }

    fn auth(&self, login: Login) -> Result<Auth, Error> {
        let (user, password) = CREDENTIALS;
        let right = Credentials::new(user, password)?;
        Ok(match (login, self.running.credentials) {
            (Login::Nobody, _) | (Login::Usual, None) => Auth::none(),
            (Login::PipelinedNobody, _) => Auth::none().pipelined(true),
            (Login::Right, _) | (Login::Usual, Some(_)) => Auth::password_only(right),
            (Login::PipelinedRight, _) => Auth::password_only(right).pipelined(true),
            (Login::Either, _) => Auth::password(right),
            (Login::Wrong, _) => Auth::password_only(Credentials::new(user, WRONG_PASSWORD)?),
        })
    }

    fn socks4(&self) -> Result<Proxy, Error> {
        Ok(self.with_options(Proxy::socks4(self.endpoint()?)?))
    }

    fn socks5(&self, auth: Auth) -> Result<Proxy, Error> {
        let proxy = match self.case.way {
            Way::Url => self.url().parse()?,
            _ => Proxy::socks5(self.endpoint()?)?.auth(auth)?,
        };
        Ok(self.with_options(proxy))
    }

    fn with_options(&self, proxy: Proxy) -> Proxy {
        match self.case.way {
            Way::Locally => proxy.resolve(Resolve::Locally).timeout(DEADLINE),
            _ => proxy.timeout(DEADLINE),
        }
    }

    fn url(&self) -> String {
        let (user, password) = CREDENTIALS;
        match (&self.running.unix, self.place) {
            (Some(path), Place::Unix) => format!("socks5h+unix://{user}:{password}@{}", path.display()),
            _ => format!("socks5h://{user}:{password}@{}", self.address()),
        }
    }

    fn endpoint(&self) -> Result<Endpoint, Error> {
        match (&self.running.unix, self.place, self.case.way) {
            (Some(path), Place::Unix, _) => Ok(path.as_path().into()),
            (_, _, Way::ByName) => ("localhost", self.address().port()).try_into(),
            _ => Ok(self.address().into()),
        }
    }

    fn address(&self) -> SocketAddr {
        let v6 = self.place == Place::V6;
        let found = self.running.addresses.iter().find(|address| address.is_ipv6() == v6);
        *found.expect("the table names a place at which the server does not listen")
    }
}
