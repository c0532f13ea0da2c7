//! What commands on the node's machine did to identities and keys, told to the journal: at the start, and every few
//! seconds after. The journal takes each under its own key, so that it is told once wherever this breaks off.

use crate::access::Whence;
use crate::context::Context;
use crate::problem::Problem;
use ::access::{Access, UntoldAct};
use exchange::{ClientKey, Command, Envelope, Reply};
use facts::{Channel, Key16, Meta, Millis};
use node::Lane;
use std::sync::Arc;
use std::time::Duration;

/// How long an act may wait.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Tells what is untold until the node stops.
pub async fn run(context: Arc<Context>) {
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            _ = context.node.wait_stopped() => return,
            _ = look.tick() => {}
        }
        if let Err(problem) = tell(&context).await {
            tracing::error!(code = problem.code(), "what commands did is not in the journal yet");
        }
    }
}

async fn tell(context: &Context) -> Result<(), Problem> {
    for untold in context.in_access(Access::untold).await? {
        let (id, what) = (untold.id, untold.act.act);
        let asked = context.node.submit(Lane::Operators, envelope(context, untold), |_, reply| reply);
        match context.outcome(asked).await?.0 {
            Reply::Done | Reply::Replayed(_) => context.in_access(move |access| access.told(id)).await?,
            reply => tracing::error!(%what, ?reply, "what a command did is refused by the journal"),
        }
    }
    Ok(())
}

fn envelope(context: &Context, UntoldAct { id, act }: UntoldAct) -> Envelope {
    let meta = Meta {
        actor: act.by.actor(),
        channel: Channel::Cli,
        client_key: id,
        requested_at: act.at,
        whence: Some(Whence::COMMAND.block(&context.digests)),
        ..Meta::system(Millis(0))
    };
    let command = Command::NoteAct { act: act.act, on: act.on, why: act.why };
    Envelope { meta, key: Some(ClientKey { key: id, body: Key16::default() }), command }
}
