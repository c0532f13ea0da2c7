//! Connections in the clear or by TLS.
//!
//! The handshake is made by the connection's own task when it first reads, so that a slow caller holds up nobody, and
//! under the same watch as a request's head, so that it cannot last.

use crate::connection::{Peer, Watched, WatchedStream};
use crate::tls::Tls;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::Accept;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::server::TlsStream;

/// A listener that speaks TLS if it has what that needs.
pub struct Secured {
    watched: Watched,
    tls: Option<Arc<Tls>>,
}

impl Secured {
    pub const fn new(watched: Watched, tls: Option<Arc<Tls>>) -> Secured {
        Secured { watched, tls }
    }
}

impl Listener for Secured {
    type Io = Channel;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Channel, SocketAddr) {
        let (stream, address) = self.watched.accept().await;
        let peer = stream.peer(address.ip());
        let line = match &self.tls {
            None => Line::Plain(Box::new(stream)),
            Some(tls) => Line::Begun(Box::new(tls.acceptor().accept(stream))),
        };
        (Channel { line, peer }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.watched.local_addr()
    }
}

impl Connected<IncomingStream<'_, Secured>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Secured>) -> Peer {
        stream.io().peer.clone()
    }
}

/// The certificate that the other end of a connection has shown; there once the handshake has ended.
pub type Shown = Arc<OnceLock<CertificateDer<'static>>>;

/// A connection, in the clear or not.
pub struct Channel {
    line: Line,
    peer: Peer,
}

enum Line {
    Plain(Box<WatchedStream>),
    Begun(Box<Accept<WatchedStream>>),
    Open(Box<TlsStream<WatchedStream>>),
}

/// What bytes go through.
trait Bytes: AsyncRead + AsyncWrite + Unpin {}
impl<B: AsyncRead + AsyncWrite + Unpin> Bytes for B {}

impl Channel {
    /// Whether anything of HTTP can have been said.
    const fn has_begun(&self) -> bool {
        !matches!(self.line, Line::Begun(_))
    }

    /// What bytes go through, once they can.
    fn ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Pin<&mut dyn Bytes>>> {
        if let Line::Begun(handshake) = &mut self.line {
            let Poll::Ready(ended) = Pin::new(handshake.as_mut()).poll(context) else { return Poll::Pending };
            let stream = ended?;
            let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            if let Some(certificate) = shown {
                // Nobody else sets it.
                let _ = self.peer.certificate.set(certificate.clone().into_owned());
            }
            self.line = Line::Open(Box::new(stream));
        }
        Poll::Ready(Ok(match &mut self.line {
            Line::Plain(stream) => Pin::new(stream.as_mut()) as Pin<&mut dyn Bytes>,
            Line::Open(stream) => Pin::new(stream.as_mut()),
            Line::Begun(_) => return Poll::Pending,
        }))
    }
}

/// Goes on with what the channel is ready for.
macro_rules! ready {
    ($channel:ident, $context:ident) => {
        match $channel.get_mut().ready($context) {
            Poll::Ready(Ok(line)) => line,
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => return Poll::Pending,
        }
    };
}

impl AsyncRead for Channel {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(self, context).poll_read(context, buffer)
    }
}

impl AsyncWrite for Channel {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self, context).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self, context).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.line {
            Line::Plain(stream) => stream.is_write_vectored(),
            Line::Begun(_) | Line::Open(_) => true,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.has_begun() { ready!(self, context).poll_flush(context) } else { Poll::Ready(Ok(())) }
    }

    /// Whoever has not ended the handshake is hung up on: a node that stops does not wait for them.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.has_begun() { ready!(self, context).poll_shutdown(context) } else { Poll::Ready(Ok(())) }
    }
}
