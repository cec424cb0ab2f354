//! JPEG files as strangers send them: a file that other programs show is annotated and keeps every
//! pixel that nothing is drawn upon; a damaged one is refused, never stored as a ruin.

use face::Face;
use picture::{Options, PictureError};

use crate::forge::{frame_at, inserted, joints, jpeg_with, segment, tagged};
use crate::patches::{drawn, is_near};
use crate::pictures::{annotated, fixture, open, redrawn, shown, woman};
use crate::turns::mean_distance;

/// A JPEG of one colour in two bits a block: both of its codes have a single symbol, the zero.
pub(crate) fn plain_jpeg(width: u16, height: u16) -> Vec<u8> {
    let [[h1, h0], [w1, w0]] = [height, width].map(u16::to_be_bytes);
    let only_zero = |class: u8| [[class, 1].as_slice(), &[0; 16]].concat();
    let units = usize::from(width).div_ceil(16) * usize::from(height).div_ceil(16);
    [
        b"\xff\xd8".to_vec(),
        segment(0xdb, &[&[0], [1; 64].as_slice()].concat()),
        segment(
            0xc0,
            &[8, h1, h0, w1, w0, 3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0],
        ),
        segment(0xc4, &[only_zero(0), only_zero(0x10)].concat()),
        segment(0xda, &[3, 1, 0, 2, 0, 3, 0, 0, 63, 0]),
        vec![0; (units * 6 * 2).div_ceil(8)],
        b"\xff\xd9".to_vec(),
    ]
    .concat()
}

/// Where the end marker is.
fn end_of(file: &[u8]) -> usize {
    file.len() - 2
}

/// The file without its Huffman codes.
fn without_codes(file: &[u8]) -> Vec<u8> {
    let codes: Vec<_> = joints(file)
        .into_iter()
        .filter(|&at| file[at + 1] == 0xc4)
        .collect();
    let mut rest = file.to_vec();
    for at in codes.into_iter().rev() {
        let length = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        rest.drain(at..at + 2 + length);
    }
    rest
}

/// The file with these names of its three components.
fn named(file: &[u8], ids: [u8; 3]) -> Vec<u8> {
    let mut file = file.to_vec();
    let (frame, scan) = (frame_at(&file), scan_at(&file));
    for (number, id) in ids.into_iter().enumerate() {
        file[frame + 10 + 3 * number] = id;
        file[scan + 5 + 2 * number] = id;
    }
    file
}

fn scan_at(file: &[u8]) -> usize {
    file.windows(2)
        .position(|pair| pair == [0xff, 0xda])
        .unwrap()
}

/// The file without JFIF's segment, and with Adobe's saying this instead.
fn adobe(file: &[u8], transform: u8) -> Vec<u8> {
    let payload = [b"Adobe\0\x64\0\0\0\0".as_slice(), &[transform]].concat();
    inserted(&without_jfif(file), 2, &segment(0xee, &payload))
}

fn without_jfif(file: &[u8]) -> Vec<u8> {
    assert_eq!(file[2..4], [0xff, 0xe0]);
    [&file[..2], &file[20..]].concat()
}

#[test]
fn files_of_strangers_come_back_exact_or_not_at_all() {
    let cases = [
        ("cut-with-eoi", false),
        ("lost-200-bytes-rst", false),
        ("adobe0-rgb", true),
        ("jfif-adobe2-ycc", true),
        ("no-eoi", true),
        ("small-optimised", true),
        ("rst-before-eoi", true),
        ("no-dht", true),
    ];
    let face = [woman(20, 14, 24)];
    for (name, is_whole) in cases {
        let file = fixture(&format!("strangers/{name}.jpg"));
        match annotated(&file, &face) {
            Ok(result) if is_whole => assert_exact(name, &file, &result, &face),
            Err(PictureError::Corrupt { .. }) if !is_whole => {}
            other => panic!("{name}: {other:?}"),
        }
    }
}

/// Pixels that are not near the drawing are the same.
fn assert_exact(name: &str, file: &[u8], result: &[u8], faces: &[Face]) {
    let (before, after) = (shown(file), shown(result));
    assert_ne!(before, after, "{name}: nothing is drawn");
    let drawn = drawn(before.width(), before.height(), faces);
    let mut kept = 0;
    for (x, y, pixel) in after.enumerate_pixels() {
        if !is_near(&drawn, (x, y), (32, 32)) {
            assert_eq!(pixel, before.get_pixel(x, y), "{name} at {x}, {y}");
            kept += 1;
        }
    }
    assert!(kept > 0, "{name}: all of it is drawn upon");
}

