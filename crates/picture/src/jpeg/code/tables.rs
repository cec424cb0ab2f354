//! The Huffman codes and the restart interval that hold for a scan.

use std::rc::Rc;

use jpeg_encoder::{ColorType, Encoder};

use super::coding::{Coding, Codings};
use super::huffman::{Class, Code};
use crate::error::PictureError;
use crate::jpeg::scan_header::PartHeader;
use crate::jpeg::segments::{HUFFMAN, RESTART_INTERVAL, Segment, Segments, corrupt};
use crate::jpeg::table::{Table, most_brightness};

/// The codes and the restart interval that hold until they are replaced. A code that cannot be
/// is none: as long as no scan uses it, it does no harm.
#[derive(Debug)]
pub(crate) struct Tables {
    /// Of the codes that are not for brightness.
    class: Class,
    dc: [Option<Rc<Coding>>; 4],
    ac: [Option<Rc<Coding>>; 4],
    restart_interval: u32,
}

impl Tables {
    /// The tables that hold before a sequential file has said anything: the codes of annex K of the
    /// standard, which webcams leave out in the frames of a film, and which `jpeg-encoder` writes.
    pub(crate) fn standard() -> Self {
        let (mut tables, mut file) = (Self::of(Class::Ac), Vec::new());
        let _written = Encoder::new(&mut file, 90).encode(&[0; 3], 1, 1, ColorType::Rgb);
        let mut segments = Segments::of(&file);
        while let Ok(Some(segment)) = segments.next() {
            let _read = tables.read(&segment);
        }
        tables
    }

    /// None, before a progressive file has said anything.
    pub(crate) fn progressive() -> Self {
        Self::of(Class::ProgressiveAc)
    }

    fn of(class: Class) -> Self {
        Self {
            class,
            dc: Default::default(),
            ac: Default::default(),
            restart_interval: 0,
        }
    }

    /// Reads a segment, if it is about either.
    pub(crate) fn read(&mut self, segment: &Segment<'_>) -> Result<(), PictureError> {
        match segment.marker {
            HUFFMAN => self.read_codes(segment.payload),
            RESTART_INTERVAL => self.read_restart_interval(segment.payload),
            _ => Ok(()),
        }
    }

    fn read_codes(&mut self, mut payload: &[u8]) -> Result<(), PictureError> {
        let damaged = || corrupt("its Huffman codes are damaged");
        while let Some((&kind, rest)) = payload.split_first() {
            payload = rest;
            let (class, codings) = match kind >> 4 {
                0 => (Class::Dc, &mut self.dc),
                1 => (self.class, &mut self.ac),
                _ => return Err(damaged()),
            };
            let code = Code::take(&mut payload).ok_or_else(damaged)?;
            let coding = codings
                .get_mut(usize::from(kind & 15))
                .ok_or_else(damaged)?;
            *coding = code
                .is_possible(class)
                .then(|| Rc::new(Coding::of(&code, class)));
        }
        Ok(())
    }

    fn read_restart_interval(&mut self, payload: &[u8]) -> Result<(), PictureError> {
        let interval = payload
            .try_into()
            .map_err(|_| corrupt("its restart interval is damaged"))?;
        self.restart_interval = u16::from_be_bytes(interval).into();
        Ok(())
    }

    pub(crate) fn restart_interval(&self) -> u32 {
        self.restart_interval
    }

    /// The codes that a scan header names for a component of this quantisation.
    pub(crate) fn codings(
        &self,
        part: &PartHeader,
        quantisation: &Table,
    ) -> Result<Codings, PictureError> {
        Ok(Codings {
            dc: self.dc(part)?,
            ac: self.ac(part)?,
            most: most_brightness(quantisation),
        })
    }

    pub(crate) fn dc(&self, part: &PartHeader) -> Result<Rc<Coding>, PictureError> {
        found(&self.dc, part.dc)
    }

    pub(crate) fn ac(&self, part: &PartHeader) -> Result<Rc<Coding>, PictureError> {
        found(&self.ac, part.ac)
    }
}

fn found(codings: &[Option<Rc<Coding>>; 4], number: u8) -> Result<Rc<Coding>, PictureError> {
    let coding = codings.get(usize::from(number)).cloned().flatten();
    coding.ok_or_else(|| corrupt("a Huffman code is missing or impossible"))
}
