//! Everything that is held about a person, for its subject or an authority. That it is shown is a durable fact before it
//! is.

use super::persons::{PersonPath, seen_by};
use super::reveals::{PURPOSES, RevealedAnswer, Wanted, in_full, record};
use crate::answers::{ComplaintAnswer, PersonAnswer};
use crate::caller::Caller;
use crate::context::Context;
use crate::moments;
use crate::phrases::Code;
use crate::position::Positioned;
use crate::problem::{Problem, ProblemBody};
use crate::query::Parameters;
use crate::routes::order_list::ListedAnswer;
use axum::extract::State;
use facts::{Complaint, OrderId, PersonId, PersonalItem, Purpose, Subscriber};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;
use views::OrderFilter;

/// How many orders are read at once.
const ORDERS_PAGE: u32 = 500;
/// What the names in an export mean. A test sees that none is missing.
const LABELS: &[(&str, &str, &str)] = &[
    ("about", "投诉事项", "what it is about"),
    ("amount", "数量", "amount, in the product's unit"),
    ("amount_fen", "金额（分）", "amount in fen"),
    ("answer", "答复内容", "what was answered"),
    ("arrives_on", "到账日", "day of arrival"),
    ("authority", "要求保留的机关", "authority that asked for the hold"),
    ("cause", "状态原因", "why it stands there"),
    ("changed_at", "最近变更时间", "last changed at"),
    ("closed_at", "办结时间", "ended at"),
    ("complaints", "投诉", "complaints"),
    ("credit_card", "信用卡号", "credit card number"),
    ("document", "文书编号摘要", "keyed digest of the document's number"),
    ("due_on", "答复期限", "last day for an answer"),
    ("erased_at", "删除时间", "erased at"),
    ("erasure_asked_at", "申请删除时间", "erasure asked for at"),
    ("erasure_due_at", "预计删除时间", "erasure due at"),
    ("fee_fen", "手续费（分）", "fee in fen"),
    ("filed_at", "投诉时间", "filed at"),
    ("holdings", "持有话费", "what the numbers hold"),
    ("id", "标识", "id"),
    ("id_number", "证件号码", "identity number"),
    ("identity", "身份信息", "identity, numbers and cards"),
    ("kept_until", "法定保存期限至", "kept by law until"),
    ("last_active_at", "最近业务时间", "last active at"),
    ("legal_holds", "司法留存", "legal holds"),
    ("lot", "批次号", "number of the lot"),
    ("lots", "批次", "lots"),
    ("made_at", "导出时间", "exported at"),
    ("msisdn", "手机号码", "mobile number"),
    ("name", "姓名", "name"),
    ("number", "序号", "number"),
    ("order", "订单标识", "id of the order"),
    ("orders", "订单", "orders"),
    ("overdue", "是否逾期", "whether the answer is late"),
    ("own_card", "本人银行卡号", "own bank card number"),
    ("payout_fen", "到账金额（分）", "payout in fen"),
    ("person", "自然人标识", "id of the person"),
    ("placed_at", "设立时间", "placed at"),
    ("product", "产品", "product"),
    ("provenance", "来源", "origin"),
    ("province", "归属省份", "home province"),
    ("purpose", "查询目的", "purpose of the export"),
    ("recharged_at", "充值时间", "recharged at"),
    ("refusal", "拒绝原因", "why it was refused"),
    ("requested_at", "申请时间", "requested at"),
    ("standing", "保存与限制状态", "how the data is kept and restricted"),
    ("state", "状态", "state"),
    ("subscriber", "用户标识", "id of the subscriber"),
    ("subscribers", "用户", "subscribers"),
    ("telco", "运营商", "telco"),
    ("text", "投诉内容", "what was said"),
    ("why", "事由", "why"),
];

/// Everything that is held about a person.
#[derive(Serialize, ToSchema)]
#[schema(as = PersonExport)]
pub struct ExportAnswer {
    /// When it was made.
    made_at: String,
    /// What each name in here means.
    labels: BTreeMap<&'static str, Label>,
    /// Who they are, with numbers and cards.
    identity: RevealedAnswer,
    /// How they stand: until when they are kept, and why. Legal holds are for staff and authorities.
    standing: PersonAnswer,
    /// What their numbers hold.
    holdings: Vec<HeldAnswer>,
    /// Their orders, newest first.
    orders: Vec<ListedAnswer>,
    /// What they complained of and were answered.
    complaints: Vec<ComplaintAnswer>,
}

/// A name in both languages.
#[derive(Serialize, ToSchema)]
#[schema(as = ExportLabel)]
pub struct Label {
    /// In Chinese.
    zh: &'static str,
    /// In English.
    en: &'static str,
}

/// What a number holds.
#[derive(Serialize, ToSchema)]
#[schema(as = ExportedHoldings)]
pub struct HeldAnswer {
    /// The subscriber.
    subscriber: String,
    /// The telco whose books hold the airtime.
    telco: &'static str,
    /// The number's home: the two digits of a province.
    province: String,
    /// The lots, oldest first.
    lots: Vec<ExportedLot>,
}

