//! Who may do what, as the Cedar policies of `access/` say.
//!
//! A policy sees the caller's roles, the action, which is a route's operation id, and whether the thing is the
//! caller's own. There are few such questions, so that each is put to Cedar once and its answer remembered.

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression, Schema, ValidationMode, Validator,
};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{PoisonError, RwLock};
use thiserror::Error;

/// The role of whoever proves nothing.
pub const VISITOR: &str = "visitor";
/// The file that says what policies may speak of.
const SCHEMA: &str = "tongbao.cedarschema";
/// How the other files of the directory end.
const POLICIES: &str = "cedar";

/// Why the policies are not usable.
#[derive(Debug, Error)]
pub enum AccessRulesError {
    /// A file cannot be read.
    #[error("`{path}`: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The policies, or what they may speak of, are not as they must be.
    #[error("`{path}`: {found}\nhint: allowed are Cedar policies that fit `{SCHEMA}`")]
    Faulty {
        /// Where.
        path: PathBuf,
        /// What was found.
        found: String,
    },
    /// No policy lets anybody use a route.
    #[error("nobody may use {actions}\nhint: name each route in a policy of `access/`, or take the route away")]
    RoutesWithoutPolicy {
        /// The operation ids.
        actions: String,
    },
}

/// A question to the policies: roles, action, and whether the thing is the caller's own.
type Question = (u16, &'static str, bool);

/// The policies.
pub struct May {
    policies: PolicySet,
    schema: Schema,
    answered: RwLock<HashMap<Question, bool>>,
}

impl May {
    /// Reads and checks the policies of a directory.
    ///
    /// Errors: a file cannot be read, or does not hold.
    pub fn load(dir: &Path) -> Result<May, AccessRulesError> {
        let schema_file = dir.join(SCHEMA);
        let faulty = |path: &Path, found: &dyn Display| AccessRulesError::Faulty {
            path: path.to_owned(),
            found: found.to_string(),
        };
        let (schema, _) =
            Schema::from_cedarschema_str(&read(&schema_file)?).map_err(|error| faulty(&schema_file, &error))?;
        let mut text = String::new();
        for file in policy_files(dir)? {
            let policies = read(&file)?;
            // On its own first, so that a fault is told where it is.
            PolicySet::from_str(&policies).map_err(|error| faulty(&file, &error))?;
            text.push_str(&policies);
        }
        let policies = PolicySet::from_str(&text).map_err(|error| faulty(dir, &error))?;
        let validated = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
        if !validated.validation_passed() {
            let errors: Vec<String> = validated.validation_errors().map(ToString::to_string).collect();
            return Err(faulty(dir, &errors.join("; ")));
        }
        Ok(May { policies, schema, answered: RwLock::default() })
    }

    /// The actions that policies may speak of.
    pub fn actions(&self) -> BTreeSet<String> {
        self.schema.actions().map(|action| action.id().unescaped().to_owned()).collect()
    }

    /// Checks that there is a policy for each route.
    ///
    /// Errors: there are routes that nobody may ever use.
    pub fn check_routes(&self, actions: impl IntoIterator<Item = &'static str>) -> Result<(), AccessRulesError> {
        let used = |action: &&'static str| {
            let roles = access::Role::ALL.iter().map(|role| access::Roles::of(&[*role]).number());
            std::iter::once(0).chain(roles).any(|roles| self.permits(roles, action, true))
        };
        let unused: Vec<String> =
            actions.into_iter().filter(|action| !used(action)).map(|action| format!("`{action}`")).collect();
        if unused.is_empty() {
            return Ok(());
        }
        Err(AccessRulesError::RoutesWithoutPolicy { actions: unused.join(", ") })
    }

    /// Whether somebody with these roles may do this, to their own or to anybody's. No role is a visitor.
    pub fn permits(&self, roles: u16, action: &'static str, own: bool) -> bool {
        let question = (roles, action, own);
        let answered = self.answered.read().unwrap_or_else(PoisonError::into_inner).get(&question).copied();
        answered.unwrap_or_else(|| {
            let answer = self.ask(roles, action, own);
            self.answered.write().unwrap_or_else(PoisonError::into_inner).insert(question, answer);
            answer
        })
    }

    /// Puts a question to Cedar. What cannot even be asked is not permitted.
    fn ask(&self, roles: u16, action: &str, own: bool) -> bool {
        let words: Vec<&str> = match roles {
            0 => vec![VISITOR],
            roles => access::Role::ALL
                .iter()
                .filter(|role| access::Roles::of(&[**role]).number() & roles != 0)
                .map(|role| role.text())
                .collect(),
        };
        self.put(&words, action, own).unwrap_or_else(|error| {
            tracing::error!(action, error, "a question of access could not be put");
            false
        })
    }

    fn put(&self, roles: &[&str], action: &str, own: bool) -> Result<bool, String> {
        let (caller, thing) = (uid("Caller", "caller")?, uid("Thing", "thing")?);
        let held = roles.iter().map(|role| uid("Role", role)).collect::<Result<HashSet<_>, _>>()?;
        let own = HashMap::from([("own".to_owned(), RestrictedExpression::new_bool(own))]);
        let known = [
            Entity::new(caller.clone(), HashMap::new(), held).map_err(|error| error.to_string())?,
            Entity::new(thing.clone(), own, HashSet::new()).map_err(|error| error.to_string())?,
        ];
        let entities = Entities::from_entities(known, Some(&self.schema)).map_err(|error| error.to_string())?;
        let request = Request::new(caller, uid("Action", action)?, thing, Context::empty(), Some(&self.schema));
        let request = request.map_err(|error| error.to_string())?;
        Ok(Authorizer::new().is_authorized(&request, &self.policies, &entities).decision() == Decision::Allow)
    }
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, String> {
    let kind = EntityTypeName::from_str(kind).map_err(|error| error.to_string())?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

fn read(path: &Path) -> Result<String, AccessRulesError> {
    fs::read_to_string(path).map_err(|source| AccessRulesError::File { path: path.to_owned(), source })
}

/// In the order of their names, so that what is wrong is always told the same way.
fn policy_files(dir: &Path) -> Result<Vec<PathBuf>, AccessRulesError> {
    let failed = |source| AccessRulesError::File { path: dir.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|ending| ending == POLICIES) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
#[path = "may_tests.rs"]
mod tests;
