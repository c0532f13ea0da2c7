//! Campaigns: what they offer, what of their budgets is promised and spent, and what rewarded persons share.

use crate::answers::WordsAnswer;
use crate::context::Context;
use crate::phrases::Code;
use crate::position::Positioned;
use crate::problem::{Problem, ProblemBody};
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use exchange::rules::{Campaign, Cluster, Gives, Policy};
use facts::{AccountName, Day, Product, Shared};
use money::{Asset, Telco};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// How many clusters are shown, the most shared first.
const CLUSTERS_MOST: usize = 100;
/// How many bytes of a keyed digest tell clusters apart.
const LABEL_BYTES: usize = 6;

/// A campaign and how it stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Campaign)]
pub struct CampaignAnswer {
    /// Its number, for ever.
    number: u16,
    /// What staff call it.
    name: String,
    /// What customers are shown.
    title: WordsAnswer,
    /// `coming`, `running` or `over`, by today's date.
    state: &'static str,
    /// Its first day.
    valid_from: String,
    /// Its last day.
    valid_to: String,
    /// The products that it comes with.
    products: Vec<&'static str>,
    /// The telcos whose numbers get it.
    telcos: Vec<&'static str>,
    /// Where numbers that get it are at home.
    provinces: Vec<String>,
    /// The least amount that it comes with, in fen.
    least_amount: u64,
    /// Parts per million of the amount, rounded down to the fen; none when every order gets the same.
    gives_ppm: Option<u32>,
    /// The reward, or the most of it, in fen of airtime.
    gives_fen: u64,
    /// How many days after the arrival day the reward can be used, if the order is settled by then.
    usable_days_after_arrival: u32,
    /// The most that a person gets, in fen.
    person_most_fen: u64,
    /// How many orders of a person it comes with at most.
    person_most_orders: u64,
    /// The most that everybody together gets, in fen.
    budget_fen: u64,
    /// Promised and not delivered yet.
    reserved_fen: u64,
    /// Delivered, by the books.
    used_fen: u64,
    /// What may still be promised.
    left_fen: u64,
    /// The account that its rewards cost.
    account: String,
    /// With how many orders it came.
    orders: u64,
    /// How many persons got something, or are promised it.
    persons: u64,
}

/// The campaigns of the policy in force.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignList)]
pub struct CampaignsAnswer {
    /// The policy.
    policy: String,
    /// Its campaigns.
    campaigns: Vec<CampaignAnswer>,
}

/// A campaign with what rewarded persons share.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignWithClusters)]
pub struct CampaignWithClustersAnswer {
    /// The campaign.
    campaign: CampaignAnswer,
    /// When more rewarded persons than this share something, it is shown.
    review_above: u64,
    /// What more of them share, the most shared first; at most a hundred.
    clusters: Vec<ClusterAnswer>,
}

/// Rewarded persons who share something, and may be one.
#[derive(Serialize, ToSchema)]
#[schema(as = Cluster)]
pub struct ClusterAnswer {
    /// What they share: `device`, `agent`, `card` or `number_block`.
    shares: &'static str,
    /// Tells clusters apart; the start of a keyed digest, from which nothing can be guessed back.
    label: String,
    /// How many persons they are.
    persons: u64,
    /// With how many orders they were rewarded.
    orders: u64,
}

/// List campaigns.
///
/// Those of the policy in force, also such as are over or still to come.
#[utoipa::path(
    get,
    path = "/v1/campaigns",
    tag = "rules",
    operation_id = "listCampaigns",
    responses((status = 200, description = "The campaigns", body = CampaignsAnswer))
)]
pub async fn list(State(context): State<Arc<Context>>) -> Result<Positioned<CampaignsAnswer>, Problem> {
    let (policy, today) = (context.policy(), context.now().day());
    let version = policy.version().to_string();
    let read = context.read(move |state| {
        let campaigns = policy.campaigns().iter();
        campaigns.map(|campaign| answer(&policy, campaign, state, today)).collect()
    });
    let (campaigns, position) = read.await?;
    Ok(Positioned { body: CampaignsAnswer { policy: version, campaigns }, position })
}

