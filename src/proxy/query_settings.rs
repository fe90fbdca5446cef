//! The options in a proxy's URL that determine how it is dialled.

use super::udp_options::{Options, Relay};
use super::{Family, Proxy};
use crate::error::Error;
use crate::error::invalid::Invalid;
use percent_encoding::percent_decode_str;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Applies an option of this name, if it is one of these.
pub(super) fn apply(proxy: Proxy, name: &'static str, value: &str) -> Result<Proxy, Error> {
    Ok(match name {
        "timeout" => proxy.timeout(limit(value).ok_or_else(|| wrong(name, "is seconds, or none"))?),
        "keepalive" => proxy.keepalive(limit(value).ok_or_else(|| wrong(name, "is seconds, or none"))?),
        "nodelay" => match value {
            "on" => proxy.nodelay(true),
            "off" => proxy.nodelay(false),
            _ => return Err(wrong(name, "is on or off")),
        },
        "local" => {
            let text = percent_decode_str(value).decode_utf8().unwrap_or_default();
            let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(&text);
            let addr: Option<SocketAddr> =
                text.parse().ok().or_else(|| bare.parse().ok().map(|ip: IpAddr| (ip, 0).into()));
            proxy.local_addr(addr.ok_or_else(|| wrong(name, "is an IP address, with or without a port"))?)
        }
        "interface" => {
            let interface = percent_decode_str(value).decode_utf8().ok();
            let is_name = |name: &str| !name.is_empty() && !name.contains(char::is_control);
            let interface = interface.filter(|interface| is_name(interface));
            proxy.interface(&*interface.ok_or_else(|| wrong(name, "is not the name of an interface"))?)
        }
        "mark" => {
            let hexadecimal = value.strip_prefix("0x").or_else(|| value.strip_prefix("0X"));
            let mark = hexadecimal.map_or_else(|| value.parse(), |digits| u32::from_str_radix(digits, 16));
            proxy.mark(mark.map_err(|_| wrong(name, "is a number, decimal or with 0x"))?)
        }
        "family" => proxy.family(match value {
            "ipv4" => Family::Ipv4Only,
            "ipv6" => Family::Ipv6Only,
            "ipv4-first" => Family::Ipv4First,
            "ipv6-first" => Family::Ipv6First,
            _ => return Err(wrong(name, "is ipv4, ipv6, ipv4-first or ipv6-first")),
        }),
        "relay" => proxy.udp(Options::new().relay(match value {
            "told" => Relay::Told,
            "proxy" => Relay::ProxyAddress,
            "as-is" => Relay::AsIs,
            _ => return Err(wrong(name, "is told, proxy or as-is")),
        })),
        _ => proxy,
    })
}

pub(super) fn wrong(name: &'static str, problem: &'static str) -> Error {
    Invalid::UrlValue { name, problem }.into()
}

/// Parses a time in seconds, or `none`.
#[allow(clippy::option_option, reason = "the inner one is no limit")]
fn limit(value: &str) -> Option<Option<Duration>> {
    if value == "none" {
        return Some(None);
    }
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let seconds = value.parse().ok().filter(|_| is_number)?;
    Duration::try_from_secs_f64(seconds).ok().filter(|limit| !limit.is_zero()).map(Some)
}

#[cfg(test)]
mod tests {
    use crate::error::ErrorKind;
    use crate::error::invalid::Invalid;
    use crate::proxy::Proxy;

    fn parse(options: &str) -> Result<Proxy, Invalid> {
        format!("socks5h://a.example?{options}").parse::<Proxy>().map_err(|error| match error.kind() {
            ErrorKind::Invalid(invalid) => invalid.clone(),
            kind => panic!("{kind:?}"),
        })
    }

    #[test]
    fn options_that_are_read() {
        for (options, expected) in [
            ("timeout=5", "timeout: Some(5s)"),
            ("timeout=0.25", "timeout: Some(250ms)"),
            ("timeout=none", "timeout: None"),
            ("keepalive=60", "keepalive: Some(60s)"),
            ("keepalive=none", "keepalive: None"),
            ("nodelay=off", "nodelay: false"),
            ("nodelay=on", "nodelay: true"),
            ("local=192.0.2.1", "local_addr: Some(192.0.2.1:0)"),
            ("local=192.0.2.1:7", "local_addr: Some(192.0.2.1:7)"),
            ("local=[2001:db8::1]:7", "local_addr: Some([2001:db8::1]:7)"),
            ("local=[2001:db8::1]", "local_addr: Some([2001:db8::1]:0)"),
            ("local=2001:db8::1", "local_addr: Some([2001:db8::1]:0)"),
            ("local=%5B2001:db8::1%5D:7", "local_addr: Some([2001:db8::1]:7)"),
            ("interface=eth0", "interface: Some(\"eth0\")"),
            ("interface=my%20net", "interface: Some(\"my net\")"),
            ("mark=7", "mark: Some(7)"),
            ("mark=0x1F", "mark: Some(31)"),
            ("family=ipv4", "family: Ipv4Only"),
            ("family=ipv6", "family: Ipv6Only"),
            ("family=ipv4-first", "family: Ipv4First"),
            ("family=ipv6-first", "family: Ipv6First"),
            ("relay=proxy", "relay: ProxyAddress"),
            ("relay=as-is", "relay: AsIs"),
            ("relay=told", "relay: Told"),
            ("timeout=5&nodelay=off", "nodelay: false"),
        ] {
            let shown = format!("{:?}", parse(options).unwrap());
            assert!(shown.contains(expected), "{options}: {shown}");
        }
        // They are no part of the proxy's name.
        assert_eq!(parse("timeout=5&mark=7").unwrap().to_string(), "socks5h://a.example:1080");
    }

    #[test]
    fn options_that_are_refused() {
        for options in [
            "timeout=",
            "timeout=0",
            "timeout=-1",
            "timeout=inf",
            "timeout=NaN",
            "timeout=1e3",
            "timeout=5s",
            "timeout=99999999999999999999999",
            "keepalive=on",
            "nodelay=",
            "nodelay=1",
            "local=a.example",
            "local=",
            "local=[192.0.2.1",
            "local=]::1[",
            "interface=",
            "interface=%00",
            "interface=%FF",
            "mark=",
            "mark=-1",
            "mark=0x",
            "mark=4294967296",
            "family=",
            "family=4",
            "relay=by",
            "relay=",
        ] {
            let name = options.split('=').next().unwrap();
            match parse(options) {
                Err(Invalid::UrlValue { name: wrong, .. }) => assert_eq!(wrong, name),
                other => panic!("{options}: {other:?}"),
            }
        }
        let twice = Invalid::UrlValue { name: "timeout", problem: "is given twice" };
        assert_eq!(parse("timeout=5&timeout=5").unwrap_err(), twice);
    }
}
