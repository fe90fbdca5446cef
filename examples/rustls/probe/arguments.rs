//! The command line.

use crate::trust::Trust;
use anysocks::Target;
use std::error::Error;

pub(crate) const USAGE: &str = "\
usage: probe [option]... [proxy]

The proxy is a URL or host:port. Its credentials are tested too. With the feature gssapi and ?auth=gssapi in the
URL, the connections use a ticket of Kerberos. Without a proxy, one in this process is tested.

  --json               print JSON instead of a table
  --target host:port   connect to this target through the proxy; repeat it for another address or the name of the
                       same server
  --ca file            for a proxy behind TLS (socks5h+tls://host:port): trust the certificates in this PEM file
                       instead of the public roots
  --insecure           accept any certificate of a proxy behind TLS
  --server-name name   the name in the certificate, if it is not the URL's host";

#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) help: bool,
    pub(crate) json: bool,
    pub(crate) targets: Vec<Target<'static>>,
    pub(crate) trust: Trust,
    pub(crate) server_name: Option<String>,
    /// An option that only a proxy behind TLS has a use for.
    pub(crate) tls_option: Option<&'static str>,
    pub(crate) proxy: Option<String>,
}

impl Arguments {
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut arguments = Self::default();
        let mut words = words;
        while let Some(word) = words.next() {
            match &*word {
                "--help" => arguments.help = true,
                "--json" => arguments.json = true,
                "--target" => {
                    let target = value(words.next(), "--target needs a host:port")?;
                    // The error quotes the target, unless that may contain a password.
                    let parsed = target.parse().map_err(|error| format!("--target: {error}"))?;
                    arguments.targets.push(parsed);
                }
                "--ca" => {
                    let file = value(words.next(), "--ca needs a file")?;
                    if file.contains("://") {
                        return Err("--ca needs a file, not a URL".into());
                    }
                    arguments.trust(Trust::File(file.into()), "--ca")?;
                }
                "--insecure" => arguments.trust(Trust::Anything, "--insecure")?,
                "--server-name" => {
                    arguments.server_name = Some(value(words.next(), "--server-name needs a name")?);
                    arguments.tls_option = Some("--server-name");
                }
                _ if word.starts_with('-') || arguments.proxy.is_some() => {
                    return Err(format!("unknown argument{}: see --help", quoted(&word)).into());
                }
                _ => arguments.proxy = Some(word),
            }
        }
        Ok(arguments)
    }

    fn trust(&mut self, trust: Trust, option: &'static str) -> Result<(), Box<dyn Error>> {
        if !matches!(self.trust, Trust::Roots) {
            return Err("--ca and --insecure exclude each other, and each is given once".into());
        }
        self.trust = trust;
        self.tls_option = Some(option);
        Ok(())
    }
}

/// Returns the word as a message can quote it, or nothing if it may contain a password: any text
/// after a colon, before an `@`, or as the value of an option may be one.
fn quoted(word: &str) -> String {
    let name = word.split('=').next().unwrap_or(word);
    if name.contains([':', '@']) { String::new() } else { format!(" {name}") }
}

fn value(word: Option<String>, otherwise: &'static str) -> Result<String, &'static str> {
    word.ok_or(otherwise)
}
