//! `anysocks connect`.

use crate::chain::ProxyOptions;
use crate::failure::Failure;
use crate::progress::progress;
use crate::pump::pump;
use anysocks::Target;

/// Connect the standard input and output to a target
///
/// The standard input is sent to the target, and the bytes from the target are written to the
/// standard output. The end of each direction is passed on, and the other direction continues. If
/// the standard input is a terminal, the command ends when the target has ended its direction.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The target, or its host alone if the port is the next argument
    #[arg(value_name = "HOST:PORT")]
    target: String,
    /// The port of the target
    port: Option<u16>,
    #[command(flatten)]
    proxies: ProxyOptions,
}

const EXAMPLES: &str = "\
anysocks connect -x socks5h://proxy:1080 example.com:80 <request >response
ssh -o ProxyCommand='anysocks connect --proxy-file ~/.proxy %h %p' user@host
GIT_SSH_COMMAND=\"ssh -o ProxyCommand='anysocks connect %h %p'\" git fetch";

pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let target = target(&arguments.target, arguments.port)?;
    let connector = arguments.proxies.connector()?;
    let stream = connector.connect(target.borrowed()).await?;
    progress(format_args!("connected to {target}"));
    pump(stream).await
}

fn target(host: &str, port: Option<u16>) -> Result<Target<'_>, Failure> {
    Ok(match port {
        Some(port) => (host, port).try_into()?,
        None => host.try_into()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        for (host, port, expected) in [
            ("example.com:22", None, "example.com:22"),
            ("example.com", Some(22), "example.com:22"),
            ("2001:db8::1", Some(22), "[2001:db8::1]:22"),
            ("[2001:db8::1]:22", None, "[2001:db8::1]:22"),
        ] {
            assert_eq!(target(host, port).unwrap().to_string(), expected);
        }
        for (host, port) in [("example.com", None), ("2001:db8::1:22", None), ("example.com:22", Some(22))] {
            assert!(target(host, port).is_err(), "{host} {port:?}");
        }
    }
}
