//! The memory of pending calls.

use std::fs;
use std::str::FromStr;

/// Bytes for each pending call, its task included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    /// Allocated and not freed.
    pub(crate) allocated: f64,
    /// Of the process, without the kernel's memory. It depends on the allocator.
    pub(crate) resident: f64,
}

impl Held {
    /// `hold` returns while so many calls are pending.
    pub(super) fn measure(number: usize, hold: impl FnOnce()) -> Self {
        let before = resident();
        let counted = allocation_counter::measure(hold);
        let after = resident();
        let number = f64::from(u32::try_from(number).expect("a small number"));
        let allocated = i32::try_from(counted.bytes_current).expect("less than 2 GiB");
        Self { allocated: f64::from(allocated) / number, resident: (after - before) / number }
    }
}

/// As a process writes it for another one.
impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "held {} {}", self.allocated, self.resident)
    }
}

impl Held {
    pub(super) fn find(text: &str) -> Option<Self> {
        let mut numbers =
            text.lines().find_map(|line| line.strip_prefix("held "))?.split(' ').map(f64::from_str);
        Some(Self { allocated: numbers.next()?.ok()?, resident: numbers.next()?.ok()? })
    }
}

/// The resident bytes of this process.
fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) * 1024.0
}
