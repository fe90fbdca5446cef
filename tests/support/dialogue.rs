//! A handshake as a value of a table: what the client is, and what it asks for.

use anysocks::{
    Auth, Conversation, Credentials, Error, Established, Scratch, Socks4, Socks5, Stage, Step, Target, UserId,
};

/// One of either version, as a driver's caller sets it up.
pub(crate) enum Dialogue {
    V4(UserId, Target<'static>),
    V5(Auth, Target<'static>),
}

/// The conversation that is made of it.
pub(crate) enum Talk<'a> {
    V4(Socks4<'a>),
    V5(Socks5<'a>),
}

impl Dialogue {
    pub(crate) fn v4(user_id: &str, target: &str) -> Self {
        Self::V4(UserId::new(user_id).expect("a user id"), target.parse().expect("a target"))
    }

    pub(crate) fn v5(auth: Auth, target: &str) -> Self {
        Self::V5(auth, target.parse().expect("a target"))
    }

    pub(crate) fn talk(&self) -> Talk<'_> {
        match self {
            Self::V4(id, target) => Talk::V4(Socks4::connect(id, target.borrowed()).expect("SOCKS4")),
            Self::V5(auth, target) => Talk::V5(Socks5::connect(auth, target.borrowed()).expect("SOCKS5")),
        }
    }

    /// What the client waits for when nothing has come yet.
    pub(crate) fn first_stage(&self) -> Stage {
        match self {
            Self::V4(..) => Stage::Request,
            Self::V5(..) => Stage::MethodSelection,
        }
    }
}

pub(crate) fn credentials(user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> Credentials {
    Credentials::new(user, password).expect("credentials")
}

impl Conversation for Talk<'_> {
    type Outcome = Established;

    fn step<'s>(&'s mut self, scratch: &'s mut Scratch) -> Step<'s, Established> {
        match self {
            Self::V4(talk) => talk.step(scratch),
            Self::V5(talk) => talk.step(scratch),
        }
    }

    fn advance(&mut self, n: usize) -> Result<(), Error> {
        match self {
            Self::V4(talk) => talk.advance(n),
            Self::V5(talk) => talk.advance(n),
        }
    }

    fn stage(&self) -> Stage {
        match self {
            Self::V4(talk) => talk.stage(),
            Self::V5(talk) => talk.stage(),
        }
    }
}
