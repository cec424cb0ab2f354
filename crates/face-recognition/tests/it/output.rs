//! What results look like, as the operator says.

use image::{ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::faces_api::FacesApi;
use crate::pictures::fixture;
use crate::running::{Running, data};

/// The photo `file` and its result, and the reply.
async fn annotated(faces: FacesApi, file: Vec<u8>, flags: &[&str]) -> (Vec<u8>, Value) {
    let running = Running::with(faces, flags).await;
    running.objects.put("a.jpg", file);
    let reply = data(running.created("a.jpg").await).await;
    let result = running.objects.get("target/rec-a.jpg").unwrap();
    (result.content.to_vec(), reply["results"][0].clone())
}

fn nobody() -> FacesApi {
    let answer = json!({
        "errno": 0, "request_id": "1", "face_num": 0,
        "face_rect": [], "face_prob": [], "gender": [], "age": [],
    });
    FacesApi::with(move |_| Some(ResponseTemplate::new(200).set_body_json(&answer)))
}

fn pixels(file: &[u8]) -> RgbImage {
    image::load_from_memory(file).unwrap().into_rgb8()
}

#[tokio::test]
async fn a_photo_without_faces_keeps_its_pixels_unless_a_banner_is_asked_for() {
    let photo = fixture("420.jpg");
    for (flags, is_same) in [
        (&[][..], true),
        (&["--banner=never"], true),
        (&["--mark=blur"], true),
        (&["--banner=always"], false),
    ] {
        let (result, _) = annotated(nobody(), photo.clone(), flags).await;
        assert_eq!(pixels(&result) == pixels(&photo), is_same, "{flags:?}");
    }
}

/// Fine stripes, of which a mosaic leaves none.
fn striped() -> Vec<u8> {
    let stripes = RgbImage::from_fn(64, 48, |x, _| Rgb([if x % 4 < 2 { 0 } else { 255 }; 3]));
    let mut file = std::io::Cursor::new(Vec::new());
    stripes.write_to(&mut file, ImageFormat::Jpeg).unwrap();
    file.into_inner()
}

/// The face is 24 pixels wide, at 20, 14.
#[tokio::test]
async fn hidden_faces_change_and_nothing_else_does() {
    let photo = striped();
    let before = pixels(&photo);
    for mark in ["--mark=mosaic", "--mark=blur"] {
        let (result, reply) = annotated(FacesApi::new(), photo.clone(), &[mark]).await;
        let after = pixels(&result);
        assert_ne!(before.get_pixel(32, 26), after.get_pixel(32, 26), "{mark}");
        let (width, height) = before.dimensions();
        let far = [(width - 1, 0), (0, height - 1), (width - 1, height - 1)];
        for (x, y) in far {
            assert_eq!(
                before.get_pixel(x, y),
                after.get_pixel(x, y),
                "{mark} {x},{y}"
            );
        }
        assert_eq!(reply["drawn"], json!({ "boxes": 1, "labels": 0 }), "{mark}");
    }
}

#[tokio::test]
async fn metadata_is_kept_or_stripped() {
    let photo = fixture("420.jpg");
    let comment = b"\xff\xfe\0\x08Nobody";
    let photo = [&photo[..2], comment, &photo[2..]].concat();
    for (flags, is_kept) in [
        (&[][..], true),
        (&["--metadata=strip"], false),
        (&["--mark=mosaic"], false),
        (&["--mark=mosaic", "--metadata=keep"], true),
    ] {
        let (result, _) = annotated(FacesApi::new(), photo.clone(), flags).await;
        let found = result.windows(6).any(|bytes| bytes == b"Nobody");
        assert_eq!(found, is_kept, "{flags:?}");
    }
}
