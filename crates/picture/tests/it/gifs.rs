//! Still GIFs: the result has the indices, the colours and the blocks of its source wherever nothing
//! is drawn.

use gif::{ColorOutput, DecodeOptions, Frame};

use crate::exact::exact;
use crate::odd_files::gifs;
use crate::patches::drawn;
use crate::pictures::{annotated, open, woman};

/// The first frame in indices, and its table.
fn frame(file: &[u8]) -> (Frame<'static>, Vec<u8>) {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    let mut decoder = options.read_info(file).unwrap();
    let frame = decoder.read_next_frame().unwrap().unwrap().clone();
    let table = frame.palette.as_deref().or(decoder.global_palette());
    let table = table.unwrap().to_vec();
    (frame, table)
}

fn comments(file: &[u8]) -> usize {
    let comment = b"of a hand";
    file.windows(comment.len())
        .filter(|window| window == comment)
        .count()
}

#[test]
fn gif_of_every_kind() {
    for (name, file) in gifs() {
        let result = exact(name, &file);
        assert_eq!(comments(&result), comments(&file), "{name}: comments");
        let ((before, colours), (after, table)) = (frame(&file), frame(&result));
        assert_eq!(after.interlaced, before.interlaced, "{name}");
        assert_eq!(after.palette.is_some(), before.palette.is_some(), "{name}");
        let shown = |frame: &Frame<'_>| (frame.delay, frame.dispose, frame.needs_user_input);
        assert_eq!(shown(&after), shown(&before), "{name}");
        if (before.width, before.height) != (128, 96) {
            continue; // It is laid on its screen.
        }
        assert_eq!(after.transparent, before.transparent, "{name}");
        let drawn = drawn(128, 96, &[woman(42, 32, 32)]);
        for ((at, old), new) in (0..).zip(&*before.buffer).zip(&*after.buffer) {
            if drawn.get_pixel(at % 128, at / 128).0 == [0; 3] {
                assert_eq!(old, new, "{name}: number at {at}");
                let colour = |table: &[u8]| table[3 * usize::from(*old)..][..3].to_vec();
                assert_eq!(colour(&table), colour(&colours), "{name}: colour {old}");
            }
        }
        let has_room = colours.len() < 3 * 256;
        let amber = after.buffer.iter().any(|&number| {
            let colour = &table[3 * usize::from(number)..][..3];
            *colour == [255, 176, 0]
        });
        assert_eq!(
            amber, has_room,
            "{name}: its own colours or the nearest ones"
        );
    }
}

/// Some programs show all of such a picture, others cut it off at the screen.
#[test]
fn a_picture_beyond_its_screen_stays_beyond_it() {
    let table: Vec<u8> = (0..64).flat_map(|n| [n, 255 - n, n / 2]).collect();
    for (left, top, expected) in [(0, 0, (128, 96)), (20, 11, (148, 107))] {
        let buffer = (0..128 * 96_usize).map(|at| u8::try_from(at * 7 % 64).unwrap());
        let frame = Frame {
            left,
            top,
            width: 128,
            height: 96,
            buffer: buffer.collect(),
            ..Frame::default()
        };
        let mut encoder = gif::Encoder::new(Vec::new(), 100, 90, &table).unwrap();
        encoder.write_frame(&frame).unwrap();
        let file = encoder.into_inner().unwrap();
        let (width, height) = open(&file).unwrap().header().dimensions();
        assert_eq!((width, height), expected);

        let faces = [woman(42, 32, 32)];
        let result = annotated(&file, &faces).unwrap();
        assert_eq!(result[6..10], file[6..10], "screen");
        let (after, table) = self::frame(&result);
        let drawn = drawn(width, height, &faces);
        let mut shown = (0..).zip(&*after.buffer).map(|(at, &number)| {
            let is_clear = after.transparent == Some(number);
            let colour: [u8; 3] = *table[3 * usize::from(number)..].first_chunk().unwrap();
            ((at % width, at / width), (!is_clear).then_some(colour))
        });
        let mut before = frame.buffer.iter();
        let is_kept = shown.all(|((x, y), colour)| {
            let is_inside = (u32::from(left)..u32::from(left) + 128).contains(&x)
                && (u32::from(top)..u32::from(top) + 96).contains(&y);
            let number = is_inside.then(|| *before.next().unwrap());
            let expected = number.map(|n| [n, 255 - n, n / 2]);
            colour == expected || drawn.get_pixel(x, y).0 != [0; 3]
        });
        assert!(is_kept, "at {left}, {top}");
        assert_eq!(before.next(), None);
    }
}
