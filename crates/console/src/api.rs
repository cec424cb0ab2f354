//! What the page asks for.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::extract::{DefaultBodyLimit, Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router, middleware};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use http::header::{HOST, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use oss::ObjectKey;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use crate::console::Shared;
use crate::gallery::{Item, Search};
use crate::intake;
use crate::journey::Journey;
use crate::security::{self, Rejection};
use crate::session::{Session, is_of_another_site};
use crate::status::{Sample, StatusUpdate};
use crate::{photo, upload};

/// Events have at most so many bytes; Knative's brokers take no more.
const EVENT_BYTES: usize = 1 << 20;
/// A hundred of the longest names.
const REQUEST_BYTES: usize = 256 << 10;
/// Ways that a page shows.
const MAX_SHOWN: usize = 500;
const PAGE_SIZE: usize = 48;
/// What Knative calls the name of a `DomainMapping` that a request was sent to.
const ORIGINAL_HOST: &str = "k-original-host";
/// Proxies close connections on which nothing is said for longer.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Everything below `/api`, and the events.
pub(crate) fn router(console: Shared) -> Router {
    let behind_sign_in = Router::new()
        .route("/api/session", get(session).delete(sign_out))
        .route("/api/photos", get(recent))
        .route("/api/photo", get(photo::show))
        .route("/api/gallery", get(gallery))
        .route("/api/pulse", get(pulse))
        .route("/api/live", get(live))
        .route("/api/uploads", post(upload::sign))
        .layer(middleware::from_fn_with_state(
            console.clone(),
            security::signed_in,
        ))
        .layer(DefaultBodyLimit::max(REQUEST_BYTES));
    let sign_in = post(sign_in).layer(DefaultBodyLimit::max(REQUEST_BYTES));
    let events = post(event).layer(DefaultBodyLimit::max(EVENT_BYTES));
    Router::new()
        .route("/api/session", sign_in)
        .route("/events", events)
        .merge(behind_sign_in)
        .with_state(console)
}

#[derive(Debug, Deserialize)]
struct Token {
    token: String,
}

/// `POST /api/session`: the token for a cookie.
async fn sign_in(
    State(console): State<Shared>,
    headers: HeaderMap,
    Json(Token { token }): Json<Token>,
) -> Result<Response, Rejection> {
    if is_of_another_site(&headers) {
        let reason = "sign in on the page itself";
        return Err(Rejection::new(StatusCode::FORBIDDEN, reason));
    }
    let rate = console.rate_limits.sign_in.try_acquire(1, Instant::now());
    rate.map_err(Rejection::too_often)?;
    let cookie = console.sessions.open(&token, Timestamp::now());
    let cookie =
        cookie.ok_or_else(|| Rejection::new(StatusCode::UNAUTHORIZED, "this is not the token"))?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}

/// `GET /api/session`: what the page needs to know first.
async fn session(
    State(console): State<Shared>,
    Extension(session): Extension<Session>,
) -> Json<Value> {
    let settings = &console.settings;
    Json(json!({
        "csrf": console.sessions.csrf(&session),
        "signs_out": console.sessions.takes_tokens(),
        "bucket": settings.name.as_str(),
        "region": settings.region.as_str(),
        "results": settings.results.to_string(),
        "max_upload_bytes": settings.max_upload_bytes,
        "types": upload::TYPES.map(|(name, _)| name),
    }))
}

