//! The parts of a PNG file, found without decoding any.
//!
//! The decoder is given only those that the pixels need ([`PixelStream`]): it meets no text, no
//! profile and no animation, and does not care how the file ends.

use std::io::{self, BufRead, Chain, Cursor, Read, Seek, SeekFrom};
use std::ops::Range;

use crate::error::PictureError;
use crate::format::Format;

const SIGNATURE: usize = 8;

/// Length, kind, checksum.
const FRAME: usize = 12;

const END: &[u8] = b"\0\0\0\0IEND\xae\x42\x60\x82";

/// Kinds of colour.
const GREY: u8 = 0;
const RGB: u8 = 2;
const INDEXED: u8 = 3;

/// One chunk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chunk<'a> {
    /// Where it begins.
    at: usize,
    pub(crate) kind: [u8; 4],
    pub(crate) data: &'a [u8],
    /// All of it, from its length to its checksum. Ends early if the file does.
    pub(crate) raw: &'a [u8],
}

impl Chunk<'_> {
    /// Whether the file has all of it.
    fn is_whole(&self) -> bool {
        self.raw.len() == FRAME + self.data.len()
    }

    /// Whether it is whole and has the checksum that it ought to have.
    pub(crate) fn is_intact(&self) -> bool {
        let Some((body, checksum)) = self.raw.split_last_chunk::<4>() else {
            return false;
        };
        self.is_whole() && crc32fast::hash(&body[4..]) == u32::from_be_bytes(*checksum)
    }
}

/// The chunks of a file up to its end, to where it is cut off, or to something that is no chunk.
/// The last one may be cut off.
pub(crate) fn chunks(file: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    chunks_from(file, SIGNATURE)
}

/// The chunks from a place on.
pub(crate) fn chunks_from(bytes: &[u8], mut at: usize) -> impl Iterator<Item = Chunk<'_>> {
    std::iter::from_fn(move || {
        let rest = bytes.get(at..)?;
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        if !kind.iter().all(u8::is_ascii_alphabetic) {
            return None;
        }
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let raw = rest.get(..length.saturating_add(FRAME)).unwrap_or(rest);
        let chunk = Chunk {
            at,
            kind: *kind,
            data: after.get(..length).unwrap_or(after),
            raw,
        };
        at = match kind {
            b"IEND" => bytes.len(),
            _ => at + raw.len(),
        };
        Some(chunk)
    })
}

/// Appends a chunk to a file.
pub(crate) fn write_chunk(kind: [u8; 4], data: &[u8], to: &mut Vec<u8>) {
    let Ok(length) = u32::try_from(data.len()) else {
        return; // It came out of a chunk, so it fits one.
    };
    to.extend(length.to_be_bytes());
    let body = to.len();
    to.extend(kind);
    to.extend(data);
    let checksum = crc32fast::hash(&to[body..]);
    to.extend(checksum.to_be_bytes());
}

/// A file, taken apart.
#[derive(Debug)]
pub(crate) struct File<'a> {
    /// The signature and the header.
    head: &'a [u8],
    pub(crate) palette: Option<Chunk<'a>>,
    pub(crate) transparency: Option<Chunk<'a>>,
    /// The pixels, in consecutive whole chunks, where these lie, and the beginning of one that is cut
    /// off.
    pub(crate) data: &'a [u8],
    data_at: usize,
    cut: &'a [u8],
    /// Whether the file has an end.
    pub(crate) is_ended: bool,
    pub(crate) is_animated: bool,
}

impl<'a> File<'a> {
    /// # Errors
    /// The file is no PNG, is cut off before its pixels, or has critical chunks of unknown kinds.
    pub(crate) fn parse(file: &'a [u8]) -> Result<Self, PictureError> {
        let corrupt = |reason: &str| Err(PictureError::corrupt(Format::Png, reason));
        let mut parts = Self {
            head: file,
            palette: None,
            transparency: None,
            data: &[],
            data_at: 0,
            cut: &[],
            is_ended: false,
            is_animated: false,
        };
        let mut frames = Frames::default();
        let mut is_first = true;
        let mut before_data = true;
        let mut behind_data = false;
        for chunk in chunks(file) {
            match &chunk.kind {
                b"CgBI" if is_first => {
                    return Err(PictureError::Unsupported {
                        what: "PNG (in Apple's CgBI variant)",
                    });
                }
                kind if !chunk.is_whole() && *kind != *b"IDAT" => break,
                b"IHDR" if is_first && chunk.data.len() == 13 => {
                    if !chunk.is_intact() {
                        return corrupt("the checksum of its header is wrong");
                    }
                    parts.head = &file[..SIGNATURE + chunk.raw.len()];
                }
                _ if is_first => return corrupt("it does not begin with its header"),
                b"PLTE" if before_data => parts.palette = Some(chunk),
                b"tRNS" if before_data && chunk.is_intact() => parts.transparency = Some(chunk),
                b"IDAT" if !behind_data => {
                    before_data = false;
                    parts.take_data(file, &chunk);
                }
                b"IEND" => parts.is_ended = true,
                [first, ..] if first.is_ascii_uppercase() && before_data => {
                    return Err(PictureError::Unsupported {
                        what: "PNG (with a critical chunk of an unknown kind)",
                    });
                }
                _ => frames.take(&chunk, before_data),
            }
            is_first = false;
            behind_data |= !before_data && chunk.kind != *b"IDAT";
        }
        if before_data {
            return Err(PictureError::Truncated {
                format: Format::Png,
            });
        }
        parts.is_animated = frames.are_several();
        Ok(parts)
    }

