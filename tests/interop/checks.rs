//! `check`: each server accepts or refuses the client as its row of the table says. Tor without a
//! network accepts it too, because the last proxy gets no request.

use anysocks::{Chain, Stage};

use crate::capabilities::{Failure, Outcome};
use crate::cases::Login;
use crate::expectation::check_failure;
use crate::fronts::Front;
use crate::setting::Setting;

pub(crate) fn applies(front: &Front) -> bool {
    front.routes.is_some()
}

pub(crate) fn play(setting: &Setting<'_>) -> Result<(), String> {
    let server = setting.capabilities;
    let logins = [
        (Login::Usual, Ok(())),
        (Login::Nobody, server.none),
        (Login::Right, server.right_password),
        (Login::Wrong, server.wrong_password),
    ];
    for (login, outcome) in logins {
        let proxy = setting.socks5_by(login).map_err(|error| error.to_string())?;
        check(setting, &proxy.into(), before_the_request(outcome))?;
    }
    if setting.tls()?.is_none() {
        let (proxy, _) = setting.socks4().map_err(|error| error.to_string())?;
        check(setting, &proxy.into(), Ok(()))?;
    }
    Ok(())
}

/// The table has the outcome of the request that follows.
fn before_the_request(outcome: Outcome) -> Outcome {
    match outcome {
        Err(Failure::Reply(_)) => Ok(()),
        outcome => outcome,
    }
}

fn check(setting: &Setting<'_>, chain: &Chain, expected: Outcome) -> Result<(), String> {
    let routes = setting.front.routes.as_ref().ok_or("this front end has no connector")?;
    match ((routes.check)(chain, setting.tls()?), expected) {
        (Ok(()), Ok(())) => Ok(()),
        (Err(error), Err(failure)) => check_failure(failure, &error, Stage::MethodSelection),
        (Ok(()), Err(failure)) => Err(format!("{chain}: expected {failure:?}")),
        (Err(error), Ok(())) => Err(format!("{chain}: {error:?}: {error}")),
    }
}
