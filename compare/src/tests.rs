//! Checks the promises of anysocks, and that no other crate has better numbers. The numbers of
//! other crates are printed, but not checked.

use crate::carry_out;
use crate::chart;
use crate::datagrams::allocated;
use crate::datagrams::{Role, SIZES};
use crate::handshakes::Column;
use crate::handshakes::columns;
use crate::order::Order;
use crate::ratios::ratio;
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

#[test]
fn datagrams_without_an_allocation() {
    for row in allocated::rows().iter().filter(|row| matches!(row.role, Role::Ours | Role::OurBatch)) {
        assert_eq!(row.batch, [0; SIZES.len()], "{}: {}", row.kind.title(), row.name);
    }
}

/// Compares the whole file. Its times are those of `datagrams.tsv`, so only counts can differ.
#[test]
fn the_committed_chart_shows_these_counts() {
    let committed = include_str!("../../docs/costs.svg");
    let drawn = chart::svg(&columns(None));
    for (drawn, committed) in drawn.lines().zip(committed.lines()) {
        assert_eq!(drawn, committed, "to draw it anew: cargo run -- --chart ../docs/costs.svg");
    }
    assert_eq!(drawn.len(), committed.len());
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

/// Passes at once in an ordinary run. See `Order`.
#[test]
fn the_order_of_another_process() {
    if let Some(order) = Order::received() {
        carry_out(&order);
    }
}
