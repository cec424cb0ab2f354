//! The face APIs, old and new, and the service that lets callers upload pictures for them.
//!
//! One listener plays four hosts: Dataplus by its paths, facebody, openplatform and IMM by the
//! actions they know. Faces are really seen, with gender and age, by the nets of the local back
//! end; a test can say them itself instead (see `known`).

mod dataplus;
mod facebody;
mod found;
mod imm;
mod known;
mod openplatform;
mod picture;
mod place;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use ::face::local::{Analyser, Settings};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Request};
use jiff::Timestamp;
use serde::Serialize;
use service::{ConnectOptions, HttpClientError, http_client};
use signing::Credentials;
use tokio::sync::Semaphore;
use uuid::Uuid;

use self::found::{Found, Limits};
use self::picture::{Downloads, Picture, PictureError};
use self::place::Places;
use crate::call::{Call, Service, named};
use crate::gateway::nonces::Nonces;
use crate::gateway::{self, MAX_SKEW, RpcCall, RpcError, RpcRequest, host};
use crate::oss::Oss;
use crate::shared::Shared;

/// The bucket that uploaded pictures are put into.
const UPLOAD_BUCKET: &str = "viapi-upload";
/// Names the services' own key: uploads are signed with it, and IMM reads buckets with it.
const OWN_KEY_ID: &str = "EmulatorFaceServices";
/// The largest request body: a picture of the largest size in base64, and some more.
const BODY_LIMIT_BYTES: usize = picture::MAX_BYTES / 3 * 4 + 64 * 1024;

/// Why there are no face services. Permanent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FaceStartError {
    /// No way to download pictures.
    #[error(transparent)]
    Client(#[from] HttpClientError),
}

/// The face services.
pub struct Face {
    shared: Arc<Shared>,
    oss: Arc<Oss>,
    oss_address: SocketAddr,
    downloads: Downloads,
    analyser: Analyser,
    /// Bounds how many pictures are decoded and analysed at one time.
    decode_permits: Arc<Semaphore>,
    nonces: Nonces,
    own_key: Credentials,
}

impl fmt::Debug for Face {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Face")
            .field("downloads", &self.downloads)
            .finish_non_exhaustive()
    }
}

impl Face {
    /// The face services beside the OSS that listens on `oss_address`.
    ///
    /// Brings a key of its own, because the leave to upload that it hands out must still be good
    /// when the key of a caller no longer is.
    ///
    /// # Errors
    /// When there is no way to download pictures.
    pub fn new(
        shared: Arc<Shared>,
        oss: Arc<Oss>,
        oss_address: SocketAddr,
    ) -> Result<Arc<Self>, FaceStartError> {
        let places = Places {
            oss: oss_address,
            names: shared.settings.oss_hosts.clone(),
            region: shared.settings.region.clone(),
            own_bucket: (UPLOAD_BUCKET, facebody::REGION),
        };
        let client = http_client(&ConnectOptions::default())?;
        let own_key = Credentials::new(OWN_KEY_ID, Uuid::new_v4().simple().to_string());
        shared.keys.accept(own_key.clone(), None);
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Arc::new(Self {
            downloads: Downloads::new(client, places),
            analyser: Analyser::new(Settings::default(), processors),
            decode_permits: Arc::new(Semaphore::new(processors)),
            // A request may come from the future as well as from the past.
            nonces: Nonces::new(MAX_SKEW + MAX_SKEW),
            shared,
            oss,
            oss_address,
            own_key,
        }))
    }

    /// Finds the faces in a picture.
    async fn detect(&self, picture: Picture, limits: Limits) -> Result<Vec<Found>, PictureError> {
        let permit = Arc::clone(&self.decode_permits).acquire_owned().await;
        let permit = permit.map_err(|_closed| PictureError::Detector)?;
        let analyser = self.analyser.clone();
        let span = tracing::Span::current();
        let work = move || {
            let _permit = permit;
            span.in_scope(|| found::detect(&analyser, &picture, limits))
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_panicked| PictureError::Detector)?
    }

    /// Host and port of OSS as the sender of a request would reach it: as it is configured,
    /// else where this request came in, on the port of OSS.
    fn oss_authority(&self, headers: &HeaderMap) -> String {
        if let Some(url) = &self.shared.settings.public.oss {
            return url.authority().to_owned();
        }
        let host = host(headers);
        let name = match host.rsplit_once(':') {
            Some((name, _port)) if !host.ends_with(']') => name,
            _ => host,
        };
        format!("{name}:{}", self.oss_address.port())
    }
}

