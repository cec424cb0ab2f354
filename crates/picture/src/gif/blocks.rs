//! The blocks of a file, walked without decoding any.

use crate::xmp;

/// Application extensions that are about animation.
const LOOPS: [&[u8]; 2] = [b"NETSCAPE2.0", b"ANIMEXTS1.0"];

/// What comes before the first frame and behind it, as far as it stays true, as it is in the file.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    pub(super) before: Vec<u8>,
    pub(super) behind: Vec<u8>,
    /// The last control of the first frame: flags, how long it is shown, and its transparent index.
    pub(super) control: Option<[u8; 4]>,
}

impl Extensions {
    pub(super) fn of(file: &[u8]) -> Self {
        let mut found = Self::default();
        let mut rest = blocks(file).unwrap_or_default();
        let mut is_behind = false;
        loop {
            let after = match rest {
                [b'!', label, body @ ..] => {
                    let Some(after) = skip_blocks(body) else {
                        break;
                    };
                    let extension = &rest[..rest.len() - after.len()];
                    match (label, body) {
                        (0xf9, [4, control @ ..]) if !is_behind => {
                            found.control = control.first_chunk().copied();
                        }
                        _ if !is_kept(*label, extension) => {}
                        _ if is_behind => found.behind.extend(extension),
                        _ => found.before.extend(extension),
                    }
                    after
                }
                [b',', descriptor @ ..] if !is_behind => {
                    is_behind = true;
                    after_frame(descriptor).unwrap_or_default()
                }
                _ => break,
            };
            rest = after;
        }
        found
    }
}

/// Whether an extension is a comment, or of an application and not about animation.
fn is_kept(label: u8, extension: &[u8]) -> bool {
    let name = extension.get(3..).unwrap_or_default();
    let is_kept = match label {
        0xfe => true,
        0xff => !LOOPS.iter().any(|about| name.starts_with(about)),
        _ => false,
    };
    is_kept && !xmp::holds_picture(extension)
}

/// Where the first frame lies on the screen.
pub(super) struct FirstFrame {
    screen: [u16; 2],
    offset: [u16; 2],
    size: [u16; 2],
}

impl FirstFrame {
    /// `None` if the file ends or goes astray before it.
    pub(super) fn of(file: &[u8]) -> Option<Self> {
        let screen = two_numbers(file.get(6..)?)?;
        let descriptor = frames(file).next()?;
        let (offset, size) = (two_numbers(descriptor)?, two_numbers(descriptor.get(4..)?)?);
        Some(Self {
            screen,
            offset,
            size,
        })
    }

    /// As large as the screen, or as it must be for the frame, as browsers do it.
    pub(super) fn canvas(&self) -> (u32, u32) {
        if self.size.contains(&0) {
            return (0, 0);
        }
        let side = |at: usize| {
            let end = u32::from(self.offset[at]) + u32::from(self.size[at]);
            end.max(self.screen[at].into())
        };
        (side(0), side(1))
    }
}

fn two_numbers(bytes: &[u8]) -> Option<[u16; 2]> {
    let &[a, b, c, d] = bytes.first_chunk()?;
    Some([u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])])
}

/// The blocks behind the header and its colour table.
fn blocks(file: &[u8]) -> Option<&[u8]> {
    file.get(13..)?.get(colour_table_len(*file.get(10)?)..)
}

/// Whether a second frame follows the first, and ends. A file that ends early is not called
/// animated: the decoder says better what is wrong with it.
pub(super) fn is_animated(file: &[u8]) -> bool {
    let mut whole = frames(file).filter_map(after_frame);
    whole.nth(1).is_some()
}

/// The file from the descriptor of each frame on, until it ends or goes astray.
pub(super) fn frames(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = blocks(file);
    std::iter::from_fn(move || {
        loop {
            match rest? {
                [b'!', _label, blocks @ ..] => rest = skip_blocks(blocks),
                [b',', descriptor @ ..] => {
                    rest = after_frame(descriptor);
                    return Some(descriptor);
                }
                _ => return None,
            }
        }
    })
}

/// The blocks behind a frame: 9 bytes of descriptor, the table, one byte of code size, and its
/// data.
fn after_frame(descriptor: &[u8]) -> Option<&[u8]> {
    let table = colour_table_len(*descriptor.get(8)?);
    skip_blocks(descriptor.get(9 + table + 1..)?)
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
    fn several_frames_are_an_animation() {
        for (frames, expected) in [(1, false), (2, true), (5, true)] {
            assert_eq!(is_animated(&gif(frames)), expected, "{frames} frames");
        }
    }

    #[test]
    fn the_canvas_holds_screen_and_frame() {
        let at = |frame: [u16; 4]| {
            let mut file = gif(1);
            let descriptor = file.len() - frames(&file).next().unwrap().len();
            for (place, number) in frame.iter().enumerate() {
                let place = descriptor + 2 * place;
                file[place..place + 2].copy_from_slice(&number.to_le_bytes());
            }
            FirstFrame::of(&file).unwrap().canvas()
        };
        for (name, frame, expected) in [
            ("as large", [0, 0, 9, 7], (9, 7)),
            ("smaller", [2, 3, 7, 4], (9, 7)),
            ("wider", [0, 0, 10, 7], (10, 7)),
            ("moved", [3, 0, 7, 7], (10, 7)),
            ("deeper", [0, 4, 9, 4], (9, 8)),
            ("empty", [0, 4, 0, 4], (0, 0)),
            ("as large as can be", [u16::MAX; 4], (131_070, 131_070)),
        ] {
            assert_eq!(at(frame), expected, "{name}");
        }
    }
}
