//! Who calls, as it was proved at the door, and what else headers say of them.

use crate::access::{Permit, Whence};
use crate::context::Context;
use crate::phrases::Code;
use crate::problem::Problem;
use access::{Principal, Scope};
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use facts::{Actor, ActorKind, Channel, Key16, Meta, Millis, Province};
use std::sync::Arc;

/// The longest value of a header about the caller.
const WORD_BYTES_MAX: usize = 64;
/// The client that nobody is.
const VISITOR: &str = "visitor";

/// Who calls.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who it is, for the scope of keys.
    pub client: String,
    /// Who it is, for records.
    pub actor: Actor,
    /// What the caller may do with this request.
    pub permit: Permit,
    device: Key16,
    /// The agent in between; zero when none.
    agent: Key16,
    /// The block of a member of staff's address.
    whence: Option<Key16>,
    trace: Key16,
}

impl Caller {
    /// Who was a visitor until now, and proved to be a member of staff.
    pub fn signed_in(&self, who: &Arc<Principal>, from: Whence, context: &Context) -> Caller {
        let permit = Permit::new(Some(Arc::clone(who)), None, false);
        let whence = Some(from.block(&context.digests));
        Caller { client: client(who.scope()), actor: who.actor(), permit, whence, ..self.clone() }
    }

    /// The till that calls, as records name it.
    pub fn till(&self) -> Option<Key16> {
        (self.actor.kind == ActorKind::Agent).then_some(self.device)
    }

    /// Where a command of this caller comes from. The node fills in its times.
    pub fn meta(&self, province: Option<Province>, client_key: Key16) -> Meta {
        Meta {
            actor: self.actor,
            channel: Channel::Http,
            province,
            device: self.device,
            agent: self.agent,
            client_key,
            trace: self.trace,
            whence: self.whence,
            ..Meta::system(Millis(0))
        }
    }
}

/// The till that somebody is at, as records name it: the agent's, whichever device it has.
fn till(scope: &Scope, context: &Context) -> Option<Key16> {
    let Scope::Agent { name, till, .. } = scope else { return None };
    Some(context.digests.of("till", &[name.as_bytes(), till.as_bytes()]))
}

/// The trace of a request, put there by the envelope.
#[derive(Clone, Copy, Debug)]
pub struct Trace(pub Key16);

impl Trace {
    /// The trace of a `traceparent`; none when there is none or it is malformed.
    ///
    /// Source: W3C Trace Context, 3.2.
    pub fn of(headers: &HeaderMap) -> Option<Trace> {
        let parent = headers.get("traceparent")?.to_str().ok()?;
        let hex = parent.strip_prefix("00-")?.get(..32)?;
        let mut trace = [0; 16];
        for (byte, place) in trace.iter_mut().zip((0..32).step_by(2)) {
            *byte = u8::from_str_radix(hex.get(place..place + 2)?, 16).ok()?;
        }
        (trace != [0; 16]).then_some(Trace(Key16(trace)))
    }
}

impl FromRequestParts<Arc<Context>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, context: &Arc<Context>) -> Result<Caller, Problem> {
        // The door puts it there; where it did not, nobody may pass.
        let permit = parts.extensions.get::<Permit>().cloned();
        let permit = permit.ok_or_else(|| Problem::new(Code::CredentialsMissing))?;
        let device = word(&parts.headers, "X-Device")?;
        let device = device.map(|device| context.digests.of("device", &[device.as_bytes()])).unwrap_or_default();
        let trace = parts.extensions.get::<Trace>().map(|trace| trace.0).unwrap_or_default();
        let (client, actor) = match &permit.who {
            Some(who) => (client(who.scope()), who.actor()),
            None => (VISITOR.to_owned(), Actor { kind: ActorKind::Subscriber, id: Key16::default(), role: 0 }),
        };
        let till = permit.who.as_ref().and_then(|who| till(who.scope(), context));
        let agent = till.map_or(Key16::default(), |_| actor.id);
        let staff = actor.kind == ActorKind::Staff;
        let whence = Whence::of(parts).filter(|_| staff).map(|whence| whence.block(&context.digests));
        Ok(Caller { client, actor, permit, device: till.unwrap_or(device), agent, whence, trace })
    }
}

/// The name under which somebody sends keys.
fn client(scope: &Scope) -> String {
    match scope {
        Scope::Staff { name } => format!("staff:{name}"),
        Scope::Federated { issuer, subject } => format!("staff:{issuer}#{subject}"),
        Scope::Partner { name } => format!("partner:{name}"),
        Scope::Subscriber { id } => format!("subscriber:{id}"),
        Scope::Agent { name, .. } => format!("agent:{name}"),
    }
}

fn word<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h str>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text = value.to_str().ok().filter(|text| is_visible(text, WORD_BYTES_MAX));
    text.map(Some).ok_or_else(|| Problem::malformed(name, "1 to 64 visible ASCII characters"))
}

/// Whether a text is of visible ASCII characters, at least one and at most so many.
pub fn is_visible(text: &str, bytes_max: usize) -> bool {
    (1..=bytes_max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}
