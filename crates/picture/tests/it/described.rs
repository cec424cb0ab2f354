//! What JPEG files, and others, say of their photo: kept as it is true of the result, or stripped.

use face::Face;
use picture::{Metadata, Options, Orientation};

use crate::exact::png;
use crate::forge::chunk;
use crate::pictures::{fixture, open, shown, woman};

const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";

/// Orientation and maker, the place, and a thumbnail.
fn exif(orientation: u8) -> Vec<u8> {
    let mut block = b"Exif\0\0MM\0*\0\0\0\x08\0\x03".to_vec();
    block.extend(b"\x01\x0f\0\x02\0\0\0\x04Cam\0");
    block.extend([1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    block.extend(b"\x88\x25\0\x04\0\0\0\x01\0\0\0\x32");
    block.extend(b"\0\0\0\x44");
    block.extend(b"\0\x01\0\x01\0\x02\0\0\0\x02N\0\0\0\0\0\0\0");
    block.extend(b"\0\x02\x02\x01\0\x04\0\0\0\x01\0\0\0\x62");
    block.extend(b"\x02\x02\0\x04\0\0\0\x01\0\0\0\x0b\0\0\0\0");
    block.extend(b"\xff\xd8unmarked\xd9");
    block
}

/// A resource of Photoshop.
fn resource(number: u8, content: [u8; 8]) -> Vec<u8> {
    [&b"8BIM\x04"[..], &[number, 0, 0, 0, 0, 0, 8], &content].concat()
}

fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker][..], &length, payload].concat()
}

fn xmp(orientation: u8) -> Vec<u8> {
    let packet = format!("<x tiff:Orientation=\"{orientation}\" dc:creator=\"Nobody\"/>");
    [XMP, packet.as_bytes()].concat()
}

/// `file` with all that cameras and agencies say of a photo that lies like this.
fn described(file: &[u8], orientation: u8) -> Vec<u8> {
    let photoshop = [
        PHOTOSHOP,
        &resource(12, *b"unmarked"),
        &resource(4, *b"A hand!!"),
    ]
    .concat();
    let segments = [
        segment(0xe1, &exif(orientation)),
        segment(0xe1, &xmp(orientation)),
        segment(0xed, &photoshop),
        segment(0xfe, b"a comment"),
    ];
    [&file[..2], &segments.concat(), &file[2..]].concat()
}

/// The payloads of the segments before the picture data.
fn payloads(file: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut found = Vec::new();
    let mut at = 2;
    while file[at + 1] != 0xda {
        let length = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        found.push((file[at + 1], file[at + 4..at + 2 + length].to_vec()));
        at += 2 + length;
    }
    found
}

fn descriptions(file: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut found = payloads(file);
    found.retain(|(marker, _)| matches!(marker, 0xe1 | 0xed | 0xfe));
    found
}

/// The result, with the metadata of the file or without.
fn result(file: &[u8], faces: &[Face], is_stripped: bool) -> Vec<u8> {
    let picture = open(file).unwrap();
    let options = Options {
        metadata: is_stripped.then_some(Metadata::Strip),
        ..Options::default()
    };
    let plan = picture.plan(faces, options);
    picture.annotate(&plan).unwrap().bytes
}

/// In every way that a JPEG goes: edited, turned, copied, decoded.
#[test]
fn descriptions_of_a_jpeg_are_kept_and_put_right() {
    let face = [woman(20, 14, 24)];
    for (name, orientation, faces) in [
        ("420.jpg", 1, &face[..]),
        ("420.jpg", 6, &face),
        ("420.jpg", 3, &[]),
        ("progressive.jpg", 1, &[]),
        ("progressive.jpg", 1, &face),
        ("progressive.jpg", 8, &face),
    ] {
        let file = described(&fixture(name), orientation);
        let case = format!("{name}, {orientation}, {} faces", faces.len());
        let result = result(&file, faces, false);
        let mut upright = exif(1);
        // The directory of the thumbnail, the thumbnail, and where that directory begins.
        upright[6 + 0x44..].fill(0);
        upright[6 + 0x2e..6 + 0x32].fill(0);
        let expected = [
            (0xe1, upright),
            (0xe1, xmp(1)),
            (0xfe, b"a comment".to_vec()),
            (0xed, [PHOTOSHOP, &resource(4, *b"A hand!!")].concat()),
        ];
        assert_eq!(descriptions(&result), expected, "{case}");
        assert!(
            !result.windows(8).any(|bytes| bytes == b"unmarked"),
            "{case}"
        );
        let header = *open(&result).unwrap().header();
        assert_eq!(header.orientation, Orientation::Upright, "{case}");
    }
}

