//! The test of the test: a run that loses something must say so, and a calm one must not.

use std::time::Duration;

use chaos::{Isolation, Options, Size, Theft};

/// Enough photos for every format, size and number of faces.
const CALM: Options = Options {
    seed: 1,
    size: Size {
        photos: 72,
        window: Duration::from_secs(3),
    },
    isolation: Isolation::Processes,
    is_calm: true,
    theft: None,
};

/// Enough for one theft.
const FEW: Size = Size {
    photos: 12,
    window: Duration::from_secs(1),
};

#[tokio::test]
async fn nothing_is_lost_when_nothing_goes_wrong() {
    let report = chaos::run(&CALM).await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.photos, report.lost), (72, 0), "{report}");
    // Each result is an upload, too, and its event is delivered.
    assert!(report.events >= report.versions + 72, "{report}");
}

#[tokio::test]
async fn a_stolen_message_is_missed() {
    let mistake = mistake_of(Theft::Message).await.unwrap();
    assert!(
        mistake.ends_with("no event of a version ever arrived"),
        "{mistake}"
    );
}

#[tokio::test]
async fn a_stolen_result_is_missed() {
    let mistake = mistake_of(Theft::Result).await.unwrap();
    assert!(mistake.ends_with("there is no result"), "{mistake}");
}

/// The only mistake that a run with this theft reports.
async fn mistake_of(theft: Theft) -> anyhow::Result<String> {
    let options = Options {
        size: FEW,
        theft: Some(theft),
        ..CALM
    };
    let report = chaos::run(&options).await?;
    assert!(!report.is_clean(), "{report}");
    assert_eq!(report.lost, 1, "{report}");
    // The other says where the logs are.
    assert_eq!(report.mistakes.len(), 2, "{report}");
    Ok(report.mistakes[0].clone())
}
