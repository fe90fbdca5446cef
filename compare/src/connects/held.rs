//! The memory of pending calls.

use std::fmt::{Display, Formatter, Result};
use std::fs;

/// Bytes for each pending call, its task included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// Allocated and not freed.
    allocated: usize,
    /// Of the process, without the kernel's memory. It depends on the allocator.
    pub(super) resident: f64,
}

impl Held {
    /// `hold` returns while so many calls are pending.
    pub(super) fn measure(number: usize, hold: impl FnOnce()) -> Self {
        let before = resident();
        let counted = allocation_counter::measure(hold);
        let after = resident();
        let allocated = usize::try_from(counted.bytes_current).expect("more than before") / number;
        let number = f64::from(u32::try_from(number).expect("a small number"));
        Self { allocated, resident: (after - before) / number }
    }
}

/// As a process writes it for another one.
impl Display for Held {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "held {} {}", self.allocated, self.resident)
    }
}

impl Held {
    /// The allocated bytes of one call, the mean, rounded down.
    pub(super) fn allocated(self) -> usize {
        self.allocated
    }

    /// Reads what [`Display`] has written, anywhere in a text.
    pub(super) fn find(text: &str) -> Option<Self> {
        let numbers = text.lines().find_map(|line| line.strip_prefix("held "))?;
        let (allocated, resident) = numbers.split_once(' ')?;
        Some(Self { allocated: allocated.parse().ok()?, resident: resident.parse().ok()? })
    }
}

/// The resident bytes of this process.
fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) * 1024.0
}
