//! Metadata is kept where it is true of the result.

use image_webp::{ColorType, WebPDecoder, WebPEncoder};
use picture::{Annotated, Limits, Options, Orientation, Picture};

use crate::exact::{exact, palette, png, stored};
use crate::forge::{chunk, inserted, joints};
use crate::orientations::exif;
use crate::pictures::{annotated, fixture, open, woman};

fn xmp(value: u8) -> Vec<u8> {
    format!("<x tiff:Orientation=\"{value}\"/>").into_bytes()
}

/// The chunks beside the pixels, in their order.
fn beside(file: &[u8]) -> Vec<(String, Vec<u8>)> {
    let chunks = joints(file).into_iter().map(|at| {
        let length = u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        let kind = String::from_utf8(file[at + 4..at + 8].to_vec()).unwrap();
        (kind, file[at + 8..at + 8 + length].to_vec())
    });
    let needed = ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"];
    chunks
        .filter(|(kind, _)| !needed.contains(&kind.as_str()))
        .collect()
}

/// Chunks for a picture that lies like this.
fn said(orientation: u8, [across, down]: [u8; 2]) -> Vec<(&'static [u8; 4], Vec<u8>)> {
    vec![
        (b"gAMA", vec![0, 1, 0x86, 0xa0]),
        (b"cHRM", (0..32).collect()),
        (b"cICP", vec![9, 16, 0, 1]),
        (
            b"iCCP",
            [b"name\0\0".as_slice(), &stored(b"profile")].concat(),
        ),
        (b"sRGB", vec![0]),
        (b"mDCV", (0..24).collect()),
        (b"cLLI", (0..8).collect()),
        (b"sBIT", vec![7, 7, 7]),
        (b"bKGD", vec![0, 1, 0, 2, 0, 3]),
        (b"pHYs", vec![0, 0, 9, across, 0, 0, 9, down, 1]),
        (b"eXIf", exif(orientation)),
        (b"tIME", vec![7, 234, 1, 2, 3, 4, 5]),
        (b"tEXt", b"Title\0A hand".to_vec()),
        (
            b"zTXt",
            [b"Comment\0\0".as_slice(), &stored(b"A hand")].concat(),
        ),
        (b"iTXt", b"Author\0\0\0\0\0Nobody".to_vec()),
        (
            b"iTXt",
            [b"XML:com.adobe.xmp\0\0\0\0\0".as_slice(), &xmp(orientation)].concat(),
        ),
        (b"abCd", b"may be copied".to_vec()),
    ]
}

fn written(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let chunks = chunks.iter().flat_map(|(kind, data)| chunk(**kind, data));
    chunks.collect()
}

