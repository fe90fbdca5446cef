//! The source that an association declares.

/// The source that UDP ASSOCIATE declares in DST.ADDR and DST.PORT.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Zeros,
    /// The address and port of the socket that sends.
    Declared,
}

impl Source {
    pub(super) const BOTH: &'static [Self] = &[Self::Zeros, Self::Declared];
    pub(super) const ZEROS: &'static [Self] = &[Self::Zeros];
    pub(super) const DECLARED: &'static [Self] = &[Self::Declared];
}
