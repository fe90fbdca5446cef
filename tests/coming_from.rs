//! The pages for users of other crates: the page's program contains every call of ours in the
//! tables, and is compiled as a doctest (`examples/clients`).

const PAGES: [(&str, &str); 5] = [
    ("async-socks5", include_str!("../docs/coming-from/async-socks5.md")),
    ("fast-socks5", include_str!("../docs/coming-from/fast-socks5.md")),
    ("hyper-util", include_str!("../docs/coming-from/hyper-util.md")),
    ("socks", include_str!("../docs/coming-from/socks.md")),
    ("tokio-socks", include_str!("../docs/coming-from/tokio-socks.md")),
];

#[test]
fn calls_in_tables_are_compiled() {
    for (page, text) in PAGES {
        let (prose, program) = text.split_once("```rust,no_run\n").expect("a program");
        let (program, end) = program.split_once("```\n").expect("the end of the program");
        assert_eq!(end, "", "{page} ends with its program");
        let program = one_line(program);
        let calls = ours(prose);
        assert!(calls.len() > 20, "{page}: {calls:?}");
        let missing: Vec<_> = calls.into_iter().filter(|call| !program.contains(&one_line(call))).collect();
        assert!(missing.is_empty(), "{page}: not in the program: {missing:#?}");
    }
}

/// The code in the right column of the tables.
fn ours(prose: &str) -> Vec<&str> {
    let rows = prose.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let cells = rows.filter_map(|row| Some(row.split_once(" | ")?.1));
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

fn one_line(code: &str) -> String {
    code.split_whitespace().collect::<Vec<_>>().join(" ")
}
