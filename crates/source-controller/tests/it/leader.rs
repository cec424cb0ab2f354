//! Two candidates for one lease, with time that passes as told.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Method, Request};
use kube::Client;
use kube::client::Body;
use serde_json::json;
use source_controller::leader::{Election, Lost};
use tokio::time::{Instant, timeout};

use crate::support::cluster::Cluster;

const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/knative-mnsoss/leases/controller";

fn candidate(cluster: &Cluster, identity: &str) -> Election {
    Election::new(cluster.client(), "knative-mnsoss", "controller", identity)
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
    let mut leadership = candidate(&cluster, "a").win().await;
    assert_eq!(holder(&cluster), "a");
    let second = candidate(&cluster, "b");
    // Nothing of the second's is lost by not waiting any longer.
    tokio::select! {
        lost = leadership.keep() => panic!("{lost}"),
        _ = second.win() => panic!("there are two leaders"),
        () = tokio::time::sleep(Duration::from_mins(10)) => {}
    }
    assert_eq!(holder(&cluster), "a");
}

#[tokio::test(start_paused = true)]
async fn lease_that_is_given_up_is_taken_at_once() {
    let cluster = Cluster::start();
    let leadership = candidate(&cluster, "a").win().await;
    leadership.release().await;
    assert_eq!(holder(&cluster), "nobody");
    let started = Instant::now();
    candidate(&cluster, "b").win().await;
    assert!(started.elapsed() < Duration::from_secs(1));
    assert_eq!(cluster.get(LEASE).unwrap()["spec"]["leaseTransitions"], 1);
}

/// A candidate that is told to stop may have won without having heard of it.
#[tokio::test(start_paused = true)]
async fn candidate_gives_up_its_own_lease_and_nobody_elses() {
    let cluster = Cluster::start();
    drop(candidate(&cluster, "a").win().await);
    candidate(&cluster, "b").give_up().await;
    assert_eq!(holder(&cluster), "a");
    candidate(&cluster, "a").give_up().await;
    assert_eq!(holder(&cluster), "nobody");
}

#[tokio::test(start_paused = true)]
async fn lease_of_a_dead_leader_is_taken_once_it_has_stood_still_for_long_enough() {
    let cluster = Cluster::start();
    candidate(&cluster, "a").win().await;
    // Its clock was years ahead, which must not matter.
    cluster.change(LEASE, |lease| {
        lease["spec"]["renewTime"] = json!("2099-01-01T00:00:00.000000Z");
    });
    let started = Instant::now();
    candidate(&cluster, "b").win().await;
    let waited = started.elapsed().as_secs();
    assert!((15..=20).contains(&waited), "{waited}");
    assert_eq!(holder(&cluster), "b");
}

#[tokio::test(start_paused = true)]
async fn leader_that_was_replaced_stops() {
    let cluster = Cluster::start();
    let mut leadership = candidate(&cluster, "a").win().await;
    cluster.change(LEASE, |lease| lease["spec"]["holderIdentity"] = json!("b"));
    let lost = timeout(Duration::from_mins(1), leadership.keep())
        .await
        .unwrap();
    assert!(
        matches!(&lost, Lost::TakenOver { holder } if holder == "b"),
        "{lost}"
    );
    leadership.release().await;
    assert_eq!(holder(&cluster), "b", "it is not ours to give up");
}

#[tokio::test(start_paused = true)]
async fn edit_of_the_lease_by_somebody_does_not_end_leadership() {
    let cluster = Cluster::start();
    let mut leadership = candidate(&cluster, "a").win().await;
    cluster.change(LEASE, |lease| {
        lease["metadata"]["labels"] = json!({"a": "b"});
    });
    assert!(
        timeout(Duration::from_mins(1), leadership.keep())
            .await
            .is_err()
    );
}

#[tokio::test(start_paused = true)]
async fn leader_that_cannot_renew_stops_before_anybody_else_may_lead() {
    let cluster = Cluster::start();
    let mut leadership = candidate(&cluster, "a").win().await;
    cluster.fail(Method::PUT, LEASE, 500, "InternalError");
    let started = Instant::now();
    let lost = leadership.keep().await;
    assert!(matches!(lost, Lost::NotRenewed), "{lost}");
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
    let mut leadership = election.win().await;
    let second = candidate(&cluster, "b");
    tokio::select! {
        lost = leadership.keep() => panic!("{lost}"),
        _ = second.win() => panic!("there are two leaders"),
        () = tokio::time::sleep(Duration::from_mins(10)) => {}
    }
}

#[tokio::test(start_paused = true)]
async fn renewal_without_an_answer_is_tried_again() {
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
    let mut leadership = election.win().await;
    let minute = timeout(Duration::from_mins(1), leadership.keep());
    assert!(
        minute.await.is_err(),
        "one lost answer ended the leadership"
    );
}

#[tokio::test(start_paused = true)]
async fn candidate_outlasts_an_outage_of_the_api_server() {
    let cluster = Cluster::start();
    let leases = LEASE.rsplit_once('/').unwrap().0;
    cluster.fail(Method::POST, leases, 500, "InternalError");
    let election = candidate(&cluster, "a");
    let won = election.win();
    tokio::pin!(won);
    assert!(timeout(Duration::from_mins(1), &mut won).await.is_err());
    cluster.heal();
    timeout(Duration::from_mins(1), won).await.unwrap();
}