#[test]
fn unusual_samplings_are_annotated() {
    let face = [Face {
        gender: None,
        age: None,
        ..woman(2, 2, 4)
    }];
    for name in ["thirds.jpg", "410.jpg"] {
        let file = fixture(name);
        let result = annotated(&file, &face).unwrap();
        let (before, after) = (shown(&file), shown(&result));
        let corner = (before.width() - 1, before.height() - 1);
        assert_eq!(before[corner], after[corner], "{name}");
    }
}

/// Each ends like the file that it was made of.
#[test]
fn blemishes_do_not_matter() {
    let file = fixture("420.jpg");
    let restarts = fixture("restarts.jpg");
    let before_end = |file: &[u8], more: &[u8]| inserted(file, end_of(file), more);
    let scan = scan_at(&file);
    let mut range = file.clone();
    range[scan + 11..scan + 14].fill(0);
    let cases = [
        ("no end marker", &file, file[..end_of(&file)].to_vec()),
        ("half an end marker", &file, file[..=end_of(&file)].to_vec()),
        (
            "a restart marker at the end",
            &file,
            before_end(&file, b"\xff\xd0"),
        ),
        ("another one", &restarts, before_end(&restarts, b"\xff\xd3")),
        (
            "garbage at the beginning",
            &file,
            jpeg_with(b"\0\x01\x02garbage"),
        ),
        (
            "a segment without length",
            &file,
            jpeg_with(b"\xff\xe5\0\0"),
        ),
        (
            "a comment of length one",
            &file,
            jpeg_with(b"\xff\xfe\0\x01"),
        ),
        ("a marker of no use", &file, jpeg_with(b"\xff\x01")),
        (
            "its height once more",
            &file,
            before_end(&file, b"\xff\xdc\0\x04\0\x30"),
        ),
        ("zeros before the end", &file, before_end(&file, &[0; 40])),
        ("ones before the end", &file, before_end(&file, &[0xff; 40])),
        (
            "a few bytes before the end",
            &file,
            before_end(&file, b"\x12\x34\x56"),
        ),
        ("no frequencies in its scan header", &file, range),
        ("no Huffman codes", &file, without_codes(&file)),
        (
            "a second picture behind",
            &file,
            [&file[..], &restarts].concat(),
        ),
    ];
    for (name, original, blemished) in cases {
        let face = [woman(26, 18, 12)];
        let expected = annotated(original, &face).unwrap();
        assert_eq!(annotated(&blemished, &face).unwrap(), expected, "{name}");
    }
}

#[test]
fn colours_are_decided_as_libjpeg_decides() {
    let (ycc, rgb) = (fixture("420.jpg"), fixture("rgb.jpg"));
    let rgb_bare = {
        let adobe = joints(&rgb).into_iter().find(|&at| rgb[at + 1] == 0xee);
        let at = adobe.unwrap();
        [&rgb[..at], &rgb[at + 16..]].concat()
    };
    let jfif = &ycc[2..20];
    let with_jfif = |file: &[u8]| inserted(file, 2, jfif);
    let again = |transform| with_jfif(&adobe(&ycc, transform));
    let short = segment(0xee, b"Adobe\0\x64\0\0\0\0");
    let cases = [
        ("JFIF and transform 0", &ycc, again(0)),
        ("JFIF and transform 2", &ycc, again(2)),
        ("JFIF and letters", &ycc, named(&ycc, *b"RGB")),
        ("no marker, numbers", &ycc, without_jfif(&ycc)),
        (
            "no marker, other names",
            &ycc,
            named(&without_jfif(&ycc), [0, 1, 2]),
        ),
        (
            "no marker, one name",
            &ycc,
            named(&without_jfif(&ycc), [1, 1, 1]),
        ),
        ("transform 1", &ycc, adobe(&ycc, 1)),
        ("transform 9", &ycc, adobe(&ycc, 9)),
        (
            "a short marker",
            &ycc,
            inserted(&without_jfif(&ycc), 2, &short),
        ),
        ("transform 0 and numbers", &rgb, named(&rgb, [1, 2, 3])),
        ("letters", &rgb, named(&rgb_bare, *b"RGB")),
        (
            "letters and a short marker",
            &rgb,
            inserted(&named(&rgb_bare, *b"RGB"), 2, &short),
        ),
    ];
    for (name, original, variant) in cases {
        let face = [woman(26, 18, 12)];
        assert_eq!(shown(&variant), shown(original), "{name}, read small");
        let [one, other] = [&variant, original].map(|file| redrawn(file, &[]).unwrap());
        assert_eq!(shown(&one), shown(&other), "{name}, decoded");
        let result = annotated(&variant, &face).unwrap();
        let expected = annotated(original, &face).unwrap();
        assert_eq!(shown(&result), shown(&expected), "{name}, drawn upon");
    }
}

