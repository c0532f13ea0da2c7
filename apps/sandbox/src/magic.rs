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

/// What the last four digits of a number force at one kind of counterparty.
pub(crate) struct Table {
    /// Whole endings, each for one action.
    spells: &'static [(&'static str, Action, Spell)],
    /// First two of the four digits, for a fault of that action whose kind the last two say.
    faults: &'static [(&'static str, Action)],
}

/// A telco, by its numbers.
pub(crate) const TELCO: Table = Table {
    spells: &[
        ("0001", Action::Reserve, Spell::Refuse("insufficientBalance")),
        ("0001", Action::Deduct, Spell::Refuse("insufficientBalance")),
        ("0001", Action::Transfer, Spell::Refuse("insufficientBalance")),
        ("0099", Action::Reserve, Spell::Refuse("bucketClosed")),
        ("0099", Action::Capture, Spell::Refuse("bucketClosed")),
        ("0099", Action::Release, Spell::Refuse("bucketClosed")),
        ("0099", Action::Deduct, Spell::Refuse("bucketClosed")),
        ("0099", Action::Credit, Spell::Refuse("bucketClosed")),
        ("0099", Action::Transfer, Spell::Refuse("bucketClosed")),
    ],
    faults: &[
        ("00", Action::Reserve),
        ("01", Action::Capture),
        ("02", Action::Release),
        ("03", Action::Deduct),
        ("04", Action::Credit),
        ("08", Action::Transfer),
    ],
};

/// A messaging partner, by the numbers that it sends to.
pub(crate) const SMS: Table = Table {
    spells: &[("0001", Action::Send, Spell::Refuse("unreachable")), ("0099", Action::Send, Spell::Refuse("blocked"))],
    faults: &[("05", Action::Send)],
};

/// A bank, by the cards that it pays to.
pub(crate) const BANK: Table = Table {
    spells: &[
        ("0001", Action::Payout, Spell::Refuse("AC04")),
        ("0002", Action::Payout, Spell::PendingThenDone),
        ("0003", Action::Payout, Spell::PendingThenRefused("AC06")),
        ("0014", Action::Payout, Spell::Refuse("AM04")),
        ("0015", Action::Payout, Spell::DoneThenUndone),
    ],
    faults: &[("01", Action::Payout)],
};

/// An issuer, by the holders' numbers; none of the endings is a telco's or a messenger's.
pub(crate) const ISSUER: Table = Table {
    spells: &[
        ("0601", Action::Issue, Spell::Refuse("issueStopped")),
        ("0620", Action::Issue, Spell::PendingThenDone),
        ("0621", Action::Issue, Spell::PendingThenRefused("issueStopped")),
        ("0622", Action::Issue, Spell::DoneThenUndone),
        ("0699", Action::Issue, Spell::Refuse("holderBlocked")),
    ],
    faults: &[("06", Action::Issue), ("07", Action::Collect)],
};

/// An acquirer, by the instruments that pay and get back; none of the endings is a bank's.
pub(crate) const ACQUIRER: Table = Table {
    spells: &[
        ("0801", Action::Pay, Spell::Refuse("AC06")),
        ("0814", Action::Pay, Spell::Refuse("AM04")),
        ("0820", Action::Pay, Spell::PendingThenDone),
        ("0821", Action::Pay, Spell::PendingThenRefused("AM04")),
        ("0822", Action::Pay, Spell::DoneThenUndone),
        ("0901", Action::Refund, Spell::Refuse("AC06")),
        ("0920", Action::Refund, Spell::PendingThenDone),
        ("0921", Action::Refund, Spell::PendingThenRefused("AC06")),
    ],
    faults: &[("08", Action::Pay), ("09", Action::Refund)],
};

