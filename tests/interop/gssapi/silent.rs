//! A KDC that accepts and never answers: the deadline of the proxy ends each call, and other tasks
//! of its executor run meanwhile. `futures` is left out, since it has no deadlines.

use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::time::{Duration, Instant};

use ::smol::future;
use anysocks::gssapi::{Gssapi, kerberos::Kerberos};
use anysocks::{Auth, Error, ErrorKind, Proxy, Stage, async_std, blocking, smol, tokio};
use async_io::Timer;

use super::{CASE, Case, Client, SERVICE, told};
use crate::fronts::Front;
use crate::kerberos::{PASSWORD, SILENT, USER};

pub(super) const CASES: &[Case] =
    &[Case { name: "silent_kdc", play, fronts: |front| front.connects, dante: false, ..CASE }];

const LIMIT: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(20);
/// As a busy machine notices the end of the limit.
const TOLERANCE: Duration = Duration::from_secs(3);

type Work = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

const TARGET: &str = "192.0.2.1:80";

/// The calls of `anysocks::$front`, each of which `$wait` awaits.
macro_rules! calls {
    ($front:ident, $($wait:tt)*) => {
        [
            |proxy| Box::pin(async move {
                $front::Socks5Stream::connect(&proxy, TARGET)$($wait)*.map(drop)
            }),
            |proxy| Box::pin(async move {
                $front::Socks5Listener::bind(&proxy, TARGET)$($wait)*.map(drop)
            }),
            |proxy| Box::pin(async move {
                $front::Socks5UdpSocket::associate(&proxy)$($wait)*.map(drop)
            }),
        ]
    };
}

/// CONNECT, BIND and UDP ASSOCIATE.
fn calls(front: &Front) -> [fn(Proxy) -> Work; 3] {
    match front.name {
        "blocking" => calls!(blocking,),
        "tokio" => calls!(tokio, .await),
        "smol" => calls!(smol, .await),
        _ => calls!(async_std, .await),
    }
}

/// Runs the work on one thread of the front end's executor.
fn run<T>(front: &Front, work: impl Future<Output = T>) -> Result<T, String> {
    if front.name == "tokio" {
        let runtime = ::tokio::runtime::Builder::new_current_thread().enable_all().build();
        return Ok(runtime.map_err(|error| error.to_string())?.block_on(work));
    }
    Ok(if front.name == "async_std" { ::async_std::task::block_on(work) } else { ::smol::block_on(work) })
}

async fn sleep(front: &Front) {
    if front.name == "tokio" {
        ::tokio::time::sleep(TICK).await;
    } else {
        Timer::after(TICK).await;
    }
}

fn play(client: &Client<'_>) -> Result<(), String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, client.lab.destinations()?.closed));
    for (call, name) in calls(client.front).into_iter().zip(["CONNECT", "BIND", "UDP ASSOCIATE"]) {
        let kerberos = Kerberos::password(format!("{USER}@{SILENT}"), PASSWORD);
        let auth = Auth::gssapi(Gssapi::with(kerberos).service(SERVICE));
        let proxy = Proxy::socks5(address).and_then(|proxy| proxy.auth(auth));
        let proxy = proxy.map_err(|error| told(&error))?.timeout(LIMIT);
        let beats = Cell::new(0);
        let started = Instant::now();
        let ended = run(
            client.front,
            future::or(call(proxy), async {
                loop {
                    beats.set(beats.get() + 1);
                    sleep(client.front).await;
                }
            }),
        )?;
        let elapsed = started.elapsed();
        let error = ended.err().ok_or_else(|| format!("{name} has ended well"))?;
        if error.stage() != Stage::Preparation || !matches!(error.kind(), ErrorKind::TimedOut) {
            return Err(format!("{name}: {error:?}"));
        }
        if elapsed < LIMIT || elapsed > LIMIT + TOLERANCE {
            return Err(format!("{name} has ended after {elapsed:?}"));
        }
        // A blocking call leaves no turn to another task of its thread.
        if client.front.name != "blocking" && beats.get() < 5 {
            return Err(format!("{name}: {} beats in {elapsed:?}", beats.get()));
        }
    }
    Ok(())
}
