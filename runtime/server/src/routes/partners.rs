//! Partners: how busy they are, and what of theirs is in doubt.

use crate::context::Context;
use crate::moments;
use crate::position::Positioned;
use crate::problem::Problem;
use axum::extract::State;
use facts::{AccountName, Millis, Partner, PartnerLoad};
use ledger::Side;
use money::{Asset, Telco};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A partner's standing, from the state.
pub struct Standing {
    pub partner: Partner,
    pub load: PartnerLoad,
    pub unknown: u64,
    pub oldest_unknown: Option<Millis>,
    pub in_doubt_fen: u64,
}

/// How all partners stand.
pub fn standings(state: &facts::State) -> Vec<Standing> {
    Partner::ALL.iter().map(|partner| standing(state, *partner)).collect()
}

fn standing(state: &facts::State, partner: Partner) -> Standing {
    let sent_at = |(_, order, step)| Some(state.order(order)?.step(step)?.sent_at);
    Standing {
        partner,
        load: state.load(partner),
        unknown: state.unknown(partner).count() as u64,
        oldest_unknown: state.unknown(partner).filter_map(sent_at).min(),
        in_doubt_fen: in_doubt(state, partner),
    }
}

/// Fen whose whereabouts the partner has not told us: what is held against its in-doubt accounts.
fn in_doubt(state: &facts::State, partner: Partner) -> u64 {
    let assets = Telco::ALL.map(Asset::Airtime).into_iter().chain([Asset::Cny]);
    let accounts = assets.filter_map(|asset| state.account(AccountName::InDoubt(partner), asset));
    let held = accounts.filter_map(|account| state.ledger().account(account)).map(|account| {
        let posted = u64::try_from(account.credit_balance().unsigned_abs()).unwrap_or(u64::MAX);
        account.pending(Side::Debit).saturating_add(account.pending(Side::Credit)).saturating_add(posted)
    });
    held.fold(0, u64::saturating_add)
}

/// A partner.
#[derive(Serialize, ToSchema)]
#[schema(as = Partner)]
pub struct PartnerAnswer {
    /// Its code.
    partner: String,
    /// How many requests it lets us have under way now; 0 while its breaker is open.
    window: u32,
    /// How many its contract allows.
    window_of_contract: u32,
    /// How many are under way.
    in_flight: u32,
    /// How many steps wait for a credit or for their time.
    queued: u32,
    /// How many steps nobody knows the outcome of.
    unknown: u64,
    /// When the oldest of them was sent.
    oldest_unknown_sent_at: Option<String>,
    /// Fen whose whereabouts it has not told us.
    in_doubt_fen: u64,
}

/// The partners.
#[derive(Serialize, ToSchema)]
#[schema(as = PartnerList)]
pub struct PartnersAnswer {
    /// All partners.
    partners: Vec<PartnerAnswer>,
    /// The journal position they were read at.
    as_of: u64,
}

/// List partners.
#[utoipa::path(
    get,
    path = "/v1/partners",
    tag = "partners",
    operation_id = "listPartners",
    responses((status = 200, description = "The partners", body = PartnersAnswer))
)]
pub async fn list(State(context): State<Arc<Context>>) -> Result<Positioned<PartnersAnswer>, Problem> {
    let (standings, as_of) = context.read(standings).await?;
    let partners = standings.iter().map(|standing| answer(&context, standing)).collect();
    Ok(Positioned { body: PartnersAnswer { partners, as_of }, position: as_of })
}

fn answer(context: &Context, standing: &Standing) -> PartnerAnswer {
    PartnerAnswer {
        partner: standing.partner.to_string(),
        window: standing.load.window,
        window_of_contract: context.node.rules().contracts.of(standing.partner).window,
        in_flight: standing.load.in_flight,
        queued: standing.load.queued,
        unknown: standing.unknown,
        oldest_unknown_sent_at: standing.oldest_unknown.map(moments::text),
        in_doubt_fen: standing.in_doubt_fen,
    }
}