/// JPEGs whose last blocks are filled up.
#[test]
fn what_cannot_be_turned_without_loss_stays_on_its_side_if_nothing_is_drawn() {
    let pixels = |file: &[u8]| image::load_from_memory(file).unwrap().into_rgb8();
    let mut ragged = Vec::new();
    let samples: Vec<u8> = (0..=255).cycle().take(61 * 43).collect();
    let colour = jpeg_encoder::ColorType::Luma;
    let encoder = jpeg_encoder::Encoder::new(&mut ragged, 90);
    encoder.encode(&samples, 61, 43, colour).unwrap();
    let progressive = fixture("progressive-420.jpg");
    for (name, plain) in [("ragged", ragged), ("progressive", progressive)] {
        let file = described(&plain, 6);
        let dimensions = open(&file).unwrap().header().dimensions();
        for (is_stripped, descriptions_left) in [(false, 4), (true, 1)] {
            let result = result(&file, &[], is_stripped);
            let header = *open(&result).unwrap().header();
            assert_eq!(header.orientation, Orientation::Clockwise, "{name}");
            assert_eq!(header.dimensions(), dimensions, "{name}");
            assert_eq!(pixels(&result), pixels(&plain), "{name}");
            assert_eq!(descriptions(&result).len(), descriptions_left, "{name}");
            let says = |what: &[u8]| result.windows(what.len()).any(|bytes| bytes == what);
            assert_eq!(says(b"tiff:Orientation=\"6\""), !is_stripped, "{name}");
            assert!(!says(b"unmarked"), "{name}");
        }
    }
}

#[test]
fn stripped_results_are_not_described_and_look_the_same() {
    let face = [woman(20, 14, 24)];
    for (name, orientation) in [("420.jpg", 1), ("444-icc.jpg", 6), ("progressive.jpg", 1)] {
        let file = described(&fixture(name), orientation);
        let stripped = result(&file, &face, true);
        assert_eq!(descriptions(&stripped), [], "{name}");
        let kept = result(&file, &face, false);
        let profiles = |file: &[u8]| payloads(file).iter().filter(|it| it.0 == 0xe2).count();
        assert_eq!(profiles(&stripped), profiles(&kept), "{name}");
        assert_eq!(shown(&stripped), shown(&kept), "{name}");
    }
}

#[test]
fn stripped_pngs_keep_what_decides_how_they_are_shown() {
    let chunks = [
        chunk(*b"gAMA", &[0, 1, 0x86, 0xa0]),
        chunk(*b"pHYs", &[0, 0, 9, 9, 0, 0, 9, 9, 1]),
        chunk(*b"eXIf", &exif(1)[6..]),
        chunk(*b"tEXt", b"Author\0Nobody"),
        chunk(*b"tIME", &[7, 234, 1, 2, 3, 4, 5]),
        chunk(*b"abCd", b"nobody knows"),
    ];
    let file = png((128, 96), [8, 2, 0], 256, &chunks.concat());
    let result = result(&file, &[woman(20, 14, 24)], true);
    let has = |kind: &[u8]| result.windows(4).any(|bytes| bytes == kind);
    assert!(has(b"gAMA") && has(b"pHYs"));
    for kind in [b"eXIf", b"tEXt", b"tIME", b"abCd"] {
        assert!(!has(kind), "{}", kind.escape_ascii());
    }
}

#[test]
fn stripped_webps_and_gifs_say_nothing() {
    let still = fixture("still.gif");
    let head = 13 + 3 * (2 << (still[10] & 7));
    let comment = b"!\xfe\x06Nobody\0";
    let gif = [&still[..head], comment, &still[head..]].concat();
    let mut pixels = Vec::new();
    let mut encoder = image_webp::WebPEncoder::new(&mut pixels);
    encoder.set_exif_metadata(exif(1)[6..].to_vec());
    encoder.set_xmp_metadata(b"<x>Nobody</x>".to_vec());
    let colour = image_webp::ColorType::Rgb8;
    encoder
        .encode(&vec![90; 96 * 64 * 3], 96, 64, colour)
        .unwrap();
    for (name, file, said) in [
        ("gif", gif, &b"Nobody"[..]),
        ("webp", pixels.clone(), b"Nobody"),
        ("webp", pixels, b"Cam"),
    ] {
        let has = |file: &[u8]| file.windows(said.len()).any(|bytes| bytes == said);
        assert!(has(&result(&file, &[], false)), "{name} kept");
        assert!(!has(&result(&file, &[], true)), "{name} stripped");
    }
}
