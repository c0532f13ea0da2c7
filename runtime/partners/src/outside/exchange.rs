//! One request and one answer, over a connection of their own to the addresses that were looked at.

use super::{Asked, Fetched, Outside, OutsideFault, bare};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use reqwest::{Body, Url};
use std::future::{pending, poll_fn};
use std::net::SocketAddr;
use std::pin::Pin;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Asks one of the addresses, by TLS if the scheme says so.
pub async fn ask(outside: &Outside, asked: Asked<'_>, url: &Url, to: &[SocketAddr]) -> Result<Fetched, OutsideFault> {
    let host = url.host_str().ok_or(OutsideFault::Address)?;
    let request = request(asked, url, host)?;
    let stream = TcpStream::connect(to).await.map_err(silent)?;
    if url.scheme() != "https" {
        return over(stream, request, outside.bytes_max).await;
    }
    over(outside.roots.connect(bare(host), stream).await?, request, outside.bytes_max).await
}

fn request(asked: Asked<'_>, url: &Url, host: &str) -> Result<Request<Body>, OutsideFault> {
    let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let mut request = Request::builder().method(asked.method).uri(target).header(HOST, host);
    for (name, value) in asked.headers {
        request = request.header(*name, value);
    }
    request.body(Body::from(asked.body)).map_err(|_| OutsideFault::Address)
}

/// The connection lives as long as this is waited for, and no longer.
async fn over<S>(stream: S, request: Request<Body>, bytes_max: usize) -> Result<Fetched, OutsideFault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(silent)?;
    let exchange = async move {
        let response = sender.send_request(request).await.map_err(silent)?;
        whole(response, bytes_max).await
    };
    // It may end before what it brought is read.
    let driven = async move {
        let _ = connection.await;
        pending().await
    };
    tokio::select! {
        answer = exchange => answer,
        answer = driven => answer,
    }
}

async fn whole(response: Response<Incoming>, bytes_max: usize) -> Result<Fetched, OutsideFault> {
    let status = response.status();
    if status.is_redirection() {
        return Err(OutsideFault::Redirected);
    }
    let mut incoming = response.into_body();
    if incoming.size_hint().lower() > bytes_max as u64 {
        return Err(OutsideFault::TooLong(bytes_max));
    }
    let mut body = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut incoming).poll_frame(context)).await {
        let Ok(piece) = frame.map_err(silent)?.into_data() else { continue };
        if body.len() + piece.len() > bytes_max {
            return Err(OutsideFault::TooLong(bytes_max));
        }
        body.extend_from_slice(&piece);
    }
    Ok(Fetched { status: status.as_u16(), body })
}

fn silent(_: impl std::error::Error) -> OutsideFault {
    OutsideFault::Silent
}
