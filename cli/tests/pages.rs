//! The help texts, the manual pages and the completions.

mod support;

use support::run;

/// The commands with a proxy, and the exit statuses that the pages of each one list.
const COMMANDS: [(Option<&str>, &[u8]); 7] = [
    (None, EVERY_STATUS),
    (Some("connect"), EVERY_STATUS),
    (Some("forward"), &[1, 2]),
    (Some("probe"), &[0, 1, 2, 3, 6, 7]),
    (Some("resolve"), EVERY_STATUS),
    (Some("listen"), EVERY_STATUS),
    (Some("udp"), EVERY_STATUS),
];
const EVERY_STATUS: &[u8] = &[0, 1, 2, 3, 4, 5, 6, 7];

fn page(command: Option<&str>) -> String {
    let ended = run(&[&["man"], command.as_slice()].concat());
    assert_eq!((ended.status, &*ended.stderr), (Some(0), ""));
    ended.stdout
}

fn help(command: Option<&str>) -> String {
    let ended = run(&[command.as_slice(), &["--help"]].concat());
    assert_eq!((ended.status, &*ended.stderr), (Some(0), ""));
    ended.stdout
}

/// Returns a section of a page, up to the next one.
fn section<'a>(page: &'a str, title: &str) -> &'a str {
    let start = page.find(&format!("\n.SH {title}\n")).unwrap_or_else(|| panic!("{title}: {page}"));
    let section = &page[start + 1..];
    section.find("\n.SH ").map_or(section, |end| &section[..=end])
}

#[test]
fn sections() {
    for (command, statuses) in COMMANDS {
        let (page, help) = (page(command), help(command));
        let status = section(&page, "\"EXIT STATUS\"");
        for number in statuses {
            assert!(status.contains(&format!("\n.TP\n\\fB{number}\\fR\n")), "{command:?}: {status}");
            assert!(help.contains(&format!("\n  {number}  ")), "{command:?} {number}: {help}");
        }
        assert_eq!(status.matches(".TP").count(), statuses.len(), "{command:?}: {status}");
        assert!(status.contains("trusted"), "{command:?}: {status}");
        assert_eq!(status.contains("TLS handshake"), statuses.contains(&3), "{command:?}: {status}");
        let listens = matches!(command, None | Some("forward" | "udp"));
        assert_eq!(status.contains(r"socket of \-\-listen"), listens, "{command:?}: {status}");
        // Where a direct connection is possible. `forward` does not end by its failure.
        let is_direct = matches!(command, None | Some("connect" | "forward"));
        let ends = is_direct && command != Some("forward");
        assert_eq!(status.contains("direct connection"), ends, "{command:?}: {status}");
        assert_eq!(help.contains("connections are direct"), is_direct, "{command:?}: {help}");
        for text in [section(&page, "\"PROXY URLS\""), &help] {
            for option in ["timeout=SECONDS", "auth=gssapi", "family=FAMILY"] {
                assert!(text.contains(option), "{command:?}: {text}");
            }
        }
        assert!(help.contains(" password, % # / ? and , are percent-encoded."), "{command:?}: {help}");
        for text in [section(&page, "PASSWORDS"), &help] {
            assert!(text.contains("All users of a machine can see command lines."), "{command:?}: {text}");
        }
        assert_eq!(page.contains("\n.SH ENVIRONMENT\n"), command != Some("probe"), "{command:?}: {page}");
        assert_eq!(help.contains("\nEnvironment:\n"), command != Some("probe"), "{command:?}: {help}");
        assert_eq!(help.contains("5 seconds"), command == Some("probe"), "{command:?}: {help}");
        assert!(!page.contains("EXTRA"), "{command:?}: {page}");
    }
    assert!(section(&page(Some("forward")), "\"EXIT STATUS\"").contains("After SIGHUP, SIGINT or SIGTERM"));
}

#[test]
fn examples() {
    let page = page(Some("connect"));
    let expected = ".SH EXAMPLES\n.nf\n\
        anysocks connect \\-x socks5h://proxy:1080 example.com:80 <request >response\n";
    assert!(section(&page, "EXAMPLES").starts_with(expected), "{page}");
    assert!(section(&page, "EXAMPLES").ends_with("git fetch\n.fi\n"), "{page}");
    let help = help(Some("connect"));
    assert!(help.contains("\nExamples:\n  anysocks connect -x socks5h://proxy:1080 "), "{help}");
}

/// Each page has the version of the program, and names pages that exist.
#[test]
fn references() {
    let program = page(None);
    let title = format!(".TH anysocks 1 \" \" \"anysocks {}\"", env!("CARGO_PKG_VERSION"));
    assert!(program.contains(&title), "{program}");
    let named = section(&program, "\"SEE ALSO\"").lines().skip(1);
    let commands: Vec<_> = named
        .map(|line| {
            let name = line.strip_prefix("\\fBanysocks\\-").and_then(|line| line.split_once("\\fR(1)"));
            name.unwrap_or_else(|| panic!("{line}")).0
        })
        .collect();
    assert_eq!(section(&program, "SUBCOMMANDS").matches("(1)").count(), commands.len(), "{program}");
    for command in commands {
        assert!(section(&program, "SUBCOMMANDS").contains(&format!("anysocks\\-{command}(1)")), "{command}");
        let page = page(Some(command));
        assert!(page.contains(&title.replace("anysocks 1", &format!("anysocks-{command} 1"))), "{page}");
        assert!(section(&page, "\"SEE ALSO\"").ends_with("\\fBanysocks\\fR(1)\n"), "{page}");
    }
}

#[test]
fn completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = run(&["completions", shell]);
        assert!(script.status == Some(0) && script.stdout.contains("forward"), "{shell}");
    }
    let script = run(&["completions", "zsh"]).stdout;
    assert!(script.contains("(connect forward probe resolve listen udp man completions)"), "{script}");
}

#[test]
fn version() {
    assert_eq!(run(&["--version"]).stdout, format!("anysocks {}\n", env!("CARGO_PKG_VERSION")));
}
