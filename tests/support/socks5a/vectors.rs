//! The byte-exact vectors of `vectors.json`.

use std::collections::BTreeMap;

/// The values of one case, or those in front of all cases, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Case(BTreeMap<String, String>);

impl Case {
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }

    /// The bytes of a hexadecimal value.
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        let digits = self.text(name).as_bytes();
        let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        digits.chunks(2).map(|pair| byte(pair).expect("hexadecimal digits")).collect()
    }

    pub(crate) fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name).try_into().unwrap_or_else(|bytes: Vec<u8>| panic!("{name}: {} bytes", bytes.len()))
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Vectors {
    pub(crate) common: Case,
    cases: Vec<Case>,
}

impl Vectors {
    /// Reads the file, which has one value on each line.
    pub(crate) fn read() -> Self {
        let mut cases = vec![Case::default()];
        for line in include_str!("vectors.json").lines() {
            let line = line.trim().trim_end_matches(',');
            if let Some((name, value)) = line.split_once("\": ") {
                let value = value.trim_matches('"').to_owned();
                cases.last_mut().expect("a case").0.insert(name.trim_matches('"').to_owned(), value);
            } else if line == "{" && cases[0].0.contains_key("psk") {
                cases.push(Case::default());
            }
        }
        Self { common: cases.remove(0), cases }
    }

    pub(crate) fn case(&self, name: &str) -> &Case {
        let found = self.cases.iter().find(|case| case.text("name") == name);
        found.unwrap_or_else(|| panic!("no case {name}"))
    }
}
