//! Finds the comments of a source.

/// Returns each `//` comment with the number of its line.
pub(crate) fn of_rust(source: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut line = 1;
    while let Some(next) = source[at..].chars().next() {
        let rest = &source[at..];
        let len = match next {
            '/' if rest.starts_with("//") => {
                let comment = rest.lines().next().unwrap_or_default();
                found.push((line, comment));
                comment.len()
            }
            '/' if rest.starts_with("/*") => block_comment(rest),
            '"' => string(rest),
            '\'' => character(rest),
            _ if next.is_alphanumeric() || next == '_' => {
                let is_word = |c: char| c.is_alphanumeric() || c == '_';
                let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                let raw = matches!(&rest[..word], "r" | "br" | "cr");
                word + if raw { raw_string(&rest[word..]) } else { 0 }
            }
            _ => next.len_utf8(),
        };
        line += rest[..len].matches('\n').count();
        at += len;
    }
    found
}

/// Returns each line that is a `#` comment, with its number.
pub(crate) fn of_script(source: &str) -> Vec<(usize, &str)> {
    let lines = source.lines().enumerate().map(|(index, line)| (index + 1, line.trim_start()));
    lines.filter(|(_, line)| line.starts_with('#')).collect()
}

/// Splits a comment into its marker and its text.
pub(crate) fn split(comment: &str) -> (&str, &str) {
    let markers = ["//!", "///", "//", "#"];
    let marker = markers.into_iter().find(|marker| comment.starts_with(marker)).unwrap_or_default();
    let text = &comment[marker.len()..];
    (marker, text.strip_prefix(' ').unwrap_or(text))
}

fn block_comment(rest: &str) -> usize {
    let (mut at, mut depth) = (2, 1);
    while depth > 0 {
        let Some(slash) = rest[at..].find(['*', '/']) else { return rest.len() };
        at += slash;
        match rest.as_bytes().get(at..at + 2) {
            Some(b"*/") => (at, depth) = (at + 2, depth - 1),
            Some(b"/*") => (at, depth) = (at + 2, depth + 1),
            _ => at += 1,
        }
    }
    at
}

fn string(rest: &str) -> usize {
    let mut escaped = true;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// What follows the `r`. It may be an identifier, `r#type`.
fn raw_string(rest: &str) -> usize {
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    if !rest[hashes..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", &rest[..hashes]);
    rest[hashes + 1..].find(&end).map_or(rest.len(), |at| hashes + 1 + at + end.len())
}

/// A character, or only the quotation mark of a lifetime.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((escaped, c))) => {
            let from = escaped + c.len_utf8();
            rest[from..].find('\'').map_or(rest.len(), |at| from + at + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}
