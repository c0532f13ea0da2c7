//! Facts, and the state they add up to: floor 2.
//!
//! A fact is what happened, with its outcomes: fees, dates, lots, due times, complete postings. A record is
//! all facts of one command, sealed into the hash chain. [`State`] is the fold of all records; `evolve`
//! touches it and never refuses for a business reason. Nothing here knows a policy, a calendar, a price,
//! risk or a plan: those decide, above, and their decisions arrive as facts.

mod account_name;
mod approval;
mod attack;
mod complaint;
mod counter;
mod custody;
mod fact;
mod id;
mod keys;
mod order;
mod orders;
mod partner;
mod record;
mod refusal;
mod staff_act;
mod state;
mod subscriber;
mod terms;
mod time;

pub use account_name::AccountName;
pub use approval::{Acted, Approval, ApprovalAct, ApprovalState, ApprovalSubject, Approvals};
pub use attack::Attack;
pub use complaint::{
    Closing, Complaint, ComplaintAbout, ComplaintFilter, ComplaintOutcome, ComplaintPlace, ComplaintState, Complaints,
};
pub use counter::{Count, Counter, Counters, LimitHit, Measure, Meter, Shared, Subject, Window};
pub use custody::{Custody, LegalHold, PersonalItem, Purpose, Standing};
pub use fact::{Admission, Fact, KeyUse, Made, Part, Payment, Quoted, SignalKind};
pub use id::{
    ApprovalId, BatchId, Bucket, ComplaintId, InstrumentId, OrderId, ParseIdError, PersonId, QuoteId, SubscriberId,
};
pub use order::{
    Attempt, Cause, Due, Gate, Necessity, Offer, Order, OrderState, ReviewVerdict, RewardState, Step, StepPlan,
    StepState, Target,
};
pub use orders::Orders;
pub use partner::{Action, CallRef, Handle, Nature, ParseCallRefError, Partner, PartnerLoad, Programme};
pub use record::{Actor, ActorKind, Channel, Meta, OpenRecord, READER, Record, RecordError, SaltKey, Seal, Verdict};
pub use refusal::Refusal;
pub use staff_act::StaffAct;
pub use state::{Broken, State};
pub use subscriber::{Lot, LotUse, Subscriber};
pub use terms::{
    FeeLine, FeeRule, Hash, Key16, LearnedPrice, PolicyVersion, Product, Provenance, Province, Reward, Terms,
    UnknownWord,
};
pub use time::{Day, Millis, ParseDayError};
