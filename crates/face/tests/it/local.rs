//! The local back end on real photos: the Solvay conference of 1927 and NASA's portrait.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use face::local::{Analyser, Local, Settings};
use face::{Analysis, Backend, Face, Gender, Rect};
use image::imageops::{FilterType, crop_imm, flip_horizontal, resize, rotate90, rotate270};
use image::{Rgb, RgbImage};
use serde::Deserialize;

use crate::support::{BrokenPhoto, TestPhoto, permits};

/// Brow to chin of the portrait.
const PORTRAIT: Rect = Rect {
    left: 182,
    top: 58,
    width: 88,
    height: 120,
};

static ANALYSER: LazyLock<Analyser> = LazyLock::new(|| Analyser::new(Settings::default(), 2));

/// What ONNX Runtime says of the same pictures (`tests/reference/reference.py`).
static REFERENCE: LazyLock<Reference> =
    LazyLock::new(|| serde_json::from_str(include_str!("../reference/reference.json")).unwrap());

#[derive(Deserialize)]
struct Reference {
    group: Vec<ReferenceFace>,
    portrait: Vec<ReferenceFace>,
}

#[derive(Deserialize)]
struct ReferenceFace {
    score: f32,
    #[serde(rename = "box")]
    sides: [f64; 4],
    age: f32,
    female: f32,
}

fn open(path: &str) -> RgbImage {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let picture = image::open(&path);
    picture
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .into_rgb8()
}

fn group() -> RgbImage {
    open("tests/data/solvay-1927.jpg")
}

fn portrait() -> RgbImage {
    open("../../assets/astronaut.jpg")
}

fn faces(picture: &RgbImage) -> Vec<Face> {
    ANALYSER.analyse(picture).unwrap().faces
}

fn fitted(picture: &RgbImage, long_side: u32) -> RgbImage {
    let long = picture.width().max(picture.height());
    let to = |side: u32| (side * long_side).div_ceil(long);
    resize(
        picture,
        to(picture.width()),
        to(picture.height()),
        FilterType::Triangle,
    )
}

/// The shared part of the joint area.
fn overlap(a: Rect, b: Rect) -> f64 {
    let span = |a: u32, a_side: u32, b: u32, b_side: u32| {
        f64::from((a + a_side).min(b + b_side).saturating_sub(a.max(b)))
    };
    let shared = span(a.left, a.width, b.left, b.width) * span(a.top, a.height, b.top, b.height);
    let area = |rect: Rect| f64::from(rect.width) * f64::from(rect.height);
    shared / (area(a) + area(b) - shared)
}

/// Every face of the group is found once, and nothing else.
fn check_group(faces: &[Face], width: u32) {
    let scale = f64::from(width) / 1666.0;
    let is_at = |face: &Face, [left, top, wide, high]: [f64; 4]| {
        let middle_x = f64::from(face.rect.left) + f64::from(face.rect.width) / 2.0;
        let middle_y = f64::from(face.rect.top) + f64::from(face.rect.height) / 2.0;
        let (x, y) = (left + wide / 2.0, top + high / 2.0);
        (middle_x / scale - x).hypot(middle_y / scale - y) < 10.0
    };
    for expected in &REFERENCE.group {
        let here = faces.iter().filter(|face| is_at(face, expected.sides));
        assert_eq!(here.count(), 1, "{:?}, {width} pixels wide", expected.sides);
    }
    assert_eq!(faces.len(), 29, "{width} pixels wide");
}

/// One face, where the portrait's face is in a picture of this width.
fn check_portrait(name: &str, faces: &[Face], width: u32) {
    let [face] = faces else {
        panic!("{name}: {faces:?}");
    };
    let scaled = |side: u32| side * width / 512;
    let expected = Rect {
        left: scaled(PORTRAIT.left),
        top: scaled(PORTRAIT.top),
        width: scaled(PORTRAIT.width),
        height: scaled(PORTRAIT.height),
    };
    let overlap = overlap(face.rect, expected);
    assert!(overlap > 0.6, "{name}: {:?} is not {expected:?}", face.rect);
}

async fn analysed(photo: Arc<TestPhoto>) -> Analysis {
    let backend = Backend::from(Local::new(ANALYSER.clone(), permits()));
    backend.analyse(photo).await.unwrap()
}

