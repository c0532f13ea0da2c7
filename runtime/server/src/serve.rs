//! Serving the API over TCP, in the clear or by TLS.

use crate::channel::Secured;
use crate::connection::{Peer, Watched};
use crate::context::Bounds;
use crate::tls::Tls;
use axum::Router;
use std::future::Future;
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Serves until `shutdown` resolves and the requests under way are answered: by TLS if there is what it needs.
///
/// Errors: the listener's.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    serve_within((listener, tls), router, Bounds::default(), shutdown).await
}

/// As [`serve`], with bounds of its own for connections.
///
/// Errors: the listener's.
pub async fn serve_within(
    (listener, tls): (TcpListener, Option<Arc<Tls>>),
    router: Router,
    bounds: Bounds,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let service = router.into_make_service_with_connect_info::<Peer>();
    let watched = Watched::new(listener, bounds, tls.is_some());
    axum::serve(Secured::new(watched, tls), service).with_graceful_shutdown(shutdown).await
}
