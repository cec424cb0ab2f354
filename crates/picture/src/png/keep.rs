//! Which of the chunks beside the pixels the result keeps, and how.
//!
//! Chunks that are true of the result are kept byte for byte: how its colours are meant, how large
//! it is printed, its texts. Others are corrected where that is a matter of numbers, and left out
//! otherwise. Of unknown chunks, those are kept that the standard lets editors copy (PNG, third
//! edition, 14.2).

use super::chunks::{Chunk, chunks, chunks_from, write_chunk};
use super::samples::{Samples, Target};
use crate::orientation::{Orientation, Pose};
use crate::palette::Palette;
use crate::{exif, xmp};

/// Kept although editors that do not know them must not copy them: they say how colours are
/// meant, and when the photo was last edited.
const KNOWN: [&[u8; 4]; 8] = [
    b"cHRM", b"gAMA", b"iCCP", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"tIME",
];

/// These decide how pixels are shown.
const SHOWN: [&[u8; 4]; 8] = [
    b"cHRM", b"gAMA", b"iCCP", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"pHYs",
];

/// Each of these is there once; decoders take the first.
const SINGLE: [&[u8; 4]; 10] = [
    b"cHRM", b"gAMA", b"iCCP", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"tIME", b"pHYs", b"eXIf",
];

/// Chunks for the result, ready to be written.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) before_palette: Vec<u8>,
    pub(crate) before_data: Vec<u8>,
    pub(crate) behind_data: Vec<u8>,
    /// Content of `bKGD` and `sBIT`, which are about samples: whether they are true of the result
    /// is known when its samples are.
    background: Option<Vec<u8>>,
    significant_bits: Option<Vec<u8>>,
}

/// Which way is up.
pub(crate) fn orientation(file: &[u8]) -> Orientation {
    chunks(file)
        .find(|chunk| chunk.kind == *b"eXIf" && chunk.is_intact())
        .map_or(Orientation::Upright, |chunk| exif::orientation(chunk.data))
}

/// How long the chunks are that may be kept, in bytes.
pub(crate) fn length(file: &[u8]) -> u64 {
    let beside = chunks(file).filter(|chunk| chunk.kind[0].is_ascii_lowercase());
    beside.map(|chunk| chunk.raw.len() as u64).sum()
}

impl Kept {
    /// The chunks of `file` that its upright result keeps.
    pub(crate) fn of(file: &[u8], orientation: Orientation) -> Self {
        let mut kept = Self::default();
        let mut seen: Vec<[u8; 4]> = Vec::new();
        let mut place = Place::BeforePalette;
        for chunk in chunks(file) {
            match &chunk.kind {
                b"PLTE" => place = Place::BeforeData,
                b"IDAT" => place = Place::BehindData,
                kind if kind[0].is_ascii_uppercase() || !chunk.is_intact() => {}
                kind if seen.contains(kind) => {}
                b"bKGD" => kept.background = Some(chunk.data.to_vec()),
                b"sBIT" => kept.significant_bits = Some(chunk.data.to_vec()),
                kind => {
                    if SINGLE.contains(&kind) {
                        seen.push(*kind);
                    }
                    write(&chunk, orientation, kept.at(place));
                }
            }
        }
        kept
    }

    /// Adds the chunks about samples, as far as they are true of the result's. `palette` is the
    /// source's.
    pub(crate) fn true_of(
        mut self,
        target: &Target<'_>,
        source: Samples,
        palette: Option<&Palette>,
    ) -> Self {
        let is_alike = target.samples.colour == source.colour;
        let is_as_deep = target.samples.depth == source.depth || palette.is_some();
        if is_alike
            && is_as_deep
            && let Some(bits) = &self.significant_bits
        {
            write_chunk(*b"sBIT", bits, &mut self.before_palette);
        }
        let background = match (self.background.as_deref(), palette) {
            (Some(&[number]), Some(palette)) => target.background(palette.colour(number), number),
            (Some(&[high, low]), None) if is_alike => {
                let factor = target.samples.most() / source.most();
                let shade = u16::from_be_bytes([high, low]) & source.most();
                Some((shade * factor).to_be_bytes().to_vec())
            }
            (Some(colour), None) if is_alike => Some(colour.to_vec()),
            _ => None,
        };
        if let Some(background) = background {
            write_chunk(*b"bKGD", &background, &mut self.before_data);
        }
        self
    }

    /// Leaves out all chunks but those that decide how pixels are shown.
    pub(crate) fn strip(&mut self) {
        for place in [Place::BeforePalette, Place::BeforeData, Place::BehindData] {
            let all = std::mem::take(self.at(place));
            let shown = chunks_from(&all, 0).filter(|chunk| SHOWN.contains(&&chunk.kind));
            self.at(place).extend(shown.flat_map(|chunk| chunk.raw));
        }
    }

    fn at(&mut self, place: Place) -> &mut Vec<u8> {
        match place {
            Place::BeforePalette => &mut self.before_palette,
            Place::BeforeData => &mut self.before_data,
            Place::BehindData => &mut self.behind_data,
        }
    }
}

#[derive(Clone, Copy)]
enum Place {
    BeforePalette,
    BeforeData,
    BehindData,
}

/// Writes `chunk` as it is true of the upright picture, if it can be.
fn write(chunk: &Chunk<'_>, orientation: Orientation, to: &mut Vec<u8>) {
    let kind = &chunk.kind;
    let pose = Pose::upright(orientation);
    match (kind, chunk.data) {
        (b"eXIf", block) => {
            if let Some(block) = exif::passed_on(block, pose) {
                write_chunk(*kind, &block, to);
            }
        }
        (b"iTXt", text) if text.starts_with(XMP) => {
            let kept = xmp_packet(text).and_then(|packet| {
                let head = &text[..text.len() - packet.len()];
                let packet = xmp::passed_on(packet, pose.orientation)?;
                Some([head, &packet].concat())
            });
            if let Some(text) = kept {
                write_chunk(*kind, &text, to);
            }
        }
        // EXIF in letters, which is not corrected.
        (b"tEXt" | b"zTXt" | b"iTXt", text) if is_exif_in_letters(text) => {}
        (b"pHYs", [density @ .., unit]) if orientation.is_sideways() && density.len() == 8 => {
            let (across, down) = density.split_at(4);
            write_chunk(*kind, &[down, across, &[*unit]].concat(), to);
        }
        // Where it lies on a page.
        (b"oFFs", _) if orientation != Orientation::Upright => {}
        _ if KNOWN.contains(&kind) || kind[3].is_ascii_lowercase() => to.extend(chunk.raw),
        _ => {}
    }
}

const XMP: &[u8] = b"XML:com.adobe.xmp\0";

/// The packet at the end of an international text, if it is not compressed; hardly any is,
/// because programs that do not know PNG could not find it.
fn xmp_packet(text: &[u8]) -> Option<&[u8]> {
    let [0, 0, rest @ ..] = text.strip_prefix(XMP)? else {
        return None;
    };
    // Language and translated keyword, each ended by a zero.
    let mut parts = rest.splitn(3, |byte| *byte == 0);
    parts.nth(2)
}

fn is_exif_in_letters(text: &[u8]) -> bool {
    let names = [b"Raw profile type exif\0", b"Raw profile type APP1\0"];
    names.iter().any(|name| {
        let start = text.get(..name.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(*name))
    })
}
