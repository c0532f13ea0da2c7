//! Agents' devices: an Ed25519 key that never leaves the device, enrolled for one till with a one-time code.
//!
//! An agent has any number of tills, a till one device: enrolling another shuts the last one out. Each request is
//! signed with the device's key under its serial, as any signed request is.

use crate::access::{check_name, needs};
use crate::secret::{CROCKFORD, Digest, EnrolmentCode, base32, hex, random};
use crate::signer::{NewSigner, Scheme, SignerName, public_key, put};
use crate::store::At;
use crate::{Access, AccessError, Denied, Principal, PrincipalKind, Role, sql};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signature;
use facts::Millis;
use std::net::IpAddr;

/// Characters of a code: 60 bits, for minutes, behind limits.
const CODE_CHARACTERS: usize = 12;

/// A code with which one device may be enrolled for a till: shown once.
#[derive(Debug)]
pub struct DeviceInvitation {
    /// In groups of four, to be typed.
    pub code: EnrolmentCode,
    /// Until when.
    pub until: Millis,
}

/// What a device sends to be enrolled.
#[derive(Debug)]
pub struct DeviceProof<'a> {
    /// The code, however it was typed.
    pub code: &'a EnrolmentCode,
    /// Its public key, in base64.
    pub public_key: &'a str,
    /// In base64: its signature over [`device_lines`], which shows that it holds the private one.
    pub signature: &'a str,
}

/// An enrolled device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The agent: the client of its signatures.
    pub agent: String,
    /// The till.
    pub till: String,
    /// The serial of its signatures.
    pub serial: String,
}

/// What a device signs to be enrolled.
pub fn device_lines(code: &EnrolmentCode, public_key: &str) -> Vec<u8> {
    format!("tongbao device\n{}\n{public_key}\n", plain(code).expose()).into_bytes()
}

/// A code without grouping, and with the letters that are taken for digits as digits.
fn plain(code: &EnrolmentCode) -> EnrolmentCode {
    let text = code.expose().chars().filter(|c| !matches!(c, '-' | ' ')).map(|c| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    });
    EnrolmentCode::new(text.collect::<String>())
}

impl Access {
    fn digest_of_enrolment(&self, code: &EnrolmentCode) -> Digest {
        self.keys.digest(&[b"device", plain(code).expose().as_bytes()])
    }

    /// Makes a code for a till of an agent; the last one for that till is good no more.
    ///
    /// Errors: whoever asks is no administrator, or there is no such agent.
    pub fn invite_device(
        &self,
        by: &Principal,
        agent: &str,
        till: &str,
        now: Millis,
    ) -> Result<DeviceInvitation, AccessError> {
        needs(by, Role::Admin)?;
        check_name(till)?;
        let text = base32(&random::<8>()?[..], CROCKFORD);
        let groups: Vec<&str> = [&text[..4], &text[4..8], &text[8..CODE_CHARACTERS]].into();
        let (code, until) =
            (EnrolmentCode::new(groups.join("-")), now.plus(self.settings.invitations.device_s * 1_000));
        self.store.write(|rows| {
            let (PrincipalKind::Agent, _) = self.client(rows, agent)? else {
                return Err(Denied::PrincipalUnknown.into());
            };
            rows.change(sql::ENROLMENTS_END_OF, (agent, till))?;
            rows.change(sql::ENROLMENT_PUT, (self.digest_of_enrolment(&code).0, agent, till, At(until)))
        })?;
        Ok(DeviceInvitation { code, until })
    }

    /// Enrols a device in the place of the till's last one. A code is used up by the device that proves its key.
    ///
    /// Errors: the code is not good; the key is none; the signature does not fit.
    pub fn enrol_device(&self, given: &DeviceProof<'_>, from: IpAddr, now: Millis) -> Result<Device, AccessError> {
        self.admit_address(from, now)?;
        let key = public_key(given.public_key)?;
        let signature = STANDARD.decode(given.signature).ok().and_then(|bytes| Signature::from_slice(&bytes).ok());
        let lines = device_lines(given.code, given.public_key);
        if signature.is_none_or(|signature| key.verify_strict(&lines, &signature).is_err()) {
            return Err(Denied::SignatureWrong.into());
        }
        let (digest, serial) = (self.digest_of_enrolment(given.code).0, hex(&random::<8>()?[..]));
        self.store.write(|rows| {
            let found = rows.one(sql::ENROLMENT, [digest], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, At>(2)?.0))
            })?;
            let (agent, till, _) = found.filter(|(.., until)| now < *until).ok_or(Denied::InvitationInvalid)?;
            rows.change(sql::ENROLMENT_END, [digest])?;
            rows.change(sql::TILL_REVOKE, (&agent, &till))?;
            self.forget_signers(&agent);
            let (_, id) = self.client(rows, &agent)?;
            let new = NewSigner {
                name: SignerName { client: &agent, serial: &serial },
                scheme: Scheme::Ed25519,
                secret: key.as_bytes(),
                principal: &Principal::agent(id, &agent, &till, &serial),
                till: &till,
                expires_at: Millis(u64::MAX),
            };
            put(rows, &new, now)?;
            Ok(Device { agent, till, serial })
        })
    }
}
