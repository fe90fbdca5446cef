//! The codes of the METHODs of SOCKS5a.

pub(super) const EAF: u8 = 0x80;
pub(super) const TOL: u8 = 0x81;
pub(super) const SEQUENCE: u8 = 0x82;
