//! The modules of a crate: what each imports, defines, and names by paths.

use crate::tokens::{Token, tokens};
use std::collections::{BTreeMap, BTreeSet};

/// The words that an item's name follows.
const DEFINES: [&str; 9] =
    ["fn", "struct", "enum", "trait", "type", "const", "static", "union", "macro_rules"];

/// The names from the crate's root to a module.
pub(crate) type Path = Vec<String>;

/// The token before a path that begins with `::`.
pub(crate) const OTHER_CRATE: &str = "::";

/// Source files by their paths, with `/` between the names.
pub(crate) type Files = BTreeMap<String, String>;

#[derive(Default)]
pub(crate) struct Tree {
    /// A module has several bodies if it is declared several times, under different conditions.
    pub(crate) modules: BTreeMap<Path, Vec<Body>>,
    /// Files that are declared as modules and not there.
    pub(crate) missing: Vec<String>,
}

/// The content of a module, without its modules of tests.
#[derive(Default)]
pub(crate) struct Body {
    pub(crate) file: String,
    pub(crate) imports: Vec<Import>,
    /// Paths outside `use`.
    pub(crate) paths: BTreeSet<Path>,
    /// The items that are defined here, but for modules.
    pub(crate) items: BTreeSet<String>,
    /// All words outside `use`.
    pub(crate) words: BTreeSet<String>,
}

/// One path of a `use`.
#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) path: Path,
    /// Its name here; none for `*`.
    pub(crate) name: Option<String>,
    /// `pub`, also if restricted.
    pub(crate) is_public: bool,
    /// Not inside a function or another block.
    pub(crate) is_item: bool,
}

impl Tree {
    /// Reads the crate whose root is this file.
    pub(crate) fn read(files: &Files, root: &str) -> Self {
        let mut tree = Self::default();
        let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
        tree.add(files, Vec::new(), root, folder);
        tree
    }

    /// Adds the module in this file. Its child modules are in files of the folder.
    fn add(&mut self, files: &Files, path: Path, file: &str, folder: &str) {
        let Some(source) = files.get(file) else {
            self.missing.push(file.to_owned());
            return;
        };
        let tokens = tokens(source);
        Reader { tree: self, files, file, tokens: &tokens }.module(path, folder, 0..tokens.len());
    }
}

struct Reader<'a> {
    tree: &'a mut Tree,
    files: &'a Files,
    file: &'a str,
    tokens: &'a [Token],
}

/// The attributes before an item, as far as they matter here.
#[derive(Default)]
struct Attributes {
    path: Option<String>,
    is_test: bool,
}

