//! Checks the promises of anysocks, and that no other crate has better numbers where that is
//! promised. The numbers of other crates are printed and recorded, but have no limits.

mod connects;
mod datagrams;
mod handshakes;

use crate::carry_out;
use crate::chart;
use crate::order::Order;

/// Compares the whole file. Its numbers are those of the records.
#[test]
fn the_committed_chart_shows_the_records() {
    let committed = include_str!("../../../docs/costs.svg");
    let drawn = chart::svg();
    for (drawn, committed) in drawn.lines().zip(committed.lines()) {
        assert_eq!(drawn, committed, "to draw it anew: compare/renew");
    }
    assert_eq!(drawn.len(), committed.len());
}

/// Passes at once in an ordinary run: other tests start this program once more with an order.
#[test]
fn the_order_of_another_process() {
    if let Some(order) = Order::received() {
        carry_out(&order);
    }
}
