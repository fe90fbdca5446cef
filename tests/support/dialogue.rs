//! A handshake as a row of a table: the client's identification and its request.

use anysocks::protocol::{Conversation, Established, Pause, Scratch, SecondReply, Step};
use anysocks::{Address, Auth, Credentials, Error, Stage, Target, UserId, V4, V5, Version};

/// One of either version, as a driver's caller sets it up.
pub(crate) enum Dialogue {
    V4(Asked<V4>),
    V5(Asked<V5>),
}

/// The client's identification, and its request.
pub(crate) struct Asked<V: Version> {
    pub(crate) auth: V::Auth,
    pub(crate) target: Target<'static>,
    /// BIND, where the target is the expected peer, and not CONNECT.
    pub(crate) binds: bool,
}

/// The conversation that is made of it. For BIND that is two, one behind the other.
pub(crate) enum Talk<'a> {
    V4(Exchange<'a, V4>),
    V5(Exchange<'a, V5>),
}

pub(crate) struct Exchange<'a, V: Version> {
    request: V::Request<'a>,
    binds: bool,
    /// Where the proxy listens.
    bound: Option<Address>,
    second: Option<SecondReply<V>>,
    /// A second reply takes a scratch and needs none.
    spare: Scratch,
}

impl Dialogue {
    pub(crate) fn v4(user_id: &str, target: &str) -> Self {
        Self::V4(Asked::new(UserId::new(user_id).expect("a user id"), target))
    }

    pub(crate) fn v5(auth: Auth, target: &str) -> Self {
        Self::V5(Asked::new(auth, target))
    }

    /// The same, with the target as the peer of a BIND.
    pub(crate) fn bind(self) -> Self {
        match self {
            Self::V4(asked) => Self::V4(Asked { binds: true, ..asked }),
            Self::V5(asked) => Self::V5(Asked { binds: true, ..asked }),
        }
    }

    pub(crate) fn binds(&self) -> bool {
        match self {
            Self::V4(asked) => asked.binds,
            Self::V5(asked) => asked.binds,
        }
    }

    pub(crate) fn talk(&self) -> Talk<'_> {
        match self {
            Self::V4(asked) => Talk::V4(asked.exchange()),
            Self::V5(asked) => Talk::V5(asked.exchange()),
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

impl<V: Version> Asked<V> {
    fn new(auth: V::Auth, target: &str) -> Self {
        Self { auth, target: target.parse().expect("a target"), binds: false }
    }

    fn exchange(&self) -> Exchange<'_, V> {
        let target = self.target.borrowed();
        let request = if self.binds { V::bind(&self.auth, target) } else { V::connect(&self.auth, target) };
        let request = request.expect("a request");
        Exchange { request, binds: self.binds, bound: None, second: None, spare: Scratch::new() }
    }
}

pub(crate) fn credentials(user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> Credentials {
    Credentials::new(user, password).expect("credentials")
}

impl Talk<'_> {
    /// Where the proxy listens, once that is known.
    pub(crate) fn bound(&self) -> Option<&Address> {
        match self {
            Self::V4(talk) => talk.bound.as_ref(),
            Self::V5(talk) => talk.bound.as_ref(),
        }
    }
}

impl<V: Version> Conversation for Exchange<'_, V> {
    type Outcome = Established;

    fn step<'s>(&'s mut self, scratch: &'s mut Scratch) -> Step<'s, Established> {
        if self.second.is_none() {
            match self.request.step(scratch) {
                Step::Done(first) if self.binds => {
                    self.bound = Some(first.bound.clone());
                    self.second = Some(SecondReply::after(first));
                }
                step => return step,
            }
        }
        self.second.as_mut().expect("it was just begun").step(&mut self.spare)
    }

    fn advance(&mut self, n: usize) -> Result<(), Error> {
        match &mut self.second {
            Some(second) => second.advance(n),
            None => self.request.advance(n),
        }
    }

    fn stage(&self) -> Stage {
        self.second.as_ref().map_or_else(|| self.request.stage(), Conversation::stage)
    }

    fn pause(&mut self) -> Option<&mut Pause> {
        match &mut self.second {
            Some(second) => second.pause(),
            None => self.request.pause(),
        }
    }

    fn write_failed(&mut self, error: Error) -> Result<(), Error> {
        match &mut self.second {
            Some(second) => second.write_failed(error),
            None => self.request.write_failed(error),
        }
    }
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

    fn pause(&mut self) -> Option<&mut Pause> {
        match self {
            Self::V4(talk) => talk.pause(),
            Self::V5(talk) => talk.pause(),
        }
    }

    fn write_failed(&mut self, error: Error) -> Result<(), Error> {
        match self {
            Self::V4(talk) => talk.write_failed(error),
            Self::V5(talk) => talk.write_failed(error),
        }
    }
}
