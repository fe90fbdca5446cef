//! The request that every client sends, and the credentials.

/// The target as `host:port`, for the crates that take one string.
pub(crate) const TARGET: &str = "www.example.com:443";
pub(crate) const HOST: &str = "www.example.com";
pub(crate) const PORT: u16 = 443;
/// Of SOCKS4.
pub(crate) const USER_ID: &str = "user";
pub(crate) const LOGIN: Login = Login { name: "user", password: "secret" };

#[derive(Clone, Copy, Debug)]
pub(crate) struct Login {
    pub(crate) name: &'static str,
    pub(crate) password: &'static str,
}

/// The request's bytes, with which everything that a client sends must end.
pub(crate) fn encoded() -> Vec<u8> {
    let length = u8::try_from(HOST.len()).expect("a short name");
    [&[5, 1, 0, 3, length], HOST.as_bytes(), &PORT.to_be_bytes()].concat()
}
