//! What the face services answer.

use face::{Analysis, Dimensions, FaceError, dataplus, facebody};
use http::StatusCode;

use crate::telling::is_one_short_line;

const STATUSES: [StatusCode; 4] = [
    StatusCode::OK,
    StatusCode::BAD_REQUEST,
    StatusCode::FORBIDDEN,
    StatusCode::SERVICE_UNAVAILABLE,
];

const PICTURE: Dimensions = Dimensions {
    width: 640,
    height: 480,
};

/// Reads an answer about a picture, of either service.
pub(crate) fn answers(input: &[u8]) {
    for status in STATUSES {
        check(dataplus::read_answer(status, input, PICTURE));
        check(facebody::read_answer(status, input, PICTURE));
    }
}

fn check(answer: Result<Analysis, FaceError>) {
    match answer {
        Ok(analysis) => {
            for face in analysis.faces {
                let rect = face.rect;
                let inside = u64::from(rect.left) + u64::from(rect.width) <= 640
                    && u64::from(rect.top) + u64::from(rect.height) <= 480;
                assert!(inside && rect.width > 0 && rect.height > 0, "{rect:?}");
                let sure = face.probability.unwrap_or_default();
                assert!((0.0..=1.0).contains(&sure), "{sure}");
                assert!(face.age.unwrap_or_default() <= 150, "{:?}", face.age);
            }
        }
        Err(error) => is_one_short_line(&error),
    }
}

/// Reads an authorization to upload; it must not lead away from the vendor.
pub(crate) fn authorization(input: &[u8]) {
    for status in STATUSES {
        match facebody::read_authorization(status, input) {
            Err(error) => is_one_short_line(&error),
            Ok(authorization) => match authorization.bucket_url(None) {
                Err(error) => is_one_short_line(&error),
                Ok(url) => {
                    assert_eq!(url.scheme(), "https", "{url}");
                    let host = url.host_str().unwrap_or_default();
                    assert!(host.ends_with(".aliyuncs.com"), "{url}");
                    assert_eq!(url.username(), "", "{url}");
                    assert_eq!(
                        (url.path(), url.query(), url.port()),
                        ("/", None, None),
                        "{url}"
                    );
                }
            },
        }
    }
}