/// Serves the face APIs over HTTP.
pub fn router(face: Arc<Face>) -> Router {
    Router::new().fallback(handle).with_state(face)
}

async fn handle(State(face): State<Arc<Face>>, request: Request<Body>) -> Response {
    let request = match RpcRequest::read(request, BODY_LIMIT_BYTES).await {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    match dataplus::Operation::of(request.parts.uri.path()) {
        Some(operation) => serve_dataplus(&face, operation, &request).await,
        None => serve_rpc(&face, &request).await,
    }
}

async fn serve_dataplus(
    face: &Face,
    operation: dataplus::Operation,
    request: &RpcRequest,
) -> Response {
    let RpcRequest { parts, body, id } = request;
    let call = Call::new(Service::Face, operation.name());
    let refusal = |status, code: &str| dataplus::Failure::injected(status, code).respond(id);
    let answer = |admitted: crate::gate::Admitted| {
        dataplus::answer(face, operation, parts, body, id, admitted.checked_at)
    };
    face.shared
        .pass(call, parts, Some(body), refusal, answer)
        .await
}

async fn serve_rpc(face: &Face, request: &RpcRequest) -> Response {
    let operation = |action: &str| action.parse().ok().map(Action::name);
    let dispatch = |rpc: RpcCall, now| async move { dispatch(face, &rpc, request, now).await };
    gateway::serve(
        &face.shared,
        &face.nonces,
        Service::Face,
        request,
        operation,
        dispatch,
    )
    .await
}

named! {
    /// An action of the new APIs.
    enum Action {
        RecognizeFace,
        DetectFace,
        DetectImageFaces,
        AuthorizeFileUpload,
    }
}

impl Action {
    fn version(self) -> &'static str {
        match self {
            Self::RecognizeFace | Self::DetectFace => facebody::VERSION,
            Self::DetectImageFaces => imm::VERSION,
            Self::AuthorizeFileUpload => openplatform::VERSION,
        }
    }
}

async fn dispatch(
    face: &Face,
    rpc: &RpcCall,
    request: &RpcRequest,
    now: Timestamp,
) -> Result<Response, RpcError> {
    let RpcRequest { parts, id, .. } = request;
    let action: Action = RpcError::action(&rpc.action)?;
    if rpc.version != action.version() {
        return Err(RpcError::no_such_version());
    }
    match action {
        Action::RecognizeFace => Ok(data(id, &facebody::recognize(face, rpc).await?)),
        Action::DetectFace => Ok(data(id, &facebody::detect(face, rpc).await?)),
        Action::DetectImageFaces => Ok(flat(id, &imm::detect(face, rpc).await?)),
        Action::AuthorizeFileUpload => {
            let oss = face.oss_authority(&parts.headers);
            Ok(flat(id, &openplatform::authorize(face, rpc, &oss, now)?))
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Data<'a, T> {
    request_id: &'a str,
    data: &'a T,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Flat<'a, T> {
    request_id: &'a str,
    #[serde(flatten)]
    rest: &'a T,
}

/// An answer with its content under `Data`.
fn data<T: Serialize>(request_id: &str, data: &T) -> Response {
    axum::Json(Data { request_id, data }).into_response()
}

/// An answer with its content beside the request id.
fn flat<T: Serialize>(request_id: &str, rest: &T) -> Response {
    axum::Json(Flat { request_id, rest }).into_response()
}
