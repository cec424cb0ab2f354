use std::time::Duration;

use emulator::Emulator;
use emulator::call::Service;
use tokio_util::sync::CancellationToken;

use crate::mns::caller::Caller;
use crate::running::{credentials, settings};

#[tokio::test]
async fn a_stop_does_not_wait_for_those_who_wait() {
    let emulator = Emulator::bind(settings(), credentials()).await.unwrap();
    let (shared, address) = (emulator.shared(), emulator.addresses().mns);
    let stop = CancellationToken::new();
    let served = tokio::spawn(emulator.serve(stop.clone()));
    let mns = Caller::at(format!("http://{address}"));
    mns.create_queue("q", "").await;
    let waiting =
        tokio::spawn(async move { mns.call("GET /queues/q/messages?waitseconds=30", "").await });
    let arrived = || {
        let stats = shared.stats.snapshot();
        stats
            .get(&Service::Mns)
            .is_some_and(|calls| calls.contains_key("ReceiveMessage"))
    };
    while !arrived() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.cancel();
    let soon = Duration::from_secs(4);
    tokio::time::timeout(soon, served)
        .await
        .expect("the stop waits for the receive")
        .unwrap();
    assert_eq!(waiting.await.unwrap().outcome(), "404 MessageNotExist");
}
