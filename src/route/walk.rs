//! The way through a chain: dial the first proxy, then ask each for the next.

use super::Chain;
use crate::any_version::AnyVersion;
use crate::error::{Error, ErrorKind, Stage};
use crate::established::Established;
use crate::invalid::Invalid;
use crate::proxy::{Endpoint, Proxy, Resolve};
use crate::runtime::{
    Asked, Deadline, Runtime, deadline, dial_by, is_about_the_target, no_address, resolved,
};
use crate::target::{Host, Target};
use crate::trace::{self, Instrument};
use crate::version::Version;

/// Asks the last proxy of the chain, by way of the others.
pub(crate) async fn through_chain<R: Runtime>(
    chain: &Chain,
    target: Target<'_>,
    asked: Asked<'_, AnyVersion>,
) -> Result<(R::Stream, Established), Error> {
    let span = trace::request(asked.command, chain, &target);
    to_each_address::<R>(chain, target, &asked).instrument(span).await
}

/// Where the last proxy is not asked for names, tries each address that the target's has.
async fn to_each_address<R: Runtime>(
    chain: &Chain,
    target: Target<'_>,
    asked: &Asked<'_, AnyVersion>,
) -> Result<(R::Stream, Established), Error> {
    let whole = deadline(chain.limit());
    let last = chain.last();
    let name = match (target.host(), last.resolves()) {
        (Host::Domain(name), Resolve::Locally) => name.as_str(),
        _ => return walk::<R>(chain, target, asked, whole).await,
    };
    // What is wrong with the options is found before the resolver is asked.
    asked.of(last.protocol(), target.borrowed())?;
    let limit = earlier(whole, last);
    let mut error = no_address(name);
    for target in resolved::<R, AnyVersion>(last.protocol(), name, target.port(), limit).await? {
        match walk::<R>(chain, target, asked, whole).await {
            Err(refused)
                if is_about_the_target(&refused) && refused.hop().is_none_or(|n| n == chain.hops().len()) =>
            {
                error = refused;
            }
            ended => return ended,
        }
    }
    Err(error)
}

async fn walk<R: Runtime>(
    chain: &Chain,
    target: Target<'_>,
    asked: &Asked<'_, AnyVersion>,
    whole: Deadline,
) -> Result<(R::Stream, Established), Error> {
    let hops = chain.hops();
    let at = |n: usize| move |error: Error| error.at_hop(&hops[n], n + 1, hops.len());
    // What the last can't be asked for is found before anything is sent.
    asked.of(chain.last().protocol(), target.borrowed())?;
    let mut limit = earlier(whole, &hops[0]);
    let mut stream = dial_by::<R>(&hops[0], limit).await.map_err(at(0))?;
    for (n, pair) in hops.windows(2).enumerate() {
        let passed = pass::<R>(&mut stream, &pair[0], &pair[1], limit).await;
        passed.map_err(at(n))?;
        limit = earlier(whole, &pair[1]);
    }
    let mut talk = asked.of(chain.last().protocol(), target)?;
    let established = R::converse(&mut stream, &mut talk, limit).await;
    Ok((stream, established.map_err(at(hops.len() - 1))?))
}

/// Has a proxy connect to the next one.
async fn pass<R: Runtime>(
    stream: &mut R::Stream,
    hop: &Proxy,
    next: &Proxy,
    limit: Deadline,
) -> Result<(), Error> {
    let target = match next.endpoint() {
        Endpoint::Addr(addr) => addr.try_into()?,
        Endpoint::Name(name, port) if hop.resolves() == Resolve::Locally => {
            let mut found = resolved::<R, AnyVersion>(hop.protocol(), name.as_str(), *port, limit).await?;
            found.next().ok_or_else(|| no_address(name.as_str()))?
        }
        Endpoint::Name(name, port) => (name.borrowed(), *port).into(),
        Endpoint::Unix(_) => return Err(Invalid::UnixBehindAProxy.into()),
    };
    let mut talk = AnyVersion::connect(hop.protocol(), target)?;
    let established = R::converse(stream, &mut talk, limit).await?;
    if established.frames.is_some() {
        let why = "only the last proxy of a chain may negotiate an encapsulation";
        return Err(Error::new(Stage::Request, ErrorKind::Encapsulation(why.into())));
    }
    Ok(())
}

/// The proxy's own time limit, from now on, but not beyond that of the whole.
fn earlier(whole: Deadline, proxy: &Proxy) -> Deadline {
    match (whole, deadline(proxy.limit())) {
        (Some(whole), Some(own)) => Some(whole.min(own)),
        (whole, own) => whole.or(own),
    }
}
