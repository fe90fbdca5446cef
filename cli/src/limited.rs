//! The files of options, which are read up to a limit.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Reads a file of at most this many MiB. A device such as `/dev/zero` has no end.
pub(crate) fn read(path: &Path, mebibytes: u64) -> Result<Vec<u8>, String> {
    let limit = mebibytes << 20;
    let mut content = Vec::new();
    let read = File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut content));
    match read {
        Ok(len) if len as u64 > limit => Err(format!("more than {mebibytes} MiB")),
        Ok(_) => Ok(content),
        Err(error) => Err(error.to_string()),
    }
}
