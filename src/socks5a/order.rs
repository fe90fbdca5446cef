//! Which METHOD of a sequence the proxy may select next.

use super::codes::{EAF, TOL};
use super::error::Error;
use super::member::{Kind, Member};
use std::sync::Arc;

/// The METHODs of a sequence, and the rules for their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub(super) members: Vec<(Member, Need)>,
    pub(super) in_any_order: bool,
}

/// Whether the proxy may leave a METHOD out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    Optional,
}

impl Plan {
    pub(super) fn has(&self, code: u8) -> bool {
        self.members.iter().any(|(member, _)| member.code() == code)
    }

    /// Fails if there is no METHOD, or if TOL can never have a key.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.members.is_empty() {
            return Err(Error::SequenceEmpty);
        }
        let position = |code| self.members.iter().position(|(member, _)| member.code() == code);
        for (at, (member, _)) in self.members.iter().enumerate() {
            let Kind::Tol(tol) = &member.0 else { continue };
            let has_eaf = position(EAF).is_some_and(|eaf| self.in_any_order || eaf < at);
            if !tol.has_key() && !has_eaf {
                return Err(Error::KeyMissing);
            }
        }
        Ok(())
    }

    pub(super) fn begin(self: &Arc<Self>) -> Order {
        Order { plan: self.clone(), has_run: vec![false; self.members.len()], next: 0 }
    }
}

/// Which METHODs have run on one connection.
pub(super) struct Order {
    plan: Arc<Plan>,
    has_run: Vec<bool>,
    /// Those before this one can't be selected any more, unless any order is allowed.
    next: usize,
}

impl Order {
    /// Returns the METHOD that the proxy has selected, if it may. TOL without a key of its own may
    /// come only after EAF, in any order too.
    pub(super) fn select(&mut self, code: u8) -> Result<&Kind, Error> {
        let members = &self.plan.members;
        let position = members.iter().position(|(member, _)| member.code() == code);
        let position = position.ok_or(Error::NotInSequence(code))?;
        if self.has_run[position] {
            return Err(Error::SelectedTwice(code));
        }
        if !self.plan.in_any_order {
            let skipped = members.get(self.next..position);
            let is_next =
                |skipped: &[(Member, Need)]| skipped.iter().all(|(_, need)| *need == Need::Optional);
            if !skipped.is_some_and(is_next) {
                return Err(Error::OutOfOrder(code));
            }
            self.next = position + 1;
        }
        let method = &members[position].0.0;
        if matches!(method, Kind::Tol(tol) if !tol.has_key()) && !self.has_run(EAF) {
            return Err(Error::OutOfOrder(code));
        }
        self.has_run[position] = true;
        Ok(method)
    }

    fn has_run(&self, code: u8) -> bool {
        let mut members = self.plan.members.iter().zip(&self.has_run);
        members.any(|((member, _), has_run)| *has_run && member.code() == code)
    }

    /// Fails if a required METHOD has not run.
    pub(super) fn check_end(&self) -> Result<(), Error> {
        let missing = |((member, need), has_run): (&(Member, Need), &bool)| {
            (*need == Need::Required && !has_run).then(|| member.code())
        };
        match self.plan.members.iter().zip(&self.has_run).find_map(missing) {
            Some(code) => Err(Error::Incomplete(code)),
            None => Ok(()),
        }
    }

