//! The files that CONTRIBUTING.md and DESIGN.md name exist.

use std::fs;
use std::path::Path;

/// The folders that the pages leave out of a path.
const FOLDERS: [&str; 3] = ["", "src", "src/protocol"];

/// The folders that the package is without.
const UNPACKAGED: [&str; 5] = [".ci", "compare", "examples", "fuzz", "gssapi"];

/// Returns the paths in a page's code spans: those with a `/`, and those of a list in braces
/// after a folder, such as "`udp/` {`send`, `receive`: both directions}".
fn paths(page: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for line in page.lines() {
        // Every second part is a code span.
        let parts: Vec<_> = line.split('`').collect();
        let mut folder = None;
        for (n, span) in parts.iter().enumerate().skip(1).step_by(2) {
            let after = parts.get(n + 1).copied().unwrap_or_default();
            if let Some(folder) = folder {
                paths.push(format!("{folder}{span}.rs"));
            } else if span.contains('/')
                && span.chars().all(|c| c.is_ascii_alphanumeric() || "/_.-".contains(c))
            {
                paths.push((*span).to_owned());
            }
            if after.trim_start().starts_with('{') {
                folder = Some(*span);
            } else if after.contains('}') {
                folder = None;
            }
        }
    }
    paths
}

#[test]
fn named_files_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut missing = Vec::new();
    for page in ["CONTRIBUTING.md", "DESIGN.md"] {
        let paths = paths(&fs::read_to_string(root.join(page)).unwrap());
        assert!(paths.len() > 5, "{page} names {paths:?}");
        let exists = |path: &String| {
            let is_unpackaged = UNPACKAGED.iter().any(|folder| Path::new(path).starts_with(folder));
            is_unpackaged || FOLDERS.iter().any(|folder| root.join(folder).join(path).exists())
        };
        missing.extend(paths.into_iter().filter(|path| !exists(path)).map(|path| format!("{page}: {path}")));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn spans_that_are_paths() {
    for (page, expected) in [
        ("| a fault | `udp/send.rs`, `udp/batch/` |", &["udp/send.rs", "udp/batch/"][..]),
        (
            "`udp/` {`send`, `receive`: both}; `proxy/url.rs`",
            &["udp/", "udp/send.rs", "udp/receive.rs", "proxy/url.rs"],
        ),
        ("`TcpStream`, `io.rs` of `tokio/`", &["tokio/"]),
        ("`cargo run --path examples/ftp`, `socks5h://proxy`", &[]),
    ] {
        assert_eq!(paths(page), expected, "{page}");
    }
}
