//! The order of the questions, and which of them need not be asked.

use super::answer::{Answer, Verdict};
use super::failure::Failure;
use super::not_tried::NotTried;
use super::prober::Prober;
use super::question::{Kind, Question};
use std::time::Instant;

/// Asks all questions. An earlier run had a target in this process. Of its answers, every yes is
/// kept, and so is every answer that is not about the target.
pub(super) fn ask_all(prober: &Prober<'_>, earlier: Vec<Answer>) -> Vec<Answer> {
    let no_socks4 = lacks_socks4(&earlier, true);
    let is_known = |answer: &Answer| {
        let kind = answer.question.kind();
        answer.verdict() == Verdict::Yes || !kind.is_about_target() || (kind.is_socks4() && no_socks4)
    };
    let mut known: Vec<_> = earlier.into_iter().filter(is_known).collect();
    let mut answers = Vec::new();
    for question in Question::ALL.iter().copied() {
        if let Some(n) = known.iter().position(|answer| answer.question == question) {
            answers.push(known.swap_remove(n));
            continue;
        }
        let start = Instant::now();
        let outcome = match why_not(question.kind(), &answers, prober.aim.is_own()) {
            Some(reason) => Err(Failure::NotTried(reason)),
            None => prober.ask(question, &answers),
        };
        answers.push(Answer { question, outcome, took: start.elapsed(), timeout: prober.dialler.timeout });
    }
    answers
}

/// Why a question is not worth asking after these answers.
fn why_not(kind: Kind, answers: &[Answer], own_target: bool) -> Option<NotTried> {
    if answers.iter().any(Answer::is_lost_connection) {
        return Some(NotTried::NoConnection);
    }
    if kind.is_socks4() {
        return lacks_socks4(answers, own_target).then_some(NotTried::NotSocks4);
    }
    if lacks_socks5(kind, answers) {
        return Some(NotTried::NotSocks5);
    }
    // Datagrams to an unreachable target get no answer.
    let connects = || answers.iter().filter(|answer| answer.question.kind() == Kind::Connect5);
    let unreachable = connects().any(Answer::refuses_target)
        && connects().all(|answer| answer.is_not_tried() || answer.refuses_target());
    (kind == Kind::Datagrams && own_target && unreachable).then_some(NotTried::TargetNotReached)
}

/// Whether SOCKS4 was answered in another protocol, or CONNECT was not answered. An external
/// target may be the reason for silence, so its address and its name are both tried.
fn lacks_socks4(answers: &[Answer], own_target: bool) -> bool {
    let (mut silent, mut alien) = (0, false);
    for answer in answers.iter().filter(|answer| answer.question.kind() == Kind::Connect4) {
        silent += u8::from(answer.is_silence());
        alien |= answer.is_another_protocol();
    }
    alien || silent > u8::from(!own_target)
}

/// Whether the greeting was answered in another protocol or not at all, or no METHOD was answered
/// in SOCKS5. A proxy that closes the connection may only reject one of the METHODs.
fn lacks_socks5(kind: Kind, answers: &[Answer]) -> bool {
    let is_negotiation = matches!(kind, Kind::Greeting | Kind::Method);
    let greeting = answers.iter().find(|answer| answer.question == Question::Greeting);
    match greeting {
        None => false,
        Some(greeting) if greeting.is_silence() || greeting.is_another_protocol() => true,
        Some(_) => !is_negotiation && !answers_methods(answers),
    }
}

/// Whether METHODs were answered in SOCKS5.
fn answers_methods(answers: &[Answer]) -> bool {
    let is_negotiation = |answer: &&Answer| matches!(answer.question.kind(), Kind::Greeting | Kind::Method);
    answers.iter().filter(is_negotiation).any(Answer::is_socks)
}

/// Whether the proxy understands CONNECT and connects to no target, although it accepts the client.
///
/// A server of SOCKS5 may refuse SOCKS4 because that has no password. So only its answers in SOCKS5
/// are about targets.
pub(super) fn refuses_all_targets(answers: &[Answer]) -> bool {
    let speaks_socks5 = answers_methods(answers);
    let connects = |answer: &Answer| {
        matches!(answer.question.kind(), Kind::Connect4 | Kind::Connect5) && answer.verdict() == Verdict::Yes
    };
    let is_about_target = |answer: &&Answer| match answer.question.kind() {
        Kind::Connect4 => !speaks_socks5,
        kind => kind == Kind::Connect5,
    };
    let asked = || answers.iter().filter(is_about_target);
    asked().any(Answer::refuses_target)
        && !asked().any(|answer| answer.is_local() || answer.refuses_client())
        && !answers.iter().any(connects)
}
