//! The questions about a proxy.

use Kind::{Bind4, Connect4, Connect5, Datagrams, Dial, Greeting, Method, Request5};
use std::fmt;

/// A question about a proxy.
///
/// [`Display`](fmt::Display) is its text in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Question {
    /// Does the proxy accept TCP connections, or connections to its Unix-domain socket?
    Tcp,
    /// Does the wrapper of [`Probe::wrapped`](super::Probe::wrapped) succeed?
    Tls,
    /// Does SOCKS4 connect to an IPv4 address?
    Socks4,
    /// Does SOCKS4a connect to a name?
    Socks4a,
    /// Does the proxy support BIND of SOCKS4?
    Socks4Bind,
    /// Does the proxy select one of the METHODs of RFC 1928?
    Greeting,
    /// Does the proxy select METHOD `00`, no authentication?
    MethodNone,
    /// Does the proxy select METHOD `01`, GSS-API?
    MethodGssapi,
    /// Does the proxy select METHOD `02`, username/password?
    MethodPassword,
    /// Does the proxy accept the user name and the password?
    Credentials,
    /// Does the proxy select METHOD `80`, EAF of SOCKS5a?
    MethodEaf,
    /// Does the proxy select METHOD `81`, TOL of SOCKS5a?
    MethodTol,
    /// Does the proxy select METHOD `82`, AMC of SOCKS5a?
    MethodAmc,
    /// Does SOCKS5 connect to an IPv4 address?
    Socks5Ipv4,
    /// Does SOCKS5 connect to an IPv6 address?
    Socks5Ipv6,
    /// Does SOCKS5 connect to a name?
    Socks5Name,
    /// Does the proxy accept a [pipelined](crate::Auth::pipelined) handshake?
    Pipelined,
    /// Does the proxy support BIND of SOCKS5?
    Bind,
    /// Does the proxy support UDP ASSOCIATE?
    Udp,
    /// Do datagrams to an IPv4 address come back?
    UdpIpv4,
    /// Do datagrams to an IPv6 address come back?
    UdpIpv6,
    /// Do datagrams to a name come back?
    UdpName,
}

/// The kind of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A connection to the proxy.
    Dial,
    /// SOCKS4: a connection to the target.
    Connect4,
    /// SOCKS4: a port of the proxy.
    Bind4,
    /// SOCKS5: the proxy's choice among all METHODs.
    Greeting,
    /// SOCKS5: one METHOD, and nothing after it.
    Method,
    /// SOCKS5: a connection to the target.
    Connect5,
    /// SOCKS5: another request.
    Request5,
    /// Datagrams to the target and back.
    Datagrams,
}

impl Question {
    /// All questions, in the order of a report.
    pub const ALL: &'static [Self] = &[
        Self::Tcp,
        Self::Tls,
        Self::Socks4,
        Self::Socks4a,
        Self::Socks4Bind,
        Self::Greeting,
        Self::MethodNone,
        Self::MethodGssapi,
        Self::MethodPassword,
        Self::Credentials,
        Self::MethodEaf,
        Self::MethodTol,
        Self::MethodAmc,
        Self::Socks5Ipv4,
        Self::Socks5Ipv6,
        Self::Socks5Name,
        Self::Pipelined,
        Self::Bind,
        Self::Udp,
        Self::UdpIpv4,
        Self::UdpIpv6,
        Self::UdpName,
    ];

    /// Returns a name for programs, such as `socks5-ipv4`. It never changes.
    #[must_use]
    pub const fn id(self) -> &'static str {
        self.row().0
    }

    pub(super) const fn kind(self) -> Kind {
        self.row().2
    }

    const fn row(self) -> (&'static str, &'static str, Kind) {
        match self {
            Self::Tcp => ("tcp", "TCP connection", Dial),
            Self::Tls => ("tls", "TLS connection", Dial),
            Self::Socks4 => ("socks4", "SOCKS4 to IPv4", Connect4),
            Self::Socks4a => ("socks4a", "SOCKS4a to a name", Connect4),
            Self::Socks4Bind => ("socks4-bind", "SOCKS4 BIND", Bind4),
            Self::Greeting => ("socks5", "SOCKS5 greeting", Greeting),
            Self::MethodNone => ("method-none", "METHOD 00, none", Method),
            Self::MethodGssapi => ("method-gssapi", "METHOD 01, GSS-API", Method),
            Self::MethodPassword => ("method-password", "METHOD 02, password", Method),
            Self::Credentials => ("credentials", "credentials", Method),
            Self::MethodEaf => ("method-eaf", "METHOD 80, EAF", Method),
            Self::MethodTol => ("method-tol", "METHOD 81, TOL", Method),
            Self::MethodAmc => ("method-amc", "METHOD 82, AMC", Method),
            Self::Socks5Ipv4 => ("socks5-ipv4", "SOCKS5 to IPv4", Connect5),
            Self::Socks5Ipv6 => ("socks5-ipv6", "SOCKS5 to IPv6", Connect5),
            Self::Socks5Name => ("socks5-name", "SOCKS5 to a name", Connect5),
            Self::Pipelined => ("pipelined", "SOCKS5 in one write", Request5),
            Self::Bind => ("bind", "BIND", Request5),
            Self::Udp => ("udp", "UDP ASSOCIATE", Request5),
            Self::UdpIpv4 => ("udp-ipv4", "datagrams to IPv4", Datagrams),
            Self::UdpIpv6 => ("udp-ipv6", "datagrams to IPv6", Datagrams),
            Self::UdpName => ("udp-name", "datagrams to a name", Datagrams),
        }
    }
}

impl Kind {
    pub(super) const fn is_socks4(self) -> bool {
        matches!(self, Connect4 | Bind4)
    }

    pub(super) const fn is_about_target(self) -> bool {
        !matches!(self, Dial | Greeting | Method)
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.row().1)
    }
}
