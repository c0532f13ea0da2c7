//! `tongbao access certificate` and `revoke`: who may come by mutual TLS.

use super::arguments::{CertificateOptions, RevokeOptions};
use super::{DAY_MS, act, let_in, of_node};
use crate::failure::{Doing, Failure};
use crate::output::Output;
use ::access::SignerName;
use facts::StaffAct;
use serde_json::json;
use sha2::{Digest, Sha256};

/// How many bytes of a certificate's digest name it.
const SERIAL_BYTES: usize = 8;

/// Registers a partner's certificate; the partner is let in if it is not.
pub fn register(options: &CertificateOptions, output: &Output) -> Result<(), Failure> {
    let der = server::certificate_in(&options.pem).doing("reading the certificate")?;
    let mut access = of_node(&options.dir)?;
    let_in(&mut access, &options.name)?;
    let serial = options.serial.clone().unwrap_or_else(|| serial_of(&der));
    let now = server::wall_now();
    let until = now.plus(options.days.saturating_mul(DAY_MS));
    let name = SignerName { client: &options.name, serial: &serial };
    let act = act(StaffAct::AddSigner, &format!("{} {serial}", options.name), "")?;
    let added = access.by_machine(act, |access| access.add_certificate(&access.keeper(), name, &der, until, now));
    added.doing("registering the certificate")?;
    let words = format!("the certificate of {} is registered as `{serial}`", options.name);
    output.result(&json!({ "name": options.name, "serial": serial, "until_ms": until.0 }), &words);
    Ok(())
}

/// Ends a certificate or signing key. A running node sees it within seconds.
pub fn revoke(options: &RevokeOptions, output: &Output) -> Result<(), Failure> {
    let mut access = of_node(&options.dir)?;
    let name = SignerName { client: &options.name, serial: &options.serial };
    let act = act(StaffAct::RevokeSigner, &format!("{} {}", options.name, options.serial), &options.why)?;
    access.by_machine(act, |access| access.revoke_signer(&access.keeper(), name)).doing("revoking")?;
    let words = format!("`{}` of {} opens nothing any more", options.serial, options.name);
    output.result(&json!({ "name": options.name, "serial": options.serial }), &words);
    Ok(())
}

fn serial_of(der: &[u8]) -> String {
    Sha256::digest(der)[..SERIAL_BYTES].iter().map(|byte| format!("{byte:02x}")).collect()
}
