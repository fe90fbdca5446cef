//! Files that import each other, directly or indirectly.

use crate::imports::Arrows;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Files of which each imports each other.
pub(crate) struct Knot<'a> {
    pub(crate) files: BTreeSet<&'a str>,
    /// The shortest cycles that have no arrow in common: at least so many arrows have to go.
    pub(crate) cycles: Vec<Vec<&'a str>>,
}

type Next<'a> = BTreeMap<&'a str, Vec<&'a str>>;

pub(crate) fn knots(arrows: &Arrows) -> Vec<Knot<'_>> {
    let mut next = Next::new();
    for (from, to) in arrows.keys() {
        next.entry(from).or_default().push(to);
    }
    let mut cycles: Vec<_> = arrows.keys().filter_map(|(from, to)| shortest(to, from, &next)).collect();
    for cycle in &mut cycles {
        let first = (0..cycle.len()).min_by_key(|at| cycle[*at]).unwrap_or(0);
        cycle.rotate_left(first);
    }
    cycles.sort_by_key(|cycle| (cycle.len(), cycle.clone()));
    let mut knots = Vec::<Knot<'_>>::new();
    for cycle in &cycles {
        // Two cycles with a common file are one knot.
        let is_met = |knot: &Knot<'_>| cycle.iter().any(|file| knot.files.contains(file));
        let (met, mut others): (Vec<_>, Vec<_>) = knots.into_iter().partition(is_met);
        let files = met.into_iter().flat_map(|knot| knot.files).chain(cycle.iter().copied());
        others.push(Knot { files: files.collect(), cycles: Vec::new() });
        knots = others;
    }
    knots.sort_by_key(|knot| knot.files.first().copied());
    let mut taken = BTreeSet::new();
    for cycle in cycles {
        if arrows_of(&cycle).all(|arrow| !taken.contains(&arrow)) {
            taken.extend(arrows_of(&cycle));
            if let Some(knot) = knots.iter_mut().find(|knot| knot.files.contains(cycle[0])) {
                knot.cycles.push(cycle);
            }
        }
    }
    knots
}

/// The shortest cycle that begins with the arrow and has a file that is not `inside`.
pub(crate) fn detour<'a>(
    arrows: &'a Arrows,
    (from, to): (&'a str, &'a str),
    inside: impl Fn(&str) -> bool,
) -> Option<Vec<&'a str>> {
    let mut next = Next::new();
    for (from, to) in arrows.keys() {
        next.entry(from).or_default().push(to);
    }
    let outside = next.keys().copied().filter(|file| !inside(file));
    let ways = outside.filter_map(|file| {
        let (there, back) = (shortest(to, file, &next)?, shortest(file, from, &next)?);
        let cycle = [&[from], &there[..], &back[1..back.len() - 1]].concat();
        // A file that is met twice has a cycle of its own.
        (cycle.iter().collect::<BTreeSet<_>>().len() == cycle.len()).then_some(cycle)
    });
    ways.min_by_key(Vec::len)
}

/// From each file of a cycle to the next.
pub(crate) fn arrows_of<'a>(cycle: &[&'a str]) -> impl Iterator<Item = (&'a str, &'a str)> {
    (0..cycle.len()).map(|at| (cycle[at], cycle[(at + 1) % cycle.len()]))
}

/// The files on the shortest way, both ends included.
fn shortest<'a>(from: &'a str, to: &'a str, next: &Next<'a>) -> Option<Vec<&'a str>> {
    let mut before = BTreeMap::from([(from, None)]);
    let mut open = VecDeque::from([from]);
    while let Some(file) = open.pop_front() {
        if file == to {
            let mut way: Vec<_> = std::iter::successors(Some(file), |file| before[file]).collect();
            way.reverse();
            return Some(way);
        }
        for step in next.get(file).into_iter().flatten() {
            if !before.contains_key(step) {
                before.insert(step, Some(file));
                open.push_back(step);
            }
        }
    }
    None
}
