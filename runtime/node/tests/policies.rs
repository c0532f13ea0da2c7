//! The policies that a node keeps: whole, under their own names, and all that were adopted.

mod support;

use exchange::rules::Policy;
use exchange::{Command, Envelope, Proposal, Reply};
use facts::{Actor, ActorKind, ApprovalAct, ApprovalId, ApprovalSubject, Key16, Meta, Millis};
use node::policies::{self, PolicyStoreError};
use node::{Lane, Node, StartError};
use std::sync::Arc;
use support::{START, Willing, clock, config, rules, start};

const CHANGE: ApprovalId = ApprovalId::from_bits(40);

fn cheaper(policy: &Policy) -> Policy {
    let fees = policy.files().text("fees.toml").replace("CTCC = 40_000", "CTCC = 35_000");
    Policy::compile(&policy.files().with(|name| (name == "fees.toml").then_some(&fees))).expect("it holds")
}

fn by(number: u8, command: Command) -> Envelope {
    let actor = Actor { kind: ActorKind::Staff, id: Key16([number; 16]), role: 0 };
    Envelope { meta: Meta { actor, requested_at: Millis(0), ..Meta::system(Millis(0)) }, key: None, command }
}

async fn give(node: &Node, envelope: Envelope) -> Reply {
    node.submit(Lane::Operators, envelope, |_, reply| reply).await.expect("a running node").0
}

async fn stop(node: Node) {
    node.stop();
    node.wait_stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adopted_policy_must_be_there_when_the_node_starts_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let node = start(dir.path(), clock(), Arc::new(Willing));
    let shipped = node.policy_at(START).version();
    let policy = cheaper(&node.policy_at(START));
    let version = policy.version();
    node.learn(policy).expect("it is kept");
    let subject = ApprovalSubject::Policy { version, instead_of: shipped };
    let (why, changes) = ("a contract".to_owned(), "CTCC".to_owned());
    let (effective_at, expires_at) = (START, START.plus(86_400_000));
    let proposal = Proposal { approval: CHANGE, subject, why: why.clone(), changes, effective_at, expires_at };
    assert_eq!(give(&node, by(1, Command::Propose(Box::new(proposal)))).await, Reply::Done);
    let approve = Command::ActOnApproval { approval: CHANGE, act: ApprovalAct::Approve, why, effective_at: None };
    assert_eq!(give(&node, by(2, approve)).await, Reply::Done);
    node.note_adopted().await.expect("a running node");
    let now = node.clock().now();
    assert_eq!(node.policy_at(now.plus(1_000)).version(), version);
    stop(node).await;

    let node = start(dir.path(), clock(), Arc::new(Willing));
    assert_eq!(node.policy_at(now.plus(1_000)).version(), version);
    assert_eq!(node.policy_at(Millis(START.0 - 1)).version(), shipped, "what was asked before keeps its rules");
    stop(node).await;

    std::fs::remove_dir_all(dir.path().join("policies").join(version.to_string())).expect("removed");
    let lost = Node::start(config(dir.path(), clock(), Arc::new(Willing))).map(drop);
    assert!(matches!(lost, Err(StartError::PolicyLost { version: named }) if named == version), "{lost:?}");
}

#[test]
fn what_was_changed_or_is_not_finished_is_told_or_passed_over() {
    let dir = tempfile::tempdir().expect("a directory");
    let policy = cheaper(&rules().policy);
    policies::keep(dir.path(), &policy).expect("kept");
    policies::keep(dir.path(), &policy).expect("kept before");
    let kept = policies::kept(dir.path()).expect("it holds");
    assert_eq!(kept.values().map(|policy| policy.version()).collect::<Vec<_>>(), [policy.version()]);
    let unfinished = dir.path().join("policies").join(format!("{}.new", rules().policy.version()));
    std::fs::create_dir(&unfinished).expect("made");
    assert_eq!(policies::kept(dir.path()).expect("it holds").len(), 1);
    let fees = dir.path().join("policies").join(policy.version().to_string()).join("fees.toml");
    let text = std::fs::read_to_string(&fees).expect("there");
    std::fs::write(&fees, text.replace("CTCC = 35_000", "CTCC = 30_000")).expect("written");
    assert!(matches!(policies::kept(dir.path()), Err(PolicyStoreError::Changed { .. })));
    std::fs::write(&fees, "nothing").expect("written");
    assert!(matches!(policies::kept(dir.path()), Err(PolicyStoreError::Faults { .. })));
    std::fs::remove_file(&fees).expect("removed");
    assert!(matches!(policies::kept(dir.path()), Err(PolicyStoreError::Faults { .. })));
}
