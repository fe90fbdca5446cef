//! The mistakes that are found before anything is sent.

/// What is wrong with an argument. All of these come from constructors and parsers, never from a proxy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// A host name is empty.
    #[error("the host name is empty")]
    NameEmpty,
    /// A host name is longer than a SOCKS message can carry. It is never resolved locally instead.
    #[error("the host name has {0} bytes, and SOCKS can carry 255")]
    NameTooLong(usize),
    /// A character that no host name has: a NUL, a control, a space, or what separates the parts of a URL.
    #[error("{0:?} can't stand in a host name")]
    NameCharacter(char),
    /// An international name in its Unicode form.
    #[error("the host name is not ASCII: give its punycode form (xn--...)")]
    NameNotAscii,
    /// Text in brackets that is no IPv6 address.
    #[error("what stands in the brackets is not an IPv6 address")]
    NotIpv6,
    /// An IPv6 zone in a target: it has a meaning on this machine only.
    #[error("an IPv6 zone has a meaning on this machine only")]
    Zone,
    /// The zone of a proxy's IPv6 address is neither a number nor the name of an interface.
    #[error("this machine has no interface of the IPv6 zone's name")]
    NoInterface,
    /// The zone of a proxy's IPv6 address is a name, which is looked up on Linux alone.
    #[error("on this system an IPv6 zone is written as a number")]
    ZoneName,
    /// An IPv6 address that should stand in brackets.
    #[error("an IPv6 address with a port is written [address]:port")]
    Unbracketed,
    /// There is no port, and there is no default for it.
    #[error("the port is missing")]
    PortMissing,
    /// The port is no number from 0 to 65535.
    #[error("the port is not a number from 0 to 65535")]
    NotAPort,
    /// SOCKS4 has no way to ask for an address from 0.0.0.1 to 0.0.0.255: SOCKS4a marks a name with them.
    #[error("SOCKS4 can't carry an address from 0.0.0.1 to 0.0.0.255")]
    MarkOfSocks4a,
    /// SOCKS4 has no IPv6 addresses.
    #[error("SOCKS4 can't carry an IPv6 address")]
    Ipv6OverSocks4,
    /// A SOCKS4 user id holds a NUL, which would end it.
    #[error("the SOCKS4 user id holds a NUL")]
    UserIdNul,
    /// A SOCKS4 user id is longer than 255 bytes.
    #[error("the SOCKS4 user id has {0} bytes, and 255 are sent at most")]
    UserIdTooLong(usize),
    /// The user name is empty, and that was not asked for.
    #[error("the user name is empty")]
    UserEmpty,
    /// The user name is longer than RFC 1929 can carry.
    #[error("the user name has {0} bytes, and SOCKS5 can carry 255")]
    UserTooLong(usize),
    /// The password is longer than RFC 1929 can carry.
    #[error("the password has {0} bytes, and SOCKS5 can carry 255")]
    PasswordTooLong(usize),
    /// SOCKS4 knows no password.
    #[error("SOCKS4 has no passwords")]
    PasswordOverSocks4,
    /// The same METHOD is offered twice.
    #[error("method X'{0:02X}' is offered twice")]
    MethodTwice(u8),
    /// `FF` means "no acceptable methods"; no METHOD can have it as its code.
    #[error("X'FF' is not a method")]
    NotAMethod,
    /// Everything can leave in one write only if the proxy has no choice: with exactly one METHOD offered, and that none or
    /// username/password.
    #[error("pipelining needs exactly one method, none or username/password")]
    NotPipelinable,
    /// The proxy is one of another SOCKS version than the stream that was asked for.
    #[error("the proxy speaks {proxy}, and {wanted} was asked for")]
    WrongVersion {
        /// What the proxy speaks.
        proxy: &'static str,
        /// What was asked for.
        wanted: &'static str,
    },
    /// METHODs were set for a SOCKS4 proxy, which knows none.
    #[error("SOCKS4 has no methods")]
    MethodOverSocks4,
    /// A user id was set for a SOCKS5 proxy, which knows user names instead.
    #[error("SOCKS5 has no user id: set a user name and a password")]
    UserIdOverSocks5,
    /// A proxy's URL without a scheme.
    #[error("a proxy's URL begins with a scheme, such as socks5h://")]
    SchemeMissing,
    /// The scheme of a proxy's URL.
    #[error(
        "the URL's scheme is none of SOCKS, which are socks4, socks4a, socks5, socks5h and socks, with +tls or +unix"
    )]
    Scheme,
    /// A part of a proxy's URL that has no meaning there: a path, a query or a fragment.
    #[error("a proxy's URL ends with host and port")]
    UrlTail,
    /// A Unix-domain socket's URL without a path, or with a path that the system can't take.
    #[error("a Unix-domain proxy is written scheme+unix:///path, or scheme+unix://%00name")]
    UnixPath,
    /// The path of a Unix-domain socket holds a NUL, at which the system would cut it off.
    #[error("the path of the Unix-domain socket holds a NUL")]
    PathNul,
    /// An `.onion` name would have to be looked up on this machine, which RFC 7686 forbids.
    ///
    /// For a target, let a Tor proxy resolve names: `socks5h` or `socks4a`. For a proxy's own name,
    /// put such a Tor proxy before it in a [`Chain`](crate::Chain).
    #[error(
        "an .onion name is never resolved on this machine: reach it through Tor, with socks5h or socks4a"
    )]
    OnionResolvedLocally,
    /// A datagram was to be sent to the peer, and no peer was set by `connect`.
    #[error("the socket is not connected to a peer")]
    NotConnected,
    /// A datagram was to be sent to a name, which is to be resolved locally, by a call that can't wait for a resolver.
    #[error("names are to be resolved locally, and this call takes addresses only")]
    NameToResolve,
    /// A datagram was to be sent from a buffer that has no [`HEADROOM`](crate::udp::HEADROOM).
    #[error("the buffer has no room in front for a header")]
    NoHeadroom,
    /// A datagram with its header has more bytes than UDP carries.
    #[error("a datagram of {0} bytes with its header is longer than UDP carries")]
    DatagramTooLong(usize),
    /// Fragments of no bytes.
    #[error("a fragment must have a payload")]
    FragmentSize,
    /// A payload would take so many fragments, and a sequence has 127 at most (RFC 1928 §7).
    #[error("the payload would take {0} fragments, and a sequence has 127")]
    TooManyFragments(usize),
    /// A Unix-domain socket can't be reached through a proxy.
    #[error("a Unix-domain socket can't stand behind another proxy")]
    UnixBehindAProxy,
    /// Text that is not Unicode.
    #[error("it is not Unicode: percent-encode what is not")]
    NotUnicode,
    /// An environment variable that should name a SOCKS proxy.
    #[error("{name}: {wrong}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        wrong: Box<Invalid>,
    },
    /// Datagrams go to a relay that only the last proxy of a chain could reach.
    #[error("datagrams can't go through a chain of proxies")]
    DatagramsThroughChain,
    /// There is no proxy to ask for a BIND or an association: connections are direct, or a rule chooses by target.
    #[error("there is no proxy that could be asked")]
    NoProxyToAsk,
    /// First bytes were to be sent with the request, and a METHOD that may have to encapsulate them is offered.
    #[error("first bytes can't be sent with the request where a method of one's own is offered")]
    EarlyDataWithCustomMethod,
    /// The proxy is behind TLS, and nothing is there to speak it.
    #[error("the proxy is behind TLS: give the connector what wraps a stream in it")]
    TlsNotWrapped,
    /// A proxy behind TLS can't be reached through another one: only the stream to the first is wrapped.
    #[error("a proxy behind TLS can't stand behind another proxy")]
    TlsBehindAProxy,
}
