//! The working calendar: which days count, and when something asked for at a moment arrives.

use crate::context::Context;
use crate::moments;
use crate::problem::Problem;
use crate::query::Parameters;
use axum::Json;
use axum::extract::State;
use exchange::rules::Calendar;
use facts::{Day, Millis};
use serde::Serialize;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// The most working days that are counted.
const WORKING_DAYS_MAX: u32 = 60;

/// Which year, and the arrival of which moment.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query")]
pub struct CalendarQuery {
    /// A published year; the present one when it is left out.
    year: Option<u32>,
    /// A moment, such as `2026-09-30T16:59:00+08:00`, whose arrival is told.
    at: Option<String>,
    /// How many working days after it: 0 to 60, by default 1.
    working_days: Option<u32>,
}

/// A year of the working calendar. Days are dates in Asia/Shanghai.
#[derive(Serialize, ToSchema)]
#[schema(as = Calendar)]
pub struct CalendarAnswer {
    /// The year.
    year: u32,
    /// What the calendar was read from, as a hash.
    version: String,
    /// The first published year.
    first_year: u32,
    /// The last published year; an arrival after it is refused.
    last_year: u32,
    /// The days that are worked.
    working_days: Vec<String>,
    /// The public holidays.
    holidays: Vec<String>,
    /// The Saturdays and Sundays that are worked.
    makeup_workdays: Vec<String>,
    /// The arrival that was asked for.
    arrival: Option<ArrivalAnswer>,
}

/// When something asked for at a moment arrives.
#[derive(Serialize, ToSchema)]
#[schema(as = Arrival)]
pub struct ArrivalAnswer {
    /// The moment.
    at: String,
    /// T: the working day that the moment counts for.
    counts_for: Option<String>,
    /// How many working days after T.
    working_days: u32,
    /// The day; none when it lies after the last published year.
    arrives_on: Option<String>,
}

/// Look at the working calendar.
#[utoipa::path(
    get,
    path = "/v1/calendar",
    tag = "rules",
    operation_id = "getCalendar",
    params(CalendarQuery),
    responses(
        (status = 200, description = "The year", body = CalendarAnswer),
    )
)]
pub async fn get(State(context): State<Arc<Context>>, parameters: Parameters) -> Result<Json<CalendarAnswer>, Problem> {
    let parameters = parameters.only(&["year", "at", "working_days"])?;
    let policy = context.policy();
    let calendar = policy.calendar();
    let year = year(&parameters, calendar, context.now())?;
    let allowed = format!("0 to {WORKING_DAYS_MAX}");
    let working_days: u32 = parameters.word("working_days", &allowed)?.unwrap_or(1);
    if working_days > WORKING_DAYS_MAX {
        return Err(Problem::malformed("working_days", &allowed));
    }
    let at: Option<String> = parameters.word("at", "a moment")?;
    let at = at.map(|text| moments::parse(&text).ok_or(text)).transpose();
    let at = at.map_err(|_| Problem::malformed("at", "a moment such as `2026-09-30T16:59:00+08:00`"))?;
    Ok(Json(answer(&context, year, at.map(|at| (at, working_days)))))
}

fn year(parameters: &Parameters, calendar: &Calendar, now: Millis) -> Result<u32, Problem> {
    let (first, last) = (calendar.first_year(), calendar.last_year());
    let allowed = format!("a published year: {first} to {last}");
    let asked: Option<u32> = parameters.word("year", &allowed)?;
    let year = asked.unwrap_or(now.day().date().0);
    if (first..=last).contains(&year) { Ok(year) } else { Err(Problem::malformed("year", &allowed)) }
}

fn answer(context: &Context, year: u32, asked: Option<(Millis, u32)>) -> CalendarAnswer {
    let policy = context.policy();
    let calendar = policy.calendar();
    let days = |wanted: fn(&Calendar, Day) -> bool| {
        let first = Day::from_date(year, 1, 1).unwrap_or_default();
        let days = core::iter::successors(Some(first), |day| Some(day.next())).take_while(|day| day.date().0 == year);
        days.filter(|day| wanted(calendar, *day)).map(|day| day.to_string()).collect()
    };
    CalendarAnswer {
        year,
        version: calendar.version().to_string(),
        first_year: calendar.first_year(),
        last_year: calendar.last_year(),
        working_days: days(Calendar::is_working_day),
        holidays: days(Calendar::is_public_holiday),
        makeup_workdays: days(|calendar, day| calendar.is_working_day(day) && day.weekday() >= 5),
        arrival: asked.map(|(at, working_days)| arrival(context, at, working_days)),
    }
}

fn arrival(context: &Context, at: Millis, working_days: u32) -> ArrivalAnswer {
    let counts_for = context.policy().effective_day(at).ok();
    let arrives_on = counts_for.and_then(|day| context.policy().calendar().arrival(day, working_days).ok());
    ArrivalAnswer {
        at: moments::text(at),
        counts_for: counts_for.map(|day| day.to_string()),
        working_days,
        arrives_on: arrives_on.map(|day| day.to_string()),
    }
}
