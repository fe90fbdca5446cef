//! Texts that are pasted where another one is expected: what they are, and whether a message can
//! quote them.

use super::invalid::Invalid;
use std::net::Ipv6Addr;

/// The text that a conversion expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// A host alone.
    Host,
    /// The host and port of a target.
    Target,
    /// The host and port of a proxy.
    Endpoint,
    /// The URL of a proxy.
    Url,
}

/// The longest text that a message quotes, in bytes.
const LONGEST_QUOTE: usize = 100;

/// Returns whether the text may be something else than expected.
///
/// Other mistakes, such as a user name that is too long, need no explanation.
pub(super) const fn is_syntax(invalid: &Invalid) -> bool {
    matches!(
        invalid,
        Invalid::NameEmpty
            | Invalid::NameCharacter(_)
            | Invalid::NameNotAscii
            | Invalid::NotIpv6
            | Invalid::Unbracketed
            | Invalid::PortMissing
            | Invalid::NotAPort
            | Invalid::SchemeMissing
            | Invalid::Scheme
            | Invalid::UrlTail
            | Invalid::UnixPath
            // The explanation of a part of the text.
            | Invalid::UrlAsTarget
    )
}

/// Returns what a text is that can't be parsed, if it is recognized.
pub(super) fn recognized(text: &str, expected: Expected) -> Option<Invalid> {
    match text.split_once("://") {
        _ if expected != Expected::Host && is_quoted(text) => Some(Invalid::Quoted),
        _ if expected != Expected::Host && is_assignment(text) => Some(Invalid::Assignment),
        Some((scheme, rest)) => url(&scheme.to_ascii_lowercase(), rest, expected),
        None => plain(text, expected),
    }
}

/// Returns whether a comma in a list of URLs is part of a user name or a password.
pub(crate) fn has_bare_comma(urls: &str) -> bool {
    urls.split(',').skip(1).any(|part| part.contains('@') && !part.contains("://"))
}

fn url(scheme: &str, rest: &str, expected: Expected) -> Option<Invalid> {
    let is_list = rest.contains("://") && rest.contains([',', ';', ' ', '|', '\n']);
    match (expected, scheme) {
        (Expected::Host | Expected::Target, _) => Some(Invalid::UrlAsTarget),
        (_, "http" | "https") => Some(Invalid::HttpProxy),
        (_, "unix" | "file") => Some(Invalid::PathAsEndpoint),
        _ if is_list => Some(Invalid::List),
        (Expected::Endpoint, _) => Some(Invalid::UrlAsEndpoint),
        (Expected::Url, _) if !scheme.starts_with("socks") || scheme.contains("+unix") => None,
        (Expected::Url, _) => {
            let (host, tail) = split_tail(rest);
            match tail {
                _ if tail.contains('@') => Some(Invalid::NotEncoded),
                _ if host == "localhost" && tail.len() > 1 && tail.starts_with('/') => {
                    Some(Invalid::CurlUnixPath)
                }
                _ => None,
            }
        }
    }
}

fn plain(text: &str, expected: Expected) -> Option<Invalid> {
    let is_target = match expected {
        Expected::Host => return None,
        Expected::Target => true,
        Expected::Endpoint | Expected::Url => false,
    };
    let lower = text.to_ascii_lowercase();
    match expected {
        _ if is_path(&lower) => Some(if is_target { Invalid::PathAsTarget } else { Invalid::PathAsEndpoint }),
        Expected::Url => None,
        _ if lower.starts_with("socks") && lower.contains(":/") => Some(Invalid::SchemeMissing),
        _ if text.contains('@') => {
            Some(if is_target { Invalid::UserInTarget } else { Invalid::UserInEndpoint })
        }
        _ if text.contains([',', ';', '\n']) => Some(Invalid::List),
        _ if text.contains(['/', '?', '#']) => Some(Invalid::Tail),
        _ => None,
    }
}

