//! Setting the options of a socket before it is bound and connected.

use crate::error::setup::of_setup;
use crate::proxy::SocketOptions;
use socket2::{SockAddr, SockRef, Socket, TcpKeepalive};
use std::io;
use std::time::Duration;

/// The range that every system accepts: 0 is an error on all of them, more than 32,767 on Linux.
const MIN_KEEPALIVE: Duration = Duration::from_secs(1);
const MAX_KEEPALIVE: Duration = Duration::from_secs(32_767);

/// `IFNAMSIZ` of Linux, less the NUL at the end.
const MAX_INTERFACE: usize = 15;

/// Sets the options of a TCP socket that will be connected to this address.
pub(super) fn set_for_tcp(socket: &Socket, addr: &SockAddr, options: &SocketOptions) -> io::Result<()> {
    if options.nodelay {
        socket.set_tcp_nodelay(true)?;
    }
    if let Some(after) = options.keepalive {
        let after = after.clamp(MIN_KEEPALIVE, MAX_KEEPALIVE);
        socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(after))?;
    }
    set_for_udp(socket, addr.is_ipv6(), options)
}

/// Sets the options that a UDP socket has too.
pub(super) fn set_for_udp(socket: &Socket, is_ipv6: bool, options: &SocketOptions) -> io::Result<()> {
    let Some(options) = options.rare() else { return Ok(()) };
    if let Some(interface) = &options.interface {
        // Linux would take an empty name for none, and truncate one that is longer, or has a NUL.
        if !(1..=MAX_INTERFACE).contains(&interface.len()) || interface.contains('\0') {
            let cause = io::Error::new(io::ErrorKind::InvalidInput, "this is not the name of an interface");
            return Err(of_setup(format_args!("interface {interface:?}"), cause));
        }
        let failed = |error| of_setup(format_args!("interface {interface}"), error);
        bind_interface(socket, interface, is_ipv6).map_err(failed)?;
    }
    if let Some(mark) = options.mark {
        set_mark(socket, mark).map_err(|error| of_setup(format_args!("mark {mark}"), error))?;
    }
    match &options.hook {
        Some(hook) => {
            (hook.0)(&SockRef::from(socket)).map_err(|error| of_setup("the function of `socket`", error))
        }
        None => Ok(()),
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn bind_interface(socket: &Socket, interface: &str, _: bool) -> io::Result<()> {
    socket.bind_device(Some(interface.as_bytes()))
}

#[cfg(any(target_vendor = "apple", target_os = "illumos", target_os = "solaris"))]
fn bind_interface(socket: &Socket, interface: &str, is_ipv6: bool) -> io::Result<()> {
    let not_a_number = || io::Error::new(io::ErrorKind::InvalidInput, "an interface is written as a number");
    let number = interface.parse().map_err(|_| not_a_number())?;
    if is_ipv6 {
        socket.bind_device_by_index_v6(Some(number))
    } else {
        socket.bind_device_by_index_v4(Some(number))
    }
}

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "illumos",
    target_os = "solaris",
)))]
fn bind_interface(_: &Socket, _: &str, _: bool) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system binds no socket to an interface"))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn set_mark(socket: &Socket, mark: u32) -> io::Result<()> {
    socket.set_mark(mark)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn set_mark(_: &Socket, _: u32) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no marks of packets"))
}
