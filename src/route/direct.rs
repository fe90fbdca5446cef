//! Connections and lookups without a proxy.

use super::path::proxy_deadline;
use super::upstreams::Way;
use super::wrap::{Wrap, wrap_error};
use crate::error::{Error, Stage};
use crate::protocol::command::Command;
use crate::protocol::early_data::EarlyData;
use crate::protocol::established::{Established, ProtocolVersion};
use crate::protocol::target::Target;
use crate::proxy::{Dialling, Lookup};
use crate::runtime::dial::interleave;
use crate::runtime::{Deadline, Runtime, deadline, no_address, resolve, resolved};
use crate::trace;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Connects to the target without a proxy.
pub(super) async fn connect_directly<R: Runtime, W: Wrap<R>>(
    wrap: &W,
    dialling: &Dialling,
    target: Target<'_>,
    early_data: &[u8],
    limit: Option<Duration>,
) -> Result<(W::Stream, Established), Error> {
    let request = trace::request(&Command::Connect, &"none", &target);
    let deadline = deadline::<R>(limit);
    let connected = async {
        let connected = connect::<R, W>(wrap, dialling, &target, early_data, deadline).await;
        connected.map_err(|error| error.about(&target))
    };
    request.watch(connected).await
}

async fn connect<R: Runtime, W: Wrap<R>>(
    wrap: &W,
    dialling: &Dialling,
    target: &Target<'_>,
    early_data: &[u8],
    deadline: Deadline,
) -> Result<(W::Stream, Established), Error> {
    let target = target.borrowed().into_standard()?;
    let options = &dialling.socket;
    let dialled = if let Some(ip) = target.ip() {
        R::connect(&(ip, target.port()).into(), options, deadline).await
    } else {
        let name = target.domain().unwrap_or_default();
        let addrs = resolve::<R>(&dialling.lookup, name, target.port(), deadline)
            .await
            .map_err(Error::of_target_name)?;
        let addrs = interleave(addrs).into_iter().map(Into::into).collect();
        R::race(addrs, options, deadline).await
    };
    let stream = dialled.map_err(|failures| failures.at(Stage::Direct))?;
    trace::connected(Stage::Direct);
    let ends = R::ends(&stream).map_err(wrap_error(Stage::Direct))?;
    let mut stream = wrap.wrap(stream, None, deadline).await.map_err(wrap_error(Stage::Direct))?;
    W::converse(&mut stream, &mut EarlyData::new(Stage::Direct, early_data), deadline).await?;
    let stream = W::finish(stream).map_err(wrap_error(Stage::Direct))?;
    let established =
        Established { bound: ends.local.into(), negotiated: None, version: ProtocolVersion::V5 };
    Ok((stream, established))
}

/// Resolves a name on this machine. With a proxy, returns an address that its protocol can carry.
pub(super) async fn resolved_locally<R: Runtime>(
    name: &str,
    way: Way<'_>,
    direct: &Lookup,
) -> Result<IpAddr, Error> {
    let Some(chain) = way.chain else {
        let addrs = resolve::<R>(direct, name, 0, deadline::<R>(way.limit)).await;
        let first = addrs.and_then(|addrs| addrs.first().map(SocketAddr::ip).ok_or_else(|| no_address(name)));
        return first.map_err(|error| error.of_target_name().about(name));
    };
    let (last, count) = (chain.last(), chain.hops().len());
    let limit = proxy_deadline::<R>(deadline::<R>(way.limit), last);
    let found = resolved::<R>(&last.dialling().lookup, last.protocol(), name, 0, limit).await;
    let first =
        found.and_then(|mut targets| targets.find_map(|target| target.ip()).ok_or_else(|| no_address(name)));
    first.map_err(|error| error.of_target_name().at_hop(last, count, count).about(name))
}

#[cfg(test)]
mod tests;