/// A lot.
#[derive(Serialize, ToSchema)]
pub struct ExportedLot {
    /// Its number within the subscriber.
    lot: u32,
    /// Where it came from.
    provenance: &'static str,
    /// Fen left.
    amount_fen: u64,
    /// When it was recharged.
    recharged_at: String,
}

/// Export everything that is held about a person.
///
/// For its subject, or for an authority. Who got it, what for and why is a record before anything is shown.
#[utoipa::path(
    get,
    path = "/v1/persons/{id}/export",
    tag = "persons",
    operation_id = "exportPerson",
    params(
        ("id" = String, Path, description = "The person's id"),
        ("purpose" = String, Query, description = "`subject_export`, `staff_enquiry` or `legal_request`"),
        ("reason" = Option<String>, Query, description = "Why; needed unless its subject asks. Names nobody"),
    ),
    responses(
        (status = 200, description = "Identity, numbers, cards, standing, lots and orders, with a label for each name", body = ExportAnswer),
        (status = 403, description = "Not to this actor", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such person", body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "The person was erased", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn export(
    State(context): State<Arc<Context>>,
    caller: Caller,
    id: PersonPath,
    parameters: Parameters,
) -> Result<Positioned<ExportAnswer>, Problem> {
    let parameters = parameters.only(&["purpose", "reason"])?;
    let purpose: Option<Purpose> = parameters.word("purpose", PURPOSES)?;
    let purpose = purpose.filter(|purpose| purpose.is_recorded());
    let wanted = Wanted {
        subject: id.0,
        what: PersonalItem::ALL.to_vec(),
        purpose: purpose.ok_or_else(|| Problem::malformed("purpose", PURPOSES))?,
        why: parameters.word("reason", "a text")?.unwrap_or_default(),
    };
    context.check_person(&caller.permit, id.0).await?;
    let (subscribers, position) = record(&context, &caller, &wanted).await?;
    let standing = standing(&context, &caller, &wanted).await?;
    let holdings = subscribers.iter().map(held).collect();
    let numbers = subscribers.clone();
    let identity = context.in_vault(move |vault| in_full(vault, &wanted, &numbers)).await?;
    let orders = orders(&context, id.0, position).await?;
    let complaints = complaints(&context, &subscribers).await?;
    let made_at = moments::text(context.now());
    let body = ExportAnswer { made_at, labels: labels(), identity, standing, holdings, orders, complaints };
    Ok(Positioned { body, position })
}

/// How the person stands. Its subject is not told of legal holds: an authority may be looking.
async fn standing(context: &Context, caller: &Caller, wanted: &Wanted) -> Result<PersonAnswer, Problem> {
    let (policy, subject) = (context.policy(), wanted.subject);
    let (found, _) = context.read(move |state| PersonAnswer::of(state, &policy, subject)).await?;
    let found = found.ok_or_else(|| Problem::new(Code::PersonUnknown))?;
    Ok(if wanted.purpose == Purpose::SubjectExport { found.without_holds() } else { seen_by(caller, found) })
}

async fn complaints(context: &Context, subscribers: &[Subscriber]) -> Result<Vec<ComplaintAnswer>, Problem> {
    let (ids, today) = (subscribers.iter().map(|subscriber| subscriber.id).collect::<Vec<_>>(), context.now().day());
    let of_them = move |state: &facts::State| {
        let theirs = state.complaints().after(None).filter(|complaint| ids.contains(&complaint.subscriber));
        theirs.cloned().collect::<Vec<Complaint>>()
    };
    let (found, _) = context.read(of_them).await?;
    let with_texts = move |vault: &vault::Vault| {
        found.iter().map(|complaint| ComplaintAnswer::with_texts(vault, complaint, today)).collect()
    };
    context.in_vault(with_texts).await
}

fn labels() -> BTreeMap<&'static str, Label> {
    LABELS.iter().map(|(name, zh, en)| (*name, Label { zh, en })).collect()
}

fn held(subscriber: &Subscriber) -> HeldAnswer {
    let lot = |lot: &facts::Lot| ExportedLot {
        lot: lot.number,
        provenance: lot.provenance.code(),
        amount_fen: lot.remaining,
        recharged_at: moments::text(lot.opened_at),
    };
    HeldAnswer {
        subscriber: subscriber.id.to_string(),
        telco: subscriber.telco.code(),
        province: subscriber.province.to_string(),
        lots: subscriber.lots.iter().map(lot).collect(),
    }
}

async fn orders(context: &Context, person: PersonId, position: u64) -> Result<Vec<ListedAnswer>, Problem> {
    context.shown(position).await?;
    let rows = context.in_views(move |views| {
        let filter = OrderFilter { person: Some(person), ..OrderFilter::default() };
        let (mut all, mut after): (Vec<views::OrderRow>, Option<OrderId>) = (Vec::new(), None);
        loop {
            let page = views.orders(filter, after, ORDERS_PAGE)?;
            let full = page.len() as u64 == u64::from(ORDERS_PAGE);
            after = page.last().map(|row| row.id);
            all.extend(page);
            if !full {
                return Ok(all);
            }
        }
    });
    Ok(rows.await?.into_iter().map(ListedAnswer::from).collect())
}
