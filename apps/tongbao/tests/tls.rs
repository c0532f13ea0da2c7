//! `tongbao serve` by TLS, and certificates from the command line.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::Value;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn command(arguments: &[&str], dir: &Path) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tongbao"));
    command.args(["--quiet", "--json"]).args(arguments).arg("--dir").arg(dir).current_dir(root);
    command
}

fn run(arguments: &[&str], dir: &Path) -> Output {
    command(arguments, dir).output().expect("the program runs")
}

/// A node that ends with its owner.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A directory with a root, and certificates that it signed.
struct Place {
    dir: tempfile::TempDir,
    root: CertifiedIssuer<'static, KeyPair>,
}

impl Place {
    fn new() -> Place {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.distinguished_name.push(DnType::CommonName, "root");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("signed");
        let place = Place { dir: tempfile::tempdir().expect("a directory"), root };
        std::fs::write(place.path("root.pem"), place.root.pem()).expect("written");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("a path").to_owned()
    }

    /// Writes `NAME.pem` and `NAME.key`.
    fn sign(&self, name: &str) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
        let certificate = params.signed_by(&key, &self.root).expect("signed");
        std::fs::write(self.path(&format!("{name}.pem")), certificate.pem()).expect("written");
        let file = self.path(&format!("{name}.key"));
        std::fs::write(&file, key.serialize_pem()).expect("written");
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).expect("private");
    }
}

/// Asks who one is, with a certificate or without, by somebody else's TLS: OpenSSL's.
fn who(place: &Place, port: u16, name: Option<&str>) -> Option<Value> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--cacert", &place.text("root.pem")]);
    if let Some(name) = name {
        curl.args(["--cert", &place.text(&format!("{name}.pem")), "--key", &place.text(&format!("{name}.key"))]);
    }
    let told = curl.arg(format!("https://localhost:{port}/v1/me")).output().expect("curl, which `.ci/run` installs");
    serde_json::from_slice(&told.stdout).ok()
}

#[test]
fn a_node_serves_tls_everywhere_and_knows_a_partner_by_a_certificate() {
    let place = Place::new();
    place.sign("node");
    place.sign("app");
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let (listen, dir) = (format!("0.0.0.0:{}", free.port()), place.path("data"));
    let refused = run(&["serve", "--listen", &listen], &dir);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && words.contains("--tls-certificate"), "{words}");
    let (certificate, key, root) = (place.text("node.pem"), place.text("node.key"), place.text("root.pem"));
    let with = ["--tls-certificate", &certificate, "--tls-key", &key, "--client-ca", &root];
    let serve: Vec<&str> = ["serve", "--listen", &listen].into_iter().chain(with).collect();
    let _node = Served(command(&serve, &dir).stdout(Stdio::null()).spawn().expect("it starts"));
    let until = Instant::now() + Duration::from_secs(60);
    while who(&place, free.port(), None).is_none() {
        assert!(Instant::now() < until, "the node does not answer");
        std::thread::sleep(Duration::from_millis(50));
    }
    let code = |name| who(&place, free.port(), name).expect("an answer")["code"].clone();
    assert_eq!(code(None), "credentials_missing");
    assert_eq!(code(Some("app")), "credential_wrong", "it is of the root, and registered for nobody");
    let pem = place.text("app.pem");
    let registered = run(&["access", "certificate", "app", "--pem", &pem], &dir);
    assert!(registered.status.success(), "{}", String::from_utf8_lossy(&registered.stderr));
    let registered: Value = serde_json::from_slice(&registered.stdout).expect("JSON");
    assert_eq!(who(&place, free.port(), Some("app")).expect("an answer")["name"], "app");
    // Another process ends it; the node sees that within seconds.
    let serial = registered["serial"].as_str().expect("a serial");
    assert!(run(&["access", "revoke", "app", serial, "--why", "replaced"], &dir).status.success());
    while code(Some("app")) != "credential_wrong" {
        assert!(Instant::now() < until, "it is good for ever");
        std::thread::sleep(Duration::from_millis(200));
    }
    let unknown = run(&["access", "revoke", "app", "none", "--why", "replaced"], &dir);
    assert!(!unknown.status.success(), "nothing was revoked");
}
