//! Real programs that reach their servers by `anysocks`: ssh, git and curl, through a chain of a
//! local proxy and microsocks with a password.

#![cfg(unix)]

#[path = "../../../tests/interop/process.rs"]
mod process;
#[path = "../../../tests/interop/resources.rs"]
#[allow(dead_code, reason = "a part of it is enough")]
mod resources;
mod servers;
#[path = "../support/mod.rs"]
mod support;

use servers::{Lab, missing, this_user, website};
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use support::{Running, anysocks};

const PAGE: &str = "Hello through the chain.\n";

/// Returns whether the test is left out, because programs are missing.
fn is_left_out(test: &str, programs: &[&str]) -> bool {
    let Some(reason) = missing(programs) else { return false };
    let required = std::env::var_os("ANYSOCKS_INTEROP").is_some_and(|value| value == "require");
    assert!(!required, "{reason}");
    support::left_out::left_out(&format!("anysocks-cli {test}"), reason);
    true
}

/// Runs a program with this standard input, and returns what it prints.
fn output(command: &mut Command, input: &[u8]) -> Vec<u8> {
    support::limit_tests();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    let writing = std::thread::spawn(move || stdin.write_all(&input));
    let Output { status, stdout, stderr } = child.wait_with_output().expect("an end");
    assert!(status.success(), "{command:?}: {status}: {}", String::from_utf8_lossy(&stderr));
    writing.join().expect("no panic").expect("an open pipe");
    stdout
}

/// A megabyte goes both ways, and the end of the input ends `cat`.
#[test]
fn ssh() {
    if is_left_out("ssh", &["ssh", "sshd", "ssh-keygen", "microsocks"]) {
        return;
    }
    let lab = Lab::start("ssh");
    let sshd = lab.sshd();
    let payload: Vec<u8> = (0..1_000_000_u32).map(|at| (at ^ (at >> 8)).to_le_bytes()[0]).collect();
    for target in ["%h:%p", "%h %p"] {
        let mut ssh = Command::new("ssh");
        ssh.args(sshd.options(&lab.proxy_command(target))).args([&*this_user(), "cat"]);
        assert!(output(&mut ssh, &payload) == payload, "{target}");
    }
}

/// A clone, a commit, and a push.
#[test]
fn git() {
    if is_left_out("git", &["git", "ssh", "sshd", "ssh-keygen", "microsocks"]) {
        return;
    }
    let lab = Lab::start("git");
    let sshd = lab.sshd();
    let [bare, clone] = ["bare.git", "clone"].map(|name| lab.path().join(name));
    let ssh = sshd.options(&lab.proxy_command("%h %p")).into_iter().map(|option| format!(" '{option}'"));
    let ssh = format!("ssh{}", ssh.collect::<String>());
    let git = |directory: &Path, arguments: &[&str]| {
        let mut git = Command::new("git");
        git.current_dir(directory).args(["-c", "user.name=me", "-c", "user.email=me@example.com"]);
        git.args(arguments).env("GIT_SSH_COMMAND", &ssh).env("GIT_SSH_VARIANT", "ssh");
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        String::from_utf8(output(&mut git, b"")).expect("UTF-8")
    };
    git(lab.path(), &["init", "--quiet", "--bare", "--initial-branch=main", "bare.git"]);
    let url = format!("ssh://{}:{}{}", this_user(), sshd.port, bare.display());
    git(lab.path(), &["clone", "--quiet", &url, "clone"]);
    fs::write(clone.join("file"), vec![b'x'; 1_000_000]).expect("a file");
    git(&clone, &["add", "file"]);
    git(&clone, &["commit", "--quiet", "--message=first"]);
    git(&clone, &["push", "--quiet", "origin", "HEAD:main"]);
    assert_eq!(git(&bare, &["log", "--format=%s", "main"]), "first\n");
}

/// By the local proxy of `anysocks forward`, with and without a password.
#[test]
fn curl() {
    if is_left_out("curl", &["curl", "microsocks"]) {
        return;
    }
    let lab = Lab::start("curl");
    let page = format!("http://{}/", website(PAGE));
    for options in [&[][..], &["--no-password"]] {
        let arguments = [&["forward", "--proxy-file", lab.proxies()], options].concat();
        let mut forwarder = Running::start(&mut anysocks(&arguments));
        let url = forwarder.line();
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--noproxy", "", "--proxy", &url, &page]);
        assert_eq!(String::from_utf8(output(&mut curl, b"")).expect("UTF-8"), PAGE);
    }
}

/// A request by hand: the page, and the end of the output.
#[test]
fn connect() {
    if is_left_out("connect", &["microsocks"]) {
        return;
    }
    let lab = Lab::start("connect");
    let target = website(PAGE).to_string();
    let mut program = Running::start(&mut anysocks(&["connect", "--proxy-file", lab.proxies(), &target]));
    // The input stays open, and the server closes the connection.
    let mut stdin = program.0.stdin.take().expect("a pipe");
    stdin.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("an open pipe");
    let mut response = String::new();
    program.0.stdout.take().expect("a pipe").read_to_string(&mut response).expect("the end");
    assert!(response.ends_with(PAGE), "{response}");
}
