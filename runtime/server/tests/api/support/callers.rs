//! Who calls in these tests: two partners' programmes, and three of the house.

use access::{Access, AccessKey, ApiScope, ApiScopes, KeyMode, KeyTerms, Role, Roles, Settings};
use reqwest::Method;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Routes that the house asks for, by how they begin; the others are a partner's.
const OF_THE_HOUSE: [&str; 11] = [
    "/metrics",
    "/v1/approvals",
    "/v1/batches",
    "/v1/campaigns",
    "/v1/clock",
    "/v1/ledger",
    "/v1/limits",
    "/v1/numbers",
    "/v1/partners",
    "/v1/persons",
    "/v1/sweep",
];
const HOUSE: [Role; 5] = [Role::Operator, Role::Risk, Role::Finance, Role::Auditor, Role::Admin];

/// API keys, by whose they are.
pub struct Callers(BTreeMap<String, String>);

impl Callers {
    /// The key of somebody.
    pub fn key(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("nobody is called `{name}`"))
    }

    /// The key of whoever usually asks for a route.
    pub fn usual(&self, method: &Method, path: &str, words: &[&str]) -> &str {
        if path.starts_with("/v1/callbacks/") {
            let partner = words.first().map(|partner| partner.to_ascii_lowercase()).unwrap_or_default();
            return self.0.get(&partner).map_or_else(|| self.key("bank"), String::as_str);
        }
        // The list of everybody's orders.
        let list = *method == Method::GET && path == "/v1/orders";
        let house = list || OF_THE_HOUSE.iter().any(|begins| path.starts_with(begins));
        self.key(if house { "house" } else { "app" })
    }
}

/// The shipped policies of access.
pub fn policies() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../access")
}

/// Everything, for a day.
pub fn terms(now: facts::Millis) -> KeyTerms {
    KeyTerms { mode: KeyMode::Test, scopes: ApiScopes::of(ApiScope::ALL), expires_at: now.plus(86_400_000) }
}

/// The identities of a directory, as any process opens them.
pub fn identities(dir: &Path, settings: Option<Settings>) -> Access {
    let settings = settings.unwrap_or_else(|| Settings::parse(Settings::SHIPPED).expect("the shipped settings"));
    Access::open(&dir.join("access.sqlite"), &AccessKey::from_bytes([5; 32]), settings).expect("identities")
}

/// The same, with a fresh key for everybody.
pub fn open(dir: &Path, settings: Option<Settings>) -> (Arc<Access>, Callers) {
    let (access, now) = (identities(dir, settings), server::wall_now());
    let terms = terms(now);
    let (keeper, mut keys) = (access.keeper(), BTreeMap::new());
    for name in ["app", "shop", "bank", "ctcc", "cmcc", "cucc", "cbn"] {
        // After a restart it is there already.
        let _ = access.add_partner(&keeper, name, now);
        let key = access.issue_key(&keeper, name, terms, now).expect("a key");
        keys.insert(name.to_owned(), key.text.expose().to_owned());
    }
    for name in ["house", "li", "wang"] {
        let key = access.house_key(&keeper, name, Roles::of(&HOUSE), terms, now).expect("a key");
        keys.insert(name.to_owned(), key.text.expose().to_owned());
    }
    (Arc::new(access), Callers(keys))
}
