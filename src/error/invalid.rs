//! Mistakes in arguments, found before anything is sent.

/// A mistake in an argument.
///
/// Constructors, parsers and calls return it before they send anything, in an
/// [`Error`](crate::Error) of the kind [`ErrorKind::Invalid`](crate::ErrorKind::Invalid). The
/// stage is [`Stage::Preparation`](crate::Stage::Preparation).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// The host name is empty.
    #[error("the host name is empty")]
    NameEmpty,
    /// The host name has more than 255 bytes. It is not resolved locally instead.
    ///
    /// The field is its length in bytes.
    #[doc(alias = "ExceededMaxDomainLen")]
    #[doc(alias = "TooLongString")]
    #[error("the host name has {0} bytes, and SOCKS can carry 255")]
    NameTooLong(usize),
    /// The host name contains a character that no host name has.
    ///
    /// Such characters are controls, spaces, and the separators in a URL.
    #[error("{0:?} can't stand in a host name")]
    NameCharacter(char),
    /// The host name is international and not in its punycode form.
    #[error("the host name is not ASCII: give its punycode form (xn--...)")]
    NameNotAscii,
    /// The text in brackets is not an IPv6 address.
    #[error("the text in brackets is not an IPv6 address")]
    NotIpv6,
    /// The target is an IPv6 address with a zone, which has a meaning on this machine only.
    #[error("an IPv6 zone has a meaning on this machine only")]
    Zone,
    /// The zone of the proxy's IPv6 address is neither a number nor the name of an interface.
    #[error("this machine has no interface of the IPv6 zone's name")]
    NoInterface,
    /// The zone of the proxy's IPv6 address is a name, which only Linux resolves.
    #[error("on this system an IPv6 zone is written as a number")]
    ZoneName,
    /// An IPv6 address with a port, or with a zone in a text, is not in brackets.
    #[error("an IPv6 address with a port is written [address]:port")]
    Unbracketed,
    /// The list of a proxy's addresses is empty.
    #[error("the list of the proxy's addresses is empty")]
    NoAddress,
    /// The list of [`Upstreams`](crate::Upstreams) is empty.
    #[error("the list of proxies is empty")]
    NoUpstream,
    /// The list of [`Upstreams`](crate::Upstreams) has an HTTP proxy, without which the next try
    /// would be direct, or there would be none.
    #[error("the list needs its HTTP proxy, and only SOCKS proxies are supported, such as SOCKS5 host:1080")]
    HttpUpstream,
    /// The target has no port.
    #[error("the port is missing: write host:port")]
    PortMissing,
    /// The port is not a number from 0 to 65535.
    #[error("the port is not a number from 0 to 65535")]
    NotAPort,
    /// SOCKS4: the target is an address from 0.0.0.1 to 0.0.0.255.
    ///
    /// SOCKS4a marks a name with these addresses.
    #[error("SOCKS4 can't carry an address from 0.0.0.1 to 0.0.0.255")]
    MarkOfSocks4a,
    /// SOCKS4: the target is an IPv6 address.
    #[error("SOCKS4 can't carry an IPv6 address")]
    Ipv6OverSocks4,
    /// SOCKS4: the user id contains a NUL, which would end it.
    #[error("the SOCKS4 user id holds a NUL")]
    UserIdNul,
    /// SOCKS4: the user id has more than 255 bytes.
    ///
    /// The field is its length in bytes.
    #[error("the SOCKS4 user id has {0} bytes, and 255 are sent at most")]
    UserIdTooLong(usize),
    /// The user name is empty. [`Credentials::without_user`](crate::Credentials::without_user)
    /// allows that.
    #[error("the user name is empty")]
    UserEmpty,
    /// The user name has more than 255 bytes (RFC 1929 §2).
    ///
    /// The field is its length in bytes.
    #[error("the user name has {0} bytes, and SOCKS5 can carry 255")]
    UserTooLong(usize),
    /// The password has more than 255 bytes (RFC 1929 §2).
    ///
    /// The field is its length in bytes.
    #[error("the password has {0} bytes, and SOCKS5 can carry 255")]
    PasswordTooLong(usize),
    /// A password was set for a SOCKS4 proxy.
    #[error("SOCKS4 has no passwords")]
    PasswordOverSocks4,
    /// The same METHOD is offered twice.
    ///
    /// The field is its code.
    #[error("method X'{0:02X}' is offered twice")]
    MethodTwice(u8),
    /// A custom METHOD has the code `FF`, which means "no acceptable methods" (RFC 1928 §3).
    #[error("X'FF' is not a method")]
    NotAMethod,
    /// A METHOD has to be prepared before this handshake, with
    /// [`Auth::prepare`](crate::Auth::prepare).
    ///
    /// The field is its code. Only the front end `futures` and custom drivers return this.
    #[error("method X'{0:02X}' must be prepared first, with `Auth::prepare`")]
    MethodNotPrepared(u8),
    /// The proxy selected a METHOD whose preparation was used by an earlier connection.
    ///
    /// The field is its code. Each connection needs a call of
    /// [`Auth::prepare`](crate::Auth::prepare).
    #[error("method X'{0:02X}' was prepared for one connection, and it has been used")]
    MethodUsed(u8),
    /// A second request was made over the TCP connection of an association while another one waits
    /// for its reply.
    ///
    /// [`request`](crate::blocking::Socks5UdpSocket::request) returns this.
    #[error("another request is waiting for its reply on the association's TCP connection")]
    AnotherRequest,
    /// Another request was made on a connection whose METHOD has not negotiated
    /// [several](crate::protocol::Negotiated::several_requests).
    ///
    /// [`Socks5::after`](crate::protocol::Socks5::after) returns this, and the `request` of a UDP
    /// socket.
    #[error("this connection carries one request: its method does not allow several, as those of SOCKS5a do")]
    OneRequest,
    /// An encapsulation asks for a pause, and neither the front end nor the encapsulation has a
    /// clock.
    ///
    /// Only the front end `futures` has none: return one from
    /// [`Seal::clock`](crate::protocol::Seal::clock). The frame was not sent.
    #[error(
        "the encapsulation pauses, and there is no clock: use a front end with a runtime, or give the method a clock"
    )]
    NoClock,
    /// The command or the target of a request is one of SOCKS5a, and no METHOD of SOCKS5a is
    /// offered or negotiated.
    ///
    /// A [`TargetUrl`](crate::TargetUrl) can have a fallback to its host and port.
    #[error(
        "only a proxy with a method of SOCKS5a takes this request; a URL may have a fallback (`TargetUrl::with_fallback`)"
    )]
    NeedsSocks5a,
    /// A request with this command can't have this target.
    ///
    /// The field is the name of the command.
    ///
    /// `POOL_GET` takes a pool identifier, as no other command does. Lookups of names take a name.
    #[error("a request with {0} can't have this target")]
    TargetOfCommand(&'static str),
    /// The path or the abstract name of a Unix-domain socket at the proxy has not 1 to 255 bytes.
    ///
    /// The field is its length in bytes.
    #[error("the path or name of the Unix-domain socket has {0} bytes, and SOCKS5a carries 1 to 255")]
    UnixNameLength(usize),
    /// The path or the abstract name of a Unix-domain socket at the proxy contains a NUL.
    #[error(
        "the path or name of the Unix-domain socket holds a NUL: leave out the one before an abstract name"
    )]
    UnixNameNul,
    /// A datagram's target is one of SOCKS5a, without a fallback.
    ///
    /// Headers of datagrams carry addresses and names alone.
    #[error("a datagram can't have this target: give an IP address or a name")]
    TargetOfDatagram,
    /// A pool identifier has not 1 to 255 bytes.
    ///
    /// The field is its length in bytes.
    #[error("the pool identifier has {0} bytes, and SOCKS5a carries 1 to 255")]
    PoolIdLength(usize),
    /// The scheme of a URL as a target is not one that SOCKS5a knows.
    #[error("the URL of a target begins with http://, https://, ws://, wss://, ftp:// or sftp://")]
    UrlScheme,
    /// The URL of a target has no host.
    #[error("the URL has no host")]
    UrlHost,
    /// The URL of a target has more than 2,048 bytes.
    ///
    /// The field is its length in bytes.
    #[error("the URL has {0} bytes, and SOCKS5a carries 2048")]
    UrlTooLong(usize),
    /// The URL of a target contains a character that a URL has only percent-encoded (RFC 3986 §2).
    #[error("{0:?} must be percent-encoded in a URL")]
    UrlCharacter(char),
    /// The URL of a target contains a `%` without two hexadecimal digits behind it.
    #[error("`%` in a URL is followed by two hexadecimal digits: write `%25` for the character itself")]
    UrlPercent,
    /// The URL of a target has user information, which the proxy would learn.
    #[error("the URL has a user name or password, which the proxy would learn: remove it")]
    UrlUser,
    /// The URL of a target has a fragment.
    #[error("the URL has a fragment, which is for the client alone: remove it, from `#` on")]
    UrlFragment,
    /// A pipelined handshake would offer a choice of METHODs, or a custom one that does not support
    /// it.
    ///
    /// It needs exactly one METHOD: no authentication, username/password, GSS-API, or a custom one
    /// with [`Method::request`](crate::protocol::Method::request).
    #[error("pipelining needs exactly one method: none, username/password, or one that supports it")]
    NotPipelinable,
    /// The proxy speaks another SOCKS version than the requested one.
    #[error(
        "the proxy speaks {proxy}, and {wanted} was asked for: change the scheme of its URL if it speaks both; \
         `Connector` connects and binds through either version"
    )]
    WrongVersion {
        /// The version that the proxy speaks.
        proxy: &'static str,
        /// The requested version.
        wanted: &'static str,
    },
    /// METHODs were set for a SOCKS4 proxy.
    #[error("SOCKS4 has no methods")]
    MethodOverSocks4,
    /// A user id was set for a SOCKS5 proxy.
    #[error("SOCKS5 has no user id: set a user name and a password")]
    UserIdOverSocks5,
    /// The proxy's URL has no scheme.
    #[error("a proxy's URL begins with a scheme, such as socks5h://")]
    SchemeMissing,
    /// The scheme of the proxy's URL is none of SOCKS.
    #[error(
        "the URL's scheme is none of SOCKS, which are socks4, socks4a, socks5, socks5h and socks, with +tls or +unix"
    )]
    Scheme,
    /// The proxy's URL has a path, a fragment, or a query without options.
    #[error("a proxy's URL ends with host and port")]
    UrlTail,
    /// The proxy's URL has an option with an unknown name.
    ///
    /// The field is the name.
    #[error(
        "the URL's option {0} is unknown: the options are auth, level, service, timeout, keepalive, \
         nodelay, local, interface, mark, family and relay"
    )]
    UrlOption(Box<str>),
    /// The value of an option of the proxy's URL is wrong, or the option does not fit the rest.
    #[error("the URL's option {name} {problem}")]
    UrlValue {
        /// The name of the option.
        name: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// A URL needs a feature of this crate that is not enabled.
    ///
    /// The field is its name.
    #[error("this needs the feature `{0}` of anysocks, which is not enabled")]
    FeatureMissing(&'static str),
    /// GSS-API: the name of the service needs a host, and the proxy has no host name.
    ///
    /// The proxy is at an IP address or a Unix-domain socket, or
    /// [`Auth::host`](crate::Auth::host) was not called before a handshake over a stream. Set a
    /// service with a host by [`Gssapi::service`](crate::gssapi::Gssapi::service).
    #[error(
        "GSS-API needs the proxy's host name: give that, or a service with a host, such as rcmd@gw.example"
    )]
    ServiceHost,
    /// The URL of a Unix-domain socket has no path, or one that the system does not accept.
    #[error("a Unix-domain proxy is written scheme+unix:///path, or scheme+unix://%00name")]
    UnixPath,
    /// The text is a URL, and a target is expected.
    #[error("this is a URL, and a target is host:port: leave out the scheme and the path")]
    UrlAsTarget,
    /// The text is a URL, and the host and port of a proxy are expected.
    #[error("this is a URL: parse it with `str::parse`, or write host:port")]
    UrlAsEndpoint,
    /// The text is the URL of an HTTP proxy.
    #[error(
        "this is the URL of an HTTP proxy: only SOCKS proxies are supported, such as socks5h://host:1080"
    )]
    HttpProxy,
    /// The text of a target contains a user name.
    #[error("a target has no user name and no password: they belong to the proxy")]
    UserInTarget,
    /// The text of a proxy's host and port contains a user name.
    #[error(
        "host:port has no user name and no password: use a URL such as socks5h://user:password@host:1080, or `Proxy::password`"
    )]
    UserInEndpoint,
    /// A user name or a password in a URL contains a character that must be percent-encoded.
    #[error(
        "in a user name and a password, percent-encode `%` (%25), `#` (%23), `/` (%2F), `?` (%3F), and in a list `,` (%2C)"
    )]
    NotEncoded,
    /// The text is in quotes.
    #[error("the quotes are part of the text: remove them")]
    Quoted,
    /// The text sets a variable, as in a shell.
    #[error("this sets a variable: give its value alone")]
    Assignment,
    /// The text is a list, and one target or one proxy is expected.
    #[error("this is a list, and one is expected: the URLs of a chain have commas between them (`Chain`)")]
    List,
    /// The text is a path, and a target is expected. With SOCKS5a,
    /// [`Target::unix`](crate::Target::unix) makes a target of it.
    #[error("this is a path, and a target is host:port")]
    PathAsTarget,
    /// The text is a path, and a proxy is expected.
    #[error("this is a path: use a URL such as socks5h+unix:///run/tor/socks, or a `std::path::Path`")]
    PathAsEndpoint,
    /// The text is curl's form of a URL with a Unix-domain socket.
    #[error("the URL of a Unix-domain socket has +unix and no host, such as socks5h+unix:///run/tor/socks")]
    CurlUnixPath,
    /// Something follows the port.
    #[error("host:port ends with the port: remove the rest")]
    Tail,
    /// The path of a Unix-domain socket contains a NUL, at which the system would cut it.
    #[error("the path of the Unix-domain socket holds a NUL")]
    PathNul,
    /// An `.onion` name would have to be resolved on this machine, which RFC 7686 forbids.
    ///
    /// For a target, let a Tor proxy resolve names, with `socks5h` or `socks4a`. For a proxy's own
    /// name, put a Tor proxy before it in a [`Chain`](crate::Chain).
    #[doc(alias = "tor")]
    #[error(
        "an .onion name is never resolved on this machine: reach it through Tor, with socks5h or socks4a"
    )]
    OnionResolvedLocally,
    /// A datagram was sent without a target, and the socket is not connected to a peer.
    #[error("the socket is not connected to a peer")]
    NotConnected,
    /// A datagram's target is a name to resolve locally, and the call can't block for that.
    #[error("names are to be resolved locally, and this call takes addresses only")]
    NameToResolve,
    /// The buffer of an in-place send is shorter than the socket's
    /// [`headroom`](crate::udp::SocksUdpSocket::headroom).
    #[error("the buffer has no room in front for a header")]
    NoHeadroom,
    /// The datagram with its header is longer than UDP can carry, in a chain within all layers.
    ///
    /// The field is that length in bytes.
    #[error("a datagram of {0} bytes with its header is longer than UDP carries")]
    DatagramTooLong(usize),
    /// The length of a fragment is 0.
    #[error("a fragment must have a payload")]
    FragmentSize,
    /// The payload needs more than 127 fragments (RFC 1928 §7).
    ///
    /// The field is the number of fragments.
    #[error("the payload would take {0} fragments, and a sequence has 127")]
    TooManyFragments(usize),
    /// A chain has a Unix-domain socket behind another proxy, which can't connect to it.
    #[error("a Unix-domain socket can't stand behind another proxy")]
    UnixBehindAProxy,
    /// The text is not Unicode.
    #[error("it is not Unicode: percent-encode what is not")]
    NotUnicode,
    /// The value of an environment variable is not a SOCKS proxy.
    #[error("{name}: {wrong}")]
    Variable {
        /// The name of the variable.
        name: &'static str,
        /// The mistake in its value.
        wrong: Box<Invalid>,
    },
    /// An association was requested through a chain with a SOCKS4 proxy before the last.
    ///
    /// SOCKS4 has no datagrams.
    #[error("datagrams can't go through a SOCKS4 proxy")]
    DatagramsThroughSocks4,
    /// BIND, UDP ASSOCIATE or a lookup through Tor was requested without a proxy.
    ///
    /// Connections are direct, or a rule chooses the proxy by target.
    #[error("there is no proxy that could be asked")]
    NoProxyToAsk,
    /// Early data was given, and GSS-API or a custom METHOD is offered to the last proxy.
    ///
    /// It may negotiate an encapsulation that would have to apply to the early data.
    #[error("early data can't be sent with the request where GSS-API or a custom method is offered")]
    EarlyDataWithCustomMethod,
    /// The proxy is behind TLS, and nothing wraps its streams in TLS.
    ///
    /// A [`Connector`](crate::Connector) that wraps streams does.
    #[error("the proxy is behind TLS: wrap its streams by `Connector::wrapped`")]
    TlsNotWrapped,
    /// A chain has a proxy behind TLS after another proxy.
    ///
    /// Only the stream to the first proxy is wrapped.
    #[error("a proxy behind TLS can't stand behind another proxy")]
    TlsBehindAProxy,
}
