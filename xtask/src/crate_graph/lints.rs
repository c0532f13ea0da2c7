//! The lints that keep the pure floors pure are in each manifest and in `core/clippy.toml`, the one against unsafe code
//! is in each manifest or in the workspace's; this sees that they stay.

use toml::{Table, Value};

/// Lints of the pure floors, with the level each must have at least.
const NEEDED: [(&str, &str, &str); 7] = [
    ("clippy", "disallowed_types", "deny"),
    ("clippy", "disallowed_methods", "deny"),
    ("clippy", "disallowed_macros", "deny"),
    ("clippy", "float_arithmetic", "deny"),
    ("clippy", "float_cmp", "deny"),
    ("clippy", "iter_over_hash_type", "deny"),
    ("clippy", "unwrap_used", "deny"),
];

/// What `core/clippy.toml` must ban: one of each kind is enough to notice that a kind was dropped.
const BANNED: [&str; 10] = [
    "std::collections::HashMap",
    "std::collections::HashSet",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::fs::File",
    "std::net::TcpStream",
    "std::hash::RandomState",
    "std::env::var",
    "std::thread::spawn",
    "std::process::Command::new",
];

/// What is missing in the lint table of a pure crate.
pub fn faults(name: &str, manifest: &str) -> Vec<String> {
    let Ok(manifest) = toml::from_str::<Table>(manifest) else {
        return vec![format!("the manifest of `{name}` is not TOML")];
    };
    let lints = manifest.get("lints");
    NEEDED
        .iter()
        .filter(|(group, lint, needed)| !is_enough(level(lints, group, lint), needed))
        .map(|(group, lint, needed)| {
            format!("`{name}` stands on a pure floor and needs `{group}.{lint} = \"{needed}\"`")
        })
        .collect()
}

/// Says when a crate of ours may hold unsafe code: its lint table, or the workspace's if it takes that, does not forbid it.
/// What is forbidden no source can allow again, as it can what is denied.
pub fn unsafe_fault(name: &str, manifest: &str, workspace: &str) -> Option<String> {
    let [manifest, workspace] = [manifest, workspace].map(|text| toml::from_str::<Table>(text).unwrap_or_default());
    let own = manifest.get("lints");
    let takes = own.and_then(|lints| lints.get("workspace")).and_then(Value::as_bool).unwrap_or_default();
    let shared = workspace.get("workspace").and_then(|shared| shared.get("lints"));
    match level(if takes { shared } else { own }, "rust", "unsafe_code") {
        Some("forbid") => None,
        _ => Some(format!("`{name}` needs `rust.unsafe_code = \"forbid\"`, of its own or of the workspace")),
    }
}

/// The level that a table of lints gives to one of them.
fn level<'a>(lints: Option<&'a Value>, group: &str, lint: &str) -> Option<&'a str> {
    let set = lints?.get(group)?.get(lint)?;
    set.as_str().or_else(|| set.get("level")?.as_str())
}

fn is_enough(found: Option<&str>, needed: &str) -> bool {
    found == Some("forbid") || found == Some(needed)
}

/// What is missing in `core/clippy.toml`.
pub fn ban_faults(bans: &str) -> Vec<String> {
    let Ok(bans) = toml::from_str::<Table>(bans) else {
        return vec!["`core/clippy.toml` is not TOML".to_owned()];
    };
    let listed: Vec<&str> = bans.values().filter_map(Value::as_array).flatten().filter_map(path).collect();
    let missing = BANNED.iter().filter(|banned| !listed.contains(banned));
    missing.map(|banned| format!("`core/clippy.toml` no longer bans `{banned}`")).collect()
}

fn path(entry: &Value) -> Option<&str> {
    entry.as_str().or_else(|| entry.get("path")?.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"
        [lints.clippy]
        disallowed_types = "deny"
        disallowed_methods = { level = "deny", priority = 1 }
        disallowed_macros = "deny"
        float_arithmetic = "forbid"
        float_cmp = "deny"
        iter_over_hash_type = "deny"
        unwrap_used = "deny"
    "#;

    #[test]
    fn a_full_table_is_fine_and_each_line_of_it_is_needed() {
        assert_eq!(faults("money", FULL), Vec::<String>::new());
        for (_, lint, _) in NEEDED {
            let without: String = FULL.lines().filter(|line| !line.contains(lint)).collect::<Vec<_>>().join("\n");
            assert_eq!(faults("money", &without).len(), 1, "{lint}");
        }
    }

    #[test]
    fn a_warning_is_not_enough() {
        let weak = FULL.replace("float_cmp = \"deny\"", "float_cmp = \"warn\"");
        let said = faults("money", &weak);
        assert_eq!(said, ["`money` stands on a pure floor and needs `clippy.float_cmp = \"deny\"`"]);
    }

    #[test]
    fn the_workspace_table_is_not_enough() {
        assert_eq!(faults("money", "[lints]\nworkspace = true").len(), NEEDED.len());
    }

    #[test]
    fn unsafe_code_is_forbidden_by_the_crate_or_by_the_workspace() {
        let (own, takes, none) = ("[lints.rust]\nunsafe_code = 'forbid'", "[lints]\nworkspace = true", "[package]");
        let shared = "[workspace.lints.rust]\nunsafe_code = { level = 'forbid', priority = 1 }";
        assert_eq!(unsafe_fault("journal", own, none), None);
        assert_eq!(unsafe_fault("journal", takes, shared), None);
        let said = "`journal` needs `rust.unsafe_code = \"forbid\"`, of its own or of the workspace";
        for (manifest, workspace) in [
            (none, shared),
            (takes, none),
            (takes, &shared.replace("forbid", "deny")),
            (&own.replace("forbid", "deny"), shared),
            ("no TOML", shared),
        ] {
            assert_eq!(unsafe_fault("journal", manifest, workspace).as_deref(), Some(said), "{manifest}, {workspace}");
        }
    }

    #[test]
    fn a_ban_that_goes_is_noticed() {
        let entries: Vec<String> = BANNED.iter().map(|path| format!("{{ path = \"{path}\" }}")).collect();
        let bans = format!("disallowed-types = [{}]", entries.join(", "));
        assert_eq!(ban_faults(&bans), Vec::<String>::new());
        let said = ban_faults(&bans.replace("SystemTime", "Duration"));
        assert_eq!(said, ["`core/clippy.toml` no longer bans `std::time::SystemTime`"]);
    }
}
