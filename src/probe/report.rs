//! All answers about a proxy.

use super::aim::Aim;
use super::answer::Answer;
use super::failure::Failure;
use super::order::refuses_all_targets;
use super::question::Question;
use crate::error::escape::Escaped;
use crate::protocol::target::Target;
use crate::proxy::Endpoint;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// All answers about a proxy. [`Display`](fmt::Display) is a table.
///
/// It contains no credentials, and no user name. In the table, text from the proxy is escaped for
/// terminals.
#[derive(Debug)]
pub struct Report {
    proxy: Endpoint,
    target: Option<Target<'static>>,
    addresses: Vec<SocketAddr>,
    answers: Vec<Answer>,
}

impl Report {
    pub(super) fn new(proxy: Endpoint, aim: &Aim, answers: Vec<Answer>) -> Self {
        let is_elsewhere = !aim.is_own();
        let addresses = [aim.v4, aim.v6].into_iter().flatten().filter(|_| is_elsewhere).collect();
        Self { proxy, target: aim.any().ok().filter(|_| is_elsewhere), addresses, answers }
    }

    /// Returns where the proxy is.
    #[must_use]
    pub const fn proxy(&self) -> &Endpoint {
        &self.proxy
    }

    /// Returns the target of the requests, or `None` if servers in this process were the target.
    #[must_use]
    pub const fn target(&self) -> Option<&Target<'static>> {
        self.target.as_ref()
    }

    /// Returns the addresses of a target that is not in this process, as far as they are known.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Returns one answer for each question, in the order of [`Question::ALL`].
    #[must_use]
    pub fn answers(&self) -> &[Answer] {
        &self.answers
    }

    /// Returns the answer to this question.
    #[must_use]
    pub fn answer(&self, question: Question) -> Option<&Answer> {
        self.answers.iter().find(|answer| answer.question == question)
    }

    /// Returns why there is no connection to the proxy, or `None` if there is one.
    #[must_use]
    pub fn lost_connection(&self) -> Option<&Failure> {
        self.answers.iter().find(|answer| answer.is_lost_connection())?.outcome.as_ref().err()
    }

    /// Returns whether the proxy has answered in SOCKS, of any version. A refusal is an answer too.
    #[must_use]
    pub fn speaks_socks(&self) -> bool {
        self.answers.iter().any(Answer::is_socks)
    }

    /// Returns whether the proxy understands CONNECT but connects to no target. With
    /// [`Probe::target`](super::Probe::target), a target that it reaches can be set.
    #[must_use]
    pub fn refuses_all_targets(&self) -> bool {
        refuses_all_targets(&self.answers)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "anysocks: {}", env!("CARGO_PKG_VERSION"))?;
        writeln!(f, "system: {}", std::env::consts::OS)?;
        writeln!(f, "proxy: {}", Escaped(&self.proxy))?;
        match &self.target {
            Some(target) => writeln!(f, "target: {}", Escaped(target))?,
            None => writeln!(f, "target: a server in this process")?,
        }
        if !self.addresses.is_empty() {
            let addresses: Vec<_> = self.addresses.iter().map(SocketAddr::to_string).collect();
            writeln!(f, "addresses: {}", addresses.join(", "))?;
        }
        writeln!(f)?;
        for answer in &self.answers {
            let sentence = Escaped(sentence(answer)).to_string();
            let (verdict, took) = (answer.verdict(), ms(answer.took));
            let line = format!("{:20} {verdict:9} {took:>7.1} ms  {sentence}", answer.question);
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Everything that was found, or the reason for the failure.
fn sentence(answer: &Answer) -> String {
    let Ok(found) = &answer.outcome else { return answer.detail() };
    let parts = [
        found.relay.map(|relay| format!("relay {relay}")),
        found.bound.as_ref().map(|bound| format!("BND {bound}")),
        found.round_trip.map(|time| format!("round trip {:.1} ms", ms(time))),
        Some(answer.detail()).filter(|detail| !detail.is_empty()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
