//! Imports run one way: files have no import cycles, and no module imports from a higher floor.
//! Modules of tests are exempt.
//!
//! A module and its children are one thing: a child may import what its parent defines, while
//! the parent uses the child. Such pairs are listed without being an error, unless the way from
//! the parent back to the child leaves the module.
//!
//! `cargo test --test architecture -- --nocapture` prints what the sources have.

#[path = "architecture/cycles.rs"]
mod cycles;
#[path = "architecture/documents.rs"]
mod documents;
#[path = "architecture/imports.rs"]
mod imports;
#[path = "architecture/samples.rs"]
mod samples;
#[path = "architecture/tokens.rs"]
mod tokens;
#[path = "architecture/tree.rs"]
mod tree;

use imports::Arrows;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use tree::{Files, Tree};

type Floors = [&'static [&'static str]];

/// The modules at the root of the crate, from the ground up. Modules on one floor may import
/// each other.
const FLOORS: &Floors = &[
    &["error", "protocol", "trace"],
    &["gssapi", "socks5a"],
    &["proxy"],
    &["stream"],
    &["runtime"],
    &["route"],
    &["udp"],
    &["reactor", "tokio", "smol", "async_std", "futures", "blocking"],
    &["forward", "hyper", "probe", "quinn"],
];

/// What the imports of a crate are like.
struct Report {
    /// What has to change, a line each.
    errors: Vec<String>,
    /// Modules that use a child which imports from them.
    families: Vec<String>,
}

impl Report {
    fn of(files: &Files, root: &str, floors: &Floors) -> Self {
        let tree = Tree::read(files, root);
        let (arrows, outwards) = imports::arrows(&tree);
        let all: Arrows = arrows.iter().chain(&outwards).map(|(a, b)| (a.clone(), b.clone())).collect();
        let text = |cycle: &[&str]| {
            let step = |(from, to): (&str, &str)| {
                let path = &all[&(from.to_owned(), to.to_owned())];
                format!("{from} -> {path} in ")
            };
            cycles::arrows_of(cycle).map(step).chain([cycle[0].to_owned()]).collect::<String>()
        };
        let mut errors: Vec<_> = tree.missing.iter().map(|file| format!("no such file: {file}")).collect();
        for knot in cycles::knots(&arrows) {
            let files: Vec<_> = knot.files.into_iter().collect();
            errors.push(format!("{} files in cycles: {}", files.len(), files.join(", ")));
            errors.extend(knot.cycles.iter().map(|cycle| format!("    {}", text(cycle))));
        }
        for (child, parent) in outwards.keys() {
            let inside = |file: &str| tree.contains(parent, file);
            let cycle = cycles::detour(&all, (child, parent), inside);
            errors.extend(cycle.map(|cycle| format!("a cycle by way of a parent: {}", text(&cycle))));
        }
        if !floors.is_empty() {
            errors.extend(upwards(&tree, &arrows, floors));
        }
        let families = outwards.iter().filter_map(|((child, parent), path)| {
            let back = arrows.get(&(parent.clone(), child.clone()))?;
            Some(format!("{parent} -> {back} in {child} -> {path} in {parent}"))
        });
        Self { errors, families: families.collect() }
    }
}

/// The imports from a higher floor, and the modules that have no floor.
fn upwards(tree: &Tree, arrows: &Arrows, floors: &Floors) -> Vec<String> {
    let floor = |module: &str| floors.iter().position(|floor| floor.contains(&module));
    // The module at the root that a file is in.
    let mut module_of = BTreeMap::new();
    for (path, bodies) in &tree.modules {
        if let Some(module) = path.first() {
            module_of.extend(bodies.iter().map(|body| (body.file.as_str(), module.as_str())));
        }
    }
    let mut errors = Vec::new();
    for ((from, to), path) in arrows {
        let floor_of = |file: &str| module_of.get(file).and_then(|module| floor(module));
        if let (Some(low), Some(high)) = (floor_of(from), floor_of(to)) {
            if low < high {
                errors.push(format!("upwards: {from} (floor {low}) -> {path} in {to} (floor {high})"));
            }
        }
    }
    let modules: BTreeSet<_> = module_of.values().collect();
    let without = modules.into_iter().filter(|module| floor(module).is_none());
    errors.extend(without.map(|module| format!("no floor: {module}")));
    errors
}

/// All Rust files below a folder of the repository.
fn sources(folder: &str) -> Files {
    let mut files = Files::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&folder);
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                open.push(name);
            } else if entry.path().extension().is_some_and(|extension| extension == "rs") {
                files.insert(name, fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    files
}

#[test]
fn imports_run_one_way() {
    let mut reports = vec![Report::of(&sources("src"), "src/lib.rs", FLOORS)];
    // The package is without these.
    for (folder, root) in [
        ("cli/src", "cli/src/main.rs"),
        ("compare/src", "compare/src/main.rs"),
        ("gssapi/src", "gssapi/src/lib.rs"),
    ] {
        let files = sources(folder);
        if !files.is_empty() {
            reports.push(Report::of(&files, root, &[]));
        }
    }
    println!("a module and its child:\n{}\n", join(reports.iter().flat_map(|report| &report.families)));
    let errors = join(reports.iter().flat_map(|report| &report.errors));
    assert!(errors.is_empty(), "\n{errors}");
}

fn join<'a>(lines: impl Iterator<Item = &'a String>) -> String {
    lines.cloned().collect::<Vec<_>>().join("\n")
}
