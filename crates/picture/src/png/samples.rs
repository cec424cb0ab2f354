//! How a PNG file writes its pixels, and how they are kept in memory: a byte for each palette index
//! or shade, two for samples of sixteen bits.

use png::{BitDepth, ColorType};

use crate::colour::Space;
use crate::palette::{Palette, Rgba};
use crate::raster::{Depth, Raster};

/// The samples of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Samples {
    pub(crate) colour: ColorType,
    /// Bits of each.
    pub(crate) depth: u8,
    /// The one colour that is transparent; of grey, only the first word counts.
    pub(crate) key: Option<[u16; 3]>,
}

impl Samples {
    pub(crate) fn of(colour: ColorType, depth: BitDepth) -> Self {
        Self {
            colour,
            depth: depth as u8,
            key: None,
        }
    }

    /// With the transparent colour as `tRNS` writes it.
    pub(crate) fn with_key(self, transparency: Option<&[u8]>) -> Self {
        let mut words = transparency.unwrap_or_default().as_chunks().0.iter();
        let mut word = || words.next().map(|&word| u16::from_be_bytes(word));
        let key = match self.colour {
            ColorType::Grayscale => word().map(|grey| [grey; 3]),
            ColorType::Rgb => match (word(), word(), word()) {
                (Some(r), Some(g), Some(b)) => Some([r, g, b]),
                _ => None,
            },
            _ => None,
        };
        Self { key, ..self }
    }

    /// How they are kept. A transparent colour becomes alpha; palette indices look like grey.
    pub(crate) fn raster(self) -> (Space, Depth) {
        let space = match (self.colour, self.key) {
            (ColorType::Indexed, _) | (ColorType::Grayscale, None) => Space::Grey,
            (ColorType::Grayscale, Some(_)) | (ColorType::GrayscaleAlpha, _) => Space::GreyAlpha,
            (ColorType::Rgb, None) => Space::Rgb,
            (ColorType::Rgb, Some(_)) | (ColorType::Rgba, _) => Space::Rgba,
        };
        let depth = if self.depth == 16 {
            Depth::Sixteen
        } else {
            Depth::Eight
        };
        (space, depth)
    }

    /// Whether the decoder gives palette indices as they are packed.
    pub(crate) fn is_packed(self) -> bool {
        self.depth < 8 && self.colour == ColorType::Indexed
    }

    /// The largest sample.
    pub(crate) fn most(self) -> u16 {
        u16::MAX >> (16 - self.depth)
    }

    fn is_shallow_grey(self) -> bool {
        self.colour == ColorType::Grayscale && self.depth < 8
    }

    /// By how much samples of at most eight bits are multiplied in memory.
    fn unit(self) -> u16 {
        255_u16.checked_div(self.most()).unwrap_or(1).max(1)
    }

    /// The same colours in more bits.
    fn deepened(self, depth: u8) -> Self {
        let deeper = Self { depth, ..self };
        let factor = deeper.most() / self.most();
        Self {
            key: self.key.map(|key| key.map(|word| word * factor)),
            ..deeper
        }
    }
}

/// Palette indices of `depth` bits, packed in rows, as bytes.
pub(crate) fn unpacked(data: &[u8], width: usize, depth: u8) -> Vec<u8> {
    let row_bytes = (width * usize::from(depth)).div_ceil(8);
    let per_byte = 8 / depth;
    let mask = u8::MAX >> (8 - depth);
    let mut numbers = Vec::with_capacity(data.len() * usize::from(per_byte));
    for row in data.chunks_exact(row_bytes) {
        let all = row
            .iter()
            .flat_map(|byte| (1..=per_byte).map(move |place| byte >> (8 - depth * place) & mask));
        numbers.extend(all.take(width));
    }
    numbers
}

/// Sixteen bits from the byte order of the file to that of the machine, or back.
pub(crate) fn swap_bytes(data: &mut [u8]) {
    for word in data.as_chunks_mut().0 {
        *word = u16::from_be_bytes(*word).to_ne_bytes();
    }
}

/// Facts about all pixels of a result that decide how they can be written.
pub(crate) struct Shades {
    source: Samples,
    /// Shades of grey.
    is_there: [bool; 256],
    /// Whether something is drawn in the one colour that would not be seen.
    is_hidden: bool,
    /// Whether any pixel is half transparent.
    is_graded: bool,
}

impl Shades {
    /// Of a picture with these samples of which no part was seen yet.
    pub(crate) fn of(source: Samples) -> Self {
        Self {
            source,
            is_there: [false; 256],
            is_hidden: false,
            is_graded: false,
        }
    }

    /// Whether they decide anything.
    pub(crate) fn matter(source: Samples) -> bool {
        source.key.is_some() || source.is_shallow_grey()
    }

    /// Looks at a part of the picture.
    pub(crate) fn take(&mut self, raster: &Raster) {
        let depth = raster.depth.bytes();
        let key = self.source.key.map(|key| key[0] * self.source.unit());
        for pixel in raster.data.chunks_exact(raster.pixel_bytes()) {
            let alpha = &pixel[pixel.len() - depth..];
            self.is_graded |=
                alpha.iter().any(|&byte| byte != 0) && alpha.iter().any(|&byte| byte != 255);
            self.is_there[usize::from(pixel[0])] = true;
            let is_opaque = pixel.get(1).is_some_and(|&alpha| alpha != 0);
            self.is_hidden |= is_opaque && Some(u16::from(pixel[0])) == key;
        }
    }

