//! The order file contract as text: floor 3, beside the rules and without them.
//!
//! Reads `subscribers.csv` and `orders.csv`, writes `results.csv`. A record is one physical line, quoted as in
//! RFC 4180; what breaks a line of subscribers rejects the file, what breaks a line of orders is that row's answer.
//! Source: `docs/order-file.md`.

mod columns;
mod form;
mod lines;
mod moment;
mod orders;
mod record;
mod results;
mod subscribers;

pub use columns::Rejected;
pub use form::Form;
pub use lines::{Line, Lines};
pub use moment::moment;
pub use orders::{Column, Header, OrderLine, Row, echoed};
pub use results::{Answer, CONFLICT, RESULTS_HEADER, Told, read_result, result_fields, write_result};
pub use subscribers::{Subscriber, read_subscribers};
