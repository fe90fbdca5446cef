//! Prints each step with the time that it took.

use std::fmt::Display;
use std::io::Write;
use std::time::Instant;

pub(crate) struct Story<W> {
    to: W,
    /// The time of the last line.
    last: Instant,
}

impl<W: Write> Story<W> {
    pub(crate) fn new(to: W) -> Self {
        Self { to, last: Instant::now() }
    }

    pub(crate) fn tell(&mut self, what: &str, value: impl Display) {
        let took = self.last.elapsed().as_secs_f64() * 1000.0;
        // The output may be closed.
        let _ = writeln!(self.to, "{took:>9.3} ms  {what}: {value}");
        self.last = Instant::now();
    }
}
