//! The ratios that `cargo bench -- --record datagrams.tsv` has measured.

const RECORDED: &str = include_str!("../datagrams.tsv");

/// How long a datagram of that many bytes takes, in units of a bare socket's time.
pub(crate) fn ratio(kind: &str, call: &str, bytes: usize) -> Option<f64> {
    let key = format!("{kind}\t{call}\t{bytes}\t");
    RECORDED.lines().find_map(|line| line.strip_prefix(&key))?.parse().ok()
}
