//! Tests what a proxy can do.
//!
//! [`Probe`] asks a proxy a list of [`Question`]s: which versions and METHODs it speaks, which
//! requests it grants, and whether data and datagrams come back. The [`Report`] is typed, and
//! prints as a table for a bug report.
//!
//! ```no_run
//! use anysocks::probe::{Probe, Question, Verdict};
//!
//! let report = Probe::new("socks5h://user:password@127.0.0.1:1080")?.run()?;
//! println!("{report}");
//! let relays_datagrams = report.answer(Question::UdpName).map(|answer| answer.verdict());
//! if relays_datagrams != Some(Verdict::Yes) {
//!     println!("no QUIC through this proxy");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Whether a proxy accepts the client at all is a matter of one connection:
//! [`Connector::check`](crate::Connector::check).
//!
//! # Threads and runtimes
//!
//! A probe uses the [blocking](crate::blocking) front end, so it needs no runtime and no
//! dependency. [`Probe::run`] blocks its thread for about a second with a fast proxy, and for up
//! to 28 [timeouts](Probe::timeout) with a slow one. An asynchronous program calls it on another
//! thread, for example with tokio's `spawn_blocking`.
//!
//! # JSON
//!
//! There is no dependency on serde. All details are public, and [`Question::id`] and
//! [`Verdict`] have names that never change:
//!
//! ```
//! use anysocks::probe::Report;
//!
//! /// Prints one line for each answer.
//! fn print(report: &Report) {
//!     for answer in report.answers() {
//!         let reply = answer.reply().map(|reply| reply.code());
//!         let (id, verdict) = (answer.question.id(), answer.verdict());
//!         println!("{id}\t{verdict}\t{reply:?}\t{:?}", answer.detail());
//!     }
//! }
//! ```

mod aim;
mod answer;
mod datagrams;
mod dialler;
mod echo;
mod event;
mod failure;
mod gssapi;
mod method;
mod not_tried;
mod note;
mod order;
mod prober;
mod question;
mod reason;
mod report;
mod source;
mod wire;

pub use answer::{Answer, Found, Verdict};
pub use failure::{Defect, Failure};
pub use not_tried::NotTried;
pub use note::Note;
pub use question::Question;
pub use report::Report;

use crate::error::invalid::Invalid;
use crate::error::{Error, Stage};
use crate::protocol::target::{IntoTarget, Target};
use crate::protocol::version::V5;
use crate::proxy::into_proxy::IntoProxy;
use crate::proxy::{Endpoint, Proxy};
use aim::Aim;
use dialler::{Dialler, Wrapper};
use order::{ask_all, refuses_all_targets};
use prober::Prober;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use std::{fmt, mem};
use wire::Wrapped;

/// The timeout of each connection, unless another one is set.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A test of what a proxy can do.
///
/// The proxy's credentials and METHODs are tested too. So are SOCKS4 and SOCKS5, whichever version
/// the proxy's URL has. The proxy resolves the names of targets; this machine resolves only the
/// name of the proxy itself, and with [`Resolve::Locally`](crate::Resolve::Locally) that of a relay.
///
/// Datagrams are sent to the relay that an association of this crate uses: the
/// [`Relay`](crate::udp::Relay) of the proxy's [UDP options](crate::Proxy::udp) applies. If the
/// relay is not at the address in the reply, a [note](Note::RelayReplaced) contains that address.
/// The other options have no effect: notes name the ones that a client needs.
///
/// # Targets
///
/// If the proxy is on this machine, the target is a server in this process, on loopback, which
/// sends back all that it receives. It stops at the end of the run. If the proxy is on another
/// machine, or refuses that server, as Tor and `ssh -D` to another host do, the targets are
/// `example.com:80`, `1.1.1.1:80` and `[2606:4700:4700::1111]:80`. The probe only connects to
/// them. [`target`](Self::target) sets others.
pub struct Probe {
    proxy: Proxy,
    targets: Vec<Target<'static>>,
    timeout: Duration,
    wrapper: Option<Box<Wrapper>>,
}

