//! This program once more, as a process that is watched: only what a client does is counted.

use std::env;
use std::ffi::OsStr;
use std::process::Command;

const VARIABLE: &str = "ANYSOCKS_COMPARE_ORDER";

/// What the other process does, as words without spaces.
#[derive(Clone, Debug)]
pub(crate) struct Order(Vec<String>);

impl Order {
    pub(crate) fn new(words: impl IntoIterator<Item = impl ToString>) -> Self {
        Self(words.into_iter().map(|word| word.to_string()).collect())
    }

    /// The order that the environment of this process contains.
    pub(crate) fn received() -> Option<Self> {
        env::var(VARIABLE).ok().map(|words| Self::new(words.split(' ')))
    }

    pub(crate) fn words(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }

    /// The process, below the program that watches it, if there is one.
    pub(crate) fn command(&self, watcher: &[&str]) -> Command {
        let program = env::current_exe().expect("this program");
        let words: Vec<&OsStr> = watcher.iter().map(OsStr::new).chain([program.as_os_str()]).collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        if cfg!(test) {
            command.args(["--exact", "tests::the_order_of_another_process", "--nocapture"]);
        }
        command.env(VARIABLE, self.0.join(" "));
        command
    }
}