/// `DELETE /api/session`.
async fn sign_out(State(console): State<Shared>) -> Response {
    let cookie = console.sessions.close();
    let cookie = cookie.map(|cookie| [(SET_COOKIE, cookie)]);
    match cookie {
        Some(cookie) => (StatusCode::NO_CONTENT, cookie).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}

/// `GET /api/photos`: the newest ways.
async fn recent(State(console): State<Shared>) -> Json<Vec<Journey>> {
    Json(console.journeys.recent(MAX_SHOWN))
}

#[derive(Debug, Deserialize)]
struct GalleryQuery {
    #[serde(default)]
    text: String,
    least: Option<usize>,
    most: Option<usize>,
    after: Option<String>,
}

/// One page of results.
#[derive(Debug, Serialize)]
struct GalleryPage {
    items: Vec<GalleryItem>,
    found: usize,
    total: usize,
    uncounted: usize,
    is_complete: bool,
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct GalleryItem {
    #[serde(flatten)]
    item: Item,
    url: String,
    /// A small picture of it; absent where there is none.
    thumbnail: Option<String>,
}

/// `GET /api/gallery`.
async fn gallery(
    State(console): State<Shared>,
    Query(query): Query<GalleryQuery>,
) -> Json<GalleryPage> {
    let search = Search {
        text: query.text.to_lowercase(),
        least_faces: query.least,
        most_faces: query.most,
    };
    let page = console
        .gallery
        .page(&search, query.after.as_deref(), PAGE_SIZE);
    let shown = page.items.into_iter().filter_map(|item| {
        let key: ObjectKey = item.key.parse().ok()?;
        let url = console.url(&key).ok()?;
        let thumbnail = console.thumbnail(&item);
        Some(GalleryItem {
            item,
            url,
            thumbnail,
        })
    });
    Json(GalleryPage {
        items: shown.collect(),
        found: page.found,
        total: page.total,
        uncounted: page.uncounted,
        is_complete: page.is_complete,
        next: page.next,
    })
}

#[derive(Debug, Serialize)]
struct History {
    samples: Vec<Sample>,
    #[serde(flatten)]
    update: StatusUpdate,
}

/// `GET /api/pulse`: the last hour.
async fn pulse(State(console): State<Shared>) -> Json<History> {
    let (samples, update) = console.status.samples();
    Json(History { samples, update })
}

/// `GET /api/live`: what happens from now on.
async fn live(
    State(console): State<Shared>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let receiver = console.broadcaster.subscribe();
    let events = stream::unfold(receiver, |mut receiver| async {
        let event = match receiver.recv().await {
            Ok(page_event) => Event::default()
                .event(page_event.event)
                .data(&*page_event.data),
            // Too far behind: the page loads everything again.
            Err(RecvError::Lagged(_)) => Event::default().event("reload").data("{}"),
            Err(RecvError::Closed) => return None,
        };
        Some((Ok(event), receiver))
    });
    let stop = console.stop.clone();
    let events = events.take_until(stop.cancelled_owned());
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// `POST /events`: a CloudEvent of source, face service or broker.
async fn event(
    State(console): State<Shared>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Rejection> {
    if !is_sent_here(&headers, console.events_host.as_deref()) {
        let reason = "events are taken from inside the cluster only";
        return Err(Rejection::new(StatusCode::FORBIDDEN, reason));
    }
    let rate = console.rate_limits.events.try_acquire(1, Instant::now());
    rate.map_err(Rejection::too_often)?;
    let taken = intake::receive(
        &headers,
        body,
        &console.settings,
        &console.journeys,
        Timestamp::now(),
    );
    taken.map_err(|error| Rejection::bad(service::error_line(&error)))?;
    Ok(StatusCode::ACCEPTED)
}

/// Whether an event was sent to the name that the console has inside its cluster, where it is told
/// one. A gateway for the internet knows only the name outside, and notes the name of a
/// `DomainMapping` when it puts the one inside in its place.
fn is_sent_here(headers: &HeaderMap, inside: Option<&str>) -> bool {
    let Some(inside) = inside else {
        return true;
    };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let rest = host.and_then(|host| host.strip_prefix(inside));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ':']))
        && !headers.contains_key(ORIGINAL_HOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_from_inside_the_cluster() {
        let inside = "photo-console.photos.svc";
        for (host, original, expected) in [
            ("photo-console.photos.svc.cluster.local", None, true),
            ("photo-console.photos.svc", None, true),
            ("photo-console.photos.svc:80", None, true),
            ("photo-console.photos.svcs.example.com", None, false),
            ("photo-console.photos.example.com", None, false),
            (
                "photo-console.photos.svc.cluster.local",
                Some("photos.example.com"),
                false,
            ),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            if let Some(original) = original {
                headers.insert(ORIGINAL_HOST, original.parse().unwrap());
            }
            assert_eq!(is_sent_here(&headers, Some(inside)), expected, "{host}");
            assert!(is_sent_here(&headers, None));
        }
        assert!(!is_sent_here(&HeaderMap::new(), Some(inside)));
    }
}
