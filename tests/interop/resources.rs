//! What a test run owns on the machine: a directory and ports.

use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU16, Ordering};

/// A directory for the servers' files; it is removed when dropped.
pub(crate) struct RunDirectory(PathBuf);

impl RunDirectory {
    /// The path of the one that this process would create.
    pub(crate) fn of_this_process() -> PathBuf {
        std::env::temp_dir().join(format!("anysocks-interop-{}", process::id()))
    }

    pub(crate) fn create() -> Result<Self, String> {
        let path = Self::of_this_process();
        // A dead process of the same number may have left it.
        let _absent = fs::remove_dir_all(&path);
        make_directory(&path)?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("{} stays: {error}", self.0.display());
        }
    }
}

/// Readable for others, because sshd looks for keys as the user who logs in; writable for the
/// owner only, as tor requires.
pub(crate) fn make_directory(path: &Path) -> Result<(), String> {
    let make = || -> std::io::Result<()> {
        fs::create_dir(path)?;
        #[cfg(unix)]
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        Ok(())
    };
    make().map_err(|error| format!("{}: {error}", path.display()))
}

/// A port that is free on both loopback addresses, for TCP and UDP.
///
/// It is below the range from which the kernel selects ports for outgoing connections, so that
/// none of these gets it between this check and the server's own bind.
pub(crate) fn free_port() -> Result<u16, String> {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Runs at the same time start at different places.
    let start = u16::try_from(process::id() * 37 % u32::from(COUNT)).unwrap_or(0);
    for _ in 0..COUNT {
        let offset = (start + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT) % COUNT;
        let port = FIRST + offset;
        if loopback(port).into_iter().all(is_free) {
            return Ok(port);
        }
    }
    Err(format!("no free port from {FIRST} on"))
}

/// The port on 127.0.0.1 and on `[::1]`.
pub(crate) fn loopback(port: u16) -> [SocketAddr; 2] {
    [(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]
}

fn is_free(address: SocketAddr) -> bool {
    TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok()
}
