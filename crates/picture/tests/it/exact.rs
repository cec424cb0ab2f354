//! Lossless files of every make: where nothing is drawn, every pixel comes back as it was, and the
//! result is of the same make.

use image::{ImageBuffer, Rgba};

use crate::forge::{chunk, joints};
use crate::odd_files::bmps;
use crate::patches::drawn;
use crate::pictures::{annotated, fixture, woman};

pub(crate) type Pixels = ImageBuffer<Rgba<u16>, Vec<u16>>;

pub(crate) fn pixels(name: &str, file: &[u8]) -> Pixels {
    image::load_from_memory(file)
        .unwrap_or_else(|error| panic!("{name}: {error}"))
        .into_rgba16()
}

/// Annotates, and holds the result against the source wherever nothing is drawn.
pub(crate) fn exact(name: &str, file: &[u8]) -> Vec<u8> {
    let before = pixels(name, file);
    let (width, height) = before.dimensions();
    let faces = [woman(width / 3, height / 3, width.min(height) / 3)];
    let result = annotated(file, &faces).unwrap_or_else(|error| panic!("{name}: {error:?}"));
    assert_eq!(
        image::guess_format(&result).unwrap(),
        image::guess_format(file).unwrap(),
        "{name}"
    );
    let after = pixels(name, &result);
    assert_eq!(after.dimensions(), before.dimensions(), "{name}");
    let drawn = drawn(width, height, &faces);
    let mut kept = 0;
    for (x, y, pixel) in after.enumerate_pixels() {
        if drawn.get_pixel(x, y).0 == [0; 3] {
            assert_eq!(pixel, before.get_pixel(x, y), "{name} at {x}, {y}");
            kept += 1;
        }
    }
    assert!(kept > 0 || width < 32, "{name}: all of it is drawn upon");
    result
}

/// A zlib stream of these bytes as they are.
pub(crate) fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let blocks = bytes.chunks(65_535).count();
    for (number, block) in (1..).zip(bytes.chunks(65_535)) {
        let length = u16::try_from(block.len()).unwrap();
        stream.push(u8::from(number == blocks));
        stream.extend([length.to_le_bytes(), (!length).to_le_bytes()].concat());
        stream.extend(block);
    }
    let (one, sum) = bytes.iter().fold((1, 0), |(one, sum), &byte| {
        let one = (one + u32::from(byte)) % 65_521;
        (one, (sum + one) % 65_521)
    });
    stream.extend((sum << 16 | one).to_be_bytes());
    stream
}

/// A PNG of every kind: samples that differ from pixel to pixel, below `most` each.
pub(crate) fn png(
    (width, height): (u32, u32),
    [depth, colour, interlace]: [u8; 3],
    most: u32,
    chunks: &[u8],
) -> Vec<u8> {
    let channels = match colour {
        0 | 3 => 1,
        4 => 2,
        2 => 3,
        _ => 4,
    };
    let sample = |x: u32, y: u32, channel: u32| (x * 7 + y * 13 + x * y + channel * 41) % most;
    let row = |xs: &mut dyn Iterator<Item = u32>, y: u32| {
        let mut bits = Vec::new();
        for x in xs {
            for channel in 0..channels {
                let value = sample(x, y, channel);
                bits.extend((0..depth).rev().map(|bit| value >> bit & 1));
            }
        }
        let bytes = bits.chunks(8).map(|bits| {
            let places = (0..8).rev();
            let byte = bits.iter().zip(places).map(|(bit, place)| bit << place);
            u8::try_from(byte.sum::<u32>()).unwrap()
        });
        std::iter::once(0).chain(bytes).collect::<Vec<u8>>()
    };
    let passes: &[[u32; 4]] = match interlace {
        0 => &[[0, 0, 1, 1]],
        _ => &[
            [0, 0, 8, 8],
            [4, 0, 8, 8],
            [0, 4, 4, 8],
            [2, 0, 4, 4],
            [0, 2, 2, 4],
            [1, 0, 2, 2],
            [0, 1, 1, 2],
        ],
    };
    let mut data = Vec::new();
    for &[left, top, across, down] in passes {
        for y in (top..height).step_by(down as usize) {
            if left < width {
                data.extend(row(&mut (left..width).step_by(across as usize), y));
            }
        }
    }
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([depth, colour, 0, 0, interlace]);
    [
        b"\x89PNG\r\n\x1a\n".as_slice(),
        &chunk(*b"IHDR", &header),
        chunks,
        &chunk(*b"IDAT", &stored(&data)),
        &chunk(*b"IEND", b""),
    ]
    .concat()
}

/// So many colours.
pub(crate) fn palette(count: u8) -> Vec<u8> {
    let colours = (0..count).flat_map(|number| [number, number.wrapping_mul(3), 255 - number]);
    chunk(*b"PLTE", &colours.collect::<Vec<u8>>())
}

/// Depth and kind of colour of a PNG.
fn make(file: &[u8]) -> (u8, u8) {
    (file[24], file[25])
}

const SIZES: [(u32, u32); 4] = [(1, 1), (3, 2), (61, 67), (128, 96)];

