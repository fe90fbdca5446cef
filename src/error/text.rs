//! The text of an error.

use super::escape::Escaped;
use super::invalid::Invalid;
use super::{Error, ErrorKind, Hop, Inner};
use std::{error, fmt};

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, proxy, hop, target, .. } = &*self.0;
        if let ErrorKind::Invalid(Invalid::Variable { name, .. }) = kind {
            write!(f, "{name}: ")?;
        }
        match (proxy, hop) {
            (Some(proxy), Some(Hop { number, of })) => write!(f, "proxy {proxy} ({number} of {of})")?,
            (Some(proxy), None) => write!(f, "proxy {proxy}")?,
            (None, Some(Hop { number, of })) => write!(f, "proxy {number} of {of}")?,
            (None, None) => {}
        }
        let has_proxy = proxy.is_some() || hop.is_some();
        match target {
            Some(target) if has_proxy => write!(f, ", target {target}: ")?,
            Some(target) => write!(f, "target {target}: ")?,
            None if has_proxy => f.write_str(": ")?,
            None => {}
        }
        self.sentence().fmt(f)?;
        for (n, error) in self.0.earlier.iter().enumerate() {
            f.write_str(if n == 0 { " (earlier tries: " } else { "; " })?;
            error.without_target(f)?;
        }
        f.write_str(if self.0.earlier.is_empty() { "" } else { ")" })
    }
}

impl Error {
    /// Writes the text without the target, which all tries of a call share.
    fn without_target(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.0.proxy, self.0.hop) {
            (Some(proxy), Some(Hop { number, of })) => write!(f, "proxy {proxy} ({number} of {of}): ")?,
            (Some(proxy), None) => write!(f, "proxy {proxy}: ")?,
            (None, _) => {}
        }
        fmt::Display::fmt(&self.sentence(), f)
    }

    pub(crate) const fn sentence(&self) -> Sentence<'_> {
        Sentence(self)
    }
}

/// The text of an error without the proxy and the target.
pub(crate) struct Sentence<'a>(&'a Error);

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { stage, kind, detail, text, .. } = &*self.0.0;
        if let Some(text) = text {
            write!(f, "{text:?}: ")?;
        }
        match kind {
            ErrorKind::Invalid(Invalid::Variable { wrong, .. }) => wrong.fmt(f),
            ErrorKind::Invalid(invalid) => invalid.fmt(f),
            kind => write!(f, "{stage} {kind}"),
        }?;
        let mut source = error::Error::source(self.0).filter(|_| f.alternate());
        while let Some(error) = source {
            write!(f, ": {}", Escaped(error))?;
            source = error.source();
        }
        f.write_str(&detail.map_or_else(Default::default, |detail| detail.text(*stage, kind)))
    }
}

/// The fields, and then the sentence, because `unwrap` prints `Debug`.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("stage", &self.0.stage)
            .field("kind", &self.0.kind)
            .field("proxy", &self.0.proxy)
            .field("hop", &self.hop())
            .field("target", &self.0.target)
            .finish()?;
        write!(f, ": {self:#}")
    }
}
