//! Face APIs. Placeholder.

use std::sync::Arc;

use axum::Router;

use crate::shared::Shared;

/// Serves the face APIs over HTTP.
pub fn router(shared: Arc<Shared>) -> Router {
    let _ = shared;
    Router::new()
}
