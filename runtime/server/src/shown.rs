//! Reading the views, once they show what the caller knows already.

use crate::context::Context;
use crate::phrases::Code;
use crate::problem::Problem;
use std::time::Duration;
use tokio::time::Instant;

/// How often a waiting list looks whether the views have come far enough.
const LOOK_EVERY: Duration = Duration::from_millis(2);

impl Context {
    /// Waits until the views show a position.
    ///
    /// Errors: they do not in time.
    pub async fn shown(&self, position: u64) -> Result<(), Problem> {
        // Nobody was told of a position that is not durable: waiting for one would only hold a place.
        if position > self.node.durable() {
            return Err(Problem::malformed("min_position", "a position that was given here"));
        }
        let shown = || self.node.progress().position() >= position;
        let until = Instant::now() + self.bounds.views_time;
        while !shown() {
            if Instant::now() >= until {
                let (found, asked) = (self.node.progress().position(), position);
                return Err(Problem::new(Code::ViewsBehind).detail(format!("shown: {found}, asked: {asked}")));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Reads the views where blocking is allowed.
    ///
    /// Errors: the views', which are logged.
    pub async fn in_views<T: Send + 'static>(
        &self,
        read: impl FnOnce(&views::ViewReader) -> Result<T, views::ViewError> + Send + 'static,
    ) -> Result<T, Problem> {
        let views = self.views.clone();
        let done = tokio::task::spawn_blocking(move || read(&views)).await;
        done.map_err(|_| Problem::new(Code::Internal))?.map_err(|error| {
            tracing::error!(%error, "the views did not answer");
            Problem::new(Code::ViewsUnavailable)
        })
    }
}
