use bytes::Bytes;
use face::local::Settings;
use image::{ImageFormat, RgbImage};

use super::*;

const LIMITS: Limits = Limits {
    shortest: 33,
    longest: 4095,
};
const PHOTO: &[u8] = include_bytes!("../../../../../assets/astronaut.jpg");

fn picture(bytes: impl Into<Bytes>, people: Option<Vec<Person>>) -> Picture {
    Picture {
        bytes: bytes.into(),
        people,
    }
}

fn blank(width: u32, height: u32, format: ImageFormat) -> Picture {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::new(width, height)
        .write_to(&mut bytes, format)
        .unwrap();
    picture(bytes.into_inner(), None)
}

fn face(left: u32, side: u32) -> Found {
    Found {
        rectangle: [left, 0, side, side],
        probability: 1.0,
        landmarks: [[0.0; 2]; LANDMARKS],
        person: None,
        estimate: None,
    }
}

fn lefts(found: &[Found]) -> Vec<u32> {
    found.iter().map(|face| face.rectangle[0]).collect()
}

#[test]
fn a_face_is_found_and_what_its_owner_says_counts() {
    let analyser = Analyser::new(Settings::default(), 1);
    let told = Person { gender: 1, age: 99 };
    let found = detect(&analyser, &picture(PHOTO, Some(vec![told])), LIMITS).unwrap();
    assert_eq!((found[0].person, found[0].estimate), (Some(told), None));
    let found = detect(&analyser, &picture(PHOTO, None), LIMITS).unwrap();
    let [only] = found.as_slice() else {
        panic!("{found:?}")
    };
    let seen = only.person.unwrap();
    assert!(seen.gender == 0 && (20..50).contains(&seen.age), "{seen:?}");
    let [left, top, width, height] = only.rectangle;
    assert!(
        (left..left + width).contains(&224) && (top..top + height).contains(&115),
        "{only:?}"
    );
    assert!((0.0..=1.0).contains(&only.probability));
    let estimate = only.estimate.unwrap();
    assert!(
        (0.5..=1.0).contains(&estimate.gender_probability),
        "{estimate:?}"
    );
    assert!(
        (1.0..20.0).contains(&estimate.age_deviation),
        "{estimate:?}"
    );
    // She looks straight ahead, upright: eyes above the nose above the mouth.
    let [left_eye, right_eye, nose, left_corner, right_corner] = only.landmarks;
    assert!(left_eye[0] < nose[0] && nose[0] < right_eye[0], "{only:?}");
    assert!(left_corner[0] < right_corner[0], "{only:?}");
    assert!(
        left_eye[1] < nose[1] && nose[1] < left_corner[1],
        "{only:?}"
    );
    assert!(only.roll().abs() < 20.0, "{}", only.roll());
    assert_eq!(only.landmarks().count(), 2 * LANDMARKS);
}

#[test]
fn nobody_is_named_when_the_numbers_differ() {
    let people = [Person { gender: 0, age: 37 }, Person { gender: 1, age: 40 }];
    for number in [0, 1, 2] {
        let mut found = [face(0, 9)];
        name(&mut found, Some(&people[..number]));
        assert_eq!(
            found[0].person,
            (number == 1).then_some(people[0]),
            "{number}"
        );
    }
}

#[test]
fn the_largest_faces_are_kept_in_their_order() {
    for (most, expected) in [
        (1, vec![20]),
        (2, vec![10, 20]),
        (3, vec![10, 20, 30]),
        (9, vec![0, 10, 20, 30]),
    ] {
        let mut found = vec![face(0, 3), face(10, 8), face(20, 9), face(30, 5)];
        keep_largest(&mut found, most);
        assert_eq!(lefts(&found), expected, "{most}");
    }
    let mut equals = vec![face(0, 5), face(10, 5), face(20, 5)];
    keep_largest(&mut equals, 2);
    assert_eq!(lefts(&equals), [0, 10]);
}

#[test]
fn size_is_checked_before_anything_is_decoded() {
    for (width, height, accepted) in [
        (33, 33, true),
        (32, 100, false),
        (100, 32, false),
        (4095, 33, true),
        (4096, 33, false),
    ] {
        let opened = open(&blank(width, height, ImageFormat::Png), LIMITS);
        let refused = matches!(opened, Err(PictureError::Resolution { .. }));
        assert_eq!(
            (opened.is_ok(), refused),
            (accepted, !accepted),
            "{width}x{height}"
        );
    }
    // A PNG of 60,000 x 60,000 pixels that has no pixel at all: its size alone condemns it.
    let header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xea\x60\0\0\xea\x60\x08\x02\0\0\0";
    let opened = open(&picture(header.to_vec(), None), LIMITS);
    assert!(opened.is_err());
}

#[test]
fn only_the_formats_of_the_service_are_read() {
    for (format, accepted) in [
        (ImageFormat::Jpeg, true),
        (ImageFormat::Png, true),
        (ImageFormat::Bmp, true),
        (ImageFormat::WebP, false),
        (ImageFormat::Gif, false),
    ] {
        let opened = open(&blank(64, 64, format), LIMITS);
        assert_eq!(opened.is_ok(), accepted, "{format:?}");
    }
    for bytes in [&b""[..], b"not a picture", &PHOTO[..300]] {
        assert!(matches!(
            open(&picture(bytes.to_vec(), None), LIMITS),
            Err(PictureError::Format)
        ));
    }
}
