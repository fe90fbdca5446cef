//! One case, played at one place of a server with one front end.

use anysocks::{Auth, Chain, Endpoint, Error, Proxy, Resolve, Target, UserId};

use crate::capabilities::Place;

use crate::cases::{Case, EARLY_DATA, MEBIBYTE, Socks, Way, pattern, same};
use crate::expectation::{check, check_bound};
use crate::fronts::{Errand, Opening};
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
                if case.way == Way::Connector {
                    return self.go_on(self.by_connector(proxy, target)?, None);
                }
                let early_data = self.early_data();
                let opening = Opening { early_data, ..setting.opening(&proxy, &auth, target)? };
                self.go_on((setting.front.open4)(&opening), None)
            }
            Socks::V5(login) => {
                let auth = setting.auth(login).map_err(|error| error.to_string())?;
                let proxy = self.socks5(auth.clone()).map_err(|error| error.to_string())?;
                let inner = case.way == Way::Inner;
                let early_data = self.early_data();
                let opening = setting.opening(&proxy, &auth, target.borrowed())?;
                let opening = Opening { inner, early_data, ..opening };
                match (case.way, setting.front.halves) {
                    (Way::Connector, _) => {
                        self.go_on(self.by_connector(proxy.clone(), target.borrowed())?, Some(&target))
                    }
                    (Way::Halves, Some(halves)) => {
                        let heard = halves(&opening, vec![pattern(MEBIBYTE)])
                            .map_err(|error| format!("{error:?}"))?;
                        same(&heard, &pattern(MEBIBYTE))
                    }
                    _ => self.go_on((setting.front.open5)(&opening), Some(&target)),
                }
            }
        }
    }

    fn by_connector(&self, proxy: Proxy, target: Target<'_>) -> Result<Result<Opened, Error>, String> {
        let routes = self.setting.front.routes.as_ref().ok_or("this front end has no connector")?;
        let errand = Errand { chain: &Chain::from(proxy), target, early_data: &[], tls: self.setting.tls()? };
        Ok((routes.connect)(&errand))
    }

    fn early_data(&self) -> &'static [u8] {
        if self.case.way == Way::EarlyData { EARLY_DATA } else { &[] }
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
        Target::try_from(((self.case.host)(self.setting.capabilities), port))
            .map_err(|error| error.to_string())
    }

    fn socks4(&self) -> Result<Proxy, Error> {
        Ok(self.with_options(Proxy::socks4(self.endpoint()?)?))
    }

    fn socks5(&self, auth: Auth) -> Result<Proxy, Error> {
        let proxy = match self.case.way {
            Way::Url | Way::Connector => self.url().parse()?,
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
            endpoint if self.setting.place == Place::Tls => {
                format!("socks5h+tls://{user}:{password}@{endpoint}")
            }
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
