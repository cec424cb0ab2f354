//! Files that were made to hurt, sent to the service as it is shipped: what each is answered,
//! and what all of them cost.

use futures_util::{StreamExt as _, stream};

use crate::binary::Binary;
use crate::faces_api::FacesApi;
use crate::forge::{
    blank_png, bmp, exif, frame_at, gif, inserted, joints, jpeg_with, png_with, resized, scans,
    segment, tiff, webp, zeros,
};
use crate::objects::Objects;
use crate::pictures::fixture;
use crate::running::{data, serve};

const MEBI: u64 = 1 << 20;

/// Small limits, so that exceeding them shows.
const LIMITS: [&str; 3] = [
    "--max-object-bytes=16777216",
    "--file-memory=33554432",
    "--pixel-memory=134217728",
];

/// Both budgets, and what the process is without them.
const MOST_MEMORY: u64 = (32 + 128 + 64) * MEBI;

/// A file, and the status and reason that its event is answered with.
struct Case {
    name: &'static str,
    file: Vec<u8>,
    expected: (u16, &'static str),
}

const FINE: (u16, &str) = (200, "");
const TOO_MANY: (u16, &str) = (413, "too_many_pixels");
const CORRUPT: (u16, &str) = (422, "corrupt");
const NONE: (u16, &str) = (422, "not_a_picture");
const CUT: (u16, &str) = (422, "truncated");
const EMPTY: (u16, &str) = (422, "empty_picture");
const FOREIGN: (u16, &str) = (415, "unsupported_format");
const ANIMATED: (u16, &str) = (415, "animated");

fn case(name: &'static str, file: impl Into<Vec<u8>>, expected: (u16, &'static str)) -> Case {
    Case {
        name,
        file: file.into(),
        expected,
    }
}

fn bombs_as_png() -> Vec<Case> {
    let rgba16 = [16, 6, 0];
    let inflating = |name: &[u8]| [name, &[0, 0], &zeros(400 << 20)].concat();
    let text = [b"a\0\x01\0\0\0".as_slice(), &zeros(400 << 20)].concat();
    vec![
        case(
            "PNG of 65,535 by 65,535",
            blank_png((65_535, 65_535), [8, 2, 0], b""),
            TOO_MANY,
        ),
        case(
            "PNG of 400 megapixels",
            blank_png((20_000, 20_000), [8, 2, 0], b""),
            TOO_MANY,
        ),
        case(
            "PNG of two billion a side",
            blank_png((u32::MAX >> 1, u32::MAX >> 1), [8, 2, 0], b""),
            CORRUPT,
        ),
        case(
            "PNG of few pixels with many bytes",
            blank_png((9_000, 9_000), rgba16, b""),
            TOO_MANY,
        ),
        case(
            "interlaced PNG of 400 megapixels",
            blank_png((20_000, 20_000), [8, 2, 1], b""),
            TOO_MANY,
        ),
        case(
            "PNG that holds all that it claims",
            blank_png((3_000, 3_000), [8, 0, 0], &zeros(3_001 * 3_000)),
            FINE,
        ),
        case(
            "PNG whose data goes on and on",
            blank_png((100, 100), [8, 0, 0], &zeros(400 << 20)),
            FINE,
        ),
        case(
            "PNG with a colour profile of 400 MB",
            png_with(*b"iCCP", &inflating(b"a")),
            FINE,
        ),
        case(
            "PNG with a text of 400 MB",
            png_with(*b"zTXt", &inflating(b"a")),
            FINE,
        ),
        case(
            "PNG with an international text of 400 MB",
            png_with(*b"iTXt", &text),
            FINE,
        ),
    ]
}

fn other_bombs() -> Vec<Case> {
    let mut claiming = fixture("lossless-alpha.webp");
    claiming.extend(b"EXIF\xff\xff\xff\xff");
    let length = u32::try_from(claiming.len() - 8).unwrap();
    claiming[4..8].copy_from_slice(&length.to_le_bytes());
    vec![
        case(
            "GIF of 65,535 by 65,535",
            gif((65_535, 65_535), (1, 1), 1),
            TOO_MANY,
        ),
        case(
            "GIF whose frame is larger than its canvas",
            gif((10, 10), (20_000, 20_000), 400_000_000),
            CORRUPT,
        ),
        case(
            "GIF whose frame is a little larger",
            gif((10, 10), (11, 10), 110),
            CORRUPT,
        ),
        case(
            "BMP of two billion a side",
            bmp(i32::MAX, i32::MAX, 0),
            CORRUPT,
        ),
        case("BMP of 400 megapixels", bmp(20_000, 20_000, 0), TOO_MANY),
        case("BMP of the lowest height", bmp(10, i32::MIN, 0), CORRUPT),
        case(
            "WebP of 16,383 by 16,383",
            webp(*b"VP8L", b"\x2f\xfe\xbf\xff\x0f\0\0\0\0"),
            TOO_MANY,
        ),
        case(
            "WebP canvas of 16 million a side",
            webp(*b"VP8X", b"\0\0\0\0\xff\xff\xff\xff\xff\xff"),
            CORRUPT,
        ),
        case("WebP with a part of 4 GB", claiming, CUT),
        case(
            "JPEG of 65,535 by 65,535",
            resized("420.jpg", 65_535, 65_535),
            TOO_MANY,
        ),
        case(
            "JPEG of 100 megapixels in a few hundred bytes",
            resized("420.jpg", 10_000, 9_999),
            TOO_MANY,
        ),
        case(
            "JPEG of 16 megapixels in a few hundred bytes",
            resized("420.jpg", 4_000, 4_000),
            CUT,
        ),
        case(
            "progressive JPEG of 90 megapixels",
            resized("progressive.jpg", 9_000, 9_999),
            TOO_MANY,
        ),
        case("progressive JPEG of 5,000 scans", scans(5_000), CORRUPT),
        case(
            "side of 50,000",
            blank_png((1, 50_000), [8, 0, 0], &zeros(100_000)),
            TOO_MANY,
        ),
    ]
}