impl Reader<'_> {
    fn module(&mut self, path: Path, folder: &str, range: std::ops::Range<usize>) {
        let mut body = Body { file: self.file.to_owned(), ..Body::default() };
        let mut attributes = Attributes::default();
        let (mut at, mut depth) = (range.start, 0);
        while at < range.end {
            let next = self.tokens.get(at + 1);
            match &self.tokens[at] {
                Token::Mark('#') if next.is_some_and(|next| next.is_mark('[')) => {
                    let end = self.closing(at + 1);
                    self.attribute(at + 2..end, &mut attributes);
                    self.words(at + 2..end, &mut body);
                    at = end + 1;
                    if attributes.is_test {
                        at = self.past_item(at);
                        attributes = Attributes::default();
                    }
                    continue;
                }
                Token::Mark('{') => depth += 1,
                Token::Mark('}') => depth -= 1,
                Token::Word(word) if word == "use" && next.is_some_and(|next| !next.is_mark('<')) => {
                    let is_public = self.is_public(at);
                    let first = body.imports.len();
                    at = self.import(at + 1, &[], &mut body.imports);
                    for import in &mut body.imports[first..] {
                        (import.is_public, import.is_item) = (is_public, depth == 0);
                    }
                    continue;
                }
                Token::Word(word) if word == "mod" && next.and_then(Token::word).is_some() => {
                    let name = next.and_then(Token::word).unwrap_or_default().to_owned();
                    at = self.child(&path, folder, &name, std::mem::take(&mut attributes), at + 2);
                    continue;
                }
                Token::Word(word) => {
                    // A visibility may be between the attributes and the item.
                    if !matches!(&**word, "pub" | "crate" | "super" | "in") {
                        attributes = Attributes::default();
                    }
                    at = self.word(at, depth, &mut body);
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        self.tree.modules.entry(path).or_default().push(body);
    }

    /// Reads a module that is declared or defined here, and returns what follows.
    fn child(&mut self, parent: &Path, folder: &str, name: &str, attributes: Attributes, at: usize) -> usize {
        let path = [parent.as_slice(), &[name.to_owned()]].concat();
        let inside = join(folder, name);
        if self.tokens.get(at).is_some_and(|token| token.is_mark('{')) {
            let end = self.closing(at);
            self.module(path, &inside, at + 1..end);
            return end + 1;
        }
        let file = if let Some(relative) = attributes.path {
            join(self.file.rsplit_once('/').map_or("", |(folder, _)| folder), &relative)
        } else {
            let own = format!("{inside}.rs");
            if self.files.contains_key(&own) { own } else { join(&inside, "mod.rs") }
        };
        if !file.ends_with("/tests.rs") {
            self.tree.add(self.files, path, &file, &inside);
        }
        at + 1
    }

    /// Takes in a word that begins a path, names an item, or is neither, and returns what follows.
    fn word(&self, at: usize, depth: usize, body: &mut Body) -> usize {
        let words = |at: usize| self.tokens.get(at).and_then(Token::word);
        let word = words(at).unwrap_or_default();
        body.words.insert(word.to_owned());
        if depth == 0 && DEFINES.contains(&word) {
            let name = if word == "macro_rules" { at + 2 } else { at + 1 };
            // A `const fn` is named behind `fn`.
            body.items.extend(words(name).filter(|name| !DEFINES.contains(name)).map(str::to_owned));
        }
        let follows = |at: usize| self.tokens.get(at) == Some(&Token::PathSeparator);
        let is_first = at == 0 || !(follows(at - 1) || self.tokens[at - 1].is_mark('.'));
        let mut path = vec![word.to_owned()];
        let mut end = at + 1;
        while let (true, Some(next)) = (follows(end), words(end + 1)) {
            body.words.insert(next.to_owned());
            path.push(next.to_owned());
            end += 2;
        }
        if is_first && path.len() > 1 {
            body.paths.insert(path);
        }
        end
    }

    fn words(&self, range: std::ops::Range<usize>, body: &mut Body) {
        let mut at = range.start;
        while at < range.end {
            // An attribute defines nothing.
            at = if self.tokens[at].word().is_some() { self.word(at, 1, body) } else { at + 1 };
        }
    }

    /// Reads one tree of a `use`, and returns what follows it.
    fn import(&self, mut at: usize, prefix: &[String], imports: &mut Vec<Import>) -> usize {
        let mut path = prefix.to_vec();
        let import = |path: Path, name| Import { path, name, is_public: false, is_item: false };
        loop {
            match self.tokens.get(at) {
                Some(Token::PathSeparator) => {
                    if path.is_empty() {
                        path.push(OTHER_CRATE.to_owned());
                    }
                    at += 1;
                }
                Some(Token::Mark('*')) => {
                    imports.push(import(path, None));
                    return at + 1;
                }
                Some(Token::Mark('{')) => {
                    let end = self.closing(at);
                    at += 1;
                    while at < end {
                        at = self.import(at, &path, imports);
                        // The comma.
                        at += usize::from(at < end);
                    }
                    return end + 1;
                }
                Some(Token::Word(word)) if word == "as" => {
                    let name = self.tokens.get(at + 1).and_then(Token::word).map(str::to_owned);
                    imports.push(import(path, name.or(Some("_".to_owned()))));
                    return at + 2;
                }
                Some(Token::Word(word)) => {
                    // `a::{self}` is `a`.
                    if word != "self" || prefix.is_empty() {
                        path.push(word.clone());
                    }
                    at += 1;
                }
                // A comma, a brace or the semicolon.
                _ => {
                    let name = path.last().cloned();
                    imports.push(import(path, name));
                    return at;
                }
            }
        }
    }

    fn attribute(&self, range: std::ops::Range<usize>, attributes: &mut Attributes) {
        match &self.tokens[range] {
            [name, equals, Token::Text(path)] if name.is_word("path") && equals.is_mark('=') => {
                attributes.path = Some(path.clone());
            }
            [cfg, _, test, _] if cfg.is_word("cfg") && test.is_word("test") => attributes.is_test = true,
            [cfg, _, all, _, test, ..]
                if cfg.is_word("cfg") && all.is_word("all") && test.is_word("test") =>
            {
                attributes.is_test = true;
            }
            _ => {}
        }
    }

    /// Whether the word before this one is `pub`, or `pub(...)`.
    fn is_public(&self, at: usize) -> bool {
        match at.checked_sub(1).map(|before| &self.tokens[before]) {
            Some(Token::Mark(')')) => {
                let open = self.tokens[..at].iter().rposition(|token| token.is_mark('('));
                open.is_some_and(|open| open > 0 && self.tokens[open - 1].is_word("pub"))
            }
            Some(before) => before.is_word("pub"),
            None => false,
        }
    }

    /// Where the bracket that opens here closes.
    fn closing(&self, open: usize) -> usize {
        let mut depth = 0;
        for (at, token) in self.tokens.iter().enumerate().skip(open) {
            match token {
                Token::Mark('(' | '[' | '{') => depth += 1,
                Token::Mark(')' | ']' | '}') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return at;
            }
        }
        self.tokens.len()
    }

    /// What follows the item that begins here: it ends with a semicolon or a block.
    fn past_item(&self, mut at: usize) -> usize {
        while let Some(token) = self.tokens.get(at) {
            match token {
                Token::Mark(';') => return at + 1,
                Token::Mark('{') => return self.closing(at) + 1,
                Token::Mark('(' | '[') => at = self.closing(at),
                _ => {}
            }
            at += 1;
        }
        at
    }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
