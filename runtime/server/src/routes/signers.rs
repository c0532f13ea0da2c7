//! Signing keys, certificates and devices: what clients prove with who they are.

use super::keys::expires_at;
use super::staff_admin::{Because, because};
use crate::access::wall_now;
use crate::acts::{Act, told};
use crate::body::Json;
use crate::caller::Caller;
use crate::context::Context;
use crate::fields::Fields;
use crate::moments;
use crate::problem::{Problem, ProblemBody};
use access::{Access, AccessError, Principal, Scheme, SignerListed, SignerName};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{AppendHeaders, IntoResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use facts::{Millis, StaffAct};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// How long a signing key is good for when nobody says: a year.
const SIGNER_LIVES_MS: u64 = 365 * 86_400_000;

/// A signing key or a certificate.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct NewSigner {
    /// Names it in signatures: 1 to 64 of `A-Z a-z 0-9 _ -`, once for a partner.
    serial: String,
    /// `hmac`: a shared key is made here and shown once. `ed25519`: the partner's public key. `certificate`: its
    /// client certificate.
    scheme: String,
    /// For `ed25519`: 32 bytes in base64.
    public_key: Option<String>,
    /// For `certificate`: DER in base64.
    certificate: Option<String>,
    /// Until when; a year from now when it is left out.
    expires_at: Option<String>,
}

/// What was taken or made.
#[derive(Serialize, ToSchema)]
#[schema(as = AddedSigner)]
pub struct AddedAnswer {
    /// The partner.
    client: String,
    /// The serial.
    serial: String,
    /// `hmac`, `ed25519` or `certificate`.
    scheme: &'static str,
    /// The shared key in base64, shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    shared_key: Option<String>,
    /// Until when.
    expires_at: String,
}

/// A signing key, a certificate or a device in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = Signer)]
pub struct SignerAnswer {
    /// The serial.
    serial: String,
    /// `hmac`, `ed25519` or `certificate`.
    scheme: &'static str,
    /// Of an agent's device: the till.
    till: Option<String>,
    /// Since when.
    made_at: String,
    /// Until when; nothing for a device, which has no end.
    expires_at: Option<String>,
    /// Whether it was ended.
    revoked: bool,
}

impl From<&SignerListed> for SignerAnswer {
    fn from(listed: &SignerListed) -> SignerAnswer {
        SignerAnswer {
            serial: listed.serial.clone(),
            scheme: listed.scheme.text(),
            till: listed.till.clone(),
            made_at: moments::text(listed.made_at),
            expires_at: listed.till.is_none().then(|| moments::text(listed.expires_at)),
            revoked: listed.revoked,
        }
    }
}

/// What a body brings for its scheme.
enum Brought {
    Nothing,
    PublicKey(String),
    Certificate(Vec<u8>),
}

impl Brought {
    fn read(fields: &Fields<'_>) -> Result<Brought, Problem> {
        let none = |name: &str| match fields.value(name) {
            Some(_) => Err(fields.wrong(name, "nothing for this scheme")),
            None => Ok(()),
        };
        match fields.text("scheme")? {
            "hmac" => none("public_key").and(none("certificate")).map(|()| Brought::Nothing),
            "ed25519" => {
                none("certificate").and(fields.text("public_key")).map(|key| Brought::PublicKey(key.to_owned()))
            }
            "certificate" => {
                none("public_key")?;
                let wrong = || fields.wrong("certificate", "DER in base64, 1 to 8192 bytes");
                let text = fields.value("certificate").and_then(serde_json::Value::as_str).ok_or_else(wrong)?;
                let der = STANDARD.decode(text).map_err(|_| wrong())?;
                if (1..=8_192).contains(&der.len()) { Ok(Brought::Certificate(der)) } else { Err(wrong()) }
            }
            _ => Err(fields.wrong("scheme", "`hmac`, `ed25519` or `certificate`")),
        }
    }

    const fn scheme(&self) -> Scheme {
        match self {
            Brought::Nothing => Scheme::Hmac,
            Brought::PublicKey(_) => Scheme::Ed25519,
            Brought::Certificate(_) => Scheme::Certificate,
        }
    }

