//! Batches on Linux: `UDP_SEGMENT`, `UDP_GRO`, `sendmmsg` and `recvmmsg`.

mod receive;
mod segmentation;
mod send;

pub(crate) use receive::coalesce;
pub(super) use receive::receive;
pub(crate) use segmentation::Segmentation;
pub(super) use send::send_some;
