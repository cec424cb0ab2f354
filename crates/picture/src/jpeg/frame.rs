//! The header of the frame: how large the picture is, and how its components are stored.

use super::segments::corrupt;
use super::table::Table;
use crate::error::PictureError;

/// Which of the processes of the standard made the picture data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Process {
    Baseline,
    /// More tables than baseline has, or larger ones.
    Extended,
    Progressive,
}

/// The largest sampling factor.
const MAX_FACTOR: u8 = 4;

/// How one colour component is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Component {
    /// Its name in scan headers.
    pub(crate) id: u8,
    pub(crate) horizontal: u8,
    pub(crate) vertical: u8,
    pub(crate) table: Table,
}

impl Component {
    /// Blocks in an MCU of a scan that has more components, across and down.
    pub(crate) fn blocks(self) -> (u32, u32) {
        (self.horizontal.into(), self.vertical.into())
    }
}

/// The frame header.
pub(crate) struct Frame {
    pub(crate) process: Process,
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) components: Vec<RawComponent>,
}

/// A component as the frame header has it.
pub(crate) struct RawComponent {
    pub(crate) id: u8,
    pub(crate) horizontal: u8,
    pub(crate) vertical: u8,
    /// Which of the quantisation tables it uses.
    pub(crate) selector: u8,
}

impl RawComponent {
    pub(crate) fn blocks(&self) -> u32 {
        u32::from(self.horizontal) * u32::from(self.vertical)
    }
}

impl Frame {
    pub(crate) fn read(marker: u8, payload: &[u8]) -> Result<Self, PictureError> {
        let [bits, h1, h0, w1, w0, count, components @ ..] = payload else {
            return Err(corrupt("its frame header is too short"));
        };
        match bits {
            8 => {}
            12 => {
                return Err(PictureError::Unsupported {
                    what: "12-bit JPEG",
                });
            }
            bits => return Err(corrupt(format!("it has {bits} bits a sample"))),
        }
        if components.len() != 3 * usize::from(*count) {
            return Err(corrupt("its frame header has a wrong length"));
        }
        let component = |&[id, sampling, selector]: &[u8; 3]| RawComponent {
            id,
            horizontal: sampling >> 4,
            vertical: sampling & 15,
            selector,
        };
        let frame = Self {
            process: match marker {
                0xc0 => Process::Baseline,
                0xc1 => Process::Extended,
                _ => Process::Progressive,
            },
            width: u16::from_be_bytes([*w1, *w0]),
            height: u16::from_be_bytes([*h1, *h0]),
            components: components
                .as_chunks::<3>()
                .0
                .iter()
                .map(component)
                .collect(),
        };
        frame.check()?;
        Ok(frame.simplified())
    }

    /// The samples of a component that is alone are in no relation to any others.
    fn simplified(mut self) -> Self {
        if let [alone] = self.components.as_mut_slice() {
            (alone.horizontal, alone.vertical) = (1, 1);
        }
        self
    }

    /// Whether libjpeg can show it.
    fn check(&self) -> Result<(), PictureError> {
        let unsupported = |what| Err(PictureError::Unsupported { what });
        if !matches!(self.components.len(), 1 | 3 | 4) {
            return unsupported("multi-band JPEG");
        }
        let factors = 1..=MAX_FACTOR;
        for one in &self.components {
            if !factors.contains(&one.horizontal) || !factors.contains(&one.vertical) {
                return Err(corrupt("a sampling factor is out of range"));
            }
            if one.selector > 3 {
                return Err(corrupt(
                    "a component names a quantisation table that cannot be",
                ));
            }
        }
        let samplings = || {
            self.components
                .iter()
                .map(|one| (one.horizontal, one.vertical))
        };
        let (horizontal, vertical) = finest(samplings());
        if !samplings().all(|(h, v)| horizontal.is_multiple_of(h) && vertical.is_multiple_of(v)) {
            return unsupported("fractionally sampled JPEG");
        }
        Ok(())
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = u8> + '_ {
        self.components.iter().map(|one| one.id)
    }
}

/// The finest of these samplings, across and down.
pub(crate) fn finest(samplings: impl Iterator<Item = (u8, u8)>) -> (u8, u8) {
    samplings.fold((1, 1), |(h, v), (horizontal, vertical)| {
        (h.max(horizontal), v.max(vertical))
    })
}

/// The other way round if `is_sideways`.
pub(crate) fn swapped<T>(is_sideways: bool, (one, other): (T, T)) -> (T, T) {
    if is_sideways {
        (other, one)
    } else {
        (one, other)
    }
}
