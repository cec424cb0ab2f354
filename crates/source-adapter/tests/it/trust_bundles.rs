//! Trust bundles that come, change and go while the adapter runs.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::fake_mns::FakeMns;
use crate::fake_sink::FakeSink;
use crate::running::{Running, document, event, eventually};
use crate::tls_sink::{Authority, TlsSink};
use crate::volume::Volume;

const VISIBILITY: Duration = Duration::from_secs(30);
/// A handshake within two seconds of the last look at the bundles takes them to be as they were.
const NOTICED: Duration = Duration::from_secs(3);

/// An adapter between a queue and a sink behind TLS.
struct Scene {
    mns: FakeMns,
    sink: FakeSink,
    tls: TlsSink,
    adapter: Running,
}

impl Scene {
    async fn start(authority: &Authority, bundles: &Volume, more: &[&str]) -> Self {
        let (mns, sink) = (
            FakeMns::start(VISIBILITY).await,
            FakeSink::accepting().await,
        );
        let tls = TlsSink::start(sink.address(), authority).await;
        let folder = bundles.folder().to_str().unwrap();
        let more = [&["--trust-bundles", folder], more].concat();
        let adapter = Running::towards(&mns, &tls.url, &more).await;
        Self {
            mns,
            sink,
            tls,
            adapter,
        }
    }

    /// Waits until an attempt to deliver has failed for want of trust.
    async fn is_refused(&self, name: &str) {
        let sample = "adapter_attempts_total{target=\"sink\",result=\"unanswered\"}";
        let before = self.adapter.metric(sample).await;
        self.mns.send(document(&[event(name, "a.jpg")]));
        let failing = async {
            while self.adapter.metric(sample).await <= before {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(Duration::from_mins(1), failing).await.unwrap();
        assert!(!self.sink.ids().contains(&name.to_owned()), "{name}");
    }

    async fn is_delivered(&self, name: &str) {
        eventually(name, || self.sink.ids().contains(&name.to_owned())).await;
    }
}

#[tokio::test]
async fn bundle_that_comes_late_is_trusted_without_a_restart() {
    let (authority, bundles) = (Authority::new(), Volume::empty("trust-bundle.pem"));
    let scene = Scene::start(&authority, &bundles, &[]).await;
    scene.is_refused("before").await;
    bundles.renew(&authority.pem());
    scene.is_delivered("before").await;
    eventually("empty queue", || scene.mns.len() == 0).await;
    scene.adapter.end().await;
}

#[tokio::test]
async fn authorities_of_a_bundle_change_without_a_restart() {
    let (old, new) = (Authority::new(), Authority::new());
    let bundles = Volume::holding("trust-bundle.pem", &old.pem());
    let scene = Scene::start(&old, &bundles, &[]).await;
    scene.mns.send(document(&[event("old", "a.jpg")]));
    scene.is_delivered("old").await;

    bundles.renew(&new.pem());
    scene.tls.change(&new);
    scene.mns.send(document(&[event("new", "a.jpg")]));
    scene.is_delivered("new").await;

    // What is no longer in the bundle is no longer trusted.
    scene.tls.change(&old);
    scene.is_refused("old again").await;
    scene.adapter.end().await;
}

/// Beside those of the sink itself (`K_CA_CERTS`), not in their place.
#[tokio::test]
async fn bundles_and_the_sinks_own_authority_are_both_trusted() {
    let (own, other) = (Authority::new(), Authority::new());
    let bundles = Volume::holding("trust-bundle.pem", &other.pem());
    let scene = Scene::start(&own, &bundles, &[&format!("--ca-certs={}", own.pem())]).await;
    scene.mns.send(document(&[event("own", "a.jpg")]));
    scene.is_delivered("own").await;
    scene.tls.change(&other);
    scene.mns.send(document(&[event("bundled", "a.jpg")]));
    scene.is_delivered("bundled").await;
    bundles.renew("");
    sleep(NOTICED).await;
    scene.tls.hang_up();
    scene.is_refused("gone").await;
    scene.tls.change(&own);
    scene.is_delivered("gone").await;
    scene.adapter.end().await;
}
