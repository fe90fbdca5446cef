//! Reads `tests/vectors/socks5a.json`.

const VECTORS: &str = include_str!("../../tests/vectors/socks5a.json");

/// The values of one case, or those outside of the cases.
pub(super) struct Vectors(&'static str);

/// The case of this name.
pub(super) fn case(name: &str) -> Vectors {
    let start = format!("\"name\": \"{name}\"");
    let (_, case) = VECTORS.split_once(&start).unwrap_or_else(|| panic!("no case {name}"));
    Vectors(case.split_once('}').expect("the end of a case").0)
}

pub(super) fn common() -> Vectors {
    Vectors(VECTORS.split_once("\"cases\"").expect("cases").0)
}

impl Vectors {
    pub(super) fn text(&self, key: &str) -> &'static str {
        let start = format!("\"{key}\": \"");
        let (_, value) = self.0.split_once(&start).unwrap_or_else(|| panic!("no {key}"));
        value.split_once('"').expect("the end of a value").0
    }

    pub(super) fn bytes(&self, key: &str) -> Vec<u8> {
        let digits = self.text(key);
        let pairs = (0..digits.len()).step_by(2).map(|at| &digits[at..at + 2]);
        pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hexadecimal digits")).collect()
    }

    pub(super) fn array<const N: usize>(&self, key: &str) -> [u8; N] {
        self.bytes(key).try_into().expect("another length")
    }
}
