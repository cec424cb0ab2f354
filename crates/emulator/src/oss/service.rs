//! OSS as an HTTP service: from a request to the handler that answers it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use tokio::time::Instant;

use super::address::{Address, Hosts};
use super::auth::{self, Caller};
use super::error::{OssError, Result};
use super::incoming::Incoming;
use super::operation::{self, Level, Operation};
use super::process::Fit;
use super::query::Query;
use super::request::OssRequest;
use super::request_id::RequestId;
use super::{Oss, access, version};
use crate::call::{Call, Service};
use crate::gate::Admitted;
use crate::limits::Scope;
use crate::shared::Shared;

/// Tells a writer that an event rule covers its object.
const EVENT_STATUS: HeaderName = HeaderName::from_static("x-oss-event-status");
/// `{"Result": "Ok"}` in base64.
const EVENT_DELIVERED: HeaderValue = HeaderValue::from_static("eyJSZXN1bHQiOiAiT2sifQ==");

/// Serves OSS over HTTP.
pub fn router(oss: Arc<Oss>) -> Router {
    Router::new().fallback(serve).with_state(oss)
}

async fn serve(
    State(oss): State<Arc<Oss>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let host = host(&parts);
    let id = RequestId::new(oss.shared.clock.now());
    let asked = NamedRequest::of(&oss, parts, &host, id, peer.ip());
    let mut response = asked.pass(&oss, body, &host, id).await;

    let headers = response.headers_mut();
    if let (Ok(request), false) = (&asked.request, asked.operation == Operation::OptionObject) {
        headers.extend(oss.cors_headers(request));
    }
    headers.insert(header::SERVER, HeaderValue::from_static("AliyunOSS"));
    headers.insert("x-oss-request-id", id.header());
    let elapsed = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    headers.insert("x-oss-server-time", elapsed.into());
    if asked.is_announced_write() {
        headers.insert(EVENT_STATUS, EVENT_DELIVERED);
    }
    response
}

/// The host that the request was sent to, as its header says.
fn host(parts: &Parts) -> String {
    let header = parts
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let in_target = || parts.uri.authority().map(http::uri::Authority::as_str);
    header.or_else(in_target).unwrap_or_default().to_owned()
}

/// A request, whether or not its address makes sense.
struct NamedRequest {
    operation: Operation,
    request: Result<OssRequest, (Parts, OssError)>,
}

impl NamedRequest {
    fn of(oss: &Oss, parts: Parts, host: &str, id: RequestId, peer: IpAddr) -> Self {
        let settings = &oss.shared.settings;
        let cname = |host: &str| oss.store().cname(host).cloned();
        let hosts = Hosts {
            service: &settings.oss_hosts,
            region: &settings.region,
            cname: &cname,
        };
        let address = match Address::of(&parts.uri, host, &hosts) {
            Ok(address) => address,
            Err(error) => {
                return Self {
                    operation: Operation::Unknown,
                    request: Err((parts, error)),
                };
            }
        };
        let level = match (&address.bucket, &address.key) {
            (None, _) => Level::Service,
            (Some(_), None) => Level::Bucket,
            (Some(_), Some(_)) => Level::Object,
        };
        let query = Query::of(&parts.uri);
        let operation = Operation::of(&parts.method, level, &query, &parts.headers);
        let received = oss.shared.clock.now();
        let request = OssRequest {
            parts,
            query,
            address,
            id,
            peer,
            received,
            announced: Arc::default(),
        };
        Self {
            operation,
            request: Ok(request),
        }
    }

    /// Whether the request wrote something that an event rule announced.
    fn is_announced_write(&self) -> bool {
        let announced = |request: &OssRequest| request.announced.load(Ordering::Relaxed);
        self.parts().method != Method::GET && self.request.as_ref().is_ok_and(announced)
    }

    fn parts(&self) -> &Parts {
        match &self.request {
            Ok(request) => &request.parts,
            Err((parts, _)) => parts,
        }
    }

    async fn pass(&self, oss: &Oss, body: Body, host: &str, id: RequestId) -> Response {
        let call = Call::new(Service::Oss, self.operation.name());
        let parts = self.parts();
        let refusal = |error: OssError| error.into_response(&parts.method, host, id);
        let fault = |status: StatusCode, code: &str| {
            refusal(OssError::new(
                status,
                code.to_owned(),
                "A fault was asked for.",
            ))
        };
        let mut body = Incoming::new(body, &parts.headers, oss.shared.settings.max_object_bytes);
        let answer = async |admitted| {
            let answered = self.answer(oss, &mut body, admitted).await;
            answered.unwrap_or_else(|error| {
                tracing::debug!(oss.request_id = %id, %error, "refused");
                refusal(error)
            })
        };
        let response = oss.shared.pass(call, parts, None, fault, answer).await;
        let refused = response.status().is_client_error() || response.status().is_server_error();
        // A client that waits for `100 Continue` has not sent its body yet.
        if refused && !parts.headers.contains_key(header::EXPECT) {
            body.give_up().await;
        }
        response
    }

