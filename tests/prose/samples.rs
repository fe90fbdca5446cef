//! Short texts, and which of their lines the check finds.

use crate::too_wide;

/// Replaces each `…` by 100 columns of words, and checks which lines are found.
#[track_caller]
fn check(name: &str, text: &str, expected: &[usize]) {
    let text = text.replace('…', &"word ".repeat(20));
    assert_eq!(too_wide(name, &text), expected, "{name}:\n{text}");
}

#[test]
fn the_limit() {
    for (columns, expected) in [(99, &[][..]), (100, &[]), (101, &[1])] {
        check("a.md", &"x".repeat(columns), expected);
        check("a.rs", &format!("//{}", "ü".repeat(columns - 2)), expected);
        check("a.rs", &format!("    // {}", "x".repeat(columns - 7)), expected);
        check("run", &format!("#!{}", "x".repeat(columns - 2)), expected);
    }
}

#[test]
fn prose_of_markdown() {
    check("a.md", "…x", &[1]);
    check("a.md", "# …x", &[1]);
    check("a.md", "- …x\n  …x\n\n  …x", &[1, 2, 4]);
    check("a.md", "1. …x\n   …x", &[1, 2]);
    check("a.md", "> …x", &[1]);
    check("a.md", "x\n    …x", &[2]);
    check("a.md", "```\n…x\n```\n…x", &[4]);
    check("a.md", "````\n```\n…x\n````\n…x", &[5]);
    check("a.md", "- x\n\n  ```sh\n  …x\n  ```\n…x", &[6]);
    check("a.md", "- x\n\n…x", &[3]);
    check("a.md", "x\r\n…x\r\n", &[2]);
}

#[test]
fn no_prose_of_markdown() {
    check("a.md", "| …x |\n|---|", &[]);
    check("a.md", "    …x\n    …x\n\n    …x", &[]);
    check("a.md", "- x\n\n      …x", &[]);
    check("a.md", "~~~\n…x\n\n…x\n~~~", &[]);
    check("a.md", "[x]: …x", &[]);
}

#[test]
fn links() {
    let url = "https://example.com/".repeat(6);
    check("a.md", &format!("A [link]({url})."), &[]);
    check("a.md", &format!("A link: <{url}>."), &[]);
    check("a.rs", &format!("/// See {url}"), &[]);
    check("a.rs", &format!("/// [`Name`](crate::{}).", "name::".repeat(20)), &[]);
    check("a.md", &format!("…x [link]({url})."), &[1]);
    check("a.md", &format!("…x {url}"), &[1]);
}

#[test]
fn comments_of_rust() {
    check("a.rs", "//! …x\n/// …x\n// …x\nfn f() {} // …x", &[1, 2, 3, 4]);
    check("a.rs", "///…x\n    //…x", &[1, 2]);
    check("a.rs", "/// ```\n/// …x\n/// ```\n/// …x", &[4]);
    check("a.rs", "/// ```\n/// …x\nfn f() {}\n/// …x", &[4]);
    check("a.rs", "/// | …x |\n///\n///     …x", &[]);
    check("a.rs", "const C: char = '\"'; // …x", &[1]);
    check("a.rs", "const C: char = '\\''; // …x", &[1]);
    check("a.rs", "fn f<'a>(_: &'a str) {} // …x", &[1]);
    check("a.rs", "const C: &str = \"\\\"\"; // …x", &[1]);
    check("a.rs", "const C: &str = r#\"\"\"#; // …x", &[1]);
    check("a.rs", "/* /* */ \" */ // …x", &[1]);
    check("a.rs", "let r#type = 1; // …x", &[1]);
}

#[test]
fn no_comments_of_rust() {
    check("a.rs", "fn f() { …x }", &[]);
    check("a.rs", "const C: &str = \"// …x\";", &[]);
    check("a.rs", "const C: &str = \"\\\" // …x\";", &[]);
    check("a.rs", "const C: &str = \"\n// …x\n\";", &[]);
    check("a.rs", "const C: &[u8] = br##\"\"# // …x\"##;", &[]);
    check("a.rs", "/*\n// …x\n*/", &[]);
}

#[test]
fn comments_of_scripts() {
    check("run", "#!/bin/sh\n# …x\n    # …x\necho …x", &[2, 3]);
    check("a.sh", "# …x", &[1]);
    check("a.toml", "# …x\nkey = \"…x\"", &[1]);
    check("a.yml", "a: …x\n# …x", &[2]);
    check("LICENSE", "…x", &[]);
    check("a.txt", "# …x", &[]);
}
