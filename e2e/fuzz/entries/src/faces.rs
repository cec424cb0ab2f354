//! Responses of the face services, and outputs of the nets.

use std::sync::LazyLock;

use face::local::{Analyser, NetOutputs, Settings};
use face::{Analysis, Dimensions, Face, FaceError, dataplus, facebody, imm};
use http::StatusCode;
use image::RgbImage;

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

/// Reads an answer about a picture, of each service.
pub(crate) fn answers(input: &[u8]) {
    for status in STATUSES {
        check(dataplus::read_answer(status, input, PICTURE));
        check(facebody::read_answer(status, input, PICTURE));
        check(imm::read_answer(status, input, PICTURE));
    }
}

fn check(answer: Result<Analysis, FaceError>) {
    match answer {
        Ok(analysis) => {
            for face in &analysis.faces {
                check_face(face, PICTURE);
            }
        }
        Err(error) => is_one_short_line(&error),
    }
}

fn check_face(face: &Face, picture: Dimensions) {
    let rect = face.rect;
    let inside = u64::from(rect.left) + u64::from(rect.width) <= picture.width.into()
        && u64::from(rect.top) + u64::from(rect.height) <= picture.height.into();
    assert!(inside && rect.width > 0 && rect.height > 0, "{rect:?}");
    for sure in [face.probability, face.gender_probability] {
        let sure = sure.unwrap_or_default();
        assert!((0.0..=1.0).contains(&sure), "{sure}");
    }
    assert!(face.age.unwrap_or_default() <= 150, "{:?}", face.age);
}

/// Sides of the picture that the nets are said to have seen, in pixels.
const SIDE: u32 = 32;

/// Values of one plane of the detector's outputs: one for every fourth pixel.
const PLANE: usize = 64;

static ANALYSER: LazyLock<Analyser> = LazyLock::new(|| Analyser::new(Settings::default(), 1));
static SEEN: LazyLock<RgbImage> = LazyLock::new(|| RgbImage::new(SIDE, SIDE));

/// Reads outputs of the nets: a line of numbers for each, which are repeated as often as needed.
/// They are scores, sizes, offsets, landmarks, ages and genders.
pub(crate) fn nets(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.lines();
    let mut output = |length| repeated(lines.next().unwrap_or_default(), length);
    let detector = [PLANE, 2 * PLANE, 2 * PLANE, 10 * PLANE].map(&mut output);
    let (ages, genders) = (output(81), output(2));
    let outputs = NetOutputs {
        detector: detector.each_ref().map(Vec::as_slice),
        ages: &ages,
        genders: &genders,
    };
    match ANALYSER.read(&outputs, &SEEN) {
        Err(error) => is_one_short_line(&error),
        Ok(detections) => {
            for detection in &detections {
                check_face(&detection.face, SEEN.dimensions().into());
                let landmarks = detection.landmarks.as_flattened();
                assert!(landmarks.iter().all(|it| it.is_finite()), "{landmarks:?}");
                let deviation = detection.age_deviation;
                assert!((0.0..=80.0).contains(&deviation), "{deviation}");
            }
        }
    }
}

/// The numbers of a line, over and over; zeros where there are none.
fn repeated(line: &str, length: usize) -> Vec<f32> {
    let words = line.split_ascii_whitespace().take(length);
    let mut numbers: Vec<f32> = words.filter_map(|word| word.parse().ok()).collect();
    if numbers.is_empty() {
        numbers.push(0.0);
    }
    numbers.into_iter().cycle().take(length).collect()
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
