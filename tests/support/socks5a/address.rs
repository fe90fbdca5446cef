//! Addresses: ATYP 01, 03 and 04 (RFC 1928 §5), and 05 to 07 of SOCKS5a.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

pub(crate) const NO_ADDRESS: u8 = 0;
pub(crate) const NAME: u8 = 3;
pub(crate) const UNIX: u8 = 5;
pub(crate) const ABSTRACT: u8 = 6;
pub(crate) const URL: u8 = 7;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// ATYP 00: `KEEP_ALIVE` has no address.
    None,
    Ip(IpAddr),
    /// A domain name, or the opaque bytes of a pool identifier.
    Name(Vec<u8>),
    Unix(Vec<u8>),
    Abstract(Vec<u8>),
    Url(String),
}

/// An address and its port, and the rule that they violate.
pub(crate) type Read = (Address, u16, Result<(), String>);

impl Address {
    pub(crate) const fn code(&self) -> u8 {
        match self {
            Self::None => NO_ADDRESS,
            Self::Ip(IpAddr::V4(_)) => 1,
            Self::Name(_) => NAME,
            Self::Ip(IpAddr::V6(_)) => 4,
            Self::Unix(_) => UNIX,
            Self::Abstract(_) => ABSTRACT,
            Self::Url(_) => URL,
        }
    }

    /// Whether only SOCKS5a has this type of address.
    pub(crate) const fn is_extended(&self) -> bool {
        matches!(self, Self::Unix(_) | Self::Abstract(_) | Self::Url(_))
    }

    /// `ATYP | ADDR | PORT`.
    pub(crate) fn encode(&self, port: u16) -> Vec<u8> {
        let sized = |bytes: &[u8]| {
            let length = u8::try_from(bytes.len()).expect("at most 255 bytes");
            [&[length][..], bytes].concat()
        };
        let address = match self {
            Self::None => Vec::new(),
            Self::Ip(IpAddr::V4(ip)) => ip.octets().into(),
            Self::Ip(IpAddr::V6(ip)) => ip.octets().into(),
            Self::Name(bytes) | Self::Unix(bytes) | Self::Abstract(bytes) => sized(bytes),
            Self::Url(url) => {
                let length = u16::try_from(url.len()).expect("a short URL");
                [&[1][..], &length.to_be_bytes(), url.as_bytes()].concat()
            }
        };
        [&[self.code()][..], &address, &port.to_be_bytes()].concat()
    }

    /// Reads an address of this ATYP and its port. `Ok(None)` is an ATYP without a definition.
    pub(crate) fn read<E>(
        atyp: u8,
        mut read: impl FnMut(usize) -> Result<Vec<u8>, E>,
    ) -> Result<Option<Read>, E> {
        let sized = |read: &mut dyn FnMut(usize) -> Result<Vec<u8>, E>| {
            let length = read(1)?[0];
            read(usize::from(length))
        };
        let address = match atyp {
            NO_ADDRESS => Self::None,
            1 => {
                let octets: [u8; 4] = read(4)?.try_into().expect("4 bytes");
                Self::Ip(Ipv4Addr::from(octets).into())
            }
            NAME => Self::Name(sized(&mut read)?),
            4 => {
                let octets: [u8; 16] = read(16)?.try_into().expect("16 bytes");
                Self::Ip(Ipv6Addr::from(octets).into())
            }
            UNIX => Self::Unix(sized(&mut read)?),
            ABSTRACT => Self::Abstract(sized(&mut read)?),
            URL => {
                let header = read(3)?;
                let url = read(usize::from(u16::from_be_bytes([header[1], header[2]])))?;
                let version = header[0];
                let url = match String::from_utf8(url) {
                    Ok(url) if version == 1 => url,
                    _ => {
                        read(2)?;
                        let rule = Err(format!("a URL of version {version:02x}, or not of UTF-8"));
                        return Ok(Some((Self::Url(String::new()), 0, rule)));
                    }
                };
                Self::Url(url)
            }
            _ => return Ok(None),
        };
        let port = read(2)?;
        let port = u16::from_be_bytes([port[0], port[1]]);
        let rule = address.check(port);
        Ok(Some((address, port, rule)))
    }

    fn check(&self, port: u16) -> Result<(), String> {
        match self {
            Self::None if port != 0 => Err(format!("no address, and port {port}")),
            Self::Name(name) if name.is_empty() => Err("an empty name".into()),
            Self::None | Self::Ip(_) | Self::Name(_) => Ok(()),
            Self::Unix(name) | Self::Abstract(name) => match () {
                () if name.is_empty() => Err("an empty Unix name".into()),
                () if name.contains(&0) => Err("a Unix name with a NUL".into()),
                () if port != 0 => Err(format!("a Unix name with port {port}")),
                () => Ok(()),
            },
            Self::Url(url) => check_url(url, port),
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(addr: SocketAddr) -> Self {
        Self::Ip(addr.ip())
    }
}

/// Holds a URL to RFC 3986, to the supported schemes, and to the DST.PORT that is sent with it.
fn check_url(url: &str, port: u16) -> Result<(), String> {
    let refuse = |rule: &str| Err(format!("{rule}: {url}"));
    if url.len() > 2_048 {
        return refuse("a URL of more than 2,048 bytes");
    }
    let Some((scheme, rest)) = url.split_once("://") else { return refuse("a URL without an authority") };
    let default = match scheme.to_ascii_lowercase().as_str() {
        "http" | "ws" => 80,
        "https" | "wss" => 443,
        "ftp" => 21,
        "sftp" => 22,
        _ => return refuse("a URL of another scheme"),
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    let hexadecimal = |pair: &str| pair.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if !url.bytes().all(allowed) || !url.is_ascii() || !url.split('%').skip(1).all(hexadecimal) {
        return refuse("a URL that is not encoded");
    }
    if url.contains('#') {
        return refuse("a URL with a fragment");
    }
    let authority = &rest[..rest.find(['/', '?']).unwrap_or(rest.len())];
    if authority.contains('@') {
        return refuse("a URL with userinfo");
    }
    let (host, own_port) = match authority.rsplit_once(':') {
        Some((host, own_port)) if !own_port.contains(']') => (host, own_port),
        _ => (authority, ""),
    };
    if host.is_empty() {
        return refuse("a URL without a host");
    }
    let expected = if own_port.is_empty() { Some(default) } else { own_port.parse().ok() };
    if expected != Some(port) {
        return Err(format!("DST.PORT {port} beside the URL {url}"));
    }
    Ok(())
}