    /// Bits that all shades of grey need, and no less than they had.
    fn grey_depth(&self) -> u8 {
        let least = self.source.depth;
        if !self.source.is_shallow_grey() {
            return least;
        }
        let fits = |bits: u8| {
            let unit = 255 / ((1 << bits) - 1);
            let mut missing = (0..256).filter(|shade| shade % unit != 0);
            !missing.any(|shade| self.is_there[shade])
        };
        let enough = [1, 2, 4].into_iter().find(|&bits| fits(bits));
        match enough {
            Some(bits) if !self.is_hidden => bits.max(least),
            _ => 8,
        }
    }
}

/// The samples that are written: no deeper than the pixels need, no less deep than the file's were.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    pub(crate) samples: Samples,
    pub(crate) palette: Option<&'a Palette>,
    /// Whether each pixel has an alpha in memory that is told by the transparent colour.
    drops_alpha: bool,
}

impl<'a> Target<'a> {
    /// For pixels of a result that are kept like this.
    pub(crate) fn of(
        (space, depth): (Space, Depth),
        palette: Option<&'a Palette>,
        shades: &Shades,
    ) -> Self {
        let source = shades.source;
        if let Some(palette) = palette {
            let colours = palette.colours.len();
            let depth = [1, 2, 4].into_iter().find(|bits| colours <= 1 << bits);
            let samples = Samples {
                depth: depth.unwrap_or(8).max(source.depth),
                ..source
            };
            return Self {
                samples,
                palette: Some(palette),
                drops_alpha: false,
            };
        }
        let direct = Samples {
            colour: match space {
                Space::Grey => ColorType::Grayscale,
                Space::GreyAlpha => ColorType::GrayscaleAlpha,
                Space::Rgba => ColorType::Rgba,
                _ => ColorType::Rgb,
            },
            depth: match depth {
                Depth::Eight => 8,
                Depth::Sixteen => 16,
            },
            key: None,
        };
        let key = source.key.filter(|_| !shades.is_graded);
        let samples = match source.colour {
            ColorType::Grayscale if key.is_some() || source.key.is_none() => {
                source.deepened(shades.grey_depth())
            }
            ColorType::Rgb if key.is_some() => source,
            _ => direct,
        };
        Self {
            samples,
            palette: None,
            drops_alpha: samples.key.is_some(),
        }
    }

    /// The content of `PLTE`, if there is one.
    pub(crate) fn palette_bytes(&self) -> Option<Vec<u8>> {
        let colours = self.palette?.colours.iter();
        Some(colours.flat_map(|&[r, g, b, _]| [r, g, b]).collect())
    }

    /// The content of `tRNS`, if there is one.
    pub(crate) fn transparency(&self) -> Option<Vec<u8>> {
        if let Some(palette) = self.palette {
            let alphas = palette.colours.iter().map(|colour| colour[3]);
            let count = alphas.clone().rposition(|alpha| alpha < 255)? + 1;
            return Some(alphas.take(count).collect());
        }
        let key = self.samples.key?;
        let numbers = if self.samples.colour == ColorType::Grayscale {
            &key[..1]
        } else {
            &key[..]
        };
        Some(numbers.iter().flat_map(|word| word.to_be_bytes()).collect())
    }

    /// The content of `bKGD` for a colour of the source's palette, which had this index.
    pub(crate) fn background(&self, colour: Rgba, number: u8) -> Option<Vec<u8>> {
        match self.palette {
            Some(palette) => (palette.colour(number) == colour).then(|| vec![number]),
            None => Some(colour[..3].iter().flat_map(|&byte| [0, byte]).collect()),
        }
    }

    /// Turns a row of `raster` into one of the file.
    pub(crate) fn write_row(&self, raster: &Raster, row: &mut Vec<u8>) {
        if self.drops_alpha {
            self.drop_alpha(raster, row);
        }
        if raster.depth == Depth::Sixteen {
            swap_bytes(row);
        }
        let depth = self.samples.depth;
        if depth < 8 {
            let unit = match self.palette {
                Some(_) => 1,
                None => 255 / (u8::MAX >> (8 - depth)),
            };
            let packed = row.chunks(usize::from(8 / depth)).map(|samples| {
                let places = (1..).map(|place| 8 - depth * place);
                let bits = samples.iter().zip(places);
                bits.fold(0, |byte, (sample, place)| byte | (sample / unit) << place)
            });
            *row = packed.collect();
        }
    }

    /// Where something is drawn in the one colour that would not be seen, its lowest bit is turned.
    fn drop_alpha(&self, raster: &Raster, row: &mut Vec<u8>) {
        let key = self.key_in_memory(raster.depth);
        let (pixel, alpha) = (raster.pixel_bytes(), raster.depth.bytes());
        let mut opaque = Vec::with_capacity(row.len());
        for pixel in row.chunks_exact(pixel) {
            let (colour, alpha) = pixel.split_at(pixel.len() - alpha);
            let start = opaque.len();
            opaque.extend_from_slice(colour);
            if alpha[0] != 0 && key.starts_with(colour) {
                let low = match raster.depth {
                    Depth::Sixteen if cfg!(target_endian = "big") => start + 1,
                    _ => start,
                };
                opaque[low] ^= 1;
            }
        }
        *row = opaque;
    }

    fn key_in_memory(&self, depth: Depth) -> Vec<u8> {
        let Samples { key, .. } = self.samples;
        let unit = self.samples.unit();
        let words = key.into_iter().flatten().map(|word| word * unit);
        match depth {
            Depth::Eight => words.map(|word| word.to_le_bytes()[0]).collect(),
            Depth::Sixteen => words.flat_map(u16::to_ne_bytes).collect(),
        }
    }
}
