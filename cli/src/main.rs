//! The program `anysocks`: SOCKS proxies in the shell.

mod arguments;
mod chain;
mod commands;
mod failure;
mod help;
mod limited;
mod list;
mod progress;
mod pump;
#[cfg(unix)]
mod readiness;
mod redact;
mod reset;
mod roots;
#[cfg(unix)]
mod signals;
#[cfg(not(unix))]
#[path = "signals_ctrl_c.rs"]
mod signals;
#[cfg(unix)]
mod stdin;
#[cfg(not(unix))]
#[path = "stdin_blocks.rs"]
mod stdin;
#[cfg(unix)]
mod stdout;
#[cfg(not(unix))]
#[path = "stdout_stays.rs"]
mod stdout;
mod stream;
mod tls;
mod tls_blocking;
mod tls_failure;
mod trust;

use arguments::Command;
use failure::Failure;
use std::process::ExitCode;
use tokio::runtime::Builder;

fn main() -> ExitCode {
    let arguments = match arguments::parse() {
        Ok(arguments) => arguments,
        Err(error) => return redact::report(&error),
    };
    match run(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(text) = failure.text() {
                progress::error(text);
            }
            failure.code()
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Probe(arguments) => commands::probe::run(&arguments),
        Command::Man(arguments) => commands::manual::man(&arguments, arguments::plain()),
        Command::Completions(arguments) => commands::manual::completions(&arguments, arguments::command()),
        command => {
            let runtime = Builder::new_current_thread().enable_all().build().map_err(Failure::io)?;
            let outcome = runtime.block_on(converse(command));
            // A thread may wait for the standard input.
            runtime.shutdown_background();
            outcome
        }
    }
}

async fn converse(command: Command) -> Result<(), Failure> {
    match command {
        Command::Connect(arguments) => commands::connect::run(arguments).await,
        Command::Forward(arguments) => commands::forward::run(arguments).await,
        Command::Resolve(arguments) => commands::resolve::run(arguments).await,
        Command::Listen(arguments) => commands::listen::run(arguments).await,
        Command::Udp(arguments) => commands::udp::run(arguments).await,
        Command::Probe(_) | Command::Man(_) | Command::Completions(_) => Ok(()),
    }
}