    async fn answer(&self, oss: &Oss, body: &mut Incoming, admitted: Admitted) -> Result<Response> {
        let request = self.request.as_ref().map_err(|(_, error)| error.clone())?;
        let now = admitted.checked_at;
        if let Some(bucket) = &request.address.bucket {
            let charges = || [(Scope::Bucket(bucket.clone()), 1)];
            if !oss.shared.throttle.admits(charges) {
                return Err(OssError::too_many_requests());
            }
        }
        if self.operation == Operation::PostObject {
            return oss.post_object(request, body, now).await;
        }
        // A missing bucket is reported to any caller. To the service, setting the
        // access of a bucket is much the same as making one.
        let makes = matches!(
            self.operation,
            Operation::PutBucket | Operation::PutBucketAcl
        );
        if !makes && let Some(bucket) = &request.address.bucket {
            oss.store().bucket(bucket)?;
        }
        // A browser asks without a signature; the answer does not tell what is in the bucket.
        if self.operation == Operation::OptionObject {
            return oss.option_object(request);
        }
        let Shared { keys, settings, .. } = &*oss.shared;
        let caller = auth::authenticate(request, keys, &settings.region, now)?;
        let (bucket, key) = (request.bucket(), request.key());
        access::authorize(caller, self.operation, &oss.store(), bucket, key)?;
        let version = request.version();
        if let Some(version) = version
            && self.operation != Operation::DeleteObject
        {
            version::check(version)?;
        }
        let mut response = oss.dispatch(self.operation, request, caller, body).await?;
        if let Some(version) = version.and_then(|version| HeaderValue::try_from(version).ok()) {
            response.headers_mut().insert("x-oss-version-id", version);
        }
        Ok(response)
    }
}

impl Oss {
    async fn dispatch(
        &self,
        operation: Operation,
        request: &OssRequest,
        caller: Caller,
        body: &mut Incoming,
    ) -> Result<Response> {
        match operation {
            Operation::ListBuckets => self.list_buckets(request),
            Operation::PutBucket => self.put_bucket(request, body).await,
            Operation::DeleteBucket => self.delete_bucket(request),
            Operation::GetBucketInfo => self.get_bucket_info(request),
            Operation::GetBucketLocation => self.get_bucket_location(request),
            Operation::GetBucketStat => self.get_bucket_stat(request),
            Operation::GetBucketAcl => self.get_bucket_acl(request),
            Operation::PutBucketAcl => self.put_bucket_acl(request),
            Operation::GetBucketCors => self.get_bucket_cors(request),
            Operation::PutBucketCors => self.put_bucket_cors(request, body).await,
            Operation::DeleteBucketCors => self.delete_bucket_cors(request),
            Operation::OptionObject => self.option_object(request),
            Operation::ListObjects => self.list_objects(request),
            Operation::ListObjectsV2 => self.list_objects_v2(request),
            Operation::ListObjectVersions => self.list_versions(request),
            Operation::GetBucketVersioning => self.get_bucket_versioning(request),
            Operation::ListLiveChannel => self.list_live_channels(request),
            Operation::ListMultipartUploads => self.list_uploads(request),
            Operation::DeleteMultipleObjects => self.delete_multiple(request, body).await,
            Operation::PutObject => self.put_object(request, body).await,
            Operation::CopyObject => self.copy_object(request),
            Operation::AppendObject => self.append_object(request, body).await,
            Operation::GetObject => match Fit::of(&request.parts.method, &request.query) {
                Some(fit) => self.resized(request, fit).await,
                None => self.get_object(request, caller),
            },
            Operation::HeadObject => self.head_object(request),
            Operation::GetObjectMeta => self.get_object_meta(request),
            Operation::DeleteObject => self.delete_object(request),
            Operation::GetObjectAcl => self.get_object_acl(request),
            Operation::PutObjectAcl => self.put_object_acl(request),
            Operation::GetObjectTagging => self.get_tagging(request),
            Operation::PutObjectTagging => self.put_tagging(request, body).await,
            Operation::DeleteObjectTagging => self.delete_tagging(request),
            Operation::PutSymlink => self.put_symlink(request),
            Operation::GetSymlink => self.get_symlink(request),
            Operation::RestoreObject => self.restore_object(request, body).await,
            Operation::CleanRestoredObject => self.clean_restored_object(request),
            Operation::InitiateMultipartUpload => self.initiate_upload(request),
            Operation::UploadPart => self.upload_part(request, body).await,
            Operation::UploadPartCopy => self.upload_part_copy(request).await,
            Operation::CompleteMultipartUpload => self.complete_upload(request, body).await,
            Operation::AbortMultipartUpload => self.abort_upload(request),
            Operation::ListParts => self.list_parts(request),
            Operation::NotPlayed => Err(not_played(request)),
            // Forms are not authenticated by their headers and never get here.
            Operation::PostObject | Operation::Unknown => Err(not_allowed(request)),
        }
    }
}

fn not_played(request: &OssRequest) -> OssError {
    let asked = operation::not_played(&request.query, &request.parts.headers);
    // Operations that only buckets lack are named by the whole query.
    let query = || request.parts.uri.query().unwrap_or_default();
    OssError::not_implemented(asked.unwrap_or_else(query))
}

fn not_allowed(request: &OssRequest) -> OssError {
    let message = "The specified method is not allowed against this resource.";
    OssError::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
        .with("Method", request.parts.method.as_str())
}
