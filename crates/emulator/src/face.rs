//! Face APIs. Placeholder.

use std::sync::Arc;

use axum::Router;

use crate::oss::Oss;
use crate::shared::Shared;

/// Serves the face APIs over HTTP. Files that clients upload for them go to `oss`; see
/// [`Oss::ensure_public_bucket`].
pub fn router(shared: Arc<Shared>, oss: Arc<Oss>) -> Router {
    let _ = (shared, oss);
    Router::new()
}
