//! The files that CONTRIBUTING.md and DESIGN.md name exist, and so do the tests that the page on
//! SOCKS5a names.

use std::fs;
use std::path::Path;

/// The folders that the pages leave out of a path.
const FOLDERS: [&str; 3] = ["", "src", "src/protocol"];

/// The folders that the package is without.
const UNPACKAGED: [&str; 6] = [".ci", "cli", "compare", "examples", "fuzz", "gssapi"];

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

/// Returns the tests in a page's code spans: "`socks5a/streams::connect`" of `tests/`, and
/// "`src record::the_vectors`".
fn tests(page: &str) -> Vec<&str> {
    let spans = page.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "/_: ".contains(c);
    spans.filter(|span| span.contains("::") && span.chars().all(is_word)).collect()
}

/// Returns whether a file of this module has the test.
fn has_test(name: &str) -> bool {
    let (folder, name) = name.strip_prefix("src ").map_or(("tests", name), |name| ("src/socks5a", name));
    let Some((module, test)) = name.split_once("::") else { return false };
    let test = format!("fn {test}()");
    super::sources(folder).iter().any(|(file, text)| {
        let is_module = file.trim_end_matches(".rs").trim_end_matches("/main").trim_end_matches("/tests");
        is_module.ends_with(&format!("/{module}")) && text.contains(&test)
    })
}

#[test]
fn named_tests_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/socks5a.md")).unwrap();
    let tests = tests(&page);
    assert!(tests.len() > 20, "the page names {tests:?}");
    let missing: Vec<_> = tests.into_iter().filter(|name| !has_test(name)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(!has_test("src record::another_name") && !has_test("socks5a/none::connect"));
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

/// SECURITY.md names tests as `file::function`.
#[test]
fn tests_of_the_threat_model_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let named: Vec<_> =
        page.split('`').skip(1).step_by(2).filter_map(|span| span.split_once(".rs::")).collect();
    assert!(named.len() > 20, "{named:?}");
    for (file, function) in named {
        let text = fs::read_to_string(root.join(format!("{file}.rs"))).unwrap_or_default();
        let is_test = text.split("#[test]").chain(text.split("#[tokio::test]")).skip(1).any(|test| {
            test.trim_start().trim_start_matches("async ").starts_with(&format!("fn {function}("))
        });
        assert!(is_test, "SECURITY.md: {file}.rs has no test {function}");
    }
}
