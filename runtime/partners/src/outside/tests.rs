use super::*;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn by(reach: Reach) -> Outside {
    Outside { reach, roots: Roots::nobody(), time_most: Duration::from_secs(2), bytes_max: 1_000 }
}

fn here() -> Outside {
    by(Reach::Loopback)
}

fn out() -> Outside {
    by(Reach::Public)
}

fn get(url: &str) -> Asked<'_> {
    Asked { method: Method::GET, url, headers: &[], body: Vec::new() }
}

/// A server that says one thing to everybody, and how often it was asked.
fn server(says: &'static str) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (port, asked) = (listener.local_addr().expect("an address").port(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            count.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4_096]);
            let _ = stream.write_all(says.as_bytes());
            if says.is_empty() {
                std::thread::sleep(Duration::from_secs(5));
            }
        }
    });
    (port, asked)
}

#[tokio::test]
async fn hidden_addresses_are_never_asked_however_they_are_written() {
    let (port, asked) = server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    for host in
        ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "0"]
    {
        let url = format!("https://{host}:{port}/");
        assert_eq!(fetch(&out(), get(&url)).await.expect_err(host), OutsideFault::Forbidden(Reach::Public), "{host}");
    }
    for url in [
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "https://[fd00:ec2::254]/",
        "https://100.100.100.200/",
    ] {
        for reach in [Reach::Public, Reach::Loopback] {
            assert_eq!(fetch(&by(reach), get(url)).await.expect_err(url), OutsideFault::Forbidden(reach), "{url}");
        }
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0, "nobody was connected to");
}

#[tokio::test]
async fn only_plain_addresses_of_the_web_are_asked() {
    for url in [
        "",
        "x",
        "file:///etc/passwd",
        "ftp://1.1.1.1/",
        "gopher://1.1.1.1/",
        "http://1.1.1.1/",
        "https://a:b@1.1.1.1/",
        "https://1.1.1.1/#x",
        "https:///",
        "data:text/plain,x",
        "unix:/var/run/x.sock",
    ] {
        assert_eq!(fetch(&out(), get(url)).await.expect_err(url), OutsideFault::Address, "{url}");
    }
    assert_eq!(fetch(&out(), get("https://no-such-host.invalid/")).await.expect_err("no host"), OutsideFault::Unknown);
}

#[tokio::test]
async fn an_answer_is_read_and_a_redirect_is_not_followed() {
    let (port, _) = server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    let fetched = fetch(&here(), get(&format!("http://localhost:{port}/a?b"))).await.expect("an answer");
    assert_eq!((fetched.status, fetched.body.as_slice()), (200, &b"hi"[..]));
    let (port, asked) = server("HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n");
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(fetch(&here(), get(&url)).await.expect_err("elsewhere"), OutsideFault::Redirected);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_answer_is_bounded_in_size_and_time() {
    let (port, _) = server("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
    let announced = fetch(&here(), get(&format!("http://127.0.0.1:{port}/"))).await;
    assert_eq!(announced.expect_err("announced"), OutsideFault::TooLong(1_000));
    let long: &'static str = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", "x".repeat(5_000)).leak();
    let (port, _) = server(long);
    let streamed = fetch(&here(), get(&format!("http://127.0.0.1:{port}/"))).await;
    assert_eq!(streamed.expect_err("streamed"), OutsideFault::TooLong(1_000));
    let (port, _) = server("");
    let hurried = Outside { time_most: Duration::from_millis(200), ..here() };
    let silent = fetch(&hurried, get(&format!("http://127.0.0.1:{port}/"))).await;
    assert_eq!(silent.expect_err("silence"), OutsideFault::Silent);
}

#[tokio::test]
async fn whoever_speaks_no_tls_proves_nothing() {
    let (port, _) = server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    let asked = fetch(&here(), get(&format!("https://localhost:{port}/"))).await;
    assert_eq!(asked.expect_err("plain"), OutsideFault::Unproven);
}

#[test]
fn an_address_is_at_its_origin_alone() {
    let origin = "http://127.0.0.1:9000";
    assert!(is_at(origin, "http://127.0.0.1:9000/token?x=1"));
    assert!(is_at("https://id.example", "https://ID.example:443/token"));
    for address in [
        "https://127.0.0.1:9000/token",
        "http://127.0.0.1:9001/token",
        "http://127.0.0.1/token",
        "http://evil.example:9000/token",
        "http://user@127.0.0.1:9000/token",
        "/token",
        "ftp://127.0.0.1:9000/token",
    ] {
        assert!(!is_at(origin, address), "{address}");
    }
}