/// Cut anywhere, a file is refused, or nothing of its picture is missing.
#[test]
fn no_cut_leaves_a_ruin() {
    let names = [
        "420.jpg",
        "restarts.jpg",
        "scans-420.jpg",
        "progressive.jpg",
    ];
    for name in names {
        let file = fixture(name);
        let whole = shown(&file);
        for at in scan_at(&file)..file.len() {
            let cut = file[..at].to_vec();
            let ended = [&cut[..], b"\xff\xd9"].concat();
            // A progressive picture may end after any of its scans if it says so.
            let is_joint = [at, at - 1]
                .iter()
                .any(|&at| matches!(file[at..], [0xff, 0xc4 | 0xda, ..]));
            for (cut, may_end) in [(cut, false), (ended, is_joint && name == "progressive.jpg")] {
                match annotated(&cut, &[]) {
                    Ok(_) if may_end => {}
                    Ok(_) => assert_eq!(shown(&cut), whole, "{name} cut at {at}"),
                    Err(error) => assert!(
                        matches!(error.reason(), "truncated" | "corrupt"),
                        "{name} cut at {at}: {error}"
                    ),
                }
            }
        }
    }
}

#[test]
fn lost_and_doubled_data_is_found() {
    let file = fixture("restarts.jpg");
    let markers: Vec<_> = (scan_at(&file)..file.len() - 1)
        .filter(|&at| file[at] == 0xff && matches!(file[at + 1], 0xd0..=0xd7))
        .collect();
    let (one, two, scan) = (markers[0], markers[1], scan_at(&file));
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut file = file.clone();
        change(&mut file);
        file
    };
    let cases = [
        (
            "an interval is lost",
            changed(&|file| drop(file.drain(one..two))),
        ),
        (
            "an interval comes twice",
            inserted(&file, two, &file[one..two]),
        ),
        (
            "a marker is lost",
            changed(&|file| drop(file.drain(one..one + 2))),
        ),
        (
            "markers are swapped",
            changed(&|file| file.swap(one + 1, two + 1)),
        ),
        (
            "a marker is another one",
            changed(&|file| file[one + 1] ^= 4),
        ),
        (
            "bytes are lost before a marker",
            changed(&|file| drop(file.drain(one - 4..one))),
        ),
        (
            "bytes come before a marker",
            inserted(&file, one, b"\x12\x34\x56\x78"),
        ),
        (
            "a second scan",
            [&file[..end_of(&file)], &file[scan_at(&file)..]].concat(),
        ),
        ("a second start", inserted(&file, 2, b"\xff\xd8")),
        ("an unknown marker", inserted(&file, 2, b"\xff\xf0\0\x02")),
        (
            "a scan too short for its header",
            changed(&|file| file[scan + 3] = 7),
        ),
    ];
    for (name, damaged) in cases {
        let error = annotated(&damaged, &[]).expect_err(name);
        assert_eq!(error.reason(), "corrupt", "{name}: {error}");
        assert!(
            redrawn(&damaged, &[]).is_err(),
            "{name}: nobody else takes over"
        );
    }
}

/// A photo of any size that is edited in place takes no memory for its pixels.
#[test]
fn the_largest_photos_are_annotated() {
    let sizes = [
        (12_000, 9_000, "108 megapixels"),
        (16_320, 12_240, "200 megapixels"),
        (35_000, 1_400, "a panorama"),
        (65_500, 1_400, "a longer panorama"),
    ];
    for (width, height, name) in sizes {
        let file = plain_jpeg(width, height);
        let beside = |file: &[u8]| {
            let picture = open(file).unwrap();
            let plan = picture.plan(&[woman(600, 500, 400)], Options::default());
            picture.annotate_bytes(&plan) - 2 * file.len() as u64
        };
        let pixels = u64::from(width) * u64::from(height);
        assert!(beside(&file) < pixels * 3 / 8, "{name}");
        let result = annotated(&file, &[woman(600, 500, 400)]).unwrap();
        let size = open(&result).unwrap().header().dimensions();
        assert_eq!(size, (width.into(), height.into()), "{name}");
        if height > 10_000 {
            continue; // The others tell as much, in less time.
        }
        let small = open(&file).unwrap().rgb(512).unwrap();
        assert_eq!(small.width(), 512, "{name}");
        let turned = beside(&tagged(&file, 6));
        assert!(turned < (100 << 20) + pixels * 3 / 8, "{name}, turned");
    }
}

/// Colours of which four pixels share a sample lose no more than by decoding and encoding.
#[test]
fn coarse_colours_are_not_moved_by_parts_of_a_sample() {
    let file = fixture("410.jpg");
    for way in 2..=8 {
        let file = tagged(&file, way);
        let result = annotated(&file, &[]).unwrap();
        let before = shown(&file);
        let lost = mean_distance(&before, &shown(&result));
        let allowed = mean_distance(&before, &shown(&redrawn(&file, &[]).unwrap()));
        assert!(
            lost <= allowed + 100,
            "orientation {way}: {lost} for {allowed}"
        );
    }
}