    /// Width and height as the header states them.
    pub(crate) fn dimensions(&self) -> (u32, u32) {
        let number = |at: usize| {
            let bytes = self.head.get(at..).and_then(<[u8]>::first_chunk);
            bytes.copied().map_or(0, u32::from_be_bytes)
        };
        (number(SIGNATURE + 8), number(SIGNATURE + 12))
    }

    fn take_data(&mut self, file: &'a [u8], chunk: &Chunk<'a>) {
        if !chunk.is_whole() {
            self.cut = chunk.data;
            return;
        }
        self.data_at = chunk.at - self.data.len();
        self.data = &file[self.data_at..chunk.at + chunk.raw.len()];
    }

    /// Where [`data`](Self::data) lies in the file.
    pub(crate) fn data_place(&self) -> Range<usize> {
        self.data_at..self.data_at + self.data.len()
    }

    /// Whether the pixels arrived as they were sent.
    pub(crate) fn is_data_intact(&self) -> bool {
        chunks_from(self.data, 0).all(|chunk| chunk.is_intact())
    }

    /// The one colour that is transparent, as `tRNS` writes it. Of its words, as many bits count as
    /// samples have.
    pub(crate) fn key(&self) -> Option<Vec<u8>> {
        let (depth, colour) = self.samples()?;
        let words = match colour {
            GREY => 1,
            RGB => 3,
            _ => return None,
        };
        let key = self.transparency?.data.get(..2 * words)?;
        let most = u16::MAX.checked_shr(16_u32.checked_sub(depth.into())?)?;
        let words = key.as_chunks().0.iter();
        let masked = words.flat_map(|&word| (u16::from_be_bytes(word) & most).to_be_bytes());
        Some(masked.collect())
    }

    /// Depth and kind of colour as the header states them.
    fn samples(&self) -> Option<(u8, u8)> {
        match self.head.get(SIGNATURE + 16..)? {
            &[depth, colour, ..] => Some((depth, colour)),
            _ => None,
        }
    }

    /// The chunks that a decoder needs for the pixels, but those that hold them.
    pub(crate) fn rest(&self) -> Rest {
        let is_indexed = self.samples().is_some_and(|(_, colour)| colour == INDEXED);
        let palette = self.palette.filter(|_| is_indexed);
        let mut before = [self.head, palette.map_or(&[], |palette| palette.raw)].concat();
        if let Some(key) = self.key() {
            write_chunk(*b"tRNS", &key, &mut before);
        }
        let mut behind = Vec::new();
        // The chunk that is cut off, as if it were no longer.
        if !self.cut.is_empty() {
            write_chunk(*b"IDAT", self.cut, &mut behind);
        }
        behind.extend(END);
        Rest { before, behind }
    }
}

/// The animation that a file announces, and the frames that it has.
#[derive(Default)]
struct Frames {
    /// As many as it has, by its own account.
    claimed: Option<u32>,
    /// As many as there are, and whether the still picture is the first of them.
    found: u32,
    begins_with_still: bool,
}

impl Frames {
    fn take(&mut self, chunk: &Chunk<'_>, before_data: bool) {
        match &chunk.kind {
            b"acTL" if before_data && chunk.is_intact() => {
                self.claimed = chunk.data.first_chunk().copied().map(u32::from_be_bytes);
            }
            b"fcTL" => {
                self.begins_with_still |= before_data;
                self.found += 1;
            }
            _ => {}
        }
    }

    /// Whether there is more to see than the still picture.
    fn are_several(&self) -> bool {
        let Some(claimed) = self.claimed else {
            return false; // Frames without it are ignored.
        };
        match self.found {
            0 => false,
            1 => !self.begins_with_still,
            _ => claimed > 1 || !self.begins_with_still,
        }
    }
}

/// What a decoder needs of a file before and behind its pixels.
#[derive(Debug)]
pub(crate) struct Rest {
    before: Vec<u8>,
    behind: Vec<u8>,
}

impl Rest {
    /// A file with this around `data`.
    pub(crate) fn around<D: BufRead>(self, data: D) -> PixelStream<D> {
        let (before, behind) = (Cursor::new(self.before), Cursor::new(self.behind));
        PixelStream(before.chain(data).chain(behind))
    }
}

type Piece = Cursor<Vec<u8>>;

/// A file of the chunks that a decoder needs for the pixels, which are read from `D`.
#[derive(Debug)]
pub(crate) struct PixelStream<D>(Chain<Chain<Piece, D>, Piece>);

impl<D: BufRead> BufRead for PixelStream<D> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.0.consume(amount);
    }
}

impl<D: BufRead> Read for PixelStream<D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

/// The decoder asks for it and does not use it.
impl<D> Seek for PixelStream<D> {
    fn seek(&mut self, _to: SeekFrom) -> io::Result<u64> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
