//! The kinds of handshakes that are compared.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// SOCKS5 without authentication.
    NoAuth,
    /// SOCKS5 with a user name and a password.
    Password,
    /// SOCKS4a with a user id.
    Socks4a,
}

impl Case {
    pub(crate) const ALL: [Self; 3] = [Self::NoAuth, Self::Password, Self::Socks4a];

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::NoAuth => "no authentication",
            Self::Password => "password",
            Self::Socks4a => "SOCKS4a",
        }
    }
}
