//! Client capabilities: the methods that this client is configured to use.

use super::greeting::{CHAINING, TOL};

/// The bits of EAF's methods.
const METHODS: u32 = 0b1_1111;
const KEY_EXCHANGE_BIT: u32 = 1 << 5;
const TOL_BIT: u32 = 1 << 8;
const CHAINING_BIT: u32 = 1 << 9;
const KNOWN: u32 = METHODS | KEY_EXCHANGE_BIT | TOL_BIT | CHAINING_BIT;

/// Returns the rules that the bits violate. `own` has the bits of the AUTH's methods, and
/// `offered` the METHODs of the greeting.
pub(crate) fn wrong(bits: u32, own: u32, exchanges_keys: bool, offered: &[u8]) -> Vec<&'static str> {
    let has = |bit| bits & bit != 0;
    let (tol, chain) = (offered.contains(&TOL), offered.contains(&CHAINING));
    let rules = [
        (bits & !KNOWN != 0, "unknown bits"),
        (bits & METHODS != own, "other methods than the AUTH's"),
        (has(KEY_EXCHANGE_BIT) != exchanges_keys, "the key exchange is wrong"),
        (!has(CHAINING_BIT) && chain, "no chaining"),
        (has(CHAINING_BIT) && !chain, "chaining, which is not offered"),
        (!has(TOL_BIT) && tol, "no TOL"),
        // A chain may have TOL, and the server can't know.
        (has(TOL_BIT) && !tol && !chain, "TOL, which is not offered"),
    ];
    rules.into_iter().filter_map(|(violated, rule)| violated.then_some(rule)).collect()
}
