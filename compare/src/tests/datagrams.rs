//! Datagrams.

use crate::allocated;
use crate::datagrams::unusual::{Fate, fates};
use crate::datagrams::{Role, SIZES};
use crate::ratios::ratio;

#[test]
fn datagrams_without_an_allocation() {
    for row in allocated::rows().iter().filter(|row| matches!(row.role, Role::Ours | Role::OurBatch)) {
        assert_eq!(row.batch, [0; SIZES.len()], "{}: {}", row.kind.title(), row.name);
    }
}

#[test]
fn the_ratio_of_each_call_is_recorded() {
    for row in allocated::rows() {
        for size in SIZES {
            let (kind, call) = (row.kind.title(), row.name);
            let recorded = ratio(kind, call, size);
            assert!(recorded.is_some(), "{kind}: {call}, {size} B; cargo bench -- --record datagrams.tsv");
        }
    }
}

/// What the README has of unusual datagrams.
#[test]
fn a_datagram_that_ends_within_its_header() {
    for (name, fate) in fates() {
        let expected = if name.starts_with("anysocks") { Fate::Dropped } else { Fate::Error };
        assert_eq!(fate, expected, "{name}");
    }
}
