//! Connections under watch: a caller who sends a request's head too slowly, or rests too long, is let go.
//!
//! The server library times neither, so that a few thousand silent connections could hold all places. Time runs
//! only while no request of the connection is under way: bodies are timed where they are read.

use crate::channel::Shown;
use crate::context::Bounds;
use axum::serve::Listener;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

/// A listener whose connections are watched and counted.
pub struct Watched {
    listener: TcpListener,
    places: Arc<Semaphore>,
    bounds: Bounds,
}

impl Watched {
    pub fn new(listener: TcpListener, bounds: Bounds) -> Watched {
        Watched { listener, places: Arc::new(Semaphore::new(bounds.connections)), bounds }
    }
}

impl Listener for Watched {
    type Io = WatchedStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (WatchedStream, SocketAddr) {
        // The semaphore is never closed.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        // Small answers must not wait for more to send; without it they are only later.
        let _ = stream.set_nodelay(true);
        (WatchedStream::new(stream, place, &self.bounds), address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Whether requests of a connection are under way; counts those begun and those ended.
#[derive(Clone, Default)]
pub struct Busy(Arc<Counts>);

#[derive(Default)]
struct Counts {
    begun: AtomicU64,
    ended: AtomicU64,
}

/// A request under way, until this is dropped.
pub struct Begun(Arc<Counts>);

impl Busy {
    pub fn begin(&self) -> Begun {
        self.0.begun.fetch_add(1, Ordering::AcqRel);
        Begun(Arc::clone(&self.0))
    }

    /// How many ended; none while one is under way.
    fn resting_after(&self) -> Option<u64> {
        let ended = self.0.ended.load(Ordering::Acquire);
        (ended == self.0.begun.load(Ordering::Acquire)).then_some(ended)
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::AcqRel);
    }
}

/// The other end of a connection.
#[derive(Clone)]
pub struct Peer {
    pub busy: Busy,
    pub address: IpAddr,
    /// The client certificate that it showed, if it did.
    pub certificate: Shown,
}

/// A connection whose reads end when its caller is too slow.
pub struct WatchedStream {
    stream: TcpStream,
    busy: Busy,
    head_time: Duration,
    rest_time: Duration,
    deadline: Pin<Box<Sleep>>,
    wait: Wait,
    _place: Option<OwnedSemaphorePermit>,
}

/// What a connection waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// The first byte of a request, after so many.
    First(u64),
    /// The rest of a request's head, after so many requests.
    Head(u64),
    /// A request under way.
    Request,
}

impl WatchedStream {
    fn new(stream: TcpStream, place: Option<OwnedSemaphorePermit>, bounds: &Bounds) -> WatchedStream {
        WatchedStream {
            stream,
            busy: Busy::default(),
            head_time: bounds.head_time,
            rest_time: bounds.rest_time,
            // A fresh connection has something to say.
            deadline: Box::pin(tokio::time::sleep(bounds.head_time)),
            wait: Wait::First(0),
            _place: place,
        }
    }

    /// Who is at the other end.
    pub fn peer(&self, address: IpAddr) -> Peer {
        Peer { busy: self.busy.clone(), address, certificate: Shown::default() }
    }

    /// Moves on with the requests; a rest begins when one ends.
    fn look(&mut self) {
        match (self.busy.resting_after(), self.wait) {
            (None, _) => self.wait = Wait::Request,
            (Some(ended), Wait::First(after) | Wait::Head(after)) if ended == after => {}
            (Some(ended), _) => self.wait_for(Wait::First(ended), self.rest_time),
        }
    }

    fn wait_for(&mut self, wait: Wait, time: Duration) {
        self.wait = wait;
        self.deadline.as_mut().reset(Instant::now() + time);
    }

    /// Bytes came in; the first ones of a head start its time.
    fn came(&mut self) {
        if let Wait::First(after) = self.wait {
            self.wait_for(Wait::Head(after), self.head_time);
        }
    }

    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        self.wait != Wait::Request && self.deadline.as_mut().poll(context).is_ready()
    }
}

impl AsyncRead for WatchedStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.look();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            this.came();
        }
        // Also when bytes came: one that drips them is late all the same.
        if this.is_late(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for WatchedStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
