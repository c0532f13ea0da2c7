//! `tongbao sandbox`: one simulated counterparty as a process of its own.

use crate::arguments::SandboxOptions;
use crate::failure::{Doing, Failure};
use sandbox::{AcquirerConfig, BankConfig, IssuerConfig, ProgrammeConfig, SmsConfig, TelcoConfig};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

/// The variable with what callbacks carry as `Authorization`: who lists processes does not see it.
pub const CALLBACK_AUTHORIZATION: &str = "TONGBAO_SANDBOX_AUTHORIZATION";

/// A counterparty and how it behaves.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counterparty {
    /// A telco.
    Telco(TelcoConfig),
    /// The bank.
    Bank(BankConfig),
    /// The issuer of vouchers.
    Issuer(IssuerConfig),
    /// The acquirer.
    Acquirer(AcquirerConfig),
    /// A points programme.
    Programme(ProgrammeConfig),
    /// Whoever sends messages.
    Sms(SmsConfig),
}

/// Serves until killed, after printing its address as the first line of stdout.
pub fn sandbox(options: SandboxOptions) -> Result<(), Failure> {
    let mut counterparty: Counterparty = serde_json::from_str(&options.config).doing("reading the configuration")?;
    let authorization = std::env::var(CALLBACK_AUTHORIZATION).ok();
    match &mut counterparty {
        Counterparty::Telco(config) => config.callback_authorization = authorization,
        Counterparty::Bank(config) => config.callback_authorization = authorization,
        Counterparty::Issuer(config) => config.callback_authorization = authorization,
        Counterparty::Acquirer(config) => config.callback_authorization = authorization,
        Counterparty::Programme(config) => config.callback_authorization = authorization,
        // It calls nobody back.
        Counterparty::Sms(_) => {}
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.doing("starting")?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.doing("listening")?;
        println!("{}", listener.local_addr().doing("listening")?);
        let served = match counterparty {
            Counterparty::Telco(config) => sandbox::serve_telco(config, listener).await,
            Counterparty::Bank(config) => sandbox::serve_bank(config, listener).await,
            Counterparty::Issuer(config) => sandbox::serve_issuer(config, listener).await,
            Counterparty::Acquirer(config) => sandbox::serve_acquirer(config, listener).await,
            Counterparty::Programme(config) => sandbox::serve_programme(config, listener).await,
            Counterparty::Sms(config) => sandbox::serve_sms(config, listener).await,
        };
        served.doing("serving")
    })
}
