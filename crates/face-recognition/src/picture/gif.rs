//! Tells an animated GIF from a still one by walking its blocks, without decoding any.

/// Whether a second frame follows the first. A file that ends early is not called animated:
/// the decoder says better what is wrong with it.
pub(super) fn is_animated(file: &[u8]) -> bool {
    count_frames(file, 2).unwrap_or(0) >= 2
}

/// Frames up to `enough`; `None` when the file ends or goes astray before that.
fn count_frames(file: &[u8], enough: usize) -> Option<usize> {
    let mut rest = file.get(13..)?;
    rest = rest.get(colour_table_len(*file.get(10)?)..)?;
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
    fn a_cut_file_never_panics() {
        let file = gif(3);
        for end in 0..file.len() {
            let _ = is_animated(&file[..end]);
        }
    }
}
