//! Handshakes in memory.

use crate::handshakes::{Column, columns};
use crate::request::{LOGIN, Login};

#[test]
fn without_authentication() {
    check(None, 2, 3);
}

#[test]
fn with_a_password() {
    check(Some(LOGIN), 3, 4);
}

fn check(login: Option<Login>, writes: usize, reads: usize) {
    let columns = columns(login);
    let [ours, others @ ..] = &columns[..] else { panic!("no columns") };
    assert_eq!((ours.writes, ours.reads), (Some(writes), Some(reads)), "(writes, reads)");
    assert_eq!((ours.allocations, ours.allocated), (0, 0), "(allocations, bytes)");
    assert!(ours.pending().is_some_and(|bytes| bytes <= 256), "{:?} bytes pending", ours.pending());
    assert_eq!([&ours.unassigned, &ours.cut, &ours.odd_address], ["kept"; 3], "the reply codes");
    for other in others {
        not_behind(ours, other, "writes", |column| column.writes);
        not_behind(ours, other, "allocations", |column| Some(column.allocations));
        not_behind(ours, other, "bytes pending", Column::pending);
    }
}

/// What can't be counted is not compared.
fn not_behind<T: Ord + Copy>(ours: &Column, other: &Column, what: &str, get: fn(&Column) -> Option<T>) {
    let behind = get(ours).zip(get(other)).is_some_and(|(ours, other)| ours > other);
    assert!(!behind, "{what}: {ours:?} is behind {other:?}");
}
