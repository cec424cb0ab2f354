//! The response to each failure.

use super::*;
use picture::Format;

fn document_error() -> EventError {
    oss::event::parse(b"nonsense").unwrap_err()
}

/// The failures that need no server; those of OSS and face APIs are tested over sockets.
fn failures() -> Vec<Failure> {
    let address = AddressError::Missing { part: "key" };
    let pictures = [
        PictureError::NotAPicture,
        PictureError::Unsupported { what: "HEIC" },
        PictureError::Animated {
            format: Format::Gif,
        },
        PictureError::TooManyPixels {
            pixels: 9,
            limit: 8,
        },
        PictureError::Truncated {
            format: Format::Jpeg,
        },
    ];
    let mut failures = vec![
        Failure::Event(events::DecodeError::Batch),
        Failure::EventTooLarge { limit_bytes: 10 },
        Failure::EventCutOff,
        Failure::Document(document_error()),
        Failure::Address(address),
        Failure::Forbidden {
            what: "bucket",
            name: "x".into(),
            setting: "OSS_ALLOWED_BUCKETS",
        },
        Failure::TooLarge {
            size_bytes: 9,
            limit_bytes: 8,
        },
        Failure::Overwritten { attempts: 4 },
        Failure::Deadline {
            after: Duration::from_secs(9),
        },
        Failure::Busy,
        Failure::ClientGone,
        Failure::Stopping,
        Failure::Defect,
    ];
    failures.extend(pictures.map(Failure::Picture));
    failures
}

#[test]
fn each_failure_has_its_response() {
    let table: Vec<String> = failures()
        .iter()
        .map(|failure| {
            let line = service::error_line(failure);
            format!("{} {}: {line}", failure.status().as_u16(), failure.reason())
        })
        .collect();
    insta::assert_snapshot!(table.join("\n"), @r"
    400 bad_event: batches of events are not accepted: send one event per request
    413 event_too_large: the event has more than 10 bytes
    503 event_cut_off: the event did not arrive whole and in time
    400 bad_event: the data is no OSS event: the document is neither JSON nor base64 of JSON
    400 bad_address: the event's object has no usable address: the event names no key
    403 forbidden: bucket `x` is not allowed, see the setting `OSS_ALLOWED_BUCKETS`
    413 too_large: the photo has 9 bytes; the limit is 8 (`FACE_MAX_OBJECT_BYTES`)
    503 overwritten: the photo was overwritten 4 times during processing
    503 deadline: processing the photo took longer than 9 seconds
    429 busy: too many events in progress
    503 left: the client disconnected before work on the photo began
    503 stopping: the service is shutting down
    422 defect: the photo could not be processed because of a defect in this service
    422 not_a_picture: the content is not a picture
    415 unsupported_format: HEIC pictures are not supported
    415 animated: animated GIF pictures are not supported
    413 too_many_pixels: 9 pixels exceed the limit of 8 (`FACE_MAX_PIXELS`)
    422 truncated: the JPEG file is cut off
    ");
}

#[test]
fn knative_delivers_again_unless_the_advice_is_to_give_up() {
    for failure in failures() {
        let again = matches!(failure.status().as_u16(), 404 | 408 | 409 | 429 | 500..);
        let given_up = matches!(failure.retry_advice(), RetryAdvice::GiveUp(_));
        assert_eq!(again, !given_up, "{failure}");
    }
}
