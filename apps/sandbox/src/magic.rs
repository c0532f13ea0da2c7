//! Magic numbers: endings that force one behaviour, as data.
//!
//! The README explains the table; the servers read it only when they are started with `magic`.

use std::collections::HashSet;

use crate::faults::{Action, FaultKind};

/// What an ending forces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spell {
    /// A business refusal with this code, each time.
    Refuse(&'static str),
    /// A fault, the first time.
    Fault(FaultKind),
    /// Pending, then done; each time.
    PendingThenDone,
    /// Pending, then refused with this reason; each time.
    PendingThenRefused(&'static str),
    /// Done, and undone later; each time.
    DoneThenUndone,
}

const EVERY_TELCO_ACTION: &[Action] =
    &[Action::Reserve, Action::Capture, Action::Release, Action::Deduct, Action::Credit, Action::Transfer];

/// Refusals of a telco, by the last four digits of the number.
const TELCO_REFUSALS: &[(&str, &[Action], &str)] = &[
    ("0001", &[Action::Reserve, Action::Deduct, Action::Transfer], "insufficientBalance"),
    ("0099", EVERY_TELCO_ACTION, "bucketClosed"),
];

/// First two of the last four digits of a number, for a fault of that action.
const TELCO_ACTIONS: &[(&str, Action)] = &[
    ("00", Action::Reserve),
    ("01", Action::Capture),
    ("02", Action::Release),
    ("03", Action::Deduct),
    ("04", Action::Credit),
    ("08", Action::Transfer),
];

/// Last two digits, for the kind of fault.
const KINDS: &[(&str, FaultKind)] = &[
    ("02", FaultKind::AppliedTimeout),
    ("03", FaultKind::NotAppliedTimeout),
    ("04", FaultKind::ServerErrorApplied),
    ("05", FaultKind::ServerErrorNotApplied),
    ("06", FaultKind::Contradictory),
    ("07", FaultKind::LateSuccess),
    ("08", FaultKind::NotFoundThenFound),
    ("09", FaultKind::AmountMismatch),
    ("10", FaultKind::DuplicateCallback),
    ("11", FaultKind::Latency),
    ("12", FaultKind::OwnSchedule),
    ("13", FaultKind::Lost),
    ("14", FaultKind::Twice),
];

/// Refusals of a messaging partner, by the last four digits of the number.
const SMS_REFUSALS: &[(&str, &str)] = &[("0001", "unreachable"), ("0099", "blocked")];

/// First two of the last four digits of a number, for a fault of its message.
const SMS_FAULTS: &str = "05";

/// Behaviours of a bank, by the last four digits of the card.
const BANK_SPELLS: &[(&str, Spell)] = &[
    ("0001", Spell::Refuse("AC04")),
    ("0002", Spell::PendingThenDone),
    ("0003", Spell::PendingThenRefused("AC06")),
    ("0014", Spell::Refuse("AM04")),
    ("0015", Spell::DoneThenUndone),
];

/// First two of the last four digits of a card, for a fault of its payout.
const BANK_FAULTS: &str = "01";

/// Behaviours of an issuer, by the last four digits of the holder's number; none is a telco's or a messenger's.
const ISSUER_SPELLS: &[(&str, Spell)] = &[
    ("0601", Spell::Refuse("issueStopped")),
    ("0620", Spell::PendingThenDone),
    ("0621", Spell::PendingThenRefused("issueStopped")),
    ("0622", Spell::DoneThenUndone),
    ("0699", Spell::Refuse("holderBlocked")),
];

/// First two of the last four digits of a holder's number, for a fault of that action.
const ISSUER_FAULTS: &[(&str, Action)] = &[("06", Action::Issue), ("07", Action::Collect)];

/// The numbers that have had their first time.
#[derive(Debug, Default)]
pub(crate) struct Magic {
    enabled: bool,
    spent: HashSet<(Action, String)>,
}

impl Magic {
    /// A table that is obeyed only when `enabled`.
    pub fn new(enabled: bool) -> Self {
        Magic { enabled, spent: HashSet::new() }
    }

    /// What the number forces on this call of a telco, if anything.
    pub fn telco(&mut self, msisdn: &str, action: Action) -> Option<Spell> {
        if !self.enabled {
            return None;
        }
        self.unspent(msisdn, action, telco_spell(msisdn, action)?)
    }

    /// What the card forces on a payout, if anything.
    pub fn bank(&mut self, card: &str) -> Option<Spell> {
        if !self.enabled {
            return None;
        }
        self.unspent(card, Action::Payout, bank_spell(card)?)
    }

    /// What the number forces on a message, if anything.
    pub fn sms(&mut self, msisdn: &str) -> Option<Spell> {
        if !self.enabled {
            return None;
        }
        self.unspent(msisdn, Action::Send, sms_spell(msisdn)?)
    }

    /// What the holder's number forces on this call of an issuer, if anything.
    pub fn issuer(&mut self, holder: &str, action: Action) -> Option<Spell> {
        if !self.enabled {
            return None;
        }
        self.unspent(holder, action, issuer_spell(holder, action)?)
    }

    fn unspent(&mut self, number: &str, action: Action, spell: Spell) -> Option<Spell> {
        let once = matches!(spell, Spell::Fault(_));
        let fresh = !once || self.spent.insert((action, number.to_owned()));
        fresh.then_some(spell)
    }
}

fn telco_spell(msisdn: &str, action: Action) -> Option<Spell> {
    let ending = ending(msisdn)?;
    let refusal = TELCO_REFUSALS.iter().find(|(end, actions, _)| *end == ending && actions.contains(&action));
    if let Some((_, _, code)) = refusal {
        return Some(Spell::Refuse(code));
    }
    let (step, kind) = ending.split_at(2);
    let struck = TELCO_ACTIONS.iter().any(|(digits, of)| *digits == step && *of == action);
    fault(kind).filter(|kind| struck && kind.suits(action)).map(Spell::Fault)
}

fn bank_spell(card: &str) -> Option<Spell> {
    let ending = ending(card)?;
    if let Some((_, spell)) = BANK_SPELLS.iter().find(|(end, _)| *end == ending) {
        return Some(*spell);
    }
    let (step, kind) = ending.split_at(2);
    fault(kind).filter(|kind| step == BANK_FAULTS && kind.suits(Action::Payout)).map(Spell::Fault)
}

fn sms_spell(msisdn: &str) -> Option<Spell> {
    let ending = ending(msisdn)?;
    if let Some((_, code)) = SMS_REFUSALS.iter().find(|(end, _)| *end == ending) {
        return Some(Spell::Refuse(code));
    }
    let (step, kind) = ending.split_at(2);
    fault(kind).filter(|kind| step == SMS_FAULTS && kind.suits(Action::Send)).map(Spell::Fault)
}

fn issuer_spell(holder: &str, action: Action) -> Option<Spell> {
    let ending = ending(holder)?;
    let spell = ISSUER_SPELLS.iter().find(|(end, _)| *end == ending && action == Action::Issue);
    if let Some((_, spell)) = spell {
        return Some(*spell);
    }
    let (step, kind) = ending.split_at(2);
    let struck = ISSUER_FAULTS.iter().any(|(digits, of)| *digits == step && *of == action);
    fault(kind).filter(|kind| struck && kind.suits(action)).map(Spell::Fault)
}

fn fault(digits: &str) -> Option<FaultKind> {
    KINDS.iter().find(|(end, _)| *end == digits).map(|(_, kind)| *kind)
}

fn ending(number: &str) -> Option<&str> {
    let ending = number.get(number.len().checked_sub(4)?..)?;
    ending.is_ascii().then_some(ending)
}

#[cfg(test)]
mod tests {
    use super::{Magic, Spell};
    use crate::faults::{Action, FaultKind};

    #[test]
    fn endings_force_what_the_table_says() {
        let mut magic = Magic::new(true);
        let first = magic.telco("13300000102", Action::Capture);
        assert_eq!(first, Some(Spell::Fault(FaultKind::AppliedTimeout)));
        assert_eq!(magic.telco("13300000102", Action::Capture), None, "a fault strikes the first time only");
        assert_eq!(magic.telco("13300000102", Action::Reserve), None);
        for _ in 0..2 {
            assert_eq!(magic.telco("13300000001", Action::Deduct), Some(Spell::Refuse("insufficientBalance")));
        }
        assert_eq!(magic.telco("13300000012", Action::Reserve), None, "a reservation has no billing run");
        assert_eq!(magic.bank("6222000000000003"), Some(Spell::PendingThenRefused("AC06")));
        assert_eq!(magic.bank("6222000000000107"), Some(Spell::Fault(FaultKind::LateSuccess)));
        assert_eq!(magic.bank("6222000000000112"), None);
        assert_eq!(magic.sms("13300000099"), Some(Spell::Refuse("blocked")));
        assert_eq!(magic.sms("13300000513"), Some(Spell::Fault(FaultKind::Lost)));
        assert_eq!((magic.sms("13300000513"), magic.sms("13300000509")), (None, None));
        assert_eq!(magic.issuer("13300000621", Action::Issue), Some(Spell::PendingThenRefused("issueStopped")));
        assert_eq!(magic.issuer("13300000606", Action::Issue), Some(Spell::Fault(FaultKind::Contradictory)));
        assert_eq!(magic.issuer("13300000606", Action::Collect), None);
        assert_eq!(magic.issuer("13300000702", Action::Collect), Some(Spell::Fault(FaultKind::AppliedTimeout)));
        assert_eq!(magic.issuer("13300000706", Action::Collect), None, "a code is not refused and handed out");
        assert_eq!(magic.bank("12"), None);
        assert_eq!(magic.bank("卡号"), None);
    }

    #[test]
    fn ordinary_servers_have_no_magic() {
        let mut magic = Magic::new(false);
        assert_eq!(magic.telco("13300000001", Action::Reserve), None);
        assert_eq!(magic.bank("6222000000000001"), None);
    }
}
