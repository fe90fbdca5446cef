//! The targets that are connected to without a proxy.

use super::exception::{Dialect, Exception};
use crate::protocol::target::Target;
use std::convert::Infallible;
use std::str::FromStr;

/// A list of targets that are connected to directly, in the syntax of `NO_PROXY`.
///
/// Pass it to [`Connector::no_proxy`](crate::Connector::no_proxy).
/// [`Connector::from_env`](crate::Connector::from_env) reads it from the environment.
///
/// ```
/// use anysocks::{NoProxy, Target};
///
/// let direct = NoProxy::new(".internal.example, 10.0.0.0/8, db*").loopback();
/// assert!(direct.covers(&Target::try_from("db.internal.example:5432")?));
/// assert!(direct.covers(&Target::try_from("127.0.0.1:80")?));
/// assert!(!direct.covers(&Target::try_from("example.com:443")?));
/// assert_eq!(direct.ignored().collect::<Vec<_>>(), ["db*"]);
/// # Ok::<(), anysocks::Error>(())
/// ```
///
/// Entries are separated by commas or white space, as in `NO_PROXY`, or by `|` (Java's
/// `http.nonProxyHosts`) or `;` (Windows' `ProxyOverride`). There is no standard, so the tables
/// list every form that curl, Go, Python, npm, .NET, Java and Windows accept.
///
/// # Entries
///
/// | entry | accepted by | covers |
/// |---|---|---|
/// | `*` | all | all targets, but Unix-domain sockets at the proxy |
/// | `example.com`, `.example.com`, `*.example.com` | curl, Go, Python, npm, .NET | that name and its subdomains |
/// | `example.com` in a list with `\|` or `;` | Java, Windows | that name only |
/// | `*.example.com`, `.example.com` in such a list | Java, Windows | its subdomains, without the name itself |
/// | `192.0.2.7`, `2001:db8::7`, `[2001:db8::7]` | all | that address |
/// | `192.0.2.0/24`, `2001:db8::/32`, `[2001:db8::]/32` | curl, Go, Python's requests | the addresses in that block |
/// | `172.17.*`, `172.17.*.*` | Java, Windows | the addresses in `172.17.0.0/16`; one to three numbers, then only `*` |
/// | `example.com:8080`, `192.0.2.7:8080`, `[2001:db8::7]:8080`, `*:8080` | Go, npm, Python | the same, with that port only |
/// | `<local>` | Windows | names without a dot that are not numbers |
/// | `<-loopback>` | Windows | nothing: loopback addresses are not covered unless they are listed |
///
/// Where these programs differ, a list with commas has the meaning that curl gives it. In Go and
/// npm, `.example.com` and `*.example.com` do not cover `example.com`. In npm and .NET,
/// `example.com` covers that name only. Python and .NET do not accept `*.example.com`.
///
/// # Ignored entries
///
/// These entries cover nothing, and [`ignored`](Self::ignored) returns them:
///
/// | entry | accepted by |
/// |---|---|
/// | `http://example.com`, `https://*` | Windows |
/// | `*example.com`, `db*.example.com`, `internal.*`, `192.0.2.1*`, `*.2.7` | Java, Windows; npm the first |
/// | `192.0.2.0/24:8080`, `172.17.*:8080`, `:8080` | Windows, and a few others |
/// | `192.0.2.0/255.255.255.0`, `192.0.2.1-192.0.2.9`, `fe80::1%eth0` | others |
/// | `^10\..*`, `"localhost`, and other characters outside host names | regular expressions of .NET; quotes around a list |
/// | `bücher.example`; write `xn--bcher-kva.example` | Go, curl |
///
/// # Limits
///
/// Names are compared case-insensitively and without a final dot. They are never resolved:
///
/// - A block covers targets that are addresses. It does not cover a name with such an address.
/// - `localhost` covers that name and its subdomains, but not `127.0.0.1` or `::1`.
///   [`loopback`](Self::loopback) adds these.
/// - `127.1`, `0x7f000001` and `172.17.` are names, in a list and in a target, although some
///   resolvers read them as addresses. `127.0.0.0/8` does not cover such a target.
#[doc(alias = "NO_PROXY")]
#[doc(alias = "nonProxyHosts")]
#[doc(alias = "ProxyOverride")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProxy {
    exceptions: Vec<Exception>,
    ignored: Vec<String>,
}

impl NoProxy {
    /// Parses a list. It never fails: [`ignored`](Self::ignored) returns the entries without
    /// effect.
    #[must_use]
    pub fn new(list: &str) -> Self {
        let dialect = if list.contains(['|', ';']) { Dialect::Patterns } else { Dialect::Suffixes };
        let mut parsed = Self::default();
        for entry in list.split(|c: char| matches!(c, ',' | '|' | ';') || c.is_whitespace()) {
            match Exception::parse(entry, dialect) {
                Some(exception) => parsed.exceptions.push(exception),
                None if entry.is_empty() || entry.eq_ignore_ascii_case("<-loopback>") => {}
                None => parsed.ignored.push(entry.to_owned()),
            }
        }
        parsed
    }

    /// Adds `127.0.0.0/8`, `::1` and `localhost`.
    #[must_use]
    pub fn loopback(mut self) -> Self {
        self.exceptions.extend(Self::new("127.0.0.0/8, ::1, localhost").exceptions);
        self
    }

    /// Returns whether the target is connected to directly.
    #[must_use]
    pub fn covers(&self, target: &Target<'_>) -> bool {
        self.exceptions.iter().any(|exception| exception.covers(target))
    }

    /// Returns the entries that can never match, because their form is unknown.
    pub fn ignored(&self) -> impl Iterator<Item = &str> {
        self.ignored.iter().map(String::as_str)
    }
}

impl FromStr for NoProxy {
    type Err = Infallible;

    fn from_str(list: &str) -> Result<Self, Infallible> {
        Ok(Self::new(list))
    }
}
