//! Serving the API over TCP.

use crate::connection::{Peer, Watched};
use crate::context::Bounds;
use axum::Router;
use std::future::Future;
use std::io;
use tokio::net::TcpListener;

/// Serves until `shutdown` resolves and the requests under way are answered.
///
/// Errors: the listener's.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    serve_within(listener, router, Bounds::default(), shutdown).await
}

/// As [`serve`], with bounds of its own for connections.
///
/// Errors: the listener's.
pub async fn serve_within(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let service = router.into_make_service_with_connect_info::<Peer>();
    axum::serve(Watched::new(listener, bounds), service).with_graceful_shutdown(shutdown).await
}
