//! MNS over HTTP: from a request to an operation, and from its outcome to an answer.

mod authenticate;
mod draft;
mod list;
mod messages;
mod query;
mod queues;
mod response;
mod route;
mod throttle;
mod topics;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, StatusCode, header};

use self::query::Query;
use self::response::{Context, MnsResponse};
use self::route::{Operation, Route};
use super::Mns;
use super::cell::QueueError;
use super::name::{Kind, Name};
use super::refusal::{Code, Refusal};
use crate::call::{Call, Service};
use crate::gate::Admitted;
use crate::gateway::RpcCall;
use crate::settings::Settings;

/// The largest request body. A message of 64 KiB can be several times as long in XML.
const BODY_LIMIT_BYTES: usize = 1024 * 1024;

/// The answer to a call of the service's other API, of which nothing is played.
const NO_ACTION: &str = "InvalidAction.NotFound";
const NO_RPC: &str = "Specified api is not found, please check your url and method.";

/// Serves MNS over HTTP.
pub fn router(mns: Arc<Mns>) -> Router {
    Router::new().fallback(handle).with_state(mns)
}

async fn handle(State(mns): State<Arc<Mns>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let context = Context::new(base_url(&mns.shared.settings, &parts.headers));
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT_BYTES).await else {
        let message = format!("The request body is not readable or over {BODY_LIMIT_BYTES} bytes.");
        return context.refusal(&Refusal::new(Code::InvalidArgument, message));
    };
    let route = Route::of(&parts, &body);
    let operation = route.map_or(Call::UNKNOWN, |route| route.operation.name());
    let call = Call::new(Service::Mns, operation);
    if route.is_none() && is_rpc(&parts, &body) {
        let refusal = |status, code: &str| context.rpc_error(status, code, NO_RPC);
        let answer = async |_| context.rpc_error(StatusCode::NOT_FOUND, NO_ACTION, NO_RPC);
        return mns
            .shared
            .pass(call, &parts, Some(&body), refusal, answer)
            .await;
    }
    let injected = |status, code: &str| context.error(status, code, "injected by the emulator");
    let work = |admitted| respond(&mns, &context, &parts, &body, route, admitted);
    mns.shared
        .pass(call, &parts, Some(&body), injected, work)
        .await
}

async fn respond(
    mns: &Mns,
    context: &Context,
    parts: &Parts,
    body: &Bytes,
    route: Option<Route<'_>>,
    admitted: Admitted,
) -> Response {
    match answer(mns, context, parts, body, route, admitted).await {
        Ok(answer) => context.respond(answer),
        Err(QueueError::Refused(refusal)) => context.refusal(&refusal),
        Err(QueueError::Journal(error)) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "cannot keep a change"
            );
            context.refusal(&Code::InternalError.into())
        }
    }
}

async fn answer(
    mns: &Mns,
    context: &Context,
    parts: &Parts,
    body: &Bytes,
    route: Option<Route<'_>>,
    admitted: Admitted,
) -> Result<MnsResponse, QueueError> {
    authenticate::check(&mns.shared, parts, body, admitted.checked_at)?;
    let route = route.ok_or(Code::InvalidRequestUrl)?;
    throttle::check(&mns.shared, &route, &parts.uri, body).await?;
    let Route {
        operation,
        name,
        subscription,
    } = route;
    let query = Query::parse(parts.uri.query(), operation.parameters())?;
    let headers = &parts.headers;
    let name_of = |kind| Name::parse(kind, name);
    let topic = || name_of(Kind::Topic);
    let cell = || mns.queue(&name_of(Kind::Queue)?);
    let subscription = || Name::parse(Kind::Subscription, subscription);
    match operation {
        Operation::ListQueue => queues::list(mns, context, headers),
        Operation::CreateQueue => queues::create(mns, context, name_of(Kind::Queue)?, body),
        Operation::SetQueueAttributes => queues::set_attributes(mns, &name_of(Kind::Queue)?, body),
        Operation::GetQueueAttributes => queues::attributes(mns, &name_of(Kind::Queue)?),
        Operation::DeleteQueue => {
            mns.delete_queue(&name_of(Kind::Queue)?)?;
            Ok(MnsResponse::no_content())
        }
        Operation::SendMessage => messages::send(mns, cell()?.as_ref(), body),
        Operation::BatchSendMessage => messages::send_batch(mns, cell()?.as_ref(), body),
        Operation::ReceiveMessage | Operation::BatchReceiveMessage => {
            messages::receive(mns, cell()?.as_ref(), &query, admitted.duplicate).await
        }
        Operation::PeekMessage | Operation::BatchPeekMessage => {
            messages::peek(mns, cell()?.as_ref(), &query)
        }
        Operation::DeleteMessage => messages::delete(mns, cell()?.as_ref(), &query),
        Operation::BatchDeleteMessage => messages::delete_batch(mns, cell()?.as_ref(), body),
        Operation::ChangeMessageVisibility => {
            messages::change_visibility(mns, cell()?.as_ref(), &query)
        }
        Operation::ListTopic => topics::list(mns, context, headers),
        Operation::CreateTopic => topics::create(mns, context, topic()?, body),
        Operation::SetTopicAttributes => topics::set_attributes(mns, &topic()?, body),
        Operation::GetTopicAttributes => topics::attributes(mns, &topic()?),
        Operation::DeleteTopic => {
            mns.delete_topic(&topic()?)?;
            Ok(MnsResponse::no_content())
        }
        Operation::PublishMessage => topics::publish(mns, &topic()?, body),
        Operation::ListSubscriptionByTopic => {
            topics::list_subscriptions(mns, context, &topic()?, headers)
        }
        Operation::Subscribe => topics::subscribe(mns, context, &topic()?, subscription()?, body),
        Operation::SetSubscriptionAttributes => {
            topics::set_subscription_attributes(mns, &topic()?, &subscription()?, body)
        }
        Operation::GetSubscriptionAttributes => {
            topics::subscription_attributes(mns, &topic()?, &subscription()?)
        }
        Operation::Unsubscribe => {
            mns.unsubscribe(&topic()?, &subscription()?)?;
            Ok(MnsResponse::no_content())
        }
    }
}

/// Whether this is a call of the service's other API, whose clients understand JSON only.
fn is_rpc(parts: &Parts, body: &Bytes) -> bool {
    RpcCall::read(parts, body).is_ok_and(|call| !call.action.is_empty())
}

fn base_url(settings: &Settings, headers: &HeaderMap) -> String {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    Settings::base_url(settings.public.mns.as_ref(), host.unwrap_or("localhost"))
}
