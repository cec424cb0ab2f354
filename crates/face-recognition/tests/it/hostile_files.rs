//! Files that were made to hurt, sent to the service as it is shipped: what each is answered,
//! and what all of them cost.

mod bombs;
mod case;
mod cut;
mod foreign;
mod forge;
mod jpegs;

use futures_util::{StreamExt as _, stream};

use crate::binary::Binary;
use crate::faces_api::FacesApi;
use crate::objects::Objects;
use crate::running::{data, serve};
use bombs::{bombs_as_png, other_bombs};
use case::Case;
use cut::cut;
use foreign::foreign;
use jpegs::{odd_exif, odd_jpegs};

const MEBI: u64 = 1 << 20;

/// Small limits, so that exceeding them shows.
const LIMITS: [&str; 3] = [
    "--max-object-bytes=16777216",
    "--file-memory=33554432",
    "--pixel-memory=134217728",
];

/// Both budgets, and what the process is without them.
const MAX_MEMORY: u64 = (32 + 128 + 64) * MEBI;

struct Stand {
    objects: Objects,
    binary: Binary,
    _api: wiremock::MockServer,
}

impl Stand {
    async fn start() -> Self {
        let (objects, api) = (Objects::default(), serve(FacesApi::new()).await);
        let binary = Binary::start(&objects.serve().await, &api.uri(), &LIMITS).await;
        Self {
            objects,
            binary,
            _api: api,
        }
    }

    /// The status and reason for a file that is called a JPEG.
    async fn answer(&self, name: &str, file: Vec<u8>) -> (u16, String) {
        let key = format!("{name}.jpg");
        self.objects.put(&key, file);
        let answer = self.binary.created(&key).await;
        let status = answer.status().as_u16();
        if status == 200 {
            let reply = data(answer).await;
            assert_eq!(
                reply["failures"].as_array().map(Vec::len),
                Some(0),
                "{name}"
            );
            return (200, String::new());
        }
        let text = answer.text().await.unwrap();
        let reason = text.split(':').next().unwrap_or_default().to_owned();
        (status, reason)
    }
}

#[tokio::test]
async fn each_hostile_file_has_its_answer_and_its_counter() {
    let stand = Stand::start().await;
    let cases = [
        bombs_as_png(),
        other_bombs(),
        odd_jpegs(),
        odd_exif(),
        foreign(),
    ];
    let mut wrong = vec![];
    for Case {
        name,
        file,
        expected,
    } in cases.into_iter().flatten()
    {
        let sample = match expected {
            (200, _) => r#"face_events_total{outcome="Annotated",reason=""}"#.to_owned(),
            (_, reason) => format!(r#"face_events_total{{outcome="GivenUp",reason="{reason}"}}"#),
        };
        let before = stand.binary.metric(&sample).await;
        let (status, reason) = stand.answer(name, file).await;
        let counted = stand.binary.metric(&sample).await - before;
        if (status, reason.as_str(), counted) != (expected.0, expected.1, 1) {
            wrong.push(format!(
                "{name}: {status} {reason}, counted {counted}; expected {expected:?}"
            ));
        }
        let peak = stand.binary.peak_memory();
        if peak > MAX_MEMORY {
            wrong.push(format!("{name}: {} MiB", peak / MEBI));
            break;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_file_that_is_cut_anywhere_is_given_up() {
    let stand = Stand::start().await;
    let wrong: Vec<String> = stream::iter(cut())
        .map(|(name, file)| {
            let stand = &stand;
            async move {
                let (status, reason) = stand.answer(&name, file).await;
                let known = [
                    "truncated",
                    "corrupt",
                    "not_a_picture",
                    "unsupported_format",
                ];
                let is_given_up = matches!(status, 415 | 422) && known.contains(&reason.as_str());
                (!is_given_up).then(|| format!("{name}: {status} {reason}"))
            }
        })
        .buffer_unordered(8)
        .filter_map(|wrong| async { wrong })
        .collect()
        .await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// All at one time, over and over: what is refused must not add up either.
#[tokio::test]
async fn memory_stays_within_its_limits_whatever_comes_at_one_time() {
    let stand = Stand::start().await;
    let keys: Vec<String> = [bombs_as_png(), other_bombs(), odd_jpegs(), foreign()]
        .into_iter()
        .flatten()
        .map(|Case { name, file, .. }| {
            let key = format!("{name}.jpg");
            stand.objects.put(&key, file);
            key
        })
        .collect();
    let binary = &stand.binary;
    stream::iter(keys.iter().cycle().take(4 * keys.len()))
        .for_each_concurrent(64, |key| async move {
            let status = binary.created(key).await.status().as_u16();
            assert!(
                matches!(status, 200 | 413 | 415 | 422 | 429),
                "{key}: {status}"
            );
        })
        .await;
    let peak = stand.binary.peak_memory();
    assert!(peak <= MAX_MEMORY, "{} MiB", peak / MEBI);
}