fn odd_jpegs() -> Vec<Case> {
    let jpeg = fixture("420.jpg");
    let at = frame_at(&jpeg);
    let coded = |marker: u8| {
        let mut file = jpeg.clone();
        file[at + 1] = marker;
        file
    };
    let mut deep = jpeg.clone();
    deep[at + 4] = 12;
    // One reader may take the first frame header, another the second, or skip the first.
    let small = jpeg[at..at + 19].to_vec();
    let mut large = small.clone();
    large[5..9].copy_from_slice(&[0x27, 0x10, 0x27, 0x10]);
    let second = inserted(&jpeg, at + 19, &large);
    let skipped = inserted(&jpeg, at, &[&[0xff, 0x01][..], &large].concat());
    let profile = |number: u8, of: u8| {
        let head = [b"ICC_PROFILE\0".as_slice(), &[number, of]].concat();
        segment(0xe2, &[head.as_slice(), &[7].repeat(65_000)].concat())
    };
    let huge: Vec<u8> = (1..=200).flat_map(|number| profile(number, 200)).collect();
    vec![
        case("arithmetic-coded JPEG", coded(0xc9), FOREIGN),
        case("progressive arithmetic-coded JPEG", coded(0xca), FOREIGN),
        case("lossless JPEG", coded(0xc3), FOREIGN),
        case("hierarchical JPEG", coded(0xc5), FOREIGN),
        case("12-bit JPEG", deep, FOREIGN),
        case("JPEG without width", resized("420.jpg", 0, 48), EMPTY),
        case(
            "JPEG that will say its height later",
            resized("420.jpg", 64, 0),
            EMPTY,
        ),
        case("JPEG with two frame headers", second, CORRUPT),
        case("JPEG whose frame header some skip", skipped, TOO_MANY),
        case("JPEG with a profile of 13 MB", jpeg_with(&huge), FINE),
        case(
            "JPEG with the first part of a profile",
            jpeg_with(&profile(1, 9)),
            FINE,
        ),
        case(
            "JPEG with a profile part number 0",
            jpeg_with(&profile(0, 0)),
            FINE,
        ),
        case(
            "JPEG with a short Adobe marker",
            jpeg_with(&segment(0xee, b"Adobe")),
            CORRUPT,
        ),
        case(
            "JPEG with an unknown Adobe transform",
            jpeg_with(&segment(0xee, b"Adobe\0\x64\0\0\0\0\x09")),
            CORRUPT,
        ),
        case(
            "JPEG with a segment of no length",
            jpeg_with(&[0xff, 0xe5, 0, 0]),
            CUT,
        ),
        case(
            "JPEG with 10 MB between its segments",
            jpeg_with(&vec![0xff; 10 << 20]),
            FINE,
        ),
    ]
}

fn odd_exif() -> Vec<Case> {
    const ORIENTATION: u16 = 0x112;
    let with = |tiff: &[u8]| jpeg_with(&exif(tiff));
    let says = |value| with(&tiff(ORIENTATION, 3, 1, value, 0));
    vec![
        case("orientation 0", says(0), FINE),
        case("orientation 9", says(9), FINE),
        case("orientation 65,535", says(65_535), FINE),
        case(
            "a directory that follows itself",
            with(&tiff(ORIENTATION, 3, 1, 1, 8)),
            FINE,
        ),
        case(
            "a directory beyond the end",
            with(b"II*\0\xff\xff\xff\x7f"),
            FINE,
        ),
        case(
            "a value beyond the end",
            with(&tiff(ORIENTATION, 4, 9, 0x7fff_ffff, 0)),
            FINE,
        ),
        case(
            "four billion values",
            with(&tiff(ORIENTATION, 4, u32::MAX, 8, 0)),
            FINE,
        ),
        case(
            "an unknown kind of value",
            with(&tiff(ORIENTATION, 99, 1, 1, 0)),
            FINE,
        ),
        case(
            "a sub-directory that is its parent",
            with(&tiff(0x8769, 4, 1, 8, 0)),
            FINE,
        ),
        case("EXIF without anything", with(b""), FINE),
    ]
}

