//! Why a question was not asked.

use std::fmt;

/// Why a question was not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotTried {
    /// There is no wrapper ([`Probe::wrapped`](super::Probe::wrapped)).
    NoWrapper,
    /// The proxy has no credentials ([`Proxy::password`](crate::Proxy::password)).
    NoCredentials,
    /// No IPv4 address of the target is known.
    NoIpv4Target,
    /// No IPv6 address of the target is known.
    NoIpv6Target,
    /// No name of the target is known.
    NoTargetName,
    /// This machine has no IPv6 loopback address.
    NoIpv6Here,
    /// The target is not in this process, so nothing would send datagrams back.
    TargetElsewhere,
    /// The proxy could not be reached.
    NoConnection,
    /// The proxy does not speak SOCKS4.
    NotSocks4,
    /// The proxy does not speak SOCKS5.
    NotSocks5,
    /// The proxy does not connect to the target in this process.
    TargetNotReached,
    /// The proxy grants no CONNECT, so a pipelined one proves nothing.
    NothingGranted,
}

impl fmt::Display for NotTried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoWrapper => "the proxy is not behind TLS",
            Self::NoCredentials => "the proxy has no credentials",
            Self::NoIpv4Target => "no IPv4 address of the target is known",
            Self::NoIpv6Target => "no IPv6 address of the target is known",
            Self::NoTargetName => "no name of the target is known",
            Self::NoIpv6Here => "this machine has no IPv6",
            Self::TargetElsewhere => "datagrams need a target in this process",
            Self::NoConnection => "there is no connection to the proxy",
            Self::NotSocks4 => "the proxy does not speak SOCKS4",
            Self::NotSocks5 => "the proxy does not speak SOCKS5",
            Self::TargetNotReached => "the proxy does not reach the target in this process",
            Self::NothingGranted => "the proxy grants no target step by step either",
        })
    }
}