/// Look at a campaign.
///
/// With what rewarded persons share, so that one who acts as many is seen. Nobody is named.
#[utoipa::path(
    get,
    path = "/v1/campaigns/{number}",
    tag = "rules",
    operation_id = "getCampaign",
    params(("number" = u16, Path, description = "The campaign's number")),
    responses(
        (status = 200, description = "The campaign", body = CampaignWithClustersAnswer),
        (status = 404, description = "No such campaign", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn get(
    State(context): State<Arc<Context>>,
    number: CampaignPath,
) -> Result<Positioned<CampaignWithClustersAnswer>, Problem> {
    let (policy, today) = (context.policy(), context.now().day());
    let read = context.read(move |state| {
        let campaign = policy.campaign(number.0)?;
        let clusters = campaign.clusters(state.counters());
        Some(CampaignWithClustersAnswer {
            campaign: answer(&policy, campaign, state, today),
            review_above: campaign.review_above,
            clusters: clusters.iter().take(CLUSTERS_MOST).map(ClusterAnswer::from).collect(),
        })
    });
    let (found, position) = read.await?;
    let body = found.ok_or_else(|| Problem::new(Code::CampaignUnknown))?;
    Ok(Positioned { body, position })
}

fn answer(policy: &Policy, campaign: &Campaign, state: &facts::State, today: Day) -> CampaignAnswer {
    let (counters, used_fen) = (state.counters(), used(campaign, state));
    let products = Product::ALL.iter().filter(|product| campaign.products.contains(**product));
    let telcos = Telco::ALL.into_iter().filter(|telco| campaign.telcos[*telco as usize]);
    let homes = policy.provinces().filter(|province| campaign.homes.contains(*province));
    CampaignAnswer {
        number: campaign.number,
        name: campaign.name.clone(),
        title: WordsAnswer { zh: campaign.title.zh.clone(), en: campaign.title.en.clone() },
        state: match today {
            today if today < campaign.valid_from => "coming",
            today if today > campaign.valid_to => "over",
            _ => "running",
        },
        valid_from: campaign.valid_from.to_string(),
        valid_to: campaign.valid_to.to_string(),
        products: products.map(|product| product.code()).collect(),
        telcos: telcos.map(Telco::code).collect(),
        provinces: homes.map(|province| province.to_string()).collect(),
        least_amount: campaign.least_amount,
        gives_ppm: match campaign.gives {
            Gives::Fixed { .. } => None,
            Gives::Share { ppm, .. } => Some(ppm.parts()),
        },
        gives_fen: campaign.gives.most(),
        usable_days_after_arrival: campaign.usable_days_after_arrival,
        person_most_fen: campaign.person_most_fen,
        person_most_orders: campaign.person_most_orders,
        budget_fen: campaign.budget_fen,
        reserved_fen: campaign.promised(counters).saturating_sub(used_fen),
        used_fen,
        left_fen: campaign.left(counters),
        account: AccountName::Promotion(campaign.number).code(Asset::Cny),
        orders: campaign.orders(counters),
        persons: campaign.persons(counters),
    }
}

/// What the campaign's account says that its rewards cost.
fn used(campaign: &Campaign, state: &facts::State) -> u64 {
    let account = state.account(AccountName::Promotion(campaign.number), Asset::Cny);
    let balance = account.and_then(|account| state.ledger().account(account)).map(|account| account.credit_balance());
    // It is never credited: the books would refuse that.
    balance.map_or(0, |balance| u64::try_from(balance.unsigned_abs()).unwrap_or(u64::MAX))
}

impl From<&Cluster> for ClusterAnswer {
    fn from(cluster: &Cluster) -> ClusterAnswer {
        let (shares, key) = match cluster.shared {
            Shared::Device(key) => ("device", key),
            Shared::Agent(key) => ("agent", key),
            Shared::Card(key) => ("card", key),
            Shared::Block(key) => ("number_block", key),
        };
        let label = key.0.iter().take(LABEL_BYTES).map(|byte| format!("{byte:02x}")).collect();
        ClusterAnswer { shares, label, persons: cluster.persons, orders: cluster.orders }
    }
}

/// The campaign that a path names.
pub struct CampaignPath(u16);

impl<S: Send + Sync> FromRequestParts<S> for CampaignPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<CampaignPath, Problem> {
        let number = crate::query::path_word(parts, state).await;
        number.map(CampaignPath).ok_or_else(|| Problem::new(Code::CampaignUnknown))
    }
}
