//! The sandbox over real HTTP: what callers see, and what the books say about it.

mod acquirer;
mod acquirer_faults;
mod bank;
mod bank_faults;
mod conformance;
mod conservation;
mod control;
mod hostile;
mod issuer;
mod issuer_faults;
mod magic;
mod programme;
mod programme_faults;
mod schemas;
mod stage;
mod telco;
mod telco_faults;
