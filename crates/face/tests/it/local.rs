//! The local back end on real photos: the crate's own group picture and NASA's portrait.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use face::local::{Local, LocalDetector};
use face::{Analysis, Backend, Face, Photo, Rect};
use image::imageops::{FilterType, crop_imm, flip_horizontal, resize};
use image::{GrayImage, Luma};

use crate::support::{BrokenPhoto, TestPhoto, permits};

/// The middle of each face in the group picture that comes with `rustface`: Benjamin Couprie's
/// photograph of the Solvay conference of 1927.
const GROUP: [(u32, u32); 29] = [
    (77, 222),
    (132, 278),
    (238, 241),
    (264, 68),
    (315, 289),
    (397, 105),
    (407, 226),
    (490, 152),
    (494, 281),
    (594, 228),
    (640, 125),
    (691, 289),
    (787, 147),
    (793, 216),
    (896, 281),
    (924, 119),
    (947, 214),
    (1041, 125),
    (1068, 281),
    (1111, 230),
    (1161, 121),
    (1194, 280),
    (1292, 237),
    (1305, 121),
    (1385, 286),
    (1397, 62),
    (1450, 240),
    (1461, 125),
    (1517, 303),
];

/// Brows to chin of the portrait.
const PORTRAIT: Rect = Rect {
    left: 177,
    top: 68,
    width: 95,
    height: 95,
};

static DETECTOR: LazyLock<LocalDetector> = LazyLock::new(|| LocalDetector::new().unwrap());

fn open(path: &Path) -> GrayImage {
    let picture = image::open(path);
    picture
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .into_luma8()
}

fn group() -> GrayImage {
    open(&Path::new(env!("RUSTFACE_FOLDER")).join("test.png"))
}

fn portrait() -> GrayImage {
    open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/astronaut.jpg"))
}