impl Probe {
    /// Creates a probe of this proxy.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Invalid`](crate::ErrorKind::Invalid): the argument is not a proxy.
    pub fn new<'a>(proxy: impl IntoProxy<'a>) -> Result<Self, Error> {
        let proxy = proxy.into_proxy::<V5>()?.into_owned();
        Ok(Self { proxy, targets: Vec::new(), timeout: TIMEOUT, wrapper: None })
    }

    /// Adds a target, in place of the default ones.
    ///
    /// Several calls set the IPv4 address, the IPv6 address and the name of one server. It only
    /// has to accept connections. No data are sent to it.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Invalid`](crate::ErrorKind::Invalid): the argument is not a target, or is one
    ///   of SOCKS5a.
    pub fn target<'t>(mut self, target: impl IntoTarget<'t>) -> Result<Self, Error> {
        self.targets.push(target.into_target()?.into_standard()?.into_owned());
        Ok(self)
    }

    /// Sets the timeout of each connection, and of datagrams. It is 5 seconds by default, and
    /// replaces the [proxy's](Proxy::timeout).
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Wraps each connection to the proxy, for example in TLS (`socks5h+tls://`).
    ///
    /// The function is that of [`Connector::wrapped`](crate::Connector::wrapped) on the blocking
    /// front end; its second argument is the proxy. It has to complete the handshake of TLS: the
    /// question [`Tls`](Question::Tls) is whether it succeeds. At the timeout, the socket is shut
    /// down. Datagrams are not wrapped.
    #[must_use]
    pub fn wrapped<S: Read + Write + Send + 'static>(
        self,
        wrap: impl Fn(TcpStream, Option<&Proxy>) -> io::Result<S> + Send + Sync + 'static,
    ) -> Self {
        let wrapper: Box<Wrapper> = Box::new(move |stream, proxy| {
            let wrapped: Box<dyn Wrapped> = Box::new(wrap(stream, proxy)?);
            Ok(wrapped)
        });
        Self { wrapper: Some(wrapper), ..self }
    }

    /// Asks all questions, one after the other.
    ///
    /// A proxy that can't be reached, or is no proxy, is not an error: the report says so.
    ///
    /// # Errors
    ///
    /// - [`Invalid::TlsNotWrapped`]: the proxy is behind TLS, and there is no
    ///   [wrapper](Self::wrapped).
    /// - [`ErrorKind::Io`](crate::ErrorKind::Io): the target in this process can't be started.
    pub fn run(&self) -> Result<Report, Error> {
        if self.proxy.is_behind_tls() && self.wrapper.is_none() {
            return Err(Invalid::TlsNotWrapped.into());
        }
        let mut aim = match &*self.targets {
            [] if is_here(self.proxy.endpoint()) => {
                Aim::own().map_err(|error| Error::io(Stage::Preparation, error))?
            }
            [] => Aim::elsewhere()?,
            targets => Aim::at(targets),
        };
        let mut answers = self.ask(&aim, Vec::new())?;
        if aim.is_own() && refuses_all_targets(&answers) {
            aim = Aim::elsewhere()?;
            answers = self.ask(&aim, mem::take(&mut answers))?;
        }
        Ok(Report::new(self.proxy.endpoint().clone(), &aim, answers))
    }

    fn ask(&self, aim: &Aim, earlier: Vec<Answer>) -> Result<Vec<Answer>, Error> {
        let dialler = Dialler { proxy: &self.proxy, wrapper: self.wrapper.as_deref(), timeout: self.timeout };
        Ok(ask_all(&Prober::new(dialler, aim)?, earlier))
    }
}

/// Whether the proxy is on this machine. Its connections may still start on another one: at Tor's
/// exit, or the server of `ssh -D`.
fn is_here(proxy: &Endpoint) -> bool {
    // To connect to an unspecified address is to connect to this machine.
    let is_own = |addr: &SocketAddr| {
        let ip = addr.ip().to_canonical();
        ip.is_loopback() || ip.is_unspecified()
    };
    match proxy {
        Endpoint::Addr(addr) => is_own(addr),
        Endpoint::Addrs(addrs) => addrs.iter().all(is_own),
        Endpoint::Name(name, _) => is_localhost(name.as_str()),
        Endpoint::Unix(_) => true,
    }
}

/// Whether this is `localhost`, or a name under it (RFC 6761 §6.3).
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let last = name.rsplit('.').next().unwrap_or(name);
    last.eq_ignore_ascii_case("localhost")
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe")
            .field("proxy", &self.proxy)
            .field("targets", &self.targets)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_on_this_machine() {
        for (proxy, expected) in [
            ("127.0.0.1:1", true),
            ("127.8.9.1:1", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("0.0.0.0:1", true),
            ("[::]:1", true),
            ("localhost:1", true),
            ("LocalHost:1", true),
            ("localhost.:1", true),
            ("tor.LOCALHOST.:1", true),
            ("socks5h+unix:///run/tor/socks", true),
            ("192.0.2.1:1", false),
            ("[::ffff:192.0.2.1]:1", false),
            ("[fe80::1]:1", false),
            ("localhost.example:1", false),
            ("notlocalhost:1", false),
        ] {
            let probe = Probe::new(proxy).expect(proxy);
            assert_eq!(is_here(probe.proxy.endpoint()), expected, "{proxy}");
        }
        let addrs = |ips: [&str; 2]| ips.map(|ip| SocketAddr::new(ip.parse().unwrap(), 1)).to_vec();
        for (ips, expected) in
            [(["127.0.0.1", "::ffff:127.0.0.1"], true), (["127.0.0.1", "192.0.2.1"], false)]
        {
            assert_eq!(is_here(&Endpoint::Addrs(addrs(ips).into())), expected, "{ips:?}");
        }
    }
}