#[test]
fn faces_are_those_of_the_reference() {
    let pictures = [
        ("group", group(), &REFERENCE.group),
        ("portrait", portrait(), &REFERENCE.portrait),
    ];
    for (name, picture, reference) in pictures {
        let faces = faces(&picture);
        assert_eq!(faces.len(), reference.len(), "{name}");
        for (face, expected) in faces.iter().zip(reference) {
            let [left, top, width, height] = expected.sides;
            let rect = Rect::clipped(left, top, width, height, picture.dimensions().into());
            let overlap = overlap(face.rect, rect.unwrap());
            assert!(
                overlap > 0.8,
                "{name}: {:?} at {:?}",
                face.rect,
                expected.sides
            );
            let score = face.probability.unwrap();
            assert!((score - expected.score).abs() < 0.05, "{name}: {score}");
            let is_female = face.gender == Some(Gender::Female);
            assert_eq!(is_female, expected.female > 0.5, "{name}: {face:?}");
            let age = f32::from(face.age.unwrap());
            assert!(
                (age - expected.age).abs() < 6.0,
                "{name}: {age}, {}",
                expected.age
            );
        }
        let difference = |(face, expected): (&Face, &ReferenceFace)| {
            (f32::from(face.age.unwrap()) - expected.age).abs()
        };
        let sum: f32 = faces.iter().zip(reference).map(difference).sum();
        let faces = u16::try_from(reference.len()).unwrap();
        assert!(sum / f32::from(faces) < 1.5, "{name}: {sum} years in all");
    }
}

#[test]
fn portrait_is_of_a_woman_of_some_thirty_years() {
    let faces = faces(&portrait());
    check_portrait("portrait", &faces, 512);
    let [face] = &faces[..] else {
        panic!("{faces:?}")
    };
    assert_eq!(face.gender, Some(Gender::Female));
    assert!(face.gender_probability > Some(0.9), "{face:?}");
    assert!((24..42).contains(&face.age.unwrap()), "{face:?}");
    assert!(face.probability > Some(0.8), "{face:?}");
}

#[test]
fn group_survives_scaling() {
    for width in [900, 1200, 3000] {
        check_group(&faces(&fitted(&group(), width)), width);
    }
}

#[test]
fn small_faces_of_a_large_photo_are_found() {
    // Faces of 48 pixels in a photo 4,000 pixels wide: eight in the first look.
    let group = group();
    let mut large = RgbImage::from_pixel(4000, 2400, Rgb([90, 100, 80]));
    image::imageops::replace(&mut large, &group, 1200, 900);
    let useful = fitted(&large, ANALYSER.useful_side());
    let found = faces(&useful);
    assert!(found.len() >= 27 && found.len() <= 29, "{}", found.len());
}

#[tokio::test]
async fn group_of_fifty_megapixels_is_looked_at_in_a_useful_size() {
    let (width, height) = (8562, 5838);
    let photo = resize(&group(), width, height, FilterType::Nearest);
    let photo = Arc::new(TestPhoto::new(photo));
    let analysis = analysed(photo.clone()).await;
    check_group(&analysis.faces, width);
    let asked = photo.sides_asked.lock().unwrap().clone();
    assert_eq!(asked, [ANALYSER.useful_side()]);
    assert!(asked[0] <= 1600, "{asked:?}");
}

#[tokio::test]
async fn portrait_is_found_once_in_every_size() {
    for side in [64, 80, 128, 300, 512, 2000] {
        let photo = Arc::new(TestPhoto::new(fitted(&portrait(), side)));
        let analysis = analysed(photo).await;
        check_portrait(&format!("{side} pixels"), &analysis.faces, side);
    }
}

#[test]
fn face_cut_out_tightly_is_found() {
    let cut = crop_imm(&portrait(), 168, 50, 113, 136).to_image();
    let faces = faces(&cut);
    let [face] = faces.as_slice() else {
        panic!("{faces:?}");
    };
    assert!(face.rect.width > 70 && face.rect.height > 90, "{face:?}");
}

#[test]
fn mirrored_portrait_has_its_face_mirrored() {
    let faces = faces(&flip_horizontal(&portrait()));
    let [face] = faces.as_slice() else {
        panic!("{faces:?}");
    };
    let mirrored = Rect {
        left: 512 - face.rect.left - face.rect.width,
        ..face.rect
    };
    assert!(overlap(mirrored, PORTRAIT) > 0.6, "{face:?}");
}