/// A programme, by its members; none of the endings is anybody else's.
pub(crate) const PROGRAMME: Table = Table {
    spells: &[
        ("1001", Action::Redeem, Spell::Refuse("insufficientPoints")),
        ("1020", Action::Redeem, Spell::PendingThenDone),
        ("1021", Action::Redeem, Spell::PendingThenRefused("insufficientPoints")),
        ("1022", Action::Redeem, Spell::DoneThenUndone),
        ("1101", Action::Accrue, Spell::Refuse("memberClosed")),
        ("1120", Action::Accrue, Spell::PendingThenDone),
        ("1121", Action::Accrue, Spell::PendingThenRefused("memberClosed")),
        ("1220", Action::Reverse, Spell::PendingThenDone),
    ],
    faults: &[("10", Action::Redeem), ("11", Action::Accrue), ("12", Action::Reverse)],
};

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

    /// What a number forces on this call, if anything.
    pub fn of(&mut self, table: &Table, number: &str, action: Action) -> Option<Spell> {
        let spell = if self.enabled { table.spell(number, action)? } else { return None };
        let once = matches!(spell, Spell::Fault(_));
        let fresh = !once || self.spent.insert((action, number.to_owned()));
        fresh.then_some(spell)
    }
}

impl Table {
    fn spell(&self, number: &str, action: Action) -> Option<Spell> {
        let ending = ending(number)?;
        let whole = self.spells.iter().find(|(end, of, _)| (*end, *of) == (ending, action));
        if let Some((_, _, spell)) = whole {
            return Some(*spell);
        }
        let (step, kind) = ending.split_at(2);
        let struck = self.faults.contains(&(step, action));
        fault(kind).filter(|kind| struck && kind.suits(action)).map(Spell::Fault)
    }
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
    use super::{ACQUIRER, BANK, ISSUER, Magic, SMS, Spell, TELCO};
    use crate::faults::{Action, FaultKind};

    #[test]
    fn endings_force_what_the_table_says() {
        let mut magic = Magic::new(true);
        let first = magic.of(&TELCO, "13300000102", Action::Capture);
        assert_eq!(first, Some(Spell::Fault(FaultKind::AppliedTimeout)));
        assert_eq!(magic.of(&TELCO, "13300000102", Action::Capture), None, "a fault strikes the first time only");
        assert_eq!(magic.of(&TELCO, "13300000102", Action::Reserve), None);
        for _ in 0..2 {
            assert_eq!(magic.of(&TELCO, "13300000001", Action::Deduct), Some(Spell::Refuse("insufficientBalance")));
        }
        assert_eq!(magic.of(&TELCO, "13300000012", Action::Reserve), None, "a reservation has no billing run");
        assert_eq!(magic.of(&BANK, "6222000000000003", Action::Payout), Some(Spell::PendingThenRefused("AC06")));
        assert_eq!(magic.of(&BANK, "6222000000000107", Action::Payout), Some(Spell::Fault(FaultKind::LateSuccess)));
        assert_eq!(magic.of(&BANK, "6222000000000112", Action::Payout), None);
        assert_eq!(magic.of(&SMS, "13300000099", Action::Send), Some(Spell::Refuse("blocked")));
        assert_eq!(magic.of(&SMS, "13300000513", Action::Send), Some(Spell::Fault(FaultKind::Lost)));
        assert_eq!(
            (magic.of(&SMS, "13300000513", Action::Send), magic.of(&SMS, "13300000509", Action::Send)),
            (None, None)
        );
        assert_eq!(magic.of(&ISSUER, "13300000621", Action::Issue), Some(Spell::PendingThenRefused("issueStopped")));
        assert_eq!(magic.of(&ISSUER, "13300000606", Action::Issue), Some(Spell::Fault(FaultKind::Contradictory)));
        assert_eq!(magic.of(&ISSUER, "13300000606", Action::Collect), None);
        assert_eq!(magic.of(&ISSUER, "13300000702", Action::Collect), Some(Spell::Fault(FaultKind::AppliedTimeout)));
        assert_eq!(magic.of(&ISSUER, "13300000706", Action::Collect), None, "a code is not refused and handed out");
        let refund = magic.of(&ACQUIRER, "6222000000000907", Action::Refund);
        assert_eq!(refund, Some(Spell::Fault(FaultKind::LateSuccess)));
        assert_eq!(magic.of(&ACQUIRER, "6222000000000907", Action::Pay), None);
        assert_eq!(magic.of(&BANK, "12", Action::Payout), None);
        assert_eq!(magic.of(&BANK, "卡号", Action::Payout), None);
    }

    #[test]
    fn ordinary_servers_have_no_magic() {
        let mut magic = Magic::new(false);
        assert_eq!(magic.of(&TELCO, "13300000001", Action::Reserve), None);
        assert_eq!(magic.of(&BANK, "6222000000000001", Action::Payout), None);
    }
}
