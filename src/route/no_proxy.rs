//! Which targets are connected to without a proxy.

use super::exception::{Dialect, Exception};
use crate::protocol::target::Target;
use std::convert::Infallible;
use std::str::FromStr;

/// Targets that are connected to directly, as `NO_PROXY` lists them.
///
/// Entries are separated by commas or white space, as in `NO_PROXY`, or by `|` (Java's
/// `http.nonProxyHosts`) or `;` (Windows' `ProxyOverride`). There is no standard for them, so the
/// tables list each form of curl, Go, Python, npm, .NET, Java and Windows.
///
/// | entry | known to | covers |
/// |---|---|---|
/// | `*` | all | all targets |
/// | `example.com`, `.example.com`, `*.example.com` | curl, Go, Python, npm, .NET | that name and all names below it |
/// | `example.com` in a list with `\|` or `;` | Java, Windows | that name alone |
/// | `*.example.com`, `.example.com` in such a list | Java, Windows | the names below it, and not the name itself |
/// | `192.0.2.7`, `2001:db8::7`, `[2001:db8::7]` | all | that address |
/// | `192.0.2.0/24`, `2001:db8::/32`, `[2001:db8::]/32` | curl, Go, Python's requests | the addresses of that block |
/// | `172.17.*`, `172.17.*.*` | Java, Windows | the addresses of `172.17.0.0/16`; one to three numbers, then only `*` |
/// | `example.com:8080`, `192.0.2.7:8080`, `[2001:db8::7]:8080`, `*:8080` | Go, npm, Python | the same, at that port alone |
/// | `<local>` | Windows | names without a dot that are no numbers |
/// | `<-loopback>` | Windows | nothing: loopback addresses are not covered unless they are listed |
///
/// Where these differ, a list with commas is read as by curl. Go and npm do not count
/// `example.com` itself to `.example.com` and `*.example.com`; npm and .NET mean that name alone
/// by `example.com`. Python and .NET have no `*.example.com`.
///
/// These are [ignored](Self::ignored), and cover nothing:
///
/// | entry | known to |
/// |---|---|
/// | `http://example.com`, `https://*` | Windows |
/// | `*example.com`, `db*.example.com`, `internal.*`, `192.0.2.1*`, `*.2.7` | Java, Windows; npm the first |
/// | `192.0.2.0/24:8080`, `172.17.*:8080`, `:8080` | Windows, and a few others |
/// | `192.0.2.0/255.255.255.0`, `192.0.2.1-192.0.2.9`, `fe80::1%eth0` | others |
/// | `^10\..*`, `"localhost`, and other characters that no host name has | regular expressions of .NET; quotes around a list |
/// | `bücher.example`; write `xn--bcher-kva.example` | Go, curl |
///
/// Names are compared without regard to case and to a dot at their end, and are never resolved:
///
/// - A block covers addresses that are asked for as such, and not a name that has one.
/// - `localhost` covers that name (and those below it), and not `127.0.0.1` or `::1`;
///   [`loopback`](Self::loopback) adds them.
/// - `127.1`, `0x7f000001` and `172.17.` are names, in a list as in a target, though some
///   resolvers take them for addresses: `127.0.0.0/8` does not cover a target that is written so.
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProxy {
    exceptions: Vec<Exception>,
    ignored: Vec<String>,
}

impl NoProxy {
    /// Reads a list.
    #[must_use]
    pub fn new(list: &str) -> Self {
        let dialect = if list.contains(['|', ';']) { Dialect::Patterns } else { Dialect::Suffixes };
        let mut read = Self::default();
        for entry in list.split(|c: char| matches!(c, ',' | '|' | ';') || c.is_whitespace()) {
            match Exception::read(entry, dialect) {
                Some(exception) => read.exceptions.push(exception),
                None if entry.is_empty() || entry.eq_ignore_ascii_case("<-loopback>") => {}
                None => read.ignored.push(entry.to_owned()),
            }
        }
        read
    }

    /// Adds the loopback interface: `127.0.0.0/8`, `::1` and `localhost`.
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

    /// Returns the entries that can never match, because they have none of the forms that are
    /// read.
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
