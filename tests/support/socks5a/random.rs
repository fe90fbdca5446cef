//! Random bytes of the system's generator.

pub(crate) fn fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("random bytes");
}

pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

/// A number of this range, close to uniform.
pub(crate) fn between(least: u64, most: u64) -> u64 {
    let range = u128::from(most - least) + 1;
    let number = u128::from_be_bytes(bytes()) % range;
    least + u64::try_from(number).expect("a number of the range")
}
