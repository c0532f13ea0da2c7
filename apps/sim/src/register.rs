//! A partner's own record: lines that never change, found by the reference of whoever asked.

use exchange::Answer;
use facts::{Action, CallRef, Millis};
use partners::{Movement, StatementItem};
use std::collections::{BTreeMap, BTreeSet};

/// A line of the record.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) call: CallRef,
    pub(crate) movement: Movement,
    /// Done, or refused with a code.
    pub(crate) answer: Answer,
    /// From when on it can be read.
    pub(crate) visible_at: Millis,
}

impl Line {
    pub(crate) fn amount(&self) -> u64 {
        match self.answer {
            Answer::Done { amount, .. } => amount,
            _ => 0,
        }
    }

    pub(crate) fn item(&self) -> StatementItem {
        StatementItem { call: self.call, movement: self.movement, answer: self.answer.clone() }
    }
}

/// All lines, and what is accepted and not done yet.
#[derive(Default)]
pub(crate) struct Register {
    lines: Vec<Line>,
    of_call: BTreeMap<CallRef, Vec<usize>>,
    queued: BTreeSet<CallRef>,
}

impl Register {
    pub(crate) fn add(&mut self, line: Line) {
        self.queued.remove(&line.call);
        self.of_call.entry(line.call).or_default().push(self.lines.len());
        self.lines.push(line);
    }

    pub(crate) fn queue(&mut self, call: CallRef) {
        self.queued.insert(call);
    }

    pub(crate) fn knows(&self, call: CallRef) -> bool {
        self.of_call.contains_key(&call)
    }

    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// What the record says about a reference that asked for `action`: what moved value counts before what did not.
    pub(crate) fn says(&self, call: CallRef, action: Action, now: Millis) -> Answer {
        let places = self.of_call.get(&call).map(Vec::as_slice).unwrap_or_default();
        let visible: Vec<&Line> = places.iter().map(|at| &self.lines[*at]).filter(|l| l.visible_at <= now).collect();
        let moved: Vec<&Line> = visible.iter().copied().filter(|line| line.amount() > 0).collect();
        if action == Action::ReleaseAirtime && moved.iter().any(|line| line.movement == Movement::Taken) {
            let taken = moved.iter().filter(|line| line.movement == Movement::Taken);
            let (amount, external) = sum(taken.copied());
            return Answer::Opposite { amount, external };
        }
        if !moved.is_empty() {
            let (amount, external) = sum(moved.into_iter());
            return Answer::Done { amount, external };
        }
        if self.queued.contains(&call) {
            return Answer::Pending;
        }
        match visible.last() {
            Some(_) if action == Action::ConfirmBilling => Answer::NotFound,
            Some(line) => line.answer.clone(),
            None => Answer::NotFound,
        }
    }

    /// A page of the statement, up to the first line that cannot be read yet, and where the next page starts.
    pub(crate) fn page(&self, after: usize, now: Millis) -> (Vec<StatementItem>, usize) {
        let lines = self.lines.get(after..).unwrap_or_default();
        let items: Vec<StatementItem> =
            lines.iter().take_while(|line| line.visible_at <= now).map(Line::item).collect();
        let next = after + items.len();
        (items, next)
    }
}

fn sum<'l>(lines: impl Iterator<Item = &'l Line>) -> (u64, String) {
    let mut total = (0, String::new());
    for line in lines {
        if let Answer::Done { amount, external } = &line.answer {
            total = (total.0 + amount, external.clone());
        }
    }
    total
}
