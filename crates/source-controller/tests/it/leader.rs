//! Two candidates for one lease, with paused time.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Method, Request};
use kube::Client;
use kube::client::Body;
use serde_json::json;
use source_controller::leader::{Election, Leadership, LeadershipLost};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::support::cluster::Cluster;

const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/knative-mnsoss/leases/controller";

fn candidate(cluster: &Cluster, identity: &str) -> Election {
    Election::new(cluster.client(), "knative-mnsoss", "controller", identity)
}

/// Waits for the leadership; nothing stops the candidate.
async fn acquire(election: &Election) -> Leadership {
    election.acquire(&CancellationToken::new()).await.unwrap()
}

fn holder(cluster: &Cluster) -> String {
    let lease = cluster.get(LEASE).unwrap();
    lease["spec"]["holderIdentity"]
        .as_str()
        .unwrap_or("nobody")
        .to_owned()
}

#[tokio::test(start_paused = true)]
async fn first_candidate_leads_and_the_second_waits() {
    let cluster = Cluster::start();
    let mut leadership = acquire(&candidate(&cluster, "a")).await;
    assert_eq!(holder(&cluster), "a");
    let second = candidate(&cluster, "b");
    // Dropping the second's future loses nothing.
    tokio::select! {
        lost = leadership.renew_until_lost() => panic!("{lost}"),
        _ = acquire(&second) => panic!("there are two leaders"),
        () = tokio::time::sleep(Duration::from_mins(10)) => {}
    }
    assert_eq!(holder(&cluster), "a");
}

#[tokio::test(start_paused = true)]
async fn released_lease_is_acquired_at_once() {
    let cluster = Cluster::start();
    let leadership = acquire(&candidate(&cluster, "a")).await;
    leadership.release().await;
    assert_eq!(holder(&cluster), "nobody");
    let started = Instant::now();
    acquire(&candidate(&cluster, "b")).await;
    assert!(started.elapsed() < Duration::from_secs(1));
    assert_eq!(cluster.get(LEASE).unwrap()["spec"]["leaseTransitions"], 1);
}

/// A candidate that is stopped may have acquired the lease without having received the response.
#[tokio::test(start_paused = true)]
async fn stopped_candidate_releases_its_own_lease_only() {
    let cluster = Cluster::start();
    drop(acquire(&candidate(&cluster, "a")).await);
    let stopped = CancellationToken::new();
    stopped.cancel();
    assert!(candidate(&cluster, "b").acquire(&stopped).await.is_none());
    assert_eq!(holder(&cluster), "a");
    assert!(candidate(&cluster, "a").acquire(&stopped).await.is_none());
    assert_eq!(holder(&cluster), "nobody");
}

#[tokio::test(start_paused = true)]
async fn lease_of_a_dead_leader_is_acquired_once_it_has_expired() {
    let cluster = Cluster::start();
    acquire(&candidate(&cluster, "a")).await;
    // Its clock was years ahead, which must not matter.
    cluster.change(LEASE, |lease| {
        lease["spec"]["renewTime"] = json!("2099-01-01T00:00:00.000000Z");
    });
    let started = Instant::now();
    acquire(&candidate(&cluster, "b")).await;
    let waited = started.elapsed().as_secs();
    assert!((15..=20).contains(&waited), "{waited}");
    assert_eq!(holder(&cluster), "b");
}

#[tokio::test(start_paused = true)]
async fn leader_that_was_replaced_stops() {
    let cluster = Cluster::start();
    let mut leadership = acquire(&candidate(&cluster, "a")).await;
    cluster.change(LEASE, |lease| lease["spec"]["holderIdentity"] = json!("b"));
    let lost = timeout(Duration::from_mins(1), leadership.renew_until_lost())
        .await
        .unwrap();
    assert!(
        matches!(&lost, LeadershipLost::TakenOver { holder } if holder == "b"),
        "{lost}"
    );
    leadership.release().await;
    assert_eq!(
        holder(&cluster),
        "b",
        "a lease of another holder is not released"
    );
}

#[tokio::test(start_paused = true)]
async fn edit_of_the_lease_does_not_end_leadership() {
    let cluster = Cluster::start();
    let mut leadership = acquire(&candidate(&cluster, "a")).await;
    cluster.change(LEASE, |lease| {
        lease["metadata"]["labels"] = json!({"a": "b"});
    });
    assert!(
        timeout(Duration::from_mins(1), leadership.renew_until_lost())
            .await
            .is_err()
    );
}

#[tokio::test(start_paused = true)]
async fn leader_that_cannot_renew_stops_before_another_may_lead() {
    let cluster = Cluster::start();
    let mut leadership = acquire(&candidate(&cluster, "a")).await;
    cluster.fail(Method::PUT, LEASE, 500, "InternalError");
    let started = Instant::now();
    let lost = leadership.renew_until_lost().await;
    assert!(matches!(lost, LeadershipLost::NotRenewed), "{lost}");
    assert!(started.elapsed() < Duration::from_secs(15));
}

#[tokio::test(start_paused = true)]
async fn api_server_that_takes_four_seconds_for_each_call_does_not_end_leadership() {
    let cluster = Cluster::start();
    let server = cluster.clone();
    let slow = tower::service_fn(move |request: Request<Body>| {
        let server = server.clone();
        async move {
            tokio::time::sleep(Duration::from_secs(4)).await;
            Ok::<_, Infallible>(server.answer(request).await)
        }
    });
    let client = Client::new(slow, "default");
    let election = Election::new(client, "knative-mnsoss", "controller", "a");
    let mut leadership = acquire(&election).await;
    let second = candidate(&cluster, "b");
    tokio::select! {
        lost = leadership.renew_until_lost() => panic!("{lost}"),
        _ = acquire(&second) => panic!("there are two leaders"),
        () = tokio::time::sleep(Duration::from_mins(10)) => {}
    }
}

#[tokio::test(start_paused = true)]
async fn renewal_without_a_response_is_retried() {
    let cluster = Cluster::start();
    let (server, renewals) = (cluster.clone(), AtomicUsize::new(0));
    let renewals = Arc::new(renewals);
    let deaf_once = tower::service_fn(move |request: Request<Body>| {
        let is_lost =
            request.method() == Method::PUT && renewals.fetch_add(1, Ordering::Relaxed) == 0;
        let server = server.clone();
        async move {
            if is_lost {
                pending::<()>().await;
            }
            Ok::<_, Infallible>(server.answer(request).await)
        }
    });
    let client = Client::new(deaf_once, "default");
    let election = Election::new(client, "knative-mnsoss", "controller", "a");
    let mut leadership = acquire(&election).await;
    let minute = timeout(Duration::from_mins(1), leadership.renew_until_lost());
    assert!(
        minute.await.is_err(),
        "one lost response ended the leadership"
    );
}

#[tokio::test(start_paused = true)]
async fn candidate_outlasts_an_outage_of_the_api_server() {
    let cluster = Cluster::start();
    let leases = LEASE.rsplit_once('/').unwrap().0;
    cluster.fail(Method::POST, leases, 500, "InternalError");
    let election = candidate(&cluster, "a");
    let acquired = acquire(&election);
    tokio::pin!(acquired);
    assert!(
        timeout(Duration::from_mins(1), &mut acquired)
            .await
            .is_err()
    );
    cluster.heal();
    timeout(Duration::from_mins(1), acquired).await.unwrap();
}
