//! What a problem's `type` leads to: a page for each code, in both languages, and the list of them.

use crate::language::Language;
use crate::phrases::{Code, Phrase, phrases};
use crate::problem::{Problem, ProblemBody};
use axum::Json;
use axum::extract::Path;
use axum::http::header::{ACCEPT, CONTENT_LANGUAGE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{Html, IntoResponse, Response};
use exchange::rules::PRECEDENCE;
use facts::Refusal;
use serde::Serialize;
use utoipa::ToSchema;

/// What can be known of a code before it is met.
#[derive(Serialize, ToSchema)]
#[schema(as = ProblemPage)]
pub struct PageAnswer {
    /// The stable code.
    code: &'static str,
    /// The kind in words, in English and Chinese.
    title: [&'static str; 2],
    /// What to do about it, in English and Chinese.
    hint: [&'static str; 2],
    /// For a business refusal, its place in the order in which an order is checked, from 1: of two that apply the
    /// earlier one is given.
    checked_as: Option<usize>,
}

/// Every code that an answer may carry.
#[derive(Serialize, ToSchema)]
#[schema(as = ProblemPages)]
pub struct PagesAnswer {
    /// In the order of the product's own list.
    problems: Vec<PageAnswer>,
}

impl PageAnswer {
    fn of(phrase: &'static Phrase) -> PageAnswer {
        let refusal: Option<Refusal> = phrase.code().parse().ok();
        PageAnswer {
            code: phrase.code(),
            title: phrase.titles(),
            hint: phrase.hints(),
            checked_as: refusal
                .and_then(|refusal| PRECEDENCE.iter().position(|of| *of == refusal))
                .map(|place| place + 1),
        }
    }

    fn html(&self, language: Language) -> String {
        let place = self.checked_as.map(|place| match language {
            Language::English => format!("<p>Check {place} of {} when an order is placed.</p>\n", PRECEDENCE.len()),
            Language::Chinese => format!("<p>下单时的第 {place} 项检查，共 {} 项。</p>\n", PRECEDENCE.len()),
        });
        let (title, hint) = (escaped(self.title[language as usize]), escaped(self.hint[language as usize]));
        let code = self.code;
        let body =
            format!("<h1>{title}</h1>\n<p><code>{code}</code></p>\n<p>{hint}</p>\n{}", place.unwrap_or_default());
        page(language, &title, &body)
    }
}

/// Every problem.
#[utoipa::path(
    get,
    path = "/problems",
    tag = "problems",
    operation_id = "listProblems",
    responses((
        status = 200,
        description = "All codes; a page for people unless JSON is asked for",
        content((PagesAnswer = "application/json"), (String = "text/html"))
    ))
)]
pub async fn list(headers: HeaderMap) -> Response {
    let problems: Vec<PageAnswer> = phrases().iter().map(PageAnswer::of).collect();
    if wants_json(&headers) {
        return Json(PagesAnswer { problems }).into_response();
    }
    let language = Language::of(&headers);
    let line = |page: &PageAnswer| {
        let (code, title) = (page.code, escaped(page.title[language as usize]));
        format!("<li><a href=\"/problems/{code}\"><code>{code}</code></a> {title}</li>\n")
    };
    let title = ["Problems", "错误与拒绝代码"][language as usize];
    let lines: String = problems.iter().map(line).collect();
    spoken(language, page(language, title, &format!("<h1>{title}</h1>\n<ul>\n{lines}</ul>\n")))
}

/// One problem.
#[utoipa::path(
    get,
    path = "/problems/{code}",
    tag = "problems",
    operation_id = "getProblem",
    params(("code" = String, Path, description = "The code, as in a problem's `code`")),
    responses(
        (
            status = 200,
            description = "What it means and what to do; a page for people unless JSON is asked for",
            content((PageAnswer = "application/json"), (String = "text/html"))
        ),
        (status = 404, description = "No such code", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn get(Path(code): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let found = phrases().iter().find(|phrase| phrase.code() == code);
    let page = PageAnswer::of(found.ok_or_else(|| Problem::new(Code::RouteUnknown))?);
    if wants_json(&headers) {
        return Ok(Json(page).into_response());
    }
    let language = Language::of(&headers);
    Ok(spoken(language, page.html(language)))
}

/// A program says so; whoever follows the link of a problem gets a page.
fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.contains("application/json") && !accepted.contains("text/html")
}

fn spoken(language: Language, html: String) -> Response {
    let mut response = Html(html).into_response();
    response.headers_mut().insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    response
}

fn page(language: Language, title: &str, body: &str) -> String {
    let tag = language.tag();
    format!(
        "<!doctype html>\n<html lang=\"{tag}\">\n<head><meta charset=\"utf-8\"><title>{title} · Tongbao 通宝</title></head>\n\
         <body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
