//! What is no photo, or not only one.

use super::case::{ANIMATED, Case, EMPTY, FINE, FOREIGN, NONE, case};
use super::forge::{blank_png, bmp, gif, zeros};
use crate::forge::{jpeg_with, segment};
use crate::pictures::fixture;

pub(super) fn foreign() -> Vec<Case> {
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
        case("BigTIFF", "II+\0\u{8}\0\0\0\u{10}\0\0\0", FOREIGN),
        case("Photoshop", "8BPS\0\u{1}", FOREIGN),
        case("AVIF", "\0\0\0\u{18}ftypavif\0\0\0\0", FOREIGN),
        case("JPEG XL", "\0\0\0\u{c}JXL \r\n\u{87}\n", FOREIGN),
        case("animated PNG", fixture("animated.png"), ANIMATED),
        case("animated WebP", fixture("animated.webp"), ANIMATED),
        case("animated GIF", fixture("animated.gif"), ANIMATED),
        case("PNG of no pixels", fixture("empty.png"), EMPTY),
        case("BMP of no pixels", bmp(0, 0, 0), EMPTY),
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
