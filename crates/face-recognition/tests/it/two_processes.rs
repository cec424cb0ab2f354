//! Two processes and one bucket, as when Knative runs two pods: whatever the order of their
//! calls, the last result is that of the last photo.

use std::time::Duration;

use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::Value;

use crate::binary::Binary;
use crate::faces_api::FacesApi;
use crate::objects::Objects;
use crate::pictures::fixture;
use crate::running::{data, serve};

const RESULT: &str = "target/rec-a.jpg";

struct Pair {
    objects: Objects,
    faces: FacesApi,
    older: Binary,
    newer: Binary,
    _api: wiremock::MockServer,
}

impl Pair {
    async fn start(faces: FacesApi, objects: Objects) -> Self {
        let (oss, api) = (objects.serve().await, serve(faces.clone()).await);
        Self {
            older: Binary::start(&oss, &api.uri(), &[]).await,
            newer: Binary::start(&oss, &api.uri(), &[]).await,
            objects,
            faces,
            _api: api,
        }
    }

    fn first_version(&self) {
        self.objects.put("a.jpg", fixture("420.jpg"));
    }

    fn second_version(&self) -> String {
        self.objects.put("a.jpg", fixture("444-icc.jpg"))
    }

    /// The version of the photo that the result was made of.
    fn result_of(&self) -> String {
        let result = self.objects.get(RESULT).unwrap();
        result.headers["x-oss-meta-source-etag"].clone()
    }

    fn puts(&self) -> usize {
        let calls = self.objects.calls();
        calls.iter().filter(|call| call.starts_with("PUT")).count()
    }
}

async fn source_etag(answer: reqwest::Response) -> String {
    assert_eq!(answer.status(), 200);
    let reply: Value = data(answer).await;
    reply["results"][0]["source"]["etag"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn who_is_late_leaves_the_newer_result_alone() {
    let objects = Objects::default();
    let bucket = objects.clone();
    // While the first is still at the face API, its next look is made to take its time.
    let (tell, told) = std::sync::mpsc::channel();
    let faces = FacesApi::with(move |call| {
        if call == 0 {
            tell.send(bucket.hold("HEAD a.jpg")).unwrap();
        }
        None
    });
    let pair = Pair::start(faces, objects).await;
    pair.first_version();
    let (late, (newer, result)) = tokio::join!(pair.older.created("a.jpg"), async {
        let hold = tokio::task::spawn_blocking(move || told.recv().unwrap())
            .await
            .unwrap();
        hold.come().await;
        let newer = pair.second_version();
        assert_eq!(source_etag(pair.newer.created("a.jpg").await).await, newer);
        let result = pair.objects.get(RESULT).unwrap();
        hold.let_go();
        (newer, result)
    });
    assert_eq!(
        source_etag(late).await,
        newer,
        "the late one answers with what is true now"
    );
    assert_eq!(pair.puts(), 1, "and has written nothing");
    assert_eq!(pair.objects.get(RESULT).unwrap().content, result.content);
}

#[tokio::test]
async fn an_older_result_that_arrives_late_is_repaired() {
    let pair = Pair::start(FacesApi::new(), Objects::default()).await;
    pair.first_version();
    let put = pair.objects.hold(&format!("PUT {RESULT}"));
    let (late, newer) = tokio::join!(pair.older.created("a.jpg"), async {
        put.come().await;
        let newer = pair.second_version();
        assert_eq!(source_etag(pair.newer.created("a.jpg").await).await, newer);
        assert_eq!(pair.result_of(), newer);
        put.let_go(); // Now the older one replaces the newer one.
        newer
    });
    assert_eq!(source_etag(late).await, newer);
    assert_eq!(pair.result_of(), newer, "and was replaced again");
    assert_eq!(pair.puts(), 3);
}

#[tokio::test]
async fn an_older_result_whose_writer_died_is_repaired_by_its_redelivery() {
    let pair = Pair::start(FacesApi::new(), Objects::default()).await;
    pair.first_version();
    let put = pair.objects.hold(&format!("PUT {RESULT}"));
    let Pair {
        objects,
        older,
        newer: other,
        ..
    } = pair;
    let late = tokio::spawn({
        let client = older.clone();
        async move {
            client
                .request()
                .body(crate::running::document(&["a.jpg"]).to_string())
                .send()
                .await
        }
    });
    put.come().await;
    let newer = objects.put("a.jpg", fixture("444-icc.jpg"));
    assert_eq!(source_etag(other.created("a.jpg").await).await, newer);
    older.kill().await;
    assert!(
        late.await.unwrap().is_err(),
        "so the sender delivers it again"
    );
    put.let_go();
    let etag = |objects: &Objects| {
        let result = objects.get(RESULT).unwrap();
        result.headers["x-oss-meta-source-etag"].clone()
    };
    testbed::eventually("the older result is written", || etag(&objects) != newer).await;
    assert_eq!(source_etag(other.created("a.jpg").await).await, newer);
    assert_eq!(etag(&objects), newer);
}

#[tokio::test]
async fn thirty_two_deliveries_at_one_time_end_in_one_object() {
    let pair = Pair::start(FacesApi::new(), Objects::default()).await;
    pair.first_version();
    pair.objects.delay(Duration::from_millis(20), random());
    let both = (0..16).flat_map(|_| [pair.older.created("a.jpg"), pair.newer.created("a.jpg")]);
    let etag = pair.objects.get("a.jpg").unwrap().etag;
    for answer in join_all(both).await {
        assert_eq!(source_etag(answer).await, etag);
    }
    assert!(
        pair.faces.asked().len() <= 2,
        "one analysis per process at most"
    );
    assert!(pair.puts() <= 2);
    let result = pair.objects.get(RESULT).unwrap();
    assert!(image::load_from_memory(&result.content).is_ok());
    assert_eq!(pair.objects.keys(), ["a.jpg", RESULT]);
}

/// Many versions, with an event for each to whichever process, over a bucket that takes its
/// time in an unpredictable way.
#[tokio::test]
async fn the_last_of_many_versions_wins() {
    let pair = Pair::start(FacesApi::new(), Objects::default()).await;
    let mut random = random();
    pair.objects
        .delay(Duration::from_millis(30), StdRng::from_rng(&mut random));
    let versions = [
        "420.jpg",
        "422.jpg",
        "444-icc.jpg",
        "progressive.jpg",
        "restarts.jpg",
        "rgb.jpg",
    ];
    let mut last = String::new();
    let mut answers = vec![];
    for round in 0..24 {
        last = pair
            .objects
            .put("a.jpg", fixture(versions[round % versions.len()]));
        let client = if random.random() {
            &pair.older
        } else {
            &pair.newer
        };
        answers.push(tokio::spawn({
            let client = (**client).clone();
            async move { until_done(&client).await }
        }));
        let pause = random.random_range(0..40);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    for answer in answers {
        answer.await.unwrap();
    }
    assert_eq!(pair.result_of(), last);
}

/// Random numbers of a seed that is printed; `TEST_SEED` repeats them.
#[expect(
    clippy::print_stdout,
    reason = "the seed of a failure is needed to repeat it"
)]
fn random() -> StdRng {
    let seed = std::env::var("TEST_SEED").ok();
    let seed = seed.map_or_else(rand::random, |seed| seed.parse().unwrap());
    println!("TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// Delivers again as often as it is asked to.
async fn until_done(client: &crate::running::Client) {
    loop {
        let status = client.created("a.jpg").await.status().as_u16();
        match status {
            200 => return,
            429 | 503 => {}
            _ => panic!("{status}"),
        }
    }
}
