use super::*;
use std::fs;

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../access")
}

/// The shipped schema beside these policies.
fn written(policies: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    fs::copy(shipped().join(SCHEMA), dir.path().join(SCHEMA)).expect("the schema");
    fs::write(dir.path().join("some.cedar"), policies).expect("policies");
    dir
}

fn roles(words: &[access::Role]) -> u16 {
    access::Roles::of(words).number()
}

#[test]
fn the_shipped_policies_hold_and_tell_own_from_others() {
    let may = May::load(&shipped()).expect("they hold");
    let subscriber = roles(&[access::Role::Subscriber]);
    assert!(may.permits(subscriber, "getOrder", true) && !may.permits(subscriber, "getOrder", false));
    assert!(!may.permits(0, "getOrder", true), "a visitor has nothing");
    assert!(may.permits(0, "getPrices", false), "prices are published");
    let both = roles(&[access::Role::Operator, access::Role::Finance]);
    assert!(may.permits(both, "placeOrder", false) && may.permits(both, "getTrialBalance", false));
    assert!(!may.permits(roles(&[access::Role::Auditor]), "placeOrder", false), "auditors change nothing");
    assert!(!may.permits(both, "noSuchAction", true), "what cannot be asked is not permitted");
}

#[test]
fn a_route_without_a_policy_is_named() {
    let dir = written(r#"permit(principal in Role::"operator", action == Action::"getOrder", resource);"#);
    let may = May::load(dir.path()).expect("it holds");
    assert!(may.check_routes(["getOrder"]).is_ok());
    let error = may.check_routes(["getOrder", "placeOrder", "quote"]).expect_err("two have none").to_string();
    assert!(error.starts_with("nobody may use `placeOrder`, `quote`"), "{error}");
}

#[test]
fn policies_that_do_not_hold_are_refused_with_the_file_that_has_them() {
    for faulty in [
        "permit(principal, action, resource)",
        r#"permit(principal in Role::"king", action, resource);"#,
        r#"permit(principal, action == Action::"getOrders", resource);"#,
        "permit(principal, action, resource) when { resource.owned };",
        "permit(principal, action, resource) when { resource.own == 1 };",
    ] {
        let error = May::load(written(faulty).path()).err().expect(faulty).to_string();
        assert!(error.contains("hint:") && !error.is_empty(), "{error}");
    }
    assert!(matches!(May::load(Path::new("/nowhere")), Err(AccessRulesError::File { .. })));
}
