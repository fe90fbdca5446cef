//! One case, played at one place of a server with one front end.

use anysocks::{Auth, Endpoint, Error, Proxy, Resolve, Target, UserId};

use crate::cases::{Case, MEBIBYTE, Socks, Way, pattern, same};
use crate::expectation::{check, check_bound};
use crate::fronts::Opening;
use crate::servers::CREDENTIALS;
use crate::setting::Setting;
use crate::tunnel::{DEADLINE, Opened};

pub(crate) struct Scene<'a> {
    pub(crate) case: &'a Case,
    pub(crate) setting: &'a Setting<'a>,
}

impl Scene<'_> {
    pub(crate) fn play(&self) -> Result<(), String> {
        let Self { case, setting } = self;
        let target = self.target()?;
        match case.socks {
            Socks::V4 => {
                let auth = UserId::none();
                let proxy = self.socks4().map_err(|error| error.to_string())?;
                let opening = setting.opening(&proxy, &auth, target)?;
                self.go_on((setting.front.open4)(&opening), None)
            }
            Socks::V5(login) => {
                let auth = setting.auth(login).map_err(|error| error.to_string())?;
                let proxy = self.socks5(auth.clone()).map_err(|error| error.to_string())?;
                let inner = case.way == Way::Inner;
                let opening = Opening { inner, ..setting.opening(&proxy, &auth, target.borrowed())? };
                match setting.front.halves {
                    Some(halves) if case.way == Way::Halves => {
                        let heard =
                            halves(&opening, pattern(MEBIBYTE)).map_err(|error| format!("{error:?}"))?;
                        same(&heard, &pattern(MEBIBYTE))
                    }
                    _ => self.go_on((setting.front.open5)(&opening), Some(&target)),
                }
            }
        }
    }

    fn go_on(&self, opened: Result<Opened, Error>, bound_for: Option<&Target<'_>>) -> Result<(), String> {
        let Self { case, setting } = self;
        let expected = (case.expected)(setting.capabilities);
        let Some(mut opened) = check(opened, &expected, case.hangs_up_at)? else { return Ok(()) };
        if let Some(target) = bound_for {
            check_bound(setting.capabilities.bound, &opened.bound, target, setting.address())?;
        }
        (case.talk)(&mut *opened.tunnel)
    }

    fn target(&self) -> Result<Target<'static>, String> {
        let port = (self.case.port)(self.setting.lab.destinations()?);
        Target::try_from((self.case.host, port)).map_err(|error| error.to_string())
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
        match self.setting.endpoint() {
            Endpoint::Unix(path) => format!("socks5h+unix://{user}:{password}@{}", path.display()),
            endpoint => format!("socks5h://{user}:{password}@{endpoint}"),
        }
    }

    fn endpoint(&self) -> Result<Endpoint, Error> {
        match self.case.way {
            Way::ByName => ("localhost", self.setting.address().port()).try_into(),
            _ => Ok(self.setting.endpoint()),
        }
    }
}
