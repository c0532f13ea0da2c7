//! Commands on directories that hold no node, or not all of one, make nothing and say what is missing.

use std::path::Path;
use std::process::{Command, Output};

fn run(arguments: &[&str], dir: &Path) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tongbao"));
    command.arg("--quiet").args(arguments).arg("--dir").arg(dir).current_dir(root);
    command.output().expect("the program runs")
}

#[test]
fn a_directory_without_a_node_stays_as_it_is() {
    let kept = tempfile::tempdir().expect("a directory");
    let (dir, to) = (kept.path().join("mistyped"), kept.path().join("copy"));
    let to = to.to_str().expect("a path");
    for arguments in [vec!["audit"], vec!["rebuild-views"], vec!["snapshot"], vec!["backup", "--to", to]] {
        let output = run(&arguments, &dir);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains("no journal in"), "{arguments:?}: {said}");
        assert!(!dir.exists(), "{arguments:?} made the directory");
    }
}

#[test]
fn a_node_whose_key_is_missing_gets_no_new_one() {
    let kept = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(kept.path().join("journal")).expect("made");
    for command in ["audit", "serve"] {
        let output = run(&[command], kept.path());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{command}: {said}");
        assert!(said.contains("node.key` is missing"), "{command}: {said}");
        assert!(!kept.path().join("node.key").exists(), "{command} made a key");
    }
}
