//! TLS, and who calls by a client certificate.

use crate::support::certificates::{Authority, Identity, ask};
use crate::support::{Stage, StageOptions};
use access::SignerName;
use server::{Bounds, Tls, TlsError, TlsFiles};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ME: &str = "GET /v1/me HTTP/1.1";
/// The content type of a TLS record that holds an alert.
const ALERT: u8 = 21;
/// The alert that no version fits.
const PROTOCOL_VERSION: u8 = 70;

/// Where a test's files lie, with who signed them.
struct Place {
    dir: tempfile::TempDir,
    house: Authority,
    clients: Authority,
}

impl Place {
    fn new() -> Place {
        let place = Place {
            dir: tempfile::tempdir().expect("a directory"),
            house: Authority::new("house"),
            clients: Authority::new("clients"),
        };
        place.write(&place.house.sign("node"));
        place.clients.write(&place.path("clients.pem"));
        place
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    /// Gives the node a certificate.
    fn write(&self, identity: &Identity) {
        identity.write(&self.path("node.pem"), &self.path("node.key"));
    }

    fn files(&self) -> TlsFiles {
        let client_ca = Some(self.path("clients.pem"));
        TlsFiles { certificate: self.path("node.pem"), key: self.path("node.key"), client_ca }
    }

    fn tls(&self) -> Arc<Tls> {
        Arc::new(Tls::load(self.files()).expect("TLS"))
    }

    async fn stage(&self, tls: Arc<Tls>) -> Stage {
        Stage::with(StageOptions { tls: Some(tls), ..StageOptions::default() }).await
    }
}

fn enrol(stage: &Stage, serial: &str, identity: &Identity) {
    let (name, now) = (SignerName { client: "app", serial }, server::wall_now());
    let enrolled = stage.access.add_certificate(&stage.access.keeper(), name, &identity.der, now.plus(60_000), now);
    enrolled.expect("enrolled");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolled_certificate_says_who_calls_until_it_is_revoked() {
    let place = Place::new();
    let stage = place.stage(place.tls()).await;
    let (app, stranger) = (place.clients.sign("app"), place.clients.sign("stranger"));
    enrol(&stage, "one", &app);
    let me = |shown| ask(stage.address, &place.house, shown, ME);
    let told = me(Some(&app)).await.expect("an answer");
    assert!(told.starts_with("HTTP/1.1 200") && told.contains(r#""name":"app""#), "{told}");
    // From the right authority, and registered for nobody: told so, also where a visitor may come.
    let told = me(Some(&stranger)).await.expect("an answer");
    assert!(told.starts_with("HTTP/1.1 401") && told.contains("credential_wrong"), "{told}");
    // Without one a caller comes as before.
    let told = me(None).await.expect("an answer");
    assert!(told.starts_with("HTTP/1.1 401") && told.contains("credentials_missing"), "{told}");
    let key = format!("{ME}\r\nAuthorization: Bearer {}", stage.key_of("shop"));
    let told = ask(stage.address, &place.house, Some(&app), &key).await.expect("an answer");
    assert!(told.contains(r#""name":"shop""#), "what a request shows goes before its connection: {told}");

    let name = SignerName { client: "app", serial: "one" };
    stage.access.revoke_signer(&stage.access.keeper(), name).expect("revoked");
    let told = me(Some(&app)).await.expect("an answer");
    assert!(told.starts_with("HTTP/1.1 401") && told.contains("credential_wrong"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_expired_or_is_of_another_authority_opens_no_connection() {
    let place = Place::new();
    let stage = place.stage(place.tls()).await;
    let expired = place.clients.sign_expired("app");
    // Of the same name, and of the node's own authority: only the named roots count.
    let others = [Authority::new("clients").sign("app"), place.house.sign("app")];
    for (serial, identity) in ["one", "two", "three"].into_iter().zip(others.iter().chain([&expired])) {
        enrol(&stage, serial, identity);
        let told = ask(stage.address, &place.house, Some(identity), ME).await;
        assert!(told.is_err(), "{serial}: {told:?}");
    }
    // And a caller who trusts somebody else does not talk to us.
    assert!(ask(stage.address, &place.clients, None, ME).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_that_has_run_out_opens_nothing() {
    let place = Place::new();
    let stage = place.stage(place.tls()).await;
    let (app, now) = (place.clients.sign("app"), server::wall_now());
    let name = SignerName { client: "app", serial: "one" };
    stage.access.add_certificate(&stage.access.keeper(), name, &app.der, now, now).expect("enrolled");
    let told = ask(stage.address, &place.house, Some(&app), ME).await.expect("an answer");
    assert!(told.starts_with("HTTP/1.1 401") && told.contains("key_expired"), "{told}");
}

/// Everything that comes until the connection ends.
async fn answer(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A reset is an end too.
    let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut bytes)).await.expect("an end");
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_and_old_versions_are_not_answered() {
    let place = Place::new();
    let stage = place.stage(place.tls()).await;
    let mut plain = TcpStream::connect(stage.address).await.expect("connects");
    plain.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("written");
    let told = answer(&mut plain).await;
    assert!(!String::from_utf8_lossy(&told).contains("HTTP"), "{told:?}");
    for version in [0x0300_u16, 0x0301, 0x0302] {
        let mut old = TcpStream::connect(stage.address).await.expect("connects");
        old.write_all(&hello(version)).await.expect("written");
        let told = answer(&mut old).await;
        assert_eq!((told.first(), told.last()), (Some(&ALERT), Some(&PROTOCOL_VERSION)), "{version:04x}: {told:?}");
    }
    // The same greeting in a version that is spoken is answered.
    let mut new = TcpStream::connect(stage.address).await.expect("connects");
    new.write_all(&hello(0x0303)).await.expect("written");
    let mut first = [0; 6];
    new.read_exact(&mut first).await.expect("an answer");
    assert_eq!((first[0], first[5]), (22, 2), "a handshake's server greeting");
}

/// A client's greeting as its protocol version had it, with suites that such a client knows.
fn hello(version: u16) -> Vec<u8> {
    let extension = |kind: u16, body: &[u8]| {
        [&kind.to_be_bytes()[..], &u16::try_from(body.len()).expect("short").to_be_bytes(), body].concat()
    };
    // ECDHE with ECDSA: AES-128-CBC-SHA for the old, AES-128-GCM-SHA256 for TLS 1.2.
    let suites = [0xc0, 0x09, 0xc0, 0x2b];
    let extensions =
        [extension(10, &[0, 4, 0, 0x1d, 0, 0x17]), extension(11, &[1, 0]), extension(13, &[0, 2, 0x04, 0x03])].concat();
    let mut body = version.to_be_bytes().to_vec();
    body.extend([7; 32]);
    body.extend([0, 0, 4]);
    body.extend(suites);
    body.extend([1, 0]);
    body.extend(u16::try_from(extensions.len()).expect("short").to_be_bytes());
    body.extend(extensions);
    let length = u32::try_from(body.len()).expect("short").to_be_bytes();
    let handshake = [&[1], &length[1..], &body].concat();
    let record = u16::try_from(handshake.len()).expect("short").to_be_bytes();
    [&[22, 3, 1], &record[..], &handshake].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_handshake_is_let_go_however_it_drips() {
    let place = Place::new();
    let quick = Duration::from_millis(150);
    let bounds = Bounds { head_time: quick, rest_time: quick, ..Bounds::default() };
    let stage = Stage::with(StageOptions { tls: Some(place.tls()), bounds, ..StageOptions::default() }).await;
    let began = std::time::Instant::now();
    let mut silent = TcpStream::connect(stage.address).await.expect("connects");
    let mut dripping = TcpStream::connect(stage.address).await.expect("connects");
    let mut sent = 0;
    for byte in hello(0x0303) {
        if dripping.write_all(&[byte]).await.is_err() {
            break;
        }
        sent += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(sent < hello(0x0303).len(), "all of it was taken, in {:?}", began.elapsed());
    assert!(answer(&mut silent).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_shown_without_a_restart_and_a_wrong_one_never() {
    let place = Place::new();
    let tls = place.tls();
    let stage = place.stage(Arc::clone(&tls)).await;
    assert!(ask(stage.address, &place.house, None, ME).await.is_ok());
    assert!(!tls.refresh().expect("the same"));
    let renewed = Authority::new("house, renewed");
    let identity = renewed.sign("node");
    // Half of the pair is there: the one before stays.
    let before = std::fs::read(place.path("node.key")).expect("a key");
    place.write(&identity);
    let new_key = std::fs::read(place.path("node.key")).expect("a key");
    std::fs::write(place.path("node.key"), before).expect("written");
    assert!(matches!(tls.refresh(), Err(TlsError::Unusable(_))));
    assert!(!tls.refresh().expect("nothing changed since it was told"));
    assert!(ask(stage.address, &place.house, None, ME).await.is_ok());
    std::fs::write(place.path("node.key"), new_key).expect("written");
    assert!(tls.refresh().expect("both are there"));
    assert!(ask(stage.address, &renewed, None, ME).await.is_ok());
    assert!(ask(stage.address, &place.house, None, ME).await.is_err());
}

#[test]
fn files_that_do_not_fit_are_refused_by_name() {
    let place = Place::new();
    let said = |files: TlsFiles| Tls::load(files).err().map(|error| error.to_string()).expect("refused");
    let key = place.path("node.key");
    let mode = |mode| std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).expect("changed");
    mode(0o644);
    let told = said(place.files());
    assert!(told.contains("node.key") && told.contains("0644") && told.contains("hint: chmod 600"), "{told}");
    mode(0o600);
    let told = said(TlsFiles { certificate: place.path("none.pem"), ..place.files() });
    assert!(told.contains("none.pem` cannot be read"), "{told}");
    let told = said(TlsFiles { certificate: key.clone(), ..place.files() });
    assert!(told.contains("holds no certificate"), "{told}");
    let told = said(TlsFiles { client_ca: Some(key.clone()), ..place.files() });
    assert!(told.contains("holds no certificate"), "{told}");
    let told = said(TlsFiles { key: private(&place.path("x.key"), "nonsense"), ..place.files() });
    assert!(told.contains("holds no private key"), "{told}");
}

fn private(path: &Path, text: &str) -> std::path::PathBuf {
    std::fs::write(path, text).expect("written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("private");
    path.to_owned()
}
