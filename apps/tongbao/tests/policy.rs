//! `tongbao policy` as an operator meets it: on the shipped policy, on broken ones, and on the journal of a run.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs the program at the repository's root.
fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tongbao"));
    command.args(arguments).current_dir(root()).output().expect("the program runs")
}

/// Runs `tongbao --json policy …` and returns its exit status and its last line as JSON.
fn policy(arguments: &[&str]) -> (Option<i32>, Value) {
    let output = run(&[&["--json", "--quiet", "policy"], arguments].concat());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let json = text.lines().last().and_then(|line| serde_json::from_str(line).ok());
    (output.status.code(), json.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr))))
}

/// A copy of the shipped policy with pieces of its files replaced.
fn changed(changes: &[(&str, &str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    for entry in std::fs::read_dir(root().join("policies")).expect("the shipped policy") {
        let path = entry.expect("a file").path();
        // Profiles lie in a directory beside the files.
        if path.is_dir() {
            continue;
        }
        std::fs::copy(&path, dir.path().join(path.file_name().expect("a name"))).expect("a copy");
    }
    for (file, from, to) in changes {
        let path = dir.path().join(file);
        let text = std::fs::read_to_string(&path).expect("a file");
        assert!(text.contains(from), "`{from}` is in the shipped `{file}`");
        std::fs::write(&path, text.replacen(from, to, 1)).expect("a write");
    }
    dir
}

fn name(dir: &tempfile::TempDir) -> &str {
    dir.path().to_str().expect("UTF-8")
}

#[test]
fn lint_finds_nothing_wrong_with_the_shipped_policy() {
    let (status, found) = policy(&["lint"]);
    assert_eq!((status, &found["holds"]), (Some(0), &Value::Bool(true)), "{found}");
    // The agent's rate on a public holiday meets the band: known, and no fault.
    let warnings = found["warnings"].as_array().expect("a list");
    assert!(warnings.iter().any(|text| text.as_str().is_some_and(|text| text.starts_with("`agent` at CTCC"))));
}

#[test]
fn lint_says_every_fault_at_once_with_its_place() {
    let broken = changed(&[
        ("regions.toml", r#"["33", "44"]"#, r#"["33", "98"]"#),
        ("fees.toml", "agent = 10_000", "agent = 10_001"),
        ("licences.toml", r#"provinces = ["33", "44"]"#, r#"provinces = ["33", "33"]"#),
        ("numbers.toml", r#""_MVNO""#, r#""""#),
    ]);
    let (status, found) = policy(&["lint", "--policy", name(&broken)]);
    assert_eq!((status, &found["holds"]), (Some(1), &Value::Bool(false)));
    let faults = found["faults"].as_array().expect("a list");
    let files: Vec<&str> = faults.iter().filter_map(|fault| fault["file"].as_str()).collect();
    assert_eq!(files, ["fees.toml", "regions.toml", "regions.toml", "licences.toml", "numbers.toml"]);
    assert_eq!(faults[1]["found"], "province `98`");
    assert!(faults.iter().all(|fault| fault["allowed"].as_str().is_some_and(|allowed| !allowed.is_empty())));
}

#[test]
fn lint_finds_days_without_a_licence() {
    let gap = changed(&[("licences.toml", r#"valid_to = "2026-12-31""#, r#"valid_to = "2026-12-30""#)]);
    let (status, found) = policy(&["lint", "--policy", name(&gap)]);
    assert_eq!(status, Some(1));
    let faults = found["faults"].as_array().expect("a list");
    assert!(faults.iter().any(|fault| fault["place"] == "`direct` in province 44"
        && fault["found"] == "no licence from 2026-12-31 to 2026-12-31"));
    assert!(!faults.iter().any(|fault| fault["place"] == "`direct` in province 21"), "it is not offered there");
}

#[test]
fn campaigns_are_linted_shown_and_compared() {
    let broken = changed(&[("campaigns.toml", "budget_fen = 20_000_000", "budget_fen = 400")]);
    let (status, found) = policy(&["lint", "--policy", name(&broken)]);
    assert_eq!((status, &found["faults"][0]["file"]), (Some(1), &Value::from("campaigns.toml")));
    assert_eq!(found["faults"][0]["found"], "a reward of 500 fen");
    let idle = changed(&[("campaigns.toml", "[\"direct\"]", "[\"agent\"]")]);
    let (_, found) = policy(&["lint", "--policy", name(&idle)]);
    let warning = "campaign `spring_festival_2026` comes with nothing that is offered";
    assert!(found["warnings"].as_array().expect("a list").contains(&Value::from(warning)), "{found}");

    let of = |at: &str| {
        let (_, shown) = policy(&["show", "--product", "direct", "--province", "44", "--at", at]);
        let rules = shown["holds"][0]["rules"].as_array().expect("a list").clone();
        rules.into_iter().find(|rule| rule["what"] == "campaign").map(|rule| rule["value"].to_string())
    };
    assert!(of("2026-02-10").is_some_and(|value| value.contains("1% of the amount, at most 5.00 CNY")));
    assert_eq!(of("2026-02-25"), None, "it is over");

    let cheaper = changed(&[("campaigns.toml", "most_fen = 500 }", "most_fen = 300 }")]);
    let (_, difference) = policy(&["diff", "policies", name(&cheaper)]);
    let change = &difference["changes"][0];
    assert_eq!(change["row"], "campaign spring_festival_2026.gives.most_fen");
    assert_eq!((&change["before"], &change["after"]), (&Value::from("500"), &Value::from("300")));
}

#[test]
fn a_directory_without_a_policy_is_named() {
    let output = run(&["policy", "lint", "--policy", "no/such/place"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("no/such/place/regions.toml") && told.contains("hint:"), "{told}");
}

#[test]
fn show_says_what_holds_there_and_then_with_the_row_behind_it() {
    let asked = ["show", "--product", "direct", "--province", "44", "--at", "2025-10-01T09:00"];
    let (status, shown) = policy(&asked);
    assert_eq!(status, Some(0));
    assert_eq!((&shown["public_holiday"], &shown["holds"][0]["offered"]), (&Value::Bool(true), &Value::Bool(true)));
    let rule = |what: &str| {
        let rules = shown["holds"][0]["rules"].as_array().expect("a list");
        let found = rules.iter().find(|rule| rule["what"] == what).unwrap_or_else(|| panic!("no {what}"));
        (found["value"].as_str().unwrap_or_default().to_owned(), found["from"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(rule("amount").0, "10.00 CNY to 5000.00 CNY");
    // Asked on National Day: T is 9 October, the first working day after it, and T+1 the 10th.
    assert_eq!(
        rule("arrives"),
        ("on 2025-10-10".to_owned(), "regions.toml, region pilot.direct_arrives_after".to_owned())
    );
    assert_eq!(rule("licence").1, "licences.toml, licence DEMO-PAY-0001");
    assert!(rule("limit").0.contains("5000000") && rule("limit").1.starts_with("limits.toml, "));
    assert!(rule("verification").0.contains("face check from 1000.00 CNY"));
    assert_eq!(rule("evidence").0, "2 of 3 witnesses, anchored daily");
    let fees = shown["holds"][0]["fees"].as_array().expect("a list");
    let ctcc = fees.iter().find(|fee| fee["telco"] == "CTCC").expect("a fee");
    assert_eq!(
        (&ctcc["lines"][1]["rule"], &ctcc["lines"][1]["from"]),
        (&"holiday".into(), &"fees.toml, holiday.added_ppm".into())
    );
}

#[test]
fn show_refuses_what_does_not_exist() {
    for (arguments, expected) in [
        (["--province", "99"], "`99` is no province"),
        (["--at", "2027-01-01"], "outside the calendar"),
        (["--at", "yesterday"], "is no moment"),
        (["--product", "cash"], "not a known word"),
    ] {
        let output = run(&[&["policy", "show"], &arguments[..]].concat());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && told.contains(expected), "{arguments:?}: {told}");
    }
}

#[test]
fn diff_compares_rules_and_not_lines() {
    let other = changed(&[
        ("fees.toml", "# What each product costs.", "# What everything costs.\n#"),
        ("fees.toml", "CTCC = 40_000", "CTCC = 35_000"),
        ("regions.toml", r#"["33", "44"]"#, r#"["44", "33"]"#),
        ("limits.toml", r#"points = "never""#, r#"points = "never" # as ever"#),
    ]);
    let (status, found) = policy(&["diff", "policies", name(&other)]);
    assert_eq!(status, Some(0));
    let changes = found["changes"].as_array().expect("a list");
    assert_eq!(changes.len(), 1, "{found}");
    let change = &changes[0];
    assert_eq!((&change["file"], &change["row"]), (&"fees.toml".into(), &"telco_ppm.CTCC".into()));
    assert_eq!((&change["before"], &change["after"]), (&"40000".into(), &"35000".into()));
    assert_ne!(found["before"]["version"], found["after"]["version"]);
    assert_eq!(found["before"]["effective_from"], "2015-01-01");
    let broken = changed(&[("fees.toml", "CTCC = 40_000", "CTCC = true")]);
    assert_eq!(run(&["policy", "diff", "policies", name(&broken)]).status.code(), Some(2));
}

/// The first order of a journal whose facts contain a word.
fn order_of(dir: &str, fact: &str) -> Option<String> {
    let output = run(&["--json", "--quiet", "journal", "inspect", "--dir", dir, "--limit", "100000"]);
    let read: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let records = read["records"].as_array().expect("a list").clone();
    let facts = records.iter().flat_map(|record| record["facts"].as_array().cloned().unwrap_or_default());
    let fact = facts.filter_map(|text| text.as_str().map(str::to_owned)).find(|text| text.starts_with(fact))?;
    let place = fact.find("ord_")?;
    Some(fact[place..].chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect())
}

#[test]
fn a_run_is_explained_and_decided_again() {
    let home = tempfile::tempdir().expect("a directory");
    let dir = home.path().join("run");
    let dir = dir.to_str().expect("UTF-8");
    let output = run(&["--quiet", "demo", "--headless", "--orders", "60", "--seed", "3", "--dir", dir]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let order = order_of(dir, "OrderAdmitted").expect("an order that was admitted");
    let (status, explained) = policy(&["explain", &order, "--dir", dir]);
    assert_eq!((status, &explained["answer"], &explained["same_policy"]), (Some(0), &"accepted".into(), &true.into()));
    let checks = explained["checks"].as_array().expect("a list");
    assert_eq!(checks.first().map(|check| &check["code"]), Some(&"malformed_request".into()));
    assert!(checks.iter().all(|check| check["came"] == "passed" || check["came"] == "not_asked"), "{explained}");
    assert!(explained["fee_lines"][0]["from"].as_str().is_some_and(|from| from.starts_with("fees.toml, telco_ppm.")));

    // Under the policy that decided, nothing changes.
    let span = ["--from", "2015-01-01", "--to", "2026-12-31", "--dir", dir];
    let (status, same) = policy(&[&["what-if", "--policy", "policies"], &span[..]].concat());
    assert_eq!((status, &same["changed"]), (Some(0), &0.into()), "{same}");
    assert_eq!(same["orders"], 60);

    // One point more for China Telecom, China Mobile and China Unicom: every admitted order but CBN's pays more.
    let dearer = changed(&[
        ("fees.toml", "CTCC = 40_000", "CTCC = 50_000"),
        ("fees.toml", "agent = 10_000", "agent = 0"),
        ("fees.toml", "CMCC = 30_000", "CMCC = 40_000"),
    ]);
    let (_, other) = policy(&[&["what-if", "--policy", name(&dearer)], &span[..]].concat());
    let counts = other["counts"].as_array().expect("a list");
    let accepted = counts.iter().find(|group| group["was"] == "accepted").expect("admitted orders");
    assert_eq!(accepted["would_be"], "accepted");
    assert!(accepted["fee_fen_would_be"].as_u64() > accepted["fee_fen_was"].as_u64(), "{other}");
    let sum = |group: &Value| {
        ["fee_fen_would_be", "payout_fen_would_be"].iter().filter_map(|key| group[key].as_u64()).sum::<u64>()
    };
    let before =
        |group: &Value| ["fee_fen_was", "payout_fen_was"].iter().filter_map(|key| group[key].as_u64()).sum::<u64>();
    assert_eq!(sum(accepted), before(accepted), "fee and payout share the amount");

    // Without the payment licence nothing is admitted any more.
    let unlicensed = changed(&[(
        "licences.toml",
        r#"products = ["direct", "agent", "refund", "recharge"]"#,
        r#"products = ["agent", "refund", "recharge"]"#,
    )]);
    let (_, none) = policy(&[&["what-if", "--policy", name(&unlicensed)], &span[..]].concat());
    let counts = none["counts"].as_array().expect("a list");
    assert!(!counts.iter().any(|group| group["would_be"] == "accepted"), "{none}");
    assert!(counts.iter().any(|group| group["was"] == "accepted" && group["would_be"] == "licence_missing"));

    for (arguments, expected) in [
        (vec!["explain", "ord_nothing", "--dir", dir], "reading the order's id"),
        (vec!["explain", "ord_00000000000000000000000000", "--dir", dir], "no order"),
        (vec!["explain", &order, "--dir", "no/such/node"], "no journal"),
        (
            vec!["what-if", "--policy", "policies", "--from", "2026-02-01", "--to", "2026-01-01", "--dir", dir],
            "no stretch of days",
        ),
    ] {
        let output = run(&[&["policy"], &arguments[..]].concat());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && told.contains(expected), "{arguments:?}: {told}");
    }
}