#[test]
fn png_of_every_kind() {
    let kinds: [(u8, &[u8]); 5] = [
        (0, &[1, 2, 4, 8, 16]),
        (2, &[8, 16]),
        (3, &[1, 2, 4, 8]),
        (4, &[8, 16]),
        (6, &[8, 16]),
    ];
    for (colour, depths) in kinds {
        for &depth in depths {
            let few = if colour == 3 {
                (1_u32 << depth).min(30)
            } else {
                1 << u32::from(depth)
            };
            let chunks = if colour == 3 {
                palette(u8::try_from(few).unwrap())
            } else {
                Vec::new()
            };
            for interlace in [0, 1] {
                for size in SIZES {
                    let name = format!("colour {colour}, {depth} bits, {interlace}, {size:?}");
                    let file = png(size, [depth, colour, interlace], few, &chunks);
                    let (after, kind) = make(&exact(&name, &file));
                    assert_eq!(kind, colour, "{name}");
                    assert!(
                        after == depth || after > depth && depth < 8,
                        "{name}: {after}"
                    );
                }
            }
        }
    }
}

#[test]
fn png_with_transparent_colours() {
    for (name, kind, most, chunks) in [
        ("grey", [8, 0, 0], 256, chunk(*b"tRNS", &[0, 200])),
        ("white", [8, 0, 0], 256, chunk(*b"tRNS", &[0, 255])),
        ("one of four shades", [2, 0, 1], 4, chunk(*b"tRNS", &[0, 3])),
        ("one of two shades", [1, 0, 0], 2, chunk(*b"tRNS", &[0, 1])),
        (
            "16 bits of grey",
            [16, 0, 0],
            65_536,
            chunk(*b"tRNS", &[0, 41]),
        ),
        (
            "a colour",
            [8, 2, 0],
            256,
            chunk(*b"tRNS", &[0, 0, 0, 41, 0, 82]),
        ),
        (
            "no colour at all",
            [8, 0, 0],
            256,
            chunk(*b"tRNS", &[1, 200]),
        ),
        ("cut short", [8, 2, 0], 256, chunk(*b"tRNS", &[0, 0])),
        (
            "numbers",
            [8, 3, 0],
            200,
            [palette(200), chunk(*b"tRNS", &[0, 99, 255, 7])].concat(),
        ),
        (
            "four numbers",
            [2, 3, 1],
            4,
            [palette(4), chunk(*b"tRNS", &[0, 99, 255, 7])].concat(),
        ),
    ] {
        for size in SIZES {
            let file = png(size, kind, most, &chunks);
            let result = exact(&format!("{name} {size:?}"), &file);
            if kind[1] == 3 {
                assert_eq!(make(&result).1, 3, "{name} {size:?}");
            }
        }
    }
}

/// Where nothing is half transparent, the one transparent colour stays one.
#[test]
fn a_transparent_colour_is_written_as_one() {
    let chunks = chunk(*b"tRNS", &[0, 0, 0, 0, 0, 0]); // Of which there is no pixel.
    let result = exact("no black", &png((128, 96), [8, 2, 0], 256, &chunks));
    assert_eq!(make(&result), (8, 2));
    assert!(result.windows(4).any(|kind| kind == b"tRNS"));
}

#[test]
fn a_palette_stays_as_long_as_there_is_room() {
    let few = png((128, 96), [8, 3, 0], 100, &palette(100));
    assert_eq!(make(&exact("100 colours", &few)), (8, 3));
    let full = png((128, 96), [8, 3, 0], 255, &palette(255));
    assert_eq!(make(&exact("255 colours", &full)), (8, 2));
    // Half of them are nowhere to be seen.
    let idle = png((128, 96), [8, 3, 0], 128, &palette(255));
    assert_eq!(make(&exact("127 idle colours", &idle)), (8, 3));
    // An index that the palette has no colour for.
    let wild = png((128, 96), [4, 3, 0], 16, &palette(9));
    assert_eq!(make(&exact("numbers without colours", &wild)).1, 3);
}

#[test]
fn png_that_ends_oddly() {
    let whole = png((128, 96), [8, 2, 0], 256, b"");
    let end = whole.len() - 12;
    for (name, file) in [
        ("without end", whole[..end].to_vec()),
        ("without the last checksum", whole[..end - 3].to_vec()),
        ("with an appendix", [whole.as_slice(), b"<script>"].concat()),
        ("with zeros for an end", [&whole[..end], &[0; 40]].concat()),
    ] {
        // The decoder of the test knows no such ends.
        let result = annotated(&file, &[woman(40, 40, 30)]).unwrap();
        let expected = annotated(&whole, &[woman(40, 40, 30)]).unwrap();
        assert!(result == expected, "{name}");
    }
    for name in ["no-end.png", "one-frame.png"] {
        let result = annotated(&fixture(name), &[]).unwrap();
        assert!(!joints(&result).is_empty(), "{name}");
        assert!(result.ends_with(b"IEND\xae\x42\x60\x82"), "{name}");
        assert!(!result.windows(4).any(|kind| kind == b"acTL"), "{name}");
    }
}

#[test]
fn files_that_came_back_wrong_once() {
    for name in [
        "64-colours.gif",
        "gamma.png",
        "300-dpi.png",
        "reserved-words.bmp",
        "still.gif",
        "palette.bmp",
        "24-bit.bmp",
        "lossless-alpha.webp",
    ] {
        exact(name, &fixture(name));
    }
    assert_eq!(exact("palette.bmp", &fixture("palette.bmp"))[28], 8, "bits");
}

#[test]
fn bmp_of_every_kind() {
    for (name, file) in bmps() {
        let result = exact(name, &file);
        if file[14] >= 40 {
            assert_eq!(result[38..46], file[38..46], "{name}: density");
        }
    }
}
