//! This test program once more, with other variables in its environment.

#![allow(dead_code, reason = "each test crate uses a part of it")]

use std::env;
use std::process::Command;

/// The variables that may contain proxies, and the one that marks a CGI program.
pub(crate) const OF_PROXIES: [&str; 11] = [
    "socks_proxy",
    "SOCKS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "http_proxy",
    "HTTP_PROXY",
    "no_proxy",
    "NO_PROXY",
    "REQUEST_METHOD",
];

/// Runs one test of this program, by its full name, with these variables and no others of proxies.
pub(crate) fn run(test: &str, variables: &[(&str, &str)]) {
    let mut child = Command::new(env::current_exe().expect("this program"));
    child.args(["--exact", test, "--nocapture"]);
    for name in OF_PROXIES {
        child.env_remove(name);
    }
    let output = child.envs(variables.iter().copied()).output().expect("a child");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{variables:?}: {said} {errors}");
    // It has run that one test.
    assert!(said.contains("1 passed"), "{said}");
}
