//! Small crates, and what the check finds in them.

use crate::imports::arrows;
use crate::tree::{Files, Tree};
use crate::{Floors, Report};

fn files(files: &[(&str, &str)]) -> Files {
    files.iter().map(|(name, source)| ((*name).to_owned(), (*source).to_owned())).collect()
}

/// Checks which files import which, as `from to`, with the suffixes `.rs` left out.
#[track_caller]
fn check(sample: &[(&str, &str)], expected: &[&str]) {
    let (inwards, outwards) = arrows(&Tree::read(&files(sample), "lib.rs"));
    let both = inwards.keys().chain(outwards.keys());
    let mut found: Vec<_> = both.map(|(from, to)| format!("{from} {to}").replace(".rs", "")).collect();
    found.sort();
    assert_eq!(found, expected, "{sample:?}");
}

/// A root with modules `a`, `b` and `c`, where `a` has this source.
#[track_caller]
fn check_a(source: &str, expected: &[&str]) {
    let root = "mod a; mod b; mod c; pub use b::Thing; pub use c::Other as Renamed;";
    let b =
        "pub struct Thing; pub struct Unit; pub fn call() {} #[macro_export] macro_rules! made { () => {} }";
    let sample = [("lib.rs", root), ("a.rs", source), ("b.rs", b), ("c.rs", "pub struct Other;")];
    check(&sample, expected);
}

#[test]
fn forms_of_imports() {
    for source in [
        "use crate::b::Thing;",
        "use super::b::Thing;",
        "use crate::b::Thing as Named;",
        "use crate::b::{Thing};",
        "use crate::{b::{Thing, Unit}};",
        "use crate::b::{self, Thing};",
        "use crate::b;",
        "use crate::b; fn f() { b::call() }",
        "use crate::b as d; fn f() { d::call() }",
        "use crate::b::*;",
        "use crate::Thing;",
        "pub use crate::b::Thing; fn f(_: Thing) {}",
        "fn f() { use crate::b::Thing; }",
        "fn f() { crate::b::call() }",
        "fn f() -> Option<crate::Thing> { None }",
        "fn f() { <crate::b::Thing as Clone>::clone }",
        "macro_rules! m { () => { $crate::b::call() } }",
        "#[derive(Debug)] #[error(\"{}\", crate::b::call())] struct S;",
        "mod inner { use super::super::b::Thing; }",
        "mod inner { use crate::Thing; }",
        "const C: &str = r#\"\"\"#; const D: char = '\"'; use crate::b::Thing;",
        "fn f<'a>(_: &'a str) -> impl Fn() + use<'a> { crate::b::call }",
    ] {
        check_a(source, &["a b"]);
    }
    check_a("use crate::{Renamed, Thing};", &["a b", "a c"]);
    check_a("use crate::{b, c::Other}; fn f() { b::call() }", &["a b", "a c"]);
}

#[test]
fn no_imports() {
    for source in [
        "use std::fmt;",
        "use ::b::Thing;",
        "use b::Thing;",
        "// use crate::b::Thing;",
        "/* /* */ use crate::b::Thing; */",
        "const C: &str = \"use crate::b::Thing;\";",
        "const C: &str = \"\\\" use crate::b::Thing;\";",
        "const C: &[u8] = br##\"use crate::b::Thing; \"# \"##;",
        "const C: (char, char) = ('\\'', '\"'); // \" crate::b::Thing",
        "//! [`Thing`](crate::b::Thing)",
        "pub use crate::b::Thing;",
        "pub(in crate::a) use crate::b::Thing;",
        "#[cfg(test)] use crate::b::Thing;",
        "#[cfg(test)] mod tests { use crate::b::Thing; }",
        "#[cfg(all(test, unix))] mod tests { use crate::b::Thing; }",
        "#[cfg(test)] #[track_caller] fn f(_: [u8; 2]) { crate::b::call() }",
        "struct S; impl S { #[cfg(test)] fn f() { crate::b::call() } }",
    ] {
        check_a(source, &[]);
    }
    check_a("#[cfg(test)] fn f() { crate::b::call() } #[cfg(not(test))] use crate::c::Other;", &["a c"]);
}

