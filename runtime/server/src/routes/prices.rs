//! The price list: what an amount of a product costs at each telco, itemised. Prices are published; nobody is asked
//! who they are.

use crate::answers::FeeLineAnswer;
use crate::context::Context;
use crate::fields::INTEGER_MAX;
use crate::problem::Problem;
use crate::query::Parameters;
use crate::routes::orders::PRODUCT;
use axum::Json;
use axum::extract::State;
use exchange::rules::{Policy, Sale, Unit, price};
use facts::{Day, Millis, Product, Province};
use money::Telco;
use serde::Serialize;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// What to price.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query")]
pub struct PriceQuery {
    /// The product, such as `direct`.
    product: String,
    /// How much, in the product's unit.
    #[param(minimum = 1, maximum = 9_007_199_254_740_992_u64)]
    amount: u64,
    /// The number's home province, by two digits of GB/T 2260.
    province: String,
    /// One telco; all when it is left out.
    telco: Option<String>,
    /// The date of the request, before the cut-off; the present moment when it is left out.
    date: Option<String>,
}

/// The prices of an amount.
#[derive(Serialize, ToSchema)]
#[schema(as = Prices)]
pub struct PricesAnswer {
    /// The policy that says so.
    policy: String,
    /// The product.
    product: &'static str,
    /// The home province.
    province: String,
    /// The date of the request.
    date: String,
    /// What amounts count: `fen`, `points` or `kib`.
    unit: &'static str,
    /// The amount.
    amount: u64,
    /// The least amount that is taken.
    least: u64,
    /// The greatest amount that is taken.
    most: u64,
    /// The only amounts that are taken; empty when each from least to most is.
    only: Vec<u64>,
    /// Whether numbers at home in the province are offered the product.
    offered: bool,
    /// Whether a licence covers it there on that date.
    licensed: bool,
    /// The day on which it would arrive; none when the calendar is not published so far.
    arrives_on: Option<String>,
    /// By telco; a telco at which the amount has no price is left out.
    prices: Vec<PriceAnswer>,
}

/// What the amount costs at one telco.
#[derive(Serialize, ToSchema)]
#[schema(as = Price)]
pub struct PriceAnswer {
    /// The telco.
    telco: &'static str,
    /// Fen.
    fee_fen: u64,
    /// How the fee came about.
    fee_lines: Vec<FeeLineAnswer>,
    /// Fen paid out; for points, fen of airtime.
    payout_fen: u64,
    /// What leaves the source: the amount, and a fee that is taken on top.
    drawn: u64,
}

/// Look at the price list.
///
/// What a policy says of an amount; whether an order is allowed is decided when it is placed.
#[utoipa::path(
    get,
    path = "/v1/prices",
    tag = "rules",
    operation_id = "getPrices",
    params(PriceQuery),
    responses(
        (status = 200, description = "The prices", body = PricesAnswer),
    )
)]
pub async fn get(State(context): State<Arc<Context>>, parameters: Parameters) -> Result<Json<PricesAnswer>, Problem> {
    let parameters = parameters.only(&["product", "amount", "province", "telco", "date"])?;
    let policy = context.policy();
    let asked = Asked::read(&parameters, &policy, context.now())?;
    Ok(Json(asked.answer(&policy)))
}

struct Asked {
    product: Product,
    amount: u64,
    province: Province,
    telco: Option<Telco>,
    at: Millis,
}

impl Asked {
    fn read(parameters: &Parameters, policy: &Policy, now: Millis) -> Result<Asked, Problem> {
        const AMOUNT: &str = "a whole number from 1 to 9007199254740992";
        const PROVINCE: &str = "the two digits of a province, as in GB/T 2260";
        let calendar = policy.calendar();
        let date = format!("a date from {}-01-01 to {}-12-31", calendar.first_year(), calendar.last_year());
        let product: Option<Product> = parameters.word("product", PRODUCT)?;
        let amount: Option<u64> = parameters.word("amount", AMOUNT)?;
        let amount = amount.filter(|amount| (1..=INTEGER_MAX).contains(amount));
        let province: Option<Province> = parameters.word("province", PROVINCE)?;
        let province = province.filter(|province| policy.region(*province).is_some());
        let day: Option<Day> = parameters.word("date", &date)?;
        let at = day.map_or(now, Day::start);
        if !calendar.covers(at.day()) {
            return Err(Problem::malformed("date", &date));
        }
        Ok(Asked {
            product: product.ok_or_else(|| Problem::malformed("product", PRODUCT))?,
            amount: amount.ok_or_else(|| Problem::malformed("amount", AMOUNT))?,
            province: province.ok_or_else(|| Problem::malformed("province", PROVINCE))?,
            telco: parameters.word("telco", "`CMCC`, `CUCC`, `CTCC` or `CBN`")?,
            at,
        })
    }

    fn answer(&self, policy: &Policy) -> PricesAnswer {
        let (product, on) = (self.product, self.at.day());
        let row = policy.product(product);
        let telcos = Telco::ALL.into_iter().filter(|telco| self.telco.is_none_or(|asked| asked == *telco));
        PricesAnswer {
            policy: policy.version().to_string(),
            product: product.code(),
            province: self.province.to_string(),
            date: on.to_string(),
            unit: match row.unit {
                Unit::Fen => "fen",
                Unit::Points => "points",
                Unit::Kib => "kib",
            },
            amount: self.amount,
            least: row.least,
            most: row.most,
            only: row.only.clone(),
            offered: policy.offers(self.province, product),
            licensed: policy.licence(product, self.province, on).is_some(),
            arrives_on: policy.arrives_on(product, self.province, self.at).ok().map(|day| day.to_string()),
            prices: telcos.filter_map(|telco| self.price(policy, telco)).collect(),
        }
    }

    fn price(&self, policy: &Policy, telco: Telco) -> Option<PriceAnswer> {
        let (product, on, amount) = (self.product, self.at.day(), self.amount);
        let priced = price(policy, &Sale { product, telco, on, amount, learned: None }).ok()?;
        Some(PriceAnswer {
            telco: telco.code(),
            fee_fen: priced.fee,
            fee_lines: priced.fee_lines.iter().map(FeeLineAnswer::from).collect(),
            payout_fen: priced.payout,
            drawn: priced.drawn,
        })
    }
}