/// Returns whether a text begins or ends with a character that surrounds quotations.
fn is_quoted(text: &str) -> bool {
    const QUOTES: [char; 11] = ['"', '\'', '`', '<', '>', '“', '”', '‘', '’', '«', '»'];
    text.starts_with(QUOTES) || text.ends_with(QUOTES)
}

/// Returns whether a text is `NAME=value`, as for a shell.
fn is_assignment(text: &str) -> bool {
    let Some((name, _)) = text.split_once('=') else { return false };
    let name = ["export ", "set ", "$env:"].iter().find_map(|start| name.strip_prefix(start)).unwrap_or(name);
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let name = name.trim();
    !name.is_empty() && name.bytes().all(is_name)
}

/// Returns whether a text in lower case is a path of Unix or Windows.
fn is_path(lower: &str) -> bool {
    let drive = lower.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
    let has_drive = drive && (lower.get(1..3) == Some(":\\") || lower.get(1..3) == Some(":/"));
    has_drive || ["/", "./", "../", "~/", "\\", "unix:"].iter().any(|start| lower.starts_with(start))
}

/// Splits the part of a URL after the scheme where its authority ends (RFC 3986 §3.2).
fn split_tail(rest: &str) -> (&str, &str) {
    rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()))
}

/// Returns the text as a message can quote it, or `None` if it may contain a secret or is long.
///
/// A secret may follow any colon that is not followed by a port, and may contain any character.
pub(super) fn quotable(text: &str) -> Option<String> {
    if text.is_empty() || text.len() > LONGEST_QUOTE || text.contains('@') {
        return None;
    }
    let rest = match text.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(':') => rest,
        _ => text,
    };
    let (authority, tail) = split_tail(rest);
    let is_safe = !rest.contains(':') || (matches!(tail, "" | "/") && ends_with_port(authority));
    let without_query = text.split(['?', '#']).next().filter(|kept| *kept != text);
    is_safe.then(|| without_query.map_or_else(|| text.to_owned(), |kept| format!("{kept}...")))
}

/// Returns whether all that follows the first colon is an IPv6 address or a port.
fn ends_with_port(authority: &str) -> bool {
    let is_ipv6 = |text: &str| text.trim_matches(['[', ']']).parse::<Ipv6Addr>().is_ok();
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, ""));
    let port = port.trim_end_matches(['"', '\'', '`', '>', '”', '’', '»']).trim();
    let is_port = port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    is_ipv6(authority) || (is_port && (!host.contains(':') || is_ipv6(host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_can_be_quoted() {
        let long = "x".repeat(LONGEST_QUOTE + 1);
        for (text, quoted) in [
            ("example.com", Some("example.com")),
            ("example.com:443", Some("example.com:443")),
            ("exa mple.com: 443", Some("exa mple.com: 443")),
            ("example.com:443/", Some("example.com:443/")),
            ("::1:80", Some("::1:80")),
            ("[::1]:", Some("[::1]:")),
            ("socks5h://localhost/run/tor/socks", Some("socks5h://localhost/run/tor/socks")),
            ("ALL_PROXY=socks5h://h:1080", Some("ALL_PROXY=socks5h://h:1080")),
            ("\"socks5h://h:1080\"", Some("\"socks5h://h:1080\"")),
            ("https://example.com/?token=secret", Some("https://example.com/...")),
            ("https://example.com#secret", Some("https://example.com...")),
            ("", None),
            (&long, None),
            ("secret@h", None),
            ("user:secret", None),
            ("user:123456", None),
            ("user:1:2", None),
            ("user:1/secret", None),
            ("user:1#secret", None),
            ("user:dead:beef", None),
            ("socks5h://user:secret", None),
            ("socks5h://user:1?secret", None),
            ("a:1,user:secret", None),
            ("socks5h//user:secret", None),
            ("user:secret://h", None),
        ] {
            assert_eq!(quotable(text).as_deref(), quoted, "{text}");
        }
    }
}
