//! Which files import which.
//!
//! An import counts as one of the file that *defines* the item, through any number of re-exports.
//! So a `mod.rs` that only re-exports its children depends on none of them, and a file that
//! imports through it does not depend on it. It depends on a child if it imports from it
//! privately, or uses re-exported items in its own code. A child depends on it if it defines an
//! item that the child imports.

use crate::tree::{Body, Import, OTHER_CRATE, Path, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// For each pair of files a path by which the first imports the second.
pub(crate) type Arrows = BTreeMap<(String, String), String>;

/// All imports. Those by which a module depends on one that contains it are the second of the two.
pub(crate) fn arrows(tree: &Tree) -> (Arrows, Arrows) {
    let (mut arrows, mut outwards) = (Arrows::new(), Arrows::new());
    for (module, bodies) in &tree.modules {
        for body in bodies {
            for path in used(tree, module, body) {
                for file in tree.files(module, &path) {
                    if file == body.file {
                        continue;
                    }
                    let containing = (0..module.len()).flat_map(|len| tree.bodies(&module[..len]));
                    let is_outwards = containing.into_iter().any(|body| body.file == file);
                    let arrows = if is_outwards { &mut outwards } else { &mut arrows };
                    arrows.entry((body.file.clone(), file)).or_insert_with(|| path.join("::"));
                }
            }
        }
    }
    (arrows, outwards)
}

/// The paths that the code of a module depends on.
fn used(tree: &Tree, module: &Path, body: &Body) -> BTreeSet<Path> {
    let mut used = BTreeSet::new();
    let mut by_name = BTreeSet::new();
    for path in &body.paths {
        // Its first name may be an import, such as that of a module.
        let import = body.imports.iter().find(|import| import.name.as_ref() == path.first());
        match import {
            Some(import) => {
                by_name.insert(import.name.clone());
                used.insert([import.path.as_slice(), &path[1..]].concat());
            }
            None => {
                used.insert(path.clone());
            }
        }
    }
    for import in &body.imports {
        let is_unnamed = import.name.as_ref().is_none_or(|name| !body.words.contains(name));
        let is_only_reexported = import.is_public && import.is_item && is_unnamed;
        // Of an imported module, what is taken from it counts.
        let stands_for_module = by_name.contains(&import.name) && tree.is_module(module, &import.path);
        if !is_only_reexported && !stands_for_module {
            used.insert(import.path.clone());
        }
    }
    used
}

impl Tree {
    /// Whether the second file belongs to a module that begins in the first, or to a child of it.
    pub(crate) fn contains(&self, parent: &str, file: &str) -> bool {
        let of = |file: &str| {
            let modules =
                self.modules.iter().filter(move |(_, bodies)| bodies.iter().any(|body| body.file == file));
            modules.map(|(path, _)| path).min_by_key(|path| path.len())
        };
        matches!((of(parent), of(file)), (Some(parent), Some(file)) if file.starts_with(parent))
    }

    fn is_module(&self, from: &Path, path: &[String]) -> bool {
        matches!(self.absolute(from, path), Some(path) if self.modules.contains_key(&path))
    }

    /// The path from the root, determined by its first name. Other crates have none.
    fn absolute(&self, from: &Path, path: &[String]) -> Option<Path> {
        let mut start = from.clone();
        let mut rest = path;
        match rest.first().map(String::as_str)? {
            OTHER_CRATE => return None,
            "crate" => {
                start.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {}
            _ => return self.has_child(from, path.first()?).then(|| [from, path].concat()),
        }
        while rest.first().is_some_and(|name| name == "super") {
            start.pop();
            rest = &rest[1..];
        }
        Some([&start, rest].concat())
    }

    fn has_child(&self, module: &Path, name: &str) -> bool {
        self.modules.contains_key(&[module.as_slice(), &[name.to_owned()]].concat())
    }

    /// The files that define what the path names.
    fn files(&self, from: &Path, path: &[String]) -> BTreeSet<String> {
        let mut files = BTreeSet::new();
        self.find(from, path, &mut BTreeSet::new(), &mut files);
        files
    }

    fn find(&self, from: &Path, path: &[String], seen: &mut BTreeSet<Path>, files: &mut BTreeSet<String>) {
        let Some(path) = self.absolute(from, path) else { return };
        // Two modules may import each other's names by `*`.
        if !seen.insert(path.clone()) {
            return;
        }
        // The longest module that is a prefix of the path. An item may follow.
        let mut len = 0;
        while len < path.len() && self.modules.contains_key(&path[..=len]) {
            len += 1;
        }
        let (mut module, mut rest) = (path[..len].to_vec(), &path[len..]);
        // A module and a function may share a name.
        if let (true, Some((name, parent))) = (rest.is_empty(), path.split_last()) {
            let parent = parent.to_vec();
            if self.bodies(&parent).any(|body| body.items.contains(name)) {
                (module, rest) = (parent, &path[len - 1..]);
            }
        }
        let Some((item, tail)) = rest.split_first() else {
            files.extend(self.bodies(&module).map(|body| body.file.clone()));
            return;
        };
        for body in self.bodies(&module) {
            let before = files.len();
            if !body.items.contains(item) {
                let imports = body.imports.iter().filter(|import| import.is_item);
                let (named, globs): (Vec<_>, Vec<_>) =
                    imports.filter(|import| names(import, item)).partition(|import| import.name.is_some());
                for import in &named {
                    self.find(&module, &[import.path.as_slice(), tail].concat(), seen, files);
                }
                if !named.is_empty() {
                    continue;
                }
                for import in globs.iter().filter(|import| self.glob_has(&module, import, item)) {
                    let path = [import.path.as_slice(), rest].concat();
                    self.find(&module, &path, seen, files);
                }
            }
            if files.len() == before {
                files.insert(body.file.clone());
            }
        }
    }

    /// Whether the module behind `*` defines or imports the item.
    fn glob_has(&self, from: &Path, glob: &Import, item: &String) -> bool {
        let Some(module) = self.absolute(from, &glob.path) else { return false };
        self.bodies(&module).any(|body| {
            let imported = body.imports.iter().any(|import| import.name.as_ref() == Some(item));
            imported || body.items.contains(item) || self.has_child(&module, item)
        })
    }

    fn bodies(&self, module: &[String]) -> impl Iterator<Item = &Body> {
        self.modules.get(module).into_iter().flatten()
    }
}

fn names(import: &Import, item: &String) -> bool {
    import.name.as_ref().is_none_or(|name| name == item)
}
