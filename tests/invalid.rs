//! The exact text of each mistake of a caller.

#[path = "invalid/pasted.rs"]
mod pasted;

use anysocks::{Error, Invalid, Stage};

#[test]
fn sentences() {
    for (invalid, sentence) in [
        (Invalid::NameEmpty, "the host name is empty"),
        (Invalid::NameTooLong(256), "the host name has 256 bytes, and SOCKS can carry 255"),
        (Invalid::NameCharacter('\0'), r"'\0' can't stand in a host name"),
        (Invalid::NameCharacter(':'), "':' can't stand in a host name"),
        (Invalid::NameNotAscii, "the host name is not ASCII: give its punycode form (xn--...)"),
        (Invalid::NotIpv6, "the text in brackets is not an IPv6 address"),
        (Invalid::Zone, "an IPv6 zone has a meaning on this machine only"),
        (Invalid::Unbracketed, "an IPv6 address with a port is written [address]:port"),
        (Invalid::PortMissing, "the port is missing: write host:port"),
        (Invalid::NotAPort, "the port is not a number from 0 to 65535"),
        (Invalid::Ipv6OverSocks4, "SOCKS4 can't carry an IPv6 address"),
        (Invalid::UserIdNul, "the SOCKS4 user id holds a NUL"),
        (Invalid::UserIdTooLong(256), "the SOCKS4 user id has 256 bytes, and 255 are sent at most"),
        (Invalid::UserEmpty, "the user name is empty"),
        (Invalid::UserTooLong(256), "the user name has 256 bytes, and SOCKS5 can carry 255"),
        (Invalid::PasswordTooLong(256), "the password has 256 bytes, and SOCKS5 can carry 255"),
        (Invalid::PasswordOverSocks4, "SOCKS4 has no passwords"),
        (Invalid::MethodTwice(0x80), "method X'80' is offered twice"),
        (Invalid::NotAMethod, "X'FF' is not a method"),
        (
            Invalid::NotPipelinable,
            "pipelining needs exactly one method: none, username/password, or one that supports it",
        ),
        (
            Invalid::WrongVersion { proxy: "SOCKS4", wanted: "SOCKS5" },
            "the proxy speaks SOCKS4, and SOCKS5 was asked for: change the scheme of its URL if it speaks both; `Connector` connects and binds through either version",
        ),
        (Invalid::MethodOverSocks4, "SOCKS4 has no methods"),
        (Invalid::UserIdOverSocks5, "SOCKS5 has no user id: set a user name and a password"),
        (Invalid::SchemeMissing, "a proxy's URL begins with a scheme, such as socks5h://"),
        (
            Invalid::Scheme,
            "the URL's scheme is none of SOCKS, which are socks4, socks4a, socks5, socks5h and socks, with +tls or +unix",
        ),
        (Invalid::UrlTail, "a proxy's URL ends with host and port"),
        (
            Invalid::UrlOption("colour".into()),
            "the URL's option colour is unknown: the options are auth, level, service, timeout, keepalive, \
             nodelay, local, interface, mark, family and relay",
        ),
        (
            Invalid::UrlValue { name: "level", problem: "is given twice" },
            "the URL's option level is given twice",
        ),
        (
            Invalid::FeatureMissing("gssapi"),
            "this needs the feature `gssapi` of anysocks, which is not enabled",
        ),
        (
            Invalid::ServiceHost,
            "GSS-API needs the proxy's host name: give that, or a service with a host, such as rcmd@gw.example",
        ),
        (Invalid::UnixPath, "a Unix-domain proxy is written scheme+unix:///path, or scheme+unix://%00name"),
        (Invalid::PathNul, "the path of the Unix-domain socket holds a NUL"),
        (Invalid::NoInterface, "this machine has no interface of the IPv6 zone's name"),
        (Invalid::ZoneName, "on this system an IPv6 zone is written as a number"),
        (
            Invalid::OnionResolvedLocally,
            "an .onion name is never resolved on this machine: reach it through Tor, with socks5h or socks4a",
        ),
        (Invalid::MarkOfSocks4a, "SOCKS4 can't carry an address from 0.0.0.1 to 0.0.0.255"),
        (Invalid::NotConnected, "the socket is not connected to a peer"),
        (Invalid::NameToResolve, "names are to be resolved locally, and this call takes addresses only"),
        (Invalid::NoHeadroom, "the buffer has no room in front for a header"),
        (
            Invalid::DatagramTooLong(65_508),
            "a datagram of 65508 bytes with its header is longer than UDP carries",
        ),
        (Invalid::FragmentSize, "a fragment must have a payload"),
        (Invalid::TooManyFragments(128), "the payload would take 128 fragments, and a sequence has 127"),
        (Invalid::UnixBehindAProxy, "a Unix-domain socket can't stand behind another proxy"),
        (Invalid::TlsBehindAProxy, "a proxy behind TLS can't stand behind another proxy"),
        (
            Invalid::Variable { name: "ALL_PROXY", wrong: Box::new(Invalid::NotAPort) },
            "ALL_PROXY: the port is not a number from 0 to 65535",
        ),
        (Invalid::DatagramsThroughSocks4, "datagrams can't go through a SOCKS4 proxy"),
        (Invalid::NoProxyToAsk, "there is no proxy that could be asked"),
        (
            Invalid::EarlyDataWithCustomMethod,
            "early data can't be sent with the request where GSS-API or a custom method is offered",
        ),
        (Invalid::TlsNotWrapped, "the proxy is behind TLS: wrap its streams by `Connector::wrapped`"),
    ] {
        assert_eq!(invalid.to_string(), sentence);
        // No stage in front of it: the caller's argument is what it is about.
        let error = Error::from(invalid);
        assert_eq!((error.to_string(), error.stage()), (sentence.into(), Stage::Preparation));
    }
}