fn sorted(mut chunks: Vec<(String, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
    chunks.sort();
    chunks
}

fn named(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<(String, Vec<u8>)> {
    let name = |kind: &[u8; 4]| String::from_utf8(kind.to_vec()).unwrap();
    let named = chunks.iter().map(|(kind, data)| (name(kind), data.clone()));
    sorted(named.collect())
}

#[test]
fn png_chunks_are_kept_byte_for_byte() {
    let chunks = said(1, [1, 2]);
    let file = png((128, 96), [8, 2, 0], 256, &written(&chunks));
    let result = exact("chunks", &file);
    assert_eq!(sorted(beside(&result)), named(&chunks));
    for (name, kind) in [("gamma.png", "gAMA"), ("300-dpi.png", "pHYs")] {
        let file = fixture(name);
        let chunks = beside(&file);
        assert!(chunks.iter().any(|(found, _)| found == kind), "{name}");
        assert_eq!(beside(&annotated(&file, &[]).unwrap()), chunks, "{name}");
    }
}

#[test]
fn png_chunks_come_where_decoders_look_for_them() {
    let before = [chunk(*b"gAMA", &[0, 1, 0x86, 0xa0]), palette(9)].concat();
    let chunks = [before, chunk(*b"bKGD", &[3]), chunk(*b"tRNS", &[7])].concat();
    let file = png((128, 96), [4, 3, 0], 9, &chunks);
    let at = file.len() - 12;
    let file = inserted(&file, at, &chunk(*b"tEXt", b"Title\0A hand"));
    let result = exact("palette", &file);
    let kinds: Vec<&[u8]> = joints(&result)
        .into_iter()
        .map(|at| &result[at + 4..at + 8])
        .filter(|kind| *kind != b"IDAT")
        .collect();
    let expected = [
        b"IHDR", b"gAMA", b"PLTE", b"tRNS", b"bKGD", b"tEXt", b"IEND",
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn what_is_said_of_a_turned_picture_is_put_right() {
    for value in 1..=8 {
        let orientation = Orientation::from_exif(value.into());
        let mut chunks = said(value, [1, 2]);
        chunks.push((b"oFFs", vec![0; 9]));
        let file = png((128, 96), [8, 2, 0], 256, &written(&chunks));
        let result = annotated(&file, &[]).unwrap();
        let mut expected = said(
            1,
            if orientation.is_sideways() {
                [2, 1]
            } else {
                [1, 2]
            },
        );
        if value == 1 {
            expected.push((b"oFFs", vec![0; 9]));
        }
        assert_eq!(sorted(beside(&result)), named(&expected), "{value}");
        let result = open(&result).unwrap();
        assert_eq!(result.header().orientation, Orientation::Upright, "{value}");
    }
}

#[test]
fn what_is_no_longer_true_of_a_png_is_left_behind() {
    let mut broken = chunk(*b"pHYs", &[0; 9]);
    *broken.last_mut().unwrap() ^= 1;
    let left = [
        broken,
        chunk(*b"abCD", b"must not be copied"),
        chunk(*b"dSIG", b"signature"),
        chunk(*b"iDOT", b"where rows begin"),
        chunk(*b"tEXt", b"Raw profile type exif\0\nexif"),
        chunk(*b"gAMA", &[0, 0, 0xb1, 0x8f]),
        chunk(*b"gAMA", &[0, 1, 0x86, 0xa0]), // The first one counts.
    ];
    let file = png((128, 96), [8, 0, 0], 256, &left.concat());
    let kept = beside(&exact("oddities", &file));
    assert_eq!(kept, [("gAMA".to_owned(), vec![0, 0, 0xb1, 0x8f])]);
}

#[test]
fn numbers_about_samples_follow_the_samples() {
    let chunks = [chunk(*b"sBIT", &[1]), chunk(*b"bKGD", &[0, 1])].concat();
    let file = png((128, 96), [1, 0, 0], 2, &chunks);
    let result = exact("one bit", &file);
    assert_eq!(result[24], 8, "bits, for what is drawn");
    assert_eq!(beside(&result), [("bKGD".to_owned(), vec![0, 255])]);
}

#[test]
fn png_that_is_not_read_says_why() {
    let whole = png((128, 96), [8, 2, 0], 256, b"");
    let with = |kind: [u8; 4], data: &[u8]| inserted(&whole, 33, &chunk(kind, data));
    let control = [&7_u32.to_be_bytes()[..], &[0; 4]].concat();
    let mut wrong_data = whole.clone();
    let at = whole.len() - 14;
    wrong_data[at] ^= 1;
    let apple = inserted(&whole, 8, &chunk(*b"CgBI", &[0; 4]));
    let apart = {
        let end = whole.len() - 12;
        let frame = [chunk(*b"fcTL", &[0; 26]), chunk(*b"fdAT", &[0; 9])].concat();
        inserted(
            &inserted(&whole, end, &frame),
            33,
            &chunk(*b"acTL", &control),
        )
    };
    for (name, file, reason) in [
        ("Apple's own", apple, "unsupported_format"),
        (
            "a chunk that one must know",
            with(*b"ABCD", b""),
            "unsupported_format",
        ),
        ("wrong data", wrong_data, "corrupt"),
        ("a frame apart from the picture", apart, "animated"),
        (
            "numbers without colours",
            png((9, 9), [8, 3, 0], 9, b""),
            "corrupt",
        ),
        ("three bits", png((9, 9), [3, 0, 0], 8, b""), "corrupt"),
    ] {
        let error = annotated(&file, &[]).unwrap_err();
        assert_eq!(error.reason(), reason, "{name}: {error:?}");
    }
    let claims_frames = with(*b"acTL", &control);
    assert!(annotated(&claims_frames, &[]).is_ok(), "there are none");
}

fn webp(orientation: u8) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = WebPEncoder::new(&mut file);
    encoder.set_icc_profile(b"a profile".to_vec());
    encoder.set_exif_metadata(exif(orientation));
    encoder.set_xmp_metadata(xmp(orientation));
    let pixels: Vec<u8> = (0..96 * 64 * 3)
        .map(|at| u8::try_from(at % 251).unwrap())
        .collect();
    encoder.encode(&pixels, 96, 64, ColorType::Rgb8).unwrap();
    file
}

fn encoded(file: &[u8]) -> Annotated {
    let picture = open(file).unwrap();
    let plan = picture.plan(&[woman(20, 20, 20)], Options::default());
    picture.annotate(&plan).unwrap()
}

#[test]
fn webp_keeps_profile_and_metadata_and_stands_upright() {
    for value in 1..=8 {
        let result = encoded(&webp(value));
        let mut decoder = WebPDecoder::new(std::io::Cursor::new(&result.bytes)).unwrap();
        let profile = decoder.icc_profile().unwrap();
        assert_eq!(profile.as_deref(), Some(&b"a profile"[..]), "{value}");
        assert_eq!(decoder.exif_metadata().unwrap(), Some(exif(1)), "{value}");
        assert_eq!(decoder.xmp_metadata().unwrap(), Some(xmp(1)), "{value}");
        let upright = Orientation::from_exif(value.into()).upright(96, 64);
        assert_eq!(decoder.dimensions(), upright, "{value}");
    }
}

/// Kinds of the chunks of a WebP.
fn kinds(file: &[u8]) -> Vec<&[u8]> {
    let mut kinds = vec![];
    let mut at = 12;
    while at < file.len() {
        kinds.push(&file[at..at + 4]);
        let length = u32::from_le_bytes(file[at + 4..at + 8].try_into().unwrap());
        at += 8 + length.next_multiple_of(2) as usize;
    }
    kinds
}

#[test]
fn a_lossy_webp_stays_lossy_and_keeps_what_it_says() {
    let profile = [b"VP8X".as_slice(), b"ICCP", b"VP8 "];
    assert_eq!(kinds(&encoded(&fixture("lossy.webp")).bytes), profile);
    let plain = [b"VP8X".as_slice(), b"ALPH", b"VP8 "];
    let lossless = kinds(&encoded(&fixture("lossless-alpha.webp")).bytes).contains(&&b"VP8L"[..]);
    assert!(lossless);
    for value in 1..=8 {
        let source = fixture("lossy-alpha.webp");
        let parts = [exif_chunk(value), pixels_of(&source)[18..].to_vec()];
        let source = extended(0x18, (151, 101), &[&parts[1], &parts[0]]);
        let result = encoded(&source).bytes;
        let upright = Orientation::from_exif(value.into()).upright(151, 101);
        let mut decoder = WebPDecoder::new(std::io::Cursor::new(&result)).unwrap();
        assert_eq!(decoder.dimensions(), upright, "{value}");
        assert_eq!(decoder.exif_metadata().unwrap(), Some(exif(1)), "{value}");
        assert!(decoder.has_alpha(), "{value}");
        let expected = [&plain[..], &[b"EXIF".as_slice()]].concat();
        assert_eq!(kinds(&result), expected, "{value}");
    }
}

/// What would lose by being coded again stays as it is, and on its side.
#[test]
fn a_lossy_webp_that_nothing_is_drawn_upon_keeps_its_pixels() {
    for value in 1..=8 {
        let pixels = pixels_of(&fixture("lossy-75.webp")).to_vec();
        let source = extended(8, (320, 280), &[&pixels, &exif_chunk(value)]);
        let result = annotated(&source, &[]).unwrap();
        assert!(
            result.windows(pixels.len()).any(|part| part == pixels),
            "{value}"
        );
        let orientation = open(&result).unwrap().header().orientation;
        assert_eq!(orientation, Orientation::from_exif(value.into()), "{value}");
    }
}

fn exif_chunk(value: u8) -> Vec<u8> {
    let block = exif(value);
    let length = u32::try_from(block.len()).unwrap().to_le_bytes();
    let mut chunk = [b"EXIF".as_slice(), &length, &block].concat();
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    chunk
}

/// The pixels of a file without metadata: one chunk.
fn pixels_of(file: &[u8]) -> &[u8] {
    &file[12..]
}

fn extended(flags: u8, (width, height): (u32, u32), chunks: &[&[u8]]) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0".to_vec();
    file.extend([flags, 0, 0, 0]);
    file.extend(&(width - 1).to_le_bytes()[..3]);
    file.extend(&(height - 1).to_le_bytes()[..3]);
    file.extend(chunks.concat());
    let length = u32::try_from(file.len() - 8).unwrap();
    file[4..8].copy_from_slice(&length.to_le_bytes());
    file
}

#[test]
fn webp_in_odd_containers() {
    let plain = fixture("lossless-alpha.webp");
    let size = (64, 48);
    let pixels = pixels_of(&plain);
    let mut frame = [[0_u8; 6], [63, 0, 0, 47, 0, 0], [0; 6]].concat();
    frame.truncate(16);
    frame.extend(pixels);
    let length = u32::try_from(frame.len()).unwrap().to_le_bytes();
    let only_frame = [b"ANMF".as_slice(), &length, &frame].concat();
    let control = b"ANIM\x06\0\0\0\0\0\0\0\0\0".as_slice();
    let expected = encoded(&plain).bytes;
    for (name, file) in [
        (
            "metadata that is not there",
            extended(0x1c, size, &[pixels]),
        ),
        (
            "an unknown part",
            extended(0x10, size, &[pixels, b"what\x02\0\0\0??"]),
        ),
        ("one frame", extended(0x12, size, &[control, &only_frame])),
    ] {
        assert!(encoded(&file).bytes == expected, "{name}");
    }
    for (name, file, reason) in [
        (
            "two frames",
            extended(0x12, size, &[control, &only_frame, &only_frame]),
            "animated",
        ),
        (
            "another canvas",
            extended(0x10, (9, 9), &[pixels]),
            "corrupt",
        ),
        ("no picture", extended(0x10, size, &[]), "corrupt"),
    ] {
        let error = open(&file).unwrap_err();
        assert_eq!(error.reason(), reason, "{name}: {error:?}");
    }
}

#[test]
fn limits_are_of_memory_and_say_which() {
    let panorama = png((35_000, 9), [8, 0, 0], 256, b"");
    assert_eq!(exact("a panorama", &panorama)[24], 8);
    let limits = Limits {
        max_decoded_bytes: 2 * 128 * 96,
        ..Limits::default()
    };
    let file = png((128, 96), [8, 2, 0], 256, b"");
    let error = Picture::open(&file, &limits).unwrap_err().to_string();
    assert!(
        error.ends_with("and the limit is 24576 (`FACE_PIXEL_MEMORY`)"),
        "{error}"
    );
    // A palette needs a third of it, if it must.
    let limits = Limits {
        max_decoded_bytes: 3 * 128 * 96,
        ..Limits::default()
    };
    let file = png((128, 96), [8, 3, 0], 255, &palette(255));
    let picture = Picture::open(&file, &limits).unwrap();
    let plan = picture.plan(&[woman(40, 40, 30)], Options::default());
    let result = picture.annotate(&plan).unwrap().bytes;
    assert_eq!(result[25], 3, "it keeps its palette");
}
