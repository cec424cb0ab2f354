//! Tells an animated GIF from a still one by walking its blocks, without decoding any, and one
//! that keeps to its canvas from one that does not.

/// Whether a second frame follows the first. A file that ends early is not called animated:
/// the decoder says better what is wrong with it.
pub(super) fn is_animated(file: &[u8]) -> bool {
    count_frames(file, 2).unwrap_or(0) >= 2
}

/// Whether the first frame reaches beyond the canvas. Decoders set memory aside for all of it,
/// however small the canvas is.
pub(super) fn exceeds_canvas(file: &[u8]) -> bool {
    let Some(canvas) = file.get(6..).and_then(two_numbers) else {
        return false;
    };
    let Some([offset, size]) = first_frame(file) else {
        return false;
    };
    let end = |at: usize| u32::from(offset[at]) + u32::from(size[at]);
    end(0) > canvas[0].into() || end(1) > canvas[1].into()
}

/// Where the first frame begins and how large it is, across and down; `None` if the file ends
/// or goes astray before it.
fn first_frame(file: &[u8]) -> Option<[[u16; 2]; 2]> {
    let mut rest = blocks(file)?;
    loop {
        rest = match rest {
            [b'!', _label, blocks @ ..] => skip_blocks(blocks)?,
            [b',', descriptor @ ..] => {
                return Some([two_numbers(descriptor)?, two_numbers(descriptor.get(4..)?)?]);
            }
            _ => return None,
        };
    }
}

fn two_numbers(bytes: &[u8]) -> Option<[u16; 2]> {
    let &[a, b, c, d] = bytes.first_chunk()?;
    Some([u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])])
}

/// What follows the header and its colour table.
fn blocks(file: &[u8]) -> Option<&[u8]> {
    file.get(13..)?.get(colour_table_len(*file.get(10)?)..)
}

/// Frames up to `enough`; `None` when the file ends or goes astray before that.
fn count_frames(file: &[u8], enough: usize) -> Option<usize> {
    let mut rest = blocks(file)?;
    let mut frames = 0;
    while frames < enough {
        rest = match rest {
            [b'!', _label, blocks @ ..] => skip_blocks(blocks)?,
            [b',', descriptor @ ..] => {
                frames += 1;
                let table = colour_table_len(*descriptor.get(8)?);
                // 9 bytes of descriptor, the table, one byte of code size.
                skip_blocks(descriptor.get(9 + table + 1..)?)?
            }
            [b';', ..] => return Some(frames),
            _ => return None,
        };
    }
    Some(frames)
}

fn colour_table_len(flags: u8) -> usize {
    if flags & 0x80 == 0 {
        0
    } else {
        3 << ((flags & 7) + 1)
    }
}

/// Skips sub-blocks, each led by its length, up to and including the empty one.
fn skip_blocks(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let (&length, after) = rest.split_first()?;
        rest = after.get(usize::from(length)..)?;
        if length == 0 {
            return Some(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use image::codecs::gif::GifEncoder;
    use image::{Frame, RgbaImage};

    use super::*;

    fn gif(frames: usize) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = GifEncoder::new(&mut file);
        for _ in 0..frames {
            encoder
                .encode_frame(Frame::new(RgbaImage::new(9, 7)))
                .unwrap();
        }
        drop(encoder);
        file
    }

    #[test]
    fn frames_are_counted() {
        for (frames, expected) in [(1, false), (2, true), (5, true)] {
            assert_eq!(is_animated(&gif(frames)), expected, "{frames} frames");
        }
    }

    #[test]
    fn frames_are_compared_with_the_canvas() {
        let at = |frame: [u16; 4]| {
            let mut file = gif(1);
            let comma = file.len() - first_frame_length(&file);
            for (place, number) in frame.iter().enumerate() {
                let place = comma + 1 + 2 * place;
                file[place..place + 2].copy_from_slice(&number.to_le_bytes());
            }
            exceeds_canvas(&file)
        };
        for (name, frame, expected) in [
            ("as large", [0, 0, 9, 7], false),
            ("smaller", [2, 3, 7, 4], false),
            ("wider", [0, 0, 10, 7], true),
            ("moved", [3, 0, 7, 7], true),
            ("deeper", [0, 4, 9, 4], true),
            ("as large as can be", [u16::MAX; 4], true),
        ] {
            assert_eq!(at(frame), expected, "{name}");
        }
    }

    /// From the first frame's descriptor to the end of the file.
    fn first_frame_length(file: &[u8]) -> usize {
        let mut rest = blocks(file).unwrap();
        while let [b'!', _label, blocks @ ..] = rest {
            rest = skip_blocks(blocks).unwrap();
        }
        rest.len()
    }

    #[test]
    fn a_cut_file_never_panics() {
        let file = gif(3);
        for end in 0..file.len() {
            let _ = is_animated(&file[..end]);
            let _ = exceeds_canvas(&file[..end]);
        }
    }
}