    /// Returns whether TOL is among the METHODs.
    pub(super) fn has_tol(&self) -> bool {
        self.plan.has(TOL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::socks5::Credentials;
    use crate::socks5a::{Eaf, Factor, Obfuscation, Psk, Tol};

    const PASSWORD: u8 = 2;

    fn psk() -> Psk {
        Psk::new([7; 16]).unwrap()
    }

    fn tol() -> Tol {
        Tol::new(Obfuscation::None)
    }

    fn member(code: u8) -> Member {
        match code {
            EAF => Eaf::new(psk(), Factor::token("t").unwrap()).into(),
            TOL => tol().psk(psk()).into(),
            _ => Credentials::new("u", "p").unwrap().into(),
        }
    }

    fn plan(codes: &[(u8, Need)], in_any_order: bool) -> Arc<Plan> {
        let members = codes.iter().map(|(code, need)| (member(*code), *need)).collect();
        Arc::new(Plan { members, in_any_order })
    }

    /// The outcome of these selections and the end.
    fn outcome(plan: &Arc<Plan>, codes: &[u8]) -> String {
        let mut order = plan.begin();
        let selected = codes.iter().try_for_each(|code| order.select(*code).map(drop));
        format!("{:?}", selected.and_then(|()| order.check_end()))
    }

    #[test]
    fn orders() {
        use Need::{Optional, Required};
        let all = [(PASSWORD, Required), (EAF, Optional), (TOL, Required)];
        for (codes, expected, in_any_order) in [
            (&[PASSWORD, EAF, TOL][..], "Ok(())", "Ok(())"),
            (&[PASSWORD, TOL], "Ok(())", "Ok(())"),
            (&[TOL, PASSWORD], "Err(OutOfOrder(129))", "Ok(())"),
            (&[EAF, PASSWORD], "Err(OutOfOrder(128))", "Err(Incomplete(129))"),
            (&[PASSWORD, TOL, EAF], "Err(OutOfOrder(128))", "Ok(())"),
            (&[PASSWORD, TOL, TOL], "Err(SelectedTwice(129))", "Err(SelectedTwice(129))"),
            (&[PASSWORD, EAF, PASSWORD], "Err(SelectedTwice(2))", "Err(SelectedTwice(2))"),
            (&[1], "Err(NotInSequence(1))", "Err(NotInSequence(1))"),
            (&[0x82], "Err(NotInSequence(130))", "Err(NotInSequence(130))"),
            (&[], "Err(Incomplete(2))", "Err(Incomplete(2))"),
            (&[PASSWORD, EAF], "Err(Incomplete(129))", "Err(Incomplete(129))"),
        ] {
            assert_eq!(outcome(&plan(&all, false), codes), expected, "{codes:02X?}");
            assert_eq!(outcome(&plan(&all, true), codes), in_any_order, "{codes:02X?}");
        }
    }

    #[test]
    fn the_key_of_eaf_is_there_before_tol() {
        use Need::{Optional, Required};
        for (eaf, in_any_order) in [(Required, true), (Optional, true), (Optional, false)] {
            let members = vec![(member(EAF), eaf), (tol().into(), Required)];
            let plan = Arc::new(Plan { members, in_any_order });
            assert_eq!(outcome(&plan, &[EAF, TOL]), "Ok(())");
            for selections in [&[TOL][..], &[TOL, EAF]] {
                assert_eq!(outcome(&plan, selections), "Err(OutOfOrder(129))", "{eaf:?}");
            }
        }
    }

    #[test]
    fn a_key_for_tol() {
        let check = |codes: &[u8], in_any_order, tol: Tol| {
            let members = codes.iter().map(|code| match *code {
                TOL => (tol.clone().into(), Need::Required),
                code => (member(code), Need::Required),
            });
            let plan = Plan { members: members.collect(), in_any_order };
            plan.check().map_err(|error| format!("{error:?}"))
        };
        let missing = Err("KeyMissing".to_owned());
        assert_eq!(check(&[EAF, TOL], false, tol()), Ok(()));
        assert_eq!(check(&[TOL, EAF], false, tol()), missing);
        assert_eq!(check(&[TOL, EAF], true, tol()), Ok(()));
        assert_eq!(check(&[PASSWORD, TOL], true, tol()), missing);
        assert_eq!(check(&[PASSWORD, TOL], false, tol().psk(psk())), Ok(()));
        assert_eq!(check(&[], false, tol()), Err("SequenceEmpty".to_owned()));
    }
}