    /// The shared key, if one was made.
    fn add(
        &self,
        access: &Access,
        by: &Principal,
        name: SignerName<'_>,
        expires_at: Millis,
    ) -> Result<Option<String>, AccessError> {
        let now = wall_now();
        match self {
            Brought::Nothing => {
                access.add_shared_key(by, name, expires_at, now).map(|key| Some(key.expose().to_owned()))
            }
            Brought::PublicKey(key) => access.add_public_key(by, name, key, expires_at, now).map(|()| None),
            Brought::Certificate(der) => access.add_certificate(by, name, der, expires_at, now).map(|()| None),
        }
    }
}

/// Take or make a signing key for a partner, or take its certificate.
///
/// Several are good at once, so that they can be rotated: add the next, change over, end the last.
#[utoipa::path(
    post,
    path = "/v1/clients/{name}/signers",
    tag = "access",
    operation_id = "addSigner",
    params(("name" = String, Path, description = "The partner's name")),
    request_body = NewSigner,
    responses(
        (status = 201, description = "Added", body = AddedAnswer),
        (status = 404, description = "No such partner", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The serial is taken", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "This is no public key", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn add(
    State(context): State<Arc<Context>>,
    Path(client): Path<String>,
    caller: Caller,
    body: Json,
) -> Result<impl IntoResponse, Problem> {
    let fields = Fields::of(&body.0, "", &["serial", "scheme", "public_key", "certificate", "expires_at"])?;
    let (serial, brought) = (fields.text("serial")?.to_owned(), Brought::read(&fields)?);
    let expires_at = expires_at(&fields)?.unwrap_or_else(|| wall_now().plus(SIGNER_LIVES_MS));
    let scheme = brought.scheme().text();
    let act = Act::of(StaffAct::AddSigner, on(&client, &serial));
    let by = Arc::clone(caller.permit.principal()?);
    let name = (client.clone(), serial.clone());
    let add =
        move |access: &Access| brought.add(access, &by, SignerName { client: &name.0, serial: &name.1 }, expires_at);
    let shared_key = context.act_on_access(&caller, act, add).await?;
    let answer = AddedAnswer { client, serial, scheme, shared_key, expires_at: moments::text(expires_at) };
    Ok((StatusCode::CREATED, AppendHeaders([(CACHE_CONTROL, "no-store")]), axum::Json(answer)))
}

fn on(client: &str, serial: &str) -> String {
    format!("{} {}", told(client), told(serial))
}

/// List the signing keys and certificates of a client, or the devices of an agent.
#[utoipa::path(
    get,
    path = "/v1/clients/{name}/signers",
    tag = "access",
    operation_id = "listSigners",
    params(("name" = String, Path, description = "The partner's or the agent's name")),
    responses(
        (status = 200, description = "Oldest first", body = Vec<SignerAnswer>),
    )
)]
pub async fn list(
    State(context): State<Arc<Context>>,
    Path(client): Path<String>,
) -> Result<axum::Json<Vec<SignerAnswer>>, Problem> {
    let listed = context.in_access(move |access| access.signers_of(&client)).await?;
    Ok(axum::Json(listed.iter().map(SignerAnswer::from).collect()))
}

/// End a signing key, a certificate or a device.
///
/// At once: the next request under it is refused.
#[utoipa::path(
    delete,
    path = "/v1/clients/{name}/signers/{serial}",
    tag = "access",
    operation_id = "revokeSigner",
    params(
        ("name" = String, Path, description = "The partner's or the agent's name"),
        ("serial" = String, Path, description = "The serial"),
    ),
    request_body = Because,
    responses(
        (status = 204, description = "Ended"),
        (status = 404, description = "There is none", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn revoke(
    State(context): State<Arc<Context>>,
    Path((client, serial)): Path<(String, String)>,
    caller: Caller,
    body: Json,
) -> Result<StatusCode, Problem> {
    let act = Act { what: StaffAct::RevokeSigner, on: on(&client, &serial), why: because(&body)? };
    let by = Arc::clone(caller.permit.principal()?);
    let revoke = move |access: &Access| access.revoke_signer(&by, SignerName { client: &client, serial: &serial });
    context.act_on_access(&caller, act, revoke).await?;
    Ok(StatusCode::NO_CONTENT)
}