fn fitted(picture: &GrayImage, long_side: u32) -> GrayImage {
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
fn likeness(a: Rect, b: Rect) -> f64 {
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
    let is_at = |face: &Face, (x, y): (u32, u32)| {
        let middle_x = f64::from(face.rect.left) + f64::from(face.rect.width) / 2.0;
        let middle_y = f64::from(face.rect.top) + f64::from(face.rect.height) / 2.0;
        (middle_x / scale - f64::from(x)).hypot(middle_y / scale - f64::from(y)) < 20.0
    };
    for middle in GROUP {
        let here = faces.iter().filter(|face| is_at(face, middle)).count();
        assert_eq!(here, 1, "faces at {middle:?}, {width} pixels wide");
    }
    assert_eq!(faces.len(), GROUP.len(), "{width} pixels wide");
}

/// One face, where the portrait's face is in a picture of this width.
fn check_portrait(name: &str, faces: &[Face], width: u32, left: u32, top: u32) {
    let [face] = faces else {
        panic!("{name}: {faces:?}");
    };
    let scaled = |side: u32| side * width / 512;
    let expected = Rect {
        left: left + scaled(PORTRAIT.left),
        top: top + scaled(PORTRAIT.top),
        width: scaled(PORTRAIT.width),
        height: scaled(PORTRAIT.height),
    };
    let likeness = likeness(face.rect, expected);
    assert!(
        likeness > 0.5,
        "{name}: {:?} is not {expected:?}",
        face.rect
    );
}

async fn analysed(photo: Arc<TestPhoto>) -> Analysis {
    let backend = Backend::from(Local::new(DETECTOR.clone(), permits()));
    backend.analyse(photo).await.unwrap()
}

#[test]
fn whole_group_is_found_and_nothing_else() {
    check_group(&DETECTOR.detect(&group()), 1666);
}

#[test]
fn group_survives_scaling() {
    for width in [1200, 3000] {
        check_group(&DETECTOR.detect(&fitted(&group(), width)), width);
    }
}

#[tokio::test]
async fn group_of_fifty_megapixels_is_looked_at_in_a_useful_size() {
    let (width, height) = (8562, 5838);
    let photo = Arc::new(TestPhoto::new(resize(
        &group(),
        width,
        height,
        FilterType::Nearest,
    )));
    let analysis = analysed(photo.clone()).await;
    check_group(&analysis.faces, width);
    let asked = photo.sides_asked.lock().unwrap().clone();
    assert_eq!(asked, [LocalDetector::useful_side(photo.dimensions())]);
    assert!(asked[0] < 2000, "{asked:?}");
}

#[tokio::test]
async fn portrait_is_found_once_in_every_size() {
    for side in [64, 80, 128, 300, 512, 2000] {
        let photo = Arc::new(TestPhoto::new(fitted(&portrait(), side)));
        let analysis = analysed(photo).await;
        check_portrait(&format!("{side} pixels"), &analysis.faces, side, 0, 0);
    }
}

#[test]
fn face_cut_out_tightly_is_found() {
    let cut = crop_imm(&portrait(), 168, 59, 113, 113).to_image();
    let faces = DETECTOR.detect(&cut);
    let [face] = faces.as_slice() else {
        panic!("{faces:?}");
    };
    assert!(
        face.rect.width > 80 && face.rect.left + face.rect.width <= 113,
        "{face:?}"
    );
}

#[test]
fn face_in_any_corner_is_found() {
    // Nothing right of and below the face, then nothing left of and above it.
    let far = crop_imm(&portrait(), 0, 0, 285, 180).to_image();
    check_portrait("far corner", &DETECTOR.detect(&far), 512, 0, 0);
    let near = crop_imm(&portrait(), 165, 50, 347, 462).to_image();
    let faces = DETECTOR.detect(&near);
    assert_eq!(faces.len(), 1, "{faces:?}");
    assert!(
        faces[0].rect.left < 20 && faces[0].rect.top < 25,
        "{faces:?}"
    );
}

#[test]
fn mirrored_portrait_has_its_face_mirrored() {
    let faces = DETECTOR.detect(&flip_horizontal(&portrait()));
    let [face] = faces.as_slice() else {
        panic!("{faces:?}");
    };
    let mirrored = Rect {
        left: 512 - face.rect.left - face.rect.width,
        ..face.rect
    };
    assert!(likeness(mirrored, PORTRAIT) > 0.5, "{face:?}");
}

#[test]
fn local_faces_have_a_confidence_and_no_attributes() {
    let faces = DETECTOR.detect(&portrait());
    assert!(
        faces[0]
            .probability
            .is_some_and(|it| (0.9..1.0).contains(&it)),
        "{faces:?}"
    );
    assert_eq!((faces[0].gender, faces[0].age), (None, None));
}

#[test]
fn pictures_without_faces_have_none() {
    let noise = |x: u32, y: u32| {
        let mixed =
            (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)).wrapping_mul(2_246_822_519);
        Luma([mixed.to_be_bytes()[0]])
    };
    let cases = [
        ("nothing", GrayImage::new(0, 0)),
        ("a dot", GrayImage::new(1, 1)),
        ("a line", GrayImage::new(5000, 1)),
        ("a strip", GrayImage::from_pixel(20_000, 100, Luma([255]))),
        ("black", GrayImage::new(300, 200)),
        ("white", GrayImage::from_pixel(2000, 1500, Luma([255]))),
        ("noise", GrayImage::from_fn(500, 400, noise)),
        (
            "stripes",
            GrayImage::from_fn(500, 400, |x, y| {
                Luma([if (x / 9 + y / 7) % 2 == 0 { 255 } else { 0 }])
            }),
        ),
        (
            "half a face",
            crop_imm(&portrait(), 0, 0, 512, 95).to_image(),
        ),
    ];
    for (name, picture) in cases {
        let faces = DETECTOR.detect(&picture);
        assert_eq!(faces, [], "{name}");
    }
}

#[test]
fn crops_at_all_edges_stay_inside() {
    let portrait = portrait();
    for step in 0..12 {
        let (left, top) = (step * 24, step * 12);
        let cut = crop_imm(&portrait, left, top, 180, 150).to_image();
        for face in DETECTOR.detect(&cut) {
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
    let backend = Backend::from(Local::new(DETECTOR.clone(), permits()));
    let error = backend.analyse(Arc::new(BrokenPhoto)).await.unwrap_err();
    assert_eq!(error.reason(), "picture_unreadable");
}
