//! The types of the asynchronous front ends.

/// Defines a front end's types, each with an example. `$module` is the name of the front end's
/// module, and of the runtime's crate.
macro_rules! types {
    ($front_end:ident, $stream:ident, $module:literal) => {
        /// A stream to a target through a SOCKS5 proxy.
        ///
        /// ```no_run
        #[doc = concat!("use anysocks::", $module, "::Socks5Stream;")]
        ///
        /// # async fn example() -> Result<(), anysocks::Error> {
        /// let stream = Socks5Stream::connect("127.0.0.1:1080", "example.com:443").await?;
        /// println!("the proxy's address is {}", stream.bound_addr());
        /// # Ok(()) }
        /// ```
        ///
        /// [`connect`](crate::SocksStream::connect) dials the proxy.
        /// [`handshake`](crate::SocksStream::handshake) uses a stream that is already connected.
        ///
        #[doc = concat!(
            "In the headings below, `S` is the inner stream, `V` is [`V5`](crate::V5), and `F` is [`",
            stringify!($front_end), "`]."
        )]
        pub type Socks5Stream<S = $stream> = $crate::SocksStream<S, $crate::V5, $front_end>;

        /// A stream to a target through a SOCKS4 or SOCKS4a proxy.
        ///
        /// A target that is a name is sent as SOCKS4a sends it, unless this machine resolves it
        /// ([`Resolve`](crate::Resolve)).
        ///
        /// ```no_run
        #[doc = concat!("use anysocks::", $module, "::Socks4Stream;")]
        ///
        /// # async fn example() -> Result<(), anysocks::Error> {
        /// let stream = Socks4Stream::connect("127.0.0.1:1080", "example.com:443").await?;
        /// println!("the proxy's address is {}", stream.bound_addr());
        /// # Ok(()) }
        /// ```
        ///
        #[doc = concat!(
            "In the headings below, `S` is the inner stream, `V` is [`V4`](crate::V4), and `F` is [`",
            stringify!($front_end), "`]."
        )]
        pub type Socks4Stream<S = $stream> = $crate::SocksStream<S, $crate::V4, $front_end>;

        /// A stream to a target, for any version of SOCKS. It is the stream of a [`Connector`].
        ///
        /// ```no_run
        #[doc = concat!("use anysocks::", $module, "::{AnyStream, Connector};")]
        ///
        /// # async fn example() -> Result<(), anysocks::Error> {
        /// let connector = Connector::from_env()?;
        /// let stream: AnyStream = connector.connect("example.com:443").await?;
        /// # Ok(()) }
        /// ```
        ///
        #[doc = concat!(
            "In the headings below, `S` is the inner stream, `V` is [`AnyVersion`](crate::AnyVersion), ",
            "and `F` is [`", stringify!($front_end), "`]."
        )]
        pub type AnyStream<S = $stream> = $crate::SocksStream<S, $crate::AnyVersion, $front_end>;

        /// A SOCKS5 proxy that listens for one connection from a peer (BIND).
        ///
        /// ```no_run
        #[doc = concat!("use anysocks::", $module, "::Socks5Listener;")]
        ///
        /// # async fn example() -> Result<(), anysocks::Error> {
        /// let mut listener = Socks5Listener::bind("127.0.0.1:1080", "198.51.100.7:0").await?;
        /// println!("the peer has to connect to {}", listener.bound_addr());
        /// let (stream, peer) = listener.accept().await?;
        /// # Ok(()) }
        /// ```
        ///
        #[doc = concat!(
            "In the headings below, `S` is the inner stream, `V` is [`V5`](crate::V5), and `F` is [`",
            stringify!($front_end), "`]."
        )]
        pub type Socks5Listener<S = $stream> = $crate::SocksListener<S, $crate::V5, $front_end>;

        /// A SOCKS4 proxy that listens for one connection from a peer (BIND).
        ///
        /// ```no_run
        #[doc = concat!("use anysocks::", $module, "::Socks4Listener;")]
        ///
        /// # async fn example() -> Result<(), anysocks::Error> {
        /// let mut listener = Socks4Listener::bind("127.0.0.1:1080", "198.51.100.7:0").await?;
        /// println!("the peer has to connect to {}", listener.bound_addr());
        /// let (stream, peer) = listener.accept().await?;
        /// # Ok(()) }
        /// ```
        ///
        #[doc = concat!(
            "In the headings below, `S` is the inner stream, `V` is [`V4`](crate::V4), and `F` is [`",
            stringify!($front_end), "`]."
        )]
        pub type Socks4Listener<S = $stream> = $crate::SocksListener<S, $crate::V4, $front_end>;

        /// A proxy of any version that listens for one connection, from a [`Connector`].
        ///
        /// ```no_run
        #[doc = concat!("use anysocks::", $module, "::{AnyListener, Connector};")]
        ///
        /// # async fn example() -> Result<(), anysocks::Error> {
        /// let connector = Connector::from_env()?;
        /// let mut listener: AnyListener = connector.bind("198.51.100.7:0").await?;
        /// let (stream, peer) = listener.accept().await?;
        /// # Ok(()) }
        /// ```
        ///
        #[doc = concat!(
            "In the headings below, `S` is the inner stream, `V` is [`AnyVersion`](crate::AnyVersion), ",
            "and `F` is [`", stringify!($front_end), "`]."
        )]
        pub type AnyListener<S = $stream> = $crate::SocksListener<S, $crate::AnyVersion, $front_end>;

        /// Connects to targets through a proxy, a chain of proxies, or directly.
        ///
        /// ```no_run
        #[doc = concat!("use anysocks::{Chain, ", $module, "::Connector};")]
        ///
        /// # async fn example() -> Result<(), anysocks::Error> {
        /// let chain: Chain = "socks5h://127.0.0.1:1080, socks4a://inner.example:1080".parse()?;
        /// let connector = Connector::new(chain);
        /// let stream = connector.connect("example.com:443").await?;
        /// # Ok(()) }
        /// ```
        ///
        /// It keeps no pool: each call opens a new connection.
        ///
        #[doc = concat!(
            "In the headings below, `F` is [`", stringify!($front_end), "`]. `W` is [`Plain`](crate::Plain), ",
            "or wraps dialled streams: [`WrappedConnector`]."
        )]
        #[doc(alias("pool", "SocksV5", "SocksV4", "Matcher"))]
        pub type Connector<W = $crate::Plain> = $crate::Connector<$front_end, W>;

        /// A [`Connector`] that [wraps](crate::Connector::wrapped) the streams that it dials.
        ///
        /// ```no_run
        #[doc = concat!("use anysocks::{Proxy, ", $module, "::{Connector, WrappedConnector}};")]
        #[doc = concat!("# use ", $module, "::net::TcpStream;")]
        /// # type TlsStream = TcpStream;
        /// # async fn tls(stream: TcpStream) -> std::io::Result<TlsStream> { Ok(stream) }
        ///
        /// # async fn example() -> Result<(), anysocks::Error> {
        /// let proxy: Proxy = "socks5h+tls://proxy.example:1080".parse()?;
        /// // `tls` completes the TLS handshake over the dialled stream.
        /// let connector: WrappedConnector<TlsStream> =
        ///     Connector::new(proxy).wrapped(|stream, _proxy| tls(stream));
        /// let stream = connector.connect("example.com:443").await?;
        /// # Ok(()) }
        /// ```
        ///
        #[doc = concat!(
            "In the headings below, `F` is [`", stringify!($front_end), "`], and `W` is `Wrapped<..>`. ",
            "`S` is the wrapping stream, which the headings call `W::Stream`."
        )]
        #[doc(alias("tls", "ssl"))]
        pub type WrappedConnector<S> = Connector<$crate::Wrapped<$crate::reactor::Hook<$stream, S>>>;

        /// A connection to a SOCKS5 proxy for several requests: those of SOCKS5a, and one CONNECT.
        ///
        /// ```no_run
        #[doc = concat!("use anysocks::{Proxy, ", $module, "::Socks5Client};")]
        ///
        /// # async fn example(proxy: &Proxy) -> Result<(), anysocks::Error> {
        /// let mut client = Socks5Client::open(proxy).await?;
        /// println!("{}", client.resolve("db.example").await?);
        /// let id = client.pool_new("db.example:5432").await?;
        /// let stream = client.pool_get(&id).await?;
        /// # Ok(()) }
        /// ```
        ///
        #[doc = concat!(
            "In the headings below, `F` is [`", stringify!($front_end), "`]. `W` is [`Plain`](crate::Plain), ",
            "or wraps dialled streams."
        )]
        #[doc(alias("pool", "keepalive"))]
        pub type Socks5Client<W = $crate::Plain> = $crate::SocksClient<$front_end, W>;

        /// A UDP socket that sends and receives through a SOCKS5 proxy (UDP ASSOCIATE).
        ///
        /// ```no_run
        #[doc = concat!("use anysocks::", $module, "::Socks5UdpSocket;")]
        ///
        /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
        /// let socket = Socks5UdpSocket::associate("127.0.0.1:1080").await?;
        /// socket.send_to(b"query", "dns.example:53").await?;
        /// let mut buf = [0; 1500];
        /// let (n, source) = socket.recv_from(&mut buf).await?;
        /// println!("{n} bytes from {source}");
        /// # Ok(()) }
        /// ```
        ///
        /// The calls return [`std::io::Error`]. For the kinds of this crate, its `get_ref` is an
        /// [`Error`](crate::Error).
        ///
        #[doc = concat!("In the headings below, `F` is [`", stringify!($front_end), "`].")]
        #[doc(alias("associate", "SocksDatagram", "Socks5Datagram", "use_socket"))]
        pub type Socks5UdpSocket = $crate::udp::SocksUdpSocket<$front_end>;
    };
}

pub(crate) use types;
