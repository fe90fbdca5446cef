//! The function for sockets on a target without sockets: there is none.

#[derive(Clone, Debug)]
pub(crate) enum Hook {}
