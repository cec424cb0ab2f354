//! Still GIFs: the result has the indices, the colours and the blocks of its source wherever nothing
//! is drawn.

use gif::{ColorOutput, DecodeOptions, Frame};

use crate::exact::exact;
use crate::odd_files::gifs;
use crate::patches::drawn;
use crate::pictures::woman;

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