fn foreign() -> Vec<Case> {
    let jpeg = fixture("420.jpg");
    let behind = |more: &[u8]| [jpeg.as_slice(), more].concat();
    let page = b"<!DOCTYPE html><script>alert(1)</script>";
    vec![
        case("no bytes", "", NONE),
        case("one byte", "\u{7f}", NONE),
        case("a page", page.as_slice(), NONE),
        case(
            "a drawing",
            "<svg xmlns='http://www.w3.org/2000/svg'/>",
            NONE,
        ),
        case("a document", "%PDF-1.7\n%\n1 0 obj", NONE),
        case("an archive", "PK\u{3}\u{4}", NONE),
        case("a program", "\u{7f}ELF", NONE),
        case("TIFF", "II*\0\u{8}\0\0\0", FOREIGN),
        case("Photoshop", "8BPS\0\u{1}", FOREIGN),
        case("AVIF", "\0\0\0\u{18}ftypavif\0\0\0\0", FOREIGN),
        case("JPEG XL", "\0\0\0\u{c}JXL \r\n\u{87}\n", FOREIGN),
        case("animated PNG", fixture("animated.png"), ANIMATED),
        case("animated WebP", fixture("animated.webp"), ANIMATED),
        case("animated GIF", fixture("animated.gif"), ANIMATED),
        case("PNG of no pixels", fixture("empty.png"), CORRUPT),
        case("BMP of no pixels", bmp(0, 0, 0), FOREIGN),
        case("GIF of no pixels", gif((0, 0), (0, 0), 1), EMPTY),
        case("PNG called JPEG", fixture("alpha.png"), FINE),
        case("one pixel", blank_png((1, 1), [8, 0, 0], &zeros(2)), FINE),
        case(
            "one pixel of 16-bit colour with alpha",
            blank_png((1, 1), [16, 6, 0], &zeros(9)),
            FINE,
        ),
        case("one bit", blank_png((1, 1), [1, 0, 0], &zeros(2)), FINE),
        case("one pixel of BMP", bmp(1, 1, 4), FINE),
        case("a BMP from its top", bmp(20, -20, 1200), FINE),
        case("one pixel of GIF", gif((1, 1), (1, 1), 1), FINE),
        case("grey with alpha", fixture("grey-alpha.png"), FINE),
        case("16-bit grey", fixture("grey-16.png"), FINE),
        case(
            "palette with transparency",
            fixture("palette-alpha.png"),
            FINE,
        ),
        case("CMYK", fixture("cmyk.jpg"), FINE),
        case("RGB by its Adobe marker", fixture("rgb.jpg"), FINE),
        case(
            "JPEG that is also an archive",
            behind(b"PK\x03\x04\x14\0"),
            FINE,
        ),
        case(
            "JPEG with a page in its comment",
            jpeg_with(&segment(0xfe, page)),
            FINE,
        ),
        case(
            "GIF that is also an archive",
            [fixture("still.gif").as_slice(), b"PK\x03\x04"].concat(),
            FINE,
        ),
        case(
            "two pictures in one file",
            behind(&fixture("progressive.jpg")),
            FINE,
        ),
        case(
            "a megabyte of garbage behind the end",
            behind(&vec![0xff; 1 << 20]),
            FINE,
        ),
    ]
}

/// Each file cut at each joint, and just before and behind it.
fn cut() -> Vec<(String, Vec<u8>)> {
    let names = [
        "420.jpg",
        "progressive.jpg",
        "cmyk.jpg",
        "444-icc.jpg",
        "alpha.png",
        "interlaced-palette.png",
        "grey-16.png",
    ];
    let mut cuts = vec![];
    for name in names {
        let file = fixture(name);
        for joint in joints(&file) {
            for at in joint - 1..=joint + 5 {
                cuts.push((format!("{name} cut at {at}"), file[..at].to_vec()));
            }
        }
    }
    for name in [
        "lossy.webp",
        "lossless-alpha.webp",
        "24-bit.bmp",
        "palette.bmp",
        "still.gif",
    ] {
        let file = fixture(name);
        for at in (1..20).chain((20..file.len() - 2).step_by(file.len() / 12)) {
            cuts.push((format!("{name} cut at {at}"), file[..at].to_vec()));
        }
    }
    cuts
}

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
        if peak > MOST_MEMORY {
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
    assert!(peak <= MOST_MEMORY, "{} MiB", peak / MEBI);
}
