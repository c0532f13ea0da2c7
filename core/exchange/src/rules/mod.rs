//! The rules that a request meets: who asks, on whose number, what is offered there, what it costs, how much
//! is allowed and when it arrives.
//!
//! Everything here is a function of the policy's files and of facts established before. Nothing here reads a
//! clock or a file, keeps a balance or knows an order; nothing here plans steps.

mod admission;
mod calendar;
mod campaign;
mod compile;
mod compile_campaigns;
mod compile_fees;
mod compile_licences;
mod compile_limits;
mod compile_products;
mod compile_regions;
mod fault;
mod files;
mod identity;
mod instrument;
mod licence;
mod limit;
mod numbers;
mod policy;
mod precedence;
mod price;
mod refused;
mod region;
mod rolling;
mod rows;
mod texts;

pub use admission::{Holder, Receiver, Request, admit};
pub use calendar::{Calendar, CalendarError, CutOff, Unpublished};
pub use campaign::{Campaign, Candidate, Cluster, Gives, Marks, Title, reward_counts};
pub use fault::PolicyFault;
pub use identity::{Identity, IdentityError, IdentityNumber};
pub use instrument::{Cards, Instrument, InstrumentRule, refund_origin};
pub use licence::{Expiring, Licence, LicenceKind, Notice, ProvinceSet, Unlicensed};
pub use limit::{Limit, LimitSubject, Occasion, Period, Standing, Subjects, counts};
pub use numbers::{Line, NumberRefusal, NumberTable, NumberTableError, VirtualOperators};
pub use policy::{
    Arrives, Charge, Draws, Entry, Fees, GiftReach, Learned, Leaves, Limits, Pays, Policy, PriceBand, ProductPolicy,
    Taken, Tier, Unit,
};
pub use precedence::PRECEDENCE;
pub use price::{PriceError, Priced, Sale, price};
pub use refused::{Detail, Moment, Refused};
pub use region::{CodeBy, Evidence, ProductSet, Region, Use, Verdict, Verification};
pub use rows::{Change, Place, changes, rows};
pub use texts::PolicyFiles;
