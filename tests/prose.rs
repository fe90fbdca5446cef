//! No line of prose is wider than 100 columns, in Markdown and in comments. Tables, code, and
//! what a link makes wide are exempt.

#[path = "prose/comments.rs"]
mod comments;
#[path = "prose/markdown.rs"]
mod markdown;
#[path = "prose/samples.rs"]
mod samples;

use markdown::Markdown;
use std::fs;
use std::path::Path;

const WIDTH: usize = 100;

/// Folders without prose of this project: builds, and the inputs of fuzzing.
const SKIPPED: &[&str] = &[".git", "target", "inputs", "artifacts", "coverage"];

/// Returns the numbers of the lines with too wide prose.
fn too_wide(name: &str, text: &str) -> Vec<usize> {
    // The number of a line, and the part of it that may be prose.
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let candidates: Vec<(usize, &str)> = match extension {
        "md" => text.lines().enumerate().map(|(index, line)| (index + 1, line)).collect(),
        "rs" => comments::of_rust(text),
        "conf" | "sh" | "toml" | "yml" => comments::of_script(text),
        _ if text.starts_with("#!") => comments::of_script(text),
        _ => Vec::new(),
    };
    let lines: Vec<_> = text.lines().collect();
    let mut markdown = Markdown::new();
    let mut last = (0, "");
    let mut found = Vec::new();
    for (number, candidate) in candidates {
        let (marker, text) = if extension == "md" { ("", candidate) } else { comments::split(candidate) };
        if (number, marker) != (last.0 + 1, last.1) {
            markdown = Markdown::new();
        }
        last = (number, marker);
        let line = lines[number - 1];
        if markdown.is_prose(text) && markdown::width_without_links(line) > WIDTH {
            found.push(number);
        }
    }
    found
}

/// Checks the files below a folder, and returns how many it has read.
fn check(root: &Path, folder: &Path, errors: &mut Vec<String>) -> usize {
    let mut read = 0;
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_string_lossy();
        if SKIPPED.contains(&&*name) {
            continue;
        }
        if path.is_dir() {
            read += check(root, &path, errors);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let shown = path.strip_prefix(root).unwrap().display();
            errors.extend(too_wide(&name, &text).iter().map(|line| format!("{shown}:{line}")));
            read += 1;
        }
    }
    read
}

#[test]
fn prose_ends_before_column_100() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut errors = Vec::new();
    let read = check(root, root, &mut errors);
    assert!(read > 100, "only {read} files were found");
    assert!(errors.is_empty(), "{} lines are too wide:\n{}", errors.len(), errors.join("\n"));
}