#[test]
fn items_are_those_of_the_file_that_defines_them() {
    let root = "mod a; mod b;";
    let own = [
        // It names the child's item only to re-export it.
        ("lib.rs", root),
        ("a/mod.rs", "mod x; mod y; pub use x::X; pub(crate) use y::*; pub struct Own;"),
        ("a/x.rs", "pub struct X;"),
        ("a/y.rs", "pub struct Y;"),
    ];
    let with = |b| [&own[..], &[("b.rs", b)]].concat();
    check(&with("use crate::a::X;"), &["b a/x"]);
    check(&with("use crate::a::Y;"), &["b a/y"]);
    check(&with("use crate::a::Own;"), &["b a/mod"]);
    check(&with("use crate::a::{self, X}; fn f(_: a::Y) {}"), &["b a/x", "b a/y"]);
    check(&with("use crate::a::x::X as Z; fn f() { Z::new() }"), &["b a/x"]);
}

#[test]
fn parents_and_children() {
    let sample = |parent, child| [("lib.rs", "mod a;"), ("a.rs", parent), ("a/x.rs", child)];
    check(&sample("mod x; use x::X;", "pub struct X;"), &["a a/x"]);
    check(&sample("mod x; pub use x::X;", "pub struct X;"), &[]);
    check(&sample("mod x; pub use x::X; fn f(_: X) {}", "pub struct X;"), &["a a/x"]);
    check(&sample("mod x; fn f() { x::f() }", "pub fn f() {}"), &["a a/x"]);
    check(&sample("mod x; struct Own;", "use super::Own;"), &["a/x a"]);
    check(&sample("mod x; use std::io;", "use super::io;"), &[]);

    let both = sample("mod x; use x::X; struct Own;", "use super::Own; pub struct X;");
    let report = Report::of(&files(&both), "lib.rs", &[]);
    assert_eq!(report.errors, [""; 0]);
    assert_eq!(report.families, ["a.rs -> x::X in a/x.rs -> super::Own in a.rs"]);
}

/// The parent's code leads back to the child through another module.
#[test]
fn cycles_by_way_of_a_parent() {
    let sample = files(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "mod x; pub use x::X; use crate::b::B; pub struct Own;"),
        ("a/x.rs", "use super::Own; pub struct X;"),
        ("b.rs", "use crate::a::X; pub struct B;"),
    ]);
    let report = Report::of(&sample, "lib.rs", &[]);
    let cycle = "a/x.rs -> super::Own in a.rs -> crate::b::B in b.rs -> crate::a::X in a/x.rs";
    assert_eq!(report.errors, [format!("a cycle by way of a parent: {cycle}")]);
    assert_eq!(report.families, [""; 0]);
}

#[test]
fn files_of_modules() {
    let other = ("b.rs", "pub struct Thing;");
    // By an attribute, twice under conditions, and inside a module in the same file.
    let root = "#[cfg(unix)] #[path = \"on.rs\"] pub(crate) mod a; #[cfg(not(unix))] #[path = \"off.rs\"] mod a; mod b;";
    let thing = "use crate::b::Thing;";
    check(&[("lib.rs", root), ("on.rs", thing), ("off.rs", thing), other], &["off b", "on b"]);
    let root = "mod a { mod x; } mod b;";
    check(&[("lib.rs", root), ("a/x.rs", thing), other], &["a/x b"]);
    let root = "mod b; mod a; use a::Thing;";
    check(
        &[("lib.rs", root), ("a/mod.rs", "mod tests; pub use crate::b::*;"), ("a/tests.rs", thing), other],
        &["lib b"],
    );
}

#[test]
fn cycles_and_floors() {
    let sample = files(&[
        ("lib.rs", "mod low; mod middle; mod high; mod nowhere; mod lost; pub use high::High;"),
        ("low.rs", "use crate::High; pub struct Low;"),
        ("middle.rs", "use crate::low::Low; pub struct Middle;"),
        ("high.rs", "use crate::middle::Middle; pub struct High;"),
        ("nowhere.rs", "use crate::High;"),
    ]);
    let floors: &Floors = &[&["low"], &["middle"], &["high"]];
    let report = Report::of(&sample, "lib.rs", floors);
    let cycle = "high.rs -> crate::middle::Middle in middle.rs -> crate::low::Low in low.rs -> crate::High in high.rs";
    let expected = [
        "no such file: lost/mod.rs",
        "3 files in cycles: high.rs, low.rs, middle.rs",
        &format!("    {cycle}"),
        "upwards: low.rs (floor 0) -> crate::High in high.rs (floor 2)",
        "no floor: nowhere",
    ];
    assert_eq!(report.errors, expected);
}
