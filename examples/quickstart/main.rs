//! Fetches a page through a SOCKS proxy, and prints each stage. After a failure, it prints what to
//! try.
//!
//! `cargo run --example quickstart [-- proxy [target]]`

mod advice;
mod in_time;
#[path = "../local/mod.rs"]
mod local;
#[path = "../local/sources.rs"]
mod sources;
mod story;
mod tunnel;

use anysocks::{Error, Proxy, Target};
use in_time::InTime;
use sources::with_sources;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::ExitCode;
use story::Story;

const USAGE: &str = "\
usage: quickstart [proxy [target]]

  quickstart                                                 everything in this process
  quickstart socks5h://user:pass@host:1080                   through your proxy
  quickstart socks5h://user:pass@host:1080 example.com:80    to your target

The proxy is a URL, or host:port of a SOCKS5 proxy.";

/// The text of an error, and what may help.
struct Failure {
    what: String,
    advice: Option<&'static str>,
}

fn main() -> ExitCode {
    if let Some(option) = std::env::args().nth(1).filter(|argument| argument.starts_with('-')) {
        if option != "--help" {
            eprintln!("{USAGE}");
            return ExitCode::FAILURE;
        }
        // `println!` panics if the output is closed.
        let _ = writeln!(io::stdout(), "{USAGE}");
        return ExitCode::SUCCESS;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { what, advice }) => {
            eprintln!("quickstart: {what}");
            if let Some(advice) = advice {
                eprintln!("{advice}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    let (url, target) =
        local::proxy_and_target().map_err(|error| failure("the servers in this process", &error, None))?;
    // The URL may contain a password, so the message does not repeat it.
    let proxy = proxy(&url).map_err(|error| failure("the proxy", &error, advice::on_url(&error, &url)))?;
    let target: Target<'_> = target.parse().map_err(|error| {
        failure(&format!("the target {}", target.escape_debug()), &error, advice::on_target(&error))
    })?;

    let mut story = Story::new(io::stdout());
    let stream = tunnel::open(&proxy, &target, &mut story).map_err(|error| Failure {
        what: with_sources(&error),
        advice: advice::what_to_try(&error, &proxy, &target),
    })?;
    let line = first_line(stream, &target)
        .map_err(|error| failure(&format!("no page from {target}"), &error, Some(advice::NO_PAGE)))?;
    story.tell("first line of the response", line);
    Ok(())
}

fn failure(of: &str, error: &(dyn std::error::Error + 'static), advice: Option<&'static str>) -> Failure {
    Failure { what: format!("{of}: {}", with_sources(error)), advice }
}

fn proxy(text: &str) -> Result<Proxy, Error> {
    if text.contains("://") { text.parse() } else { Proxy::socks5(text) }
}

fn first_line(mut stream: InTime, target: &Target<'_>) -> io::Result<String> {
    stream.write_all(&local::get(&target.host().to_string()))?;
    let mut line = Vec::new();
    match BufReader::new(stream.take(4096)).read_until(b'\n', &mut line)? {
        0 => {
            Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was closed without a response"))
        }
        // The server's text goes to a terminal, so it is escaped.
        _ => Ok(line.trim_ascii_end().escape_ascii().to_string()),
    }
}
