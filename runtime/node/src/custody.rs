//! The vault against the journal: rows whose record never became durable are removed, and what the journal says was
//! erased is erased, also in a vault that was restored from an older copy.
//!
//! The work is bounded by what came since the last comparison.

use facts::{InstrumentId, PersonId, State, SubscriberId};
use vault::{Table, Unconfirmed, Vault, VaultError};

/// How many rows of each table are compared at once.
const ROWS_AT_ONCE: usize = 4_096;

/// What a comparison is about: rows that nobody confirmed, and when the last one was.
pub struct Open {
    rows: Vec<Unconfirmed>,
    since: u64,
}

/// What the journal says about it.
pub struct Judged {
    rows: Vec<(Unconfirmed, bool)>,
    erased: Vec<PersonId>,
    position: u64,
}

/// What there is to compare, at most so much at once.
///
/// Errors: the vault does not answer.
pub fn look(vault: &Vault) -> Result<Open, VaultError> {
    Ok(Open { rows: vault.unconfirmed(ROWS_AT_ONCE)?, since: vault.compared_at()? })
}

/// What the journal says about it. Looks only.
pub fn judge(state: &State, open: Open) -> Judged {
    let rows = open.rows.into_iter().map(|row| (row, knows(state, &row))).collect();
    Judged { rows, erased: state.custody().erased_after(open.since).collect(), position: state.sequence() }
}

/// Does what the journal says. Says whether there may be more.
///
/// Errors: the vault does not answer; what was done stays so.
pub fn settle(vault: &Vault, judged: &Judged) -> Result<bool, VaultError> {
    judged.erased.iter().try_for_each(|person| vault.erase(vault::PersonId(person.bits())))?;
    let removed = vault.settle(&judged.rows, judged.position)?;
    if removed > 0 {
        tracing::info!(removed, "rows of the vault that no record mentions were removed");
    }
    Ok(judged.rows.len() >= ROWS_AT_ONCE)
}

/// Compares the whole vault. Nothing may be on its way to the journal.
///
/// Errors: the vault does not answer; what was compared stays so.
pub fn compare(vault: &Vault, state: &State) -> Result<(), VaultError> {
    let position = state.sequence();
    if vault.compared_at()? > position {
        tracing::warn!(position, "the journal ends before the vault was compared: all of it is compared again");
        vault.doubt_all(0)?;
    }
    while settle(vault, &judge(state, look(vault)?))? {}
    Ok(())
}

fn knows(state: &State, row: &Unconfirmed) -> bool {
    let person = PersonId::from_bits(row.person.0);
    match row.table {
        Table::Persons => state.custody().knows(person),
        Table::Numbers => state.subscriber(SubscriberId::from_bits(row.id)).is_some(),
        Table::Instruments => {
            let card = Some(InstrumentId::from_bits(row.id));
            state.subscribers_of(person).any(|of| of.own_card == card || of.credit_card == card)
        }
    }
}
