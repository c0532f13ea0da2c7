//! `tongbao approval` and `tongbao policy propose`: the changes that two people make, asked of a running node.

pub mod arguments;
mod call;

use crate::failure::{Doing, Failure};
use crate::output::Output;
use crate::policy::texts::Moment;
use arguments::{ActOptions, ApprovalCommand, NodeOptions, ProposeOptions, TimedActOptions};
use call::Call;
use exchange::rules::PolicyFiles;
use facts::ApprovalAct;
use serde_json::{Map, Value, json};
use std::io::ErrorKind;
use std::path::Path;

/// Does what was asked about changes.
pub fn approval(command: &ApprovalCommand, output: &Output) -> Result<(), Failure> {
    match command {
        ApprovalCommand::List(node) => list(node, output),
        ApprovalCommand::Show(options) => {
            let path = path_of(&options.id, None)?;
            show(&Call { node: &options.node, path, sent: None }.answer()?, output)
        }
        ApprovalCommand::Review(options) => act(ApprovalAct::Review, options, None, output),
        ApprovalCommand::Approve(options) => act_at(ApprovalAct::Approve, options, output),
        ApprovalCommand::Reject(options) => act(ApprovalAct::Reject, options, None, output),
        ApprovalCommand::Schedule(options) => act_at(ApprovalAct::Schedule, options, output),
        ApprovalCommand::Withdraw(options) => act(ApprovalAct::Withdraw, options, None, output),
    }
}

/// Proposes the policy files of a directory.
pub fn propose(options: &ProposeOptions, output: &Output) -> Result<(), Failure> {
    let files = files(&options.policy)?;
    let body = timed(json!({"policy": files, "why": options.why}), options.effective_from);
    let sent = Some(body);
    show(&Call { node: &options.node, path: "/v1/approvals".to_owned(), sent }.answer()?, output)
}

/// The policy files that a directory holds, by name.
fn files(dir: &Path) -> Result<Map<String, Value>, Failure> {
    let mut files = Map::new();
    for name in PolicyFiles::NAMES {
        let path = dir.join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => drop(files.insert(name.to_owned(), Value::from(text))),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).doing(&format!("reading `{}`", path.display())),
        }
    }
    if files.is_empty() {
        return Err(Failure::unable(format!("`{}` holds no policy file", dir.display()))
            .hint(format!("name a directory with one of {}", PolicyFiles::NAMES.join(", "))));
    }
    Ok(files)
}

fn act_at(act: ApprovalAct, options: &TimedActOptions, output: &Output) -> Result<(), Failure> {
    self::act(act, &options.act, options.effective_from, output)
}

fn act(act: ApprovalAct, options: &ActOptions, from: Option<Moment>, output: &Output) -> Result<(), Failure> {
    let sent = Some(timed(json!({"why": options.why}), from));
    show(&Call { node: &options.node, path: path_of(&options.id, Some(act))?, sent }.answer()?, output)
}

/// The path of a change, or of an act about it. What is no id is never sent.
fn path_of(id: &str, act: Option<ApprovalAct>) -> Result<String, Failure> {
    let id: facts::ApprovalId = id.parse().map_err(|error| {
        Failure::unable(format!("`{id}` is no change: {error}")).hint("`tongbao approval list` lists the changes")
    })?;
    Ok(match act {
        Some(act) => format!("/v1/approvals/{id}/{act}"),
        None => format!("/v1/approvals/{id}"),
    })
}

fn timed(mut body: Value, effective_from: Option<Moment>) -> Value {
    if let Some(Moment(at)) = effective_from {
        let (day, minutes) = (at.day(), at.of_day() / 60_000);
        body["effective_at"] = json!(format!("{day}T{:02}:{:02}:00+08:00", minutes / 60, minutes % 60));
    }
    body
}

fn list(node: &NodeOptions, output: &Output) -> Result<(), Failure> {
    let changes = Call { node, path: "/v1/approvals".to_owned(), sent: None }.answer()?;
    let lines = changes.as_array().into_iter().flatten().map(line).collect::<Vec<_>>();
    let words = if lines.is_empty() { "no changes".to_owned() } else { lines.join("\n") };
    output.result(&json!({"approvals": changes}), &words);
    Ok(())
}

fn show(change: &Value, output: &Output) -> Result<(), Failure> {
    let words = |name: &str| change[name].as_array().into_iter().flatten();
    let rules = words("changes").filter_map(Value::as_str).map(|rule| format!("  {rule}"));
    let acts = words("acts").map(|act| {
        let text = |name: &str| act[name].as_str().unwrap_or_default();
        format!("  {} {} by {}: {}", text("at"), text("act"), text("by"), text("why"))
    });
    let told: Vec<String> = [line(change)].into_iter().chain(rules).chain(acts).collect();
    output.result(change, &told.join("\n"));
    Ok(())
}

fn line(change: &Value) -> String {
    let text = |name: &str| change[name].as_str().unwrap_or_default();
    let (id, state, policy) = (text("id"), text("state"), text("policy"));
    format!("{id} {state} policy {policy} from {}: {}", text("effective_at"), text("why"))
}
