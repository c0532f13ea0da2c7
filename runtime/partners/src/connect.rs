//! Which connector stands before which partner: the one table of them.

use std::sync::Arc;
use std::time::Duration;

use facts::Partner;

use crate::acquirer::{AcquirerConfig, AcquirerGateway, acquirer_callback};
use crate::bank::{BankConfig, BankGateway, bank_callback};
use crate::issuer::{IssuerConfig, IssuerGateway, issuer_callback};
use crate::programme::{ProgrammeConfig, ProgrammeGateway, programme_callback};
use crate::telco::{TelcoConfig, TelcoGateway, telco_callback};
use crate::{ConfigFault, Gateway, StatementItem};

/// Sets up the connector to a partner at an address; nothing is called yet. A reply that takes longer than
/// `reply_timeout` of wall-clock time is silence.
///
/// Errors: the address is not usable.
pub fn connect(partner: Partner, base_url: String, reply_timeout: Duration) -> Result<Arc<dyn Gateway>, ConfigFault> {
    Ok(match partner {
        Partner::Telco(telco) => Arc::new(TelcoGateway::new(TelcoConfig { telco, base_url, reply_timeout })?),
        Partner::Bank => Arc::new(BankGateway::new(BankConfig { base_url, reply_timeout })?),
        Partner::Issuer => Arc::new(IssuerGateway::new(IssuerConfig { base_url, reply_timeout })?),
        Partner::Acquirer => Arc::new(AcquirerGateway::new(AcquirerConfig { base_url, reply_timeout })?),
        Partner::Programme(programme) => {
            Arc::new(ProgrammeGateway::new(ProgrammeConfig { programme, base_url, reply_timeout })?)
        }
    })
}

/// Reads a partner's callback; `None` when it says nothing final about a reference of ours.
pub fn callback(partner: Partner, body: &[u8]) -> Option<StatementItem> {
    match partner {
        Partner::Telco(_) => telco_callback(body),
        Partner::Bank => bank_callback(body),
        Partner::Issuer => issuer_callback(body),
        Partner::Acquirer => acquirer_callback(body),
        Partner::Programme(_) => programme_callback(body),
    }
}