#[test]
fn heads_on_their_side_are_found() {
    let turned = [
        ("clockwise", rotate90(&portrait()), [512 - 58 - 120, 182]),
        (
            "counterclockwise",
            rotate270(&portrait()),
            [58, 512 - 182 - 88],
        ),
    ];
    for (name, picture, [left, top]) in turned {
        let faces = faces(&picture);
        let [face] = faces.as_slice() else {
            panic!("{name}: {faces:?}");
        };
        let expected = Rect {
            left,
            top,
            width: PORTRAIT.height,
            height: PORTRAIT.width,
        };
        assert!(overlap(face.rect, expected) > 0.6, "{name}: {face:?}");
        assert_eq!(face.gender, Some(Gender::Female), "{name}");
    }
}

#[test]
fn confidence_and_smallest_face_are_heeded() {
    let group = fitted(&group(), 800);
    let found = |settings: Settings| {
        let analyser = Analyser::new(settings, 2);
        analyser.analyse(&group).unwrap().faces.len()
    };
    let default = Settings::default();
    assert!(found(default.with_confidence(0.9).unwrap()) < 29);
    assert_eq!(found(default.with_smallest_face(4.0).unwrap()), 0);
    for bad in [0.0, 1.0, f32::NAN] {
        assert!(default.with_confidence(bad).is_err(), "{bad}");
    }
    for bad in [0.0, 51.0, f32::NAN] {
        assert!(default.with_smallest_face(bad).is_err(), "{bad}");
    }
}

#[test]
fn only_the_wanted_attributes_are_estimated() {
    let portrait = portrait();
    for (attributes, age, gender) in [
        ("age", true, false),
        ("gender", false, true),
        ("none", false, false),
    ] {
        let settings = Settings::default().with_attributes(attributes.parse().unwrap());
        let faces = Analyser::new(settings, 2).analyse(&portrait).unwrap().faces;
        let [face] = faces.as_slice() else {
            panic!("{attributes}: {faces:?}");
        };
        assert_eq!(face.age.is_some(), age, "{attributes}");
        assert_eq!(face.gender.is_some(), gender, "{attributes}");
        assert_eq!(face.gender_probability.is_some(), gender, "{attributes}");
    }
}

#[test]
fn pictures_without_faces_have_none() {
    let noise = |x: u32, y: u32| {
        let mixed =
            (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)).wrapping_mul(2_246_822_519);
        Rgb([mixed.to_be_bytes()[0]; 3])
    };
    let cases = [
        ("nothing", RgbImage::new(0, 0)),
        ("a dot", RgbImage::new(1, 1)),
        ("a line", RgbImage::new(5000, 1)),
        ("a strip", RgbImage::from_pixel(20_000, 100, Rgb([255; 3]))),
        ("black", RgbImage::new(300, 200)),
        ("white", RgbImage::from_pixel(2000, 1500, Rgb([255; 3]))),
        ("noise", RgbImage::from_fn(500, 400, noise)),
        (
            "stripes",
            RgbImage::from_fn(500, 400, |x, y| {
                Rgb([if (x / 9 + y / 7) % 2 == 0 { 255 } else { 0 }; 3])
            }),
        ),
        (
            "hair and a flag",
            crop_imm(&portrait(), 0, 0, 512, 70).to_image(),
        ),
    ];
    for (name, picture) in cases {
        assert_eq!(faces(&picture), [], "{name}");
    }
}

#[test]
fn crops_at_all_edges_stay_inside() {
    let portrait = portrait();
    for step in 0..8 {
        let (left, top) = (step * 36, step * 18);
        let cut = crop_imm(&portrait, left, top, 180, 150).to_image();
        for face in faces(&cut) {
            let rect = face.rect;
            assert!(
                rect.left + rect.width <= 180 && rect.top + rect.height <= 150,
                "{rect:?}"
            );
        }
    }
}

#[tokio::test]
async fn broken_photo_is_the_photos_fault() {
    let backend = Backend::from(Local::new(ANALYSER.clone(), permits()));
    let error = backend.analyse(Arc::new(BrokenPhoto)).await.unwrap_err();
    assert_eq!(error.reason(), "picture_unreadable");
}
