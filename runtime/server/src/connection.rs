//! Connections under watch: a caller who sends a request's head too slowly, or rests too long, is let go; so is one
//! whose bytes can be read in two ways, and the one connection too many of an address.
//!
//! The server library times neither, so that a few thousand silent connections could hold all places. Time runs
//! only while no request of the connection is under way: bodies are timed where they are read.

mod framing;
mod parting;
mod seats;

use self::framing::Framing;
use self::seats::{Seat, Seats};
use crate::channel::Shown;
use crate::context::Bounds;
use crate::phrases::Code;
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

/// How much of a refused request is read before its answer.
const DRAINED_MOST: usize = 256 << 10;

/// A listener whose connections are watched and counted.
pub struct Watched {
    listener: TcpListener,
    places: Arc<Semaphore>,
    seats: Arc<Seats>,
    bounds: Bounds,
    is_secure: bool,
}

impl Watched {
    /// Watches the connections of a listener. Whether they are encrypted says if their bytes are HTTP.
    pub fn new(listener: TcpListener, bounds: Bounds, is_secure: bool) -> Watched {
        let seats = Arc::new(Seats::new(bounds.connections_per_address));
        Watched { listener, places: Arc::new(Semaphore::new(bounds.connections)), seats, bounds, is_secure }
    }
}

impl Listener for Watched {
    type Io = WatchedStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (WatchedStream, SocketAddr) {
        loop {
            // The semaphore is never closed.
            let place = Arc::clone(&self.places).acquire_owned().await.ok();
            let (stream, address) = Listener::accept(&mut self.listener).await;
            // Small answers must not wait for more to send; without it they are only later.
            let _ = stream.set_nodelay(true);
            match Seats::take(&self.seats, address.ip()) {
                Some(seat) => {
                    let framing = (!self.is_secure).then(Framing::new);
                    return (WatchedStream::new(stream, framing, (place, seat), &self.bounds), address);
                }
                None if self.is_secure => {}
                // Who does not read it is closed all the same.
                None => drop(stream.try_write(&parting::answer(Code::TooManyConnections))),
            }
        }
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

    /// How many have begun on this connection.
    pub fn begun(&self) -> u64 {
        self.0.begun.load(Ordering::Acquire)
    }

    fn ended(&self) -> u64 {
        self.0.ended.load(Ordering::Acquire)
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
    /// Whether the connection itself is encrypted.
    pub is_secure: bool,
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
    /// None where the bytes are encrypted: nobody between the caller and us can cut them otherwise, and no word of ours
    /// in the clear would be understood.
    framing: Option<Framing>,
    refused: Option<Code>,
    is_spoilt: bool,
    _held: (Option<OwnedSemaphorePermit>, Seat),
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
    fn new(
        stream: TcpStream,
        framing: Option<Framing>,
        held: (Option<OwnedSemaphorePermit>, Seat),
        bounds: &Bounds,
    ) -> WatchedStream {
        WatchedStream {
            stream,
            busy: Busy::default(),
            head_time: bounds.head_time,
            rest_time: bounds.rest_time,
            // A fresh connection has something to say.
            deadline: Box::pin(tokio::time::sleep(bounds.head_time)),
            wait: Wait::First(0),
            framing,
            refused: None,
            is_spoilt: false,
            _held: held,
        }
    }

    /// Who is at the other end.
    pub fn peer(&self, address: IpAddr) -> Peer {
        let is_secure = self.framing.is_none();
        Peer { busy: self.busy.clone(), address, is_secure, certificate: Shown::default() }
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

    /// Looks at the bytes that came; those of a faulty request are taken back.
    fn check(&mut self, buffer: &mut ReadBuf<'_>, before: usize) {
        let Some(framing) = &mut self.framing else { return };
        if let Err(fault) = framing.read(&buffer.filled()[before..]) {
            self.refused = Some(fault.code);
            buffer.set_filled(before + fault.good);
        }
    }

    /// A faulty body breaks off, and a faulty head is answered. While those before it are not, the library is given a
    /// byte that no head may hold, so that it refuses in its turn.
    fn refuse(&mut self, code: Code, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Some(framing) = &self.framing else { return self.part(code, context) };
        if framing.is_in_body() && self.busy.resting_after().is_none() {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        if self.busy.ended() >= framing.ended() {
            return self.part(code, context);
        }
        if self.is_spoilt || buffer.remaining() == 0 {
            return Poll::Pending;
        }
        self.is_spoilt = true;
        buffer.put_slice(b"\0");
        Poll::Ready(Ok(()))
    }

    /// Says why, if an answer would be understood, and ends the connection.
    fn part(&mut self, code: Code, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.framing.as_ref().is_some_and(Framing::is_http1) {
            self.drain(context);
            // A few hundred bytes find room in an idle socket, or the caller does without.
            let _ = Pin::new(&mut self.stream).poll_write(context, &parting::answer(code));
        }
        Poll::Ready(Err(io::ErrorKind::InvalidData.into()))
    }

    /// Takes what has come and nobody will read: bytes left over would make the system throw the answer away.
    fn drain(&mut self, context: &mut Context<'_>) {
        let mut bytes = [0; 4_096];
        for _ in 0..DRAINED_MOST / bytes.len() {
            let mut left = ReadBuf::new(&mut bytes);
            let read = Pin::new(&mut self.stream).poll_read(context, &mut left);
            if !matches!(read, Poll::Ready(Ok(()))) || left.filled().is_empty() {
                return;
            }
        }
    }

    /// Why a connection that is too slow ends: between requests nobody waits for a word.
    fn let_go(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.wait {
            Wait::Head(_) => self.part(Code::HeadTooSlow, context),
            Wait::First(_) | Wait::Request => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
        }
    }
}

impl AsyncRead for WatchedStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.look();
        if let Some(code) = this.refused {
            return this.refuse(code, context, buffer);
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            this.came();
            this.check(buffer, before);
            if buffer.filled().len() == before {
                return Pin::new(this).poll_read(context, buffer);
            }
        }
        // Also when bytes came: one that drips them is late all the same.
        if this.is_late(context) { this.let_go(context) } else { read }
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
