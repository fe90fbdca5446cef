//! The texts that name proxies: an argument, or a line of a file.

use anysocks::{Chain, Error, Invalid, Proxy};

/// The chain of several texts.
#[derive(Default)]
pub(crate) struct List(Option<Chain>);

impl List {
    /// Appends the proxies of a text: URLs and addresses, separated by commas.
    pub(crate) fn push(&mut self, text: &str) -> Result<(), String> {
        let text = text.trim().trim_end_matches(',');
        if text.is_empty() {
            return Err("the value is empty".into());
        }
        let parts: Vec<_> = text.split(',').map(str::trim).collect();
        // A comma in a password divides its URL, or a later URL has no scheme.
        let mut rest = parts.iter().skip(1);
        if text.contains("://") && rest.any(|part| part.contains('@') && !part.contains("://")) {
            return Err(format!("{}, or begin each URL with its scheme", Error::from(Invalid::NotEncoded)));
        }
        for (number, part) in (1..).zip(&parts) {
            self.push_one(part).map_err(|error| match parts.len() {
                1 => format!("{error:#}"),
                all => format!("proxy {number} of {all}: {error:#}"),
            })?;
        }
        Ok(())
    }

    fn push_one(&mut self, text: &str) -> Result<(), Error> {
        let proxy = if text.contains("://") { text.parse()? } else { Proxy::socks5(text)? };
        self.0 = Some(match self.0.take() {
            None => proxy.into(),
            Some(chain) => chain.then(proxy)?,
        });
        Ok(())
    }

    /// Returns the chain, or `None` without a proxy.
    pub(crate) fn into_chain(self) -> Option<Chain> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(texts: &[&str]) -> Result<String, String> {
        let mut list = List::default();
        texts.iter().try_for_each(|text| list.push(text))?;
        Ok(list.into_chain().unwrap().to_string())
    }

    #[test]
    fn urls_and_addresses() {
        for texts in [
            &["socks5h://a:1,b:2, socks4a://c:3"][..],
            &["a:1, socks5h://b:2,socks4a://c:3,"],
            &["a:1", "b:2,", " socks4a://c:3 "],
        ] {
            assert_eq!(parse(texts).unwrap(), "socks5h://a:1, socks5h://b:2, socks4a://c:3", "{texts:?}");
        }
    }

    const NOT_ENCODED: &str = "in a user name and a password, percent-encode `%` (%25), `#` (%23), `/` (%2F), \
        `?` (%3F), and in a list `,` (%2C), or begin each URL with its scheme";

    #[test]
    fn mistakes() {
        for (text, expected) in [
            ("", "the value is empty"),
            (" ,", "the value is empty"),
            ("a:1,,b:2", "proxy 2 of 3: the host name is empty"),
            ("a:1,http://b:2", "proxy 2 of 2: \"http://b:2\": this is the URL of an HTTP proxy"),
            ("me:Zq7@a:1", "host:port has no user name and no password"),
            ("a:1,me:Zq7@b:1", "proxy 2 of 2: host:port has no user name and no password"),
            ("socks5h://me:Zq7,Zq8@a:1", NOT_ENCODED),
            ("socks5h://a:1,me:Zq7@b:1", NOT_ENCODED),
            ("socks5h://me:1,Zq8@a:1", NOT_ENCODED),
            ("socks5h://a:1,socks5h+tls://b:1", "proxy 2 of 2: a proxy behind TLS can't stand behind"),
        ] {
            let error = parse(&[text]).unwrap_err();
            assert!(error.starts_with(expected) && !error.contains("Zq"), "{text}: {error}");
        }
    }
}
