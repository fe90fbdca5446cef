//! Where an error occurred: what its constructors do not know and callers add.

use super::detail::Detail;
use super::pasted::{Expected, is_syntax, quotable, recognized};
use super::{Error, ErrorKind, Hop, Stage};
use std::fmt;

impl Error {
    /// Adds a fact that belongs to the sentence.
    #[must_use]
    pub(crate) fn with(mut self, detail: impl Into<Option<Detail>>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// Returns the error of a deadline that passed at the same point of the conversation.
    #[must_use]
    pub(crate) fn as_timeout(&self) -> Self {
        Self::new(self.stage(), ErrorKind::TimedOut).with(self.0.detail)
    }

    /// Adds the target, unless this is a mistake in the arguments.
    #[must_use]
    pub(crate) fn about(mut self, target: &(impl fmt::Display + ?Sized)) -> Self {
        if !self.is_mistake() {
            self.0.target = Some(target.to_string().into());
        }
        self
    }

    /// Explains a mistake in a text: adds the text, and what it is if it is something else.
    #[must_use]
    pub(crate) fn explained(mut self, text: &str, expected: Expected) -> Self {
        if let ErrorKind::Invalid(invalid) = &mut self.0.kind {
            if let Some(found) = recognized(text, expected).filter(|_| is_syntax(invalid)) {
                *invalid = found;
            }
            self.0.text = quotable(text).map(Into::into);
        }
        self
    }

    /// Removes the text, which is a part of another one that may contain a secret.
    #[must_use]
    pub(crate) fn unquoted(mut self) -> Self {
        self.0.text = None;
        self
    }

    /// Returns whether this is a mistake in the arguments.
    fn is_mistake(&self) -> bool {
        self.0.stage == Stage::Preparation && matches!(self.0.kind, ErrorKind::Invalid(_))
    }

    /// Adds the proxy's URL.
    #[must_use]
    pub(crate) fn at(mut self, proxy: &impl fmt::Display) -> Self {
        if !self.is_mistake() {
            self.0.proxy = Some(proxy.to_string().into());
        }
        self
    }

    /// Adds the proxy's URL and its position in a chain.
    #[must_use]
    pub(crate) fn at_hop(self, proxy: &impl fmt::Display, number: usize, of: usize) -> Self {
        if of == 1 {
            return self.at(proxy);
        }
        // Unlike in `at`, also for a mistake in the options: it belongs to one proxy of the chain.
        let mut error = self.of_hop(number, of);
        error.0.proxy = Some(proxy.to_string().into());
        error
    }

    /// Adds the position in a chain.
    #[must_use]
    pub(crate) fn of_hop(mut self, number: usize, of: usize) -> Self {
        self.0.hop = (of > 1).then_some(Hop { number, of });
        self
    }

    /// Marks the name that can't be resolved as the target's.
    #[must_use]
    pub(crate) fn of_target_name(self) -> Self {
        if matches!(self.kind(), ErrorKind::Unresolved { .. }) {
            self.with(Detail::NameOfTarget)
        } else {
            self
        }
    }

    /// Adds the proxy's URL, also for a mistake: it is one for this upstream.
    #[must_use]
    pub(crate) fn by_upstream(mut self, proxy: &impl fmt::Display) -> Self {
        self.0.proxy.get_or_insert_with(|| proxy.to_string().into());
        self
    }

    /// Adds the failed tries before this one.
    #[must_use]
    pub(crate) fn after_tries(mut self, earlier: Vec<Self>) -> Self {
        self.0.earlier = earlier;
        self
    }

    /// Sets the number of proxies in the chain, if the error has a position in it.
    #[must_use]
    pub(crate) fn of_hops(mut self, of: usize) -> Self {
        if let Some(hop) = &mut self.0.hop {
            hop.of = of;
        }
        self
    }

    /// Adds the position and the text of another error.
    #[must_use]
    pub(crate) fn in_place_of(mut self, other: Self) -> Self {
        self.0.hop = other.0.hop;
        self.0.text = other.0.text;
        self
    }
}
