//! Connectors, and the questions to Tor, with each front end.

use anysocks::{Error, Stage, async_std, blocking, smol, tokio};

use super::futures_io::{self, AsyncStd, Smol};
use super::{Errand, Routes};

pub(super) const BLOCKING: Routes = Routes {
    connect: connect_blocking,
    connect_any: |upstreams, target| {
        let stream = blocking::Connector::any_of(upstreams)?.connect(target)?;
        super::blocking::limited(stream.get_ref()).map_err(|error| Error::io(Stage::Dial, error))?;
        Ok(super::blocking::opened(stream, false))
    },
    bind: |chain, peer| {
        let listener = blocking::Connector::new(chain.clone()).bind(peer)?;
        Ok(super::blocking::listening(listener))
    },
    associate: |chain| super::associations::limited(blocking::Connector::new(chain.clone()).associate()?),
    resolve: |proxy, name| blocking::resolve(proxy, name),
    resolve_by_connector: |proxy, name| blocking::Connector::new(proxy).resolve(name),
    resolve_ptr: |proxy, ip| blocking::resolve_ptr(proxy, ip),
    check: |chain, tls| {
        let connector = blocking::Connector::new(chain.clone());
        let Some(config) = tls else { return connector.check() };
        connector.wrapped(move |stream, _| Ok(super::blocking::over_tls(stream, &config)?)).check()
    },
};

fn connect_blocking(errand: &Errand<'_>) -> Result<super::Opened, Error> {
    use super::blocking::{limited, opened, over_tls};
    let Errand { chain, target, early_data, tls } = errand;
    let connector = blocking::Connector::new((*chain).clone());
    let no_limit = |error| Error::io(Stage::Dial, error);
    let Some(config) = tls.clone() else {
        let stream = match early_data {
            [] => connector.connect(target)?,
            bytes => connector.connect_with_early_data(target, bytes)?,
        };
        limited(stream.get_ref()).map_err(no_limit)?;
        return Ok(opened(stream, false));
    };
    let connector = connector.wrapped(move |stream, _| Ok(over_tls(stream, &config)?));
    let stream = connector.connect_with_early_data(target, early_data)?;
    limited(&stream.get_ref().sock).map_err(no_limit)?;
    Ok(opened(stream, false))
}

/// The asynchronous front ends have the same calls, but no common trait. `timely` awaits a call,
/// and the module has this program's functions for the outcome.
macro_rules! routes {
    ($name:ident, $front:ident, $timely:expr, $here:path) => {
        pub(super) const $name: Routes = {
            use $here::{listening, opened, over_tls};
            Routes {
                connect: |errand| {
                    let Errand { chain, target, early_data, tls } = errand;
                    let connector = $front::Connector::new((*chain).clone());
                    $timely(Stage::Request, async {
                        let Some(config) = tls.clone() else {
                            return Ok(match early_data {
                                [] => opened(connector.connect(target).await?, false),
                                bytes => {
                                    opened(connector.connect_with_early_data(target, bytes).await?, false)
                                }
                            });
                        };
                        let connector = connector.wrapped(move |stream, _| {
                            let config = config.clone();
                            async move { Ok(over_tls(stream, &config).await?) }
                        });
                        Ok(opened(connector.connect_with_early_data(target, early_data).await?, false))
                    })
                },
                connect_any: |upstreams, target| {
                    let connector = $front::Connector::any_of(upstreams)?;
                    $timely(Stage::Request, async { Ok(opened(connector.connect(target).await?, false)) })
                },
                bind: |chain, peer| {
                    let connector = $front::Connector::new(chain.clone());
                    Ok(listening($timely(Stage::Request, connector.bind(peer))?))
                },
                associate: |chain| {
                    let connector = $front::Connector::new(chain.clone());
                    Ok(Box::new($timely(Stage::Request, connector.associate())?))
                },
                resolve: |proxy, name| $timely(Stage::Request, $front::resolve(proxy, name)),
                resolve_by_connector: |proxy, name| {
                    $timely(Stage::Request, $front::Connector::new(proxy).resolve(name))
                },
                resolve_ptr: |proxy, ip| $timely(Stage::Request, $front::resolve_ptr(proxy, ip)),
                check: |chain, tls| {
                    let connector = $front::Connector::new(chain.clone());
                    let Some(config) = tls else { return $timely(Stage::Request, connector.check()) };
                    let connector = connector.wrapped(move |stream, _| {
                        let config = config.clone();
                        async move { Ok(over_tls(stream, &config).await?) }
                    });
                    $timely(Stage::Request, connector.check())
                },
            }
        };
    };
}

routes!(TOKIO, tokio, super::tokio::timely, super::tokio);
routes!(ASYNC_STD, async_std, futures_io::timely::<AsyncStd, _>, futures_io);
routes!(SMOL, smol, futures_io::timely::<Smol, _>, futures_io);
