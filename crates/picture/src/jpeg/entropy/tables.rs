//! The Huffman tables and the restart interval that hold for a scan.

use std::rc::Rc;

use jpeg_encoder::{ColorType, Encoder};

use super::block_coder::BlockCoder;
use super::huffman::{Class, HuffmanSpec};
use super::huffman_table::HuffmanTable;
use crate::error::PictureError;
use crate::jpeg::scan_header::ScanComponentHeader;
use crate::jpeg::segments::{HUFFMAN, RESTART_INTERVAL, Segment, Segments, corrupt};
use crate::jpeg::table::{Table, max_dc};

/// The tables and the restart interval that hold until they are replaced. A table that cannot be
/// is none: as long as no scan uses it, it does no harm.
#[derive(Debug)]
pub(crate) struct Tables {
    /// Of the AC tables.
    class: Class,
    dc: [Option<Rc<HuffmanTable>>; 4],
    ac: [Option<Rc<HuffmanTable>>; 4],
    restart_interval: u32,
}

impl Tables {
    /// The tables that hold before a sequential file has said anything: the tables of annex K of the
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
            HUFFMAN => self.read_tables(segment.payload),
            RESTART_INTERVAL => self.read_restart_interval(segment.payload),
            _ => Ok(()),
        }
    }

    fn read_tables(&mut self, mut payload: &[u8]) -> Result<(), PictureError> {
        let damaged = || corrupt("its Huffman tables are damaged");
        while let Some((&kind, rest)) = payload.split_first() {
            payload = rest;
            let (class, tables) = match kind >> 4 {
                0 => (Class::Dc, &mut self.dc),
                1 => (self.class, &mut self.ac),
                _ => return Err(damaged()),
            };
            let spec = HuffmanSpec::take(&mut payload).ok_or_else(damaged)?;
            let table = tables.get_mut(usize::from(kind & 15)).ok_or_else(damaged)?;
            *table = spec
                .is_possible(class)
                .then(|| Rc::new(HuffmanTable::of(&spec, class)));
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

    /// What a component of this quantisation is coded with, by its scan header.
    pub(crate) fn block_coder(
        &self,
        component: &ScanComponentHeader,
        quantisation: &Table,
    ) -> Result<BlockCoder, PictureError> {
        Ok(BlockCoder {
            dc: self.dc(component)?,
            ac: self.ac(component)?,
            max_dc: max_dc(quantisation),
        })
    }

    pub(crate) fn dc(
        &self,
        component: &ScanComponentHeader,
    ) -> Result<Rc<HuffmanTable>, PictureError> {
        found(&self.dc, component.dc)
    }

    pub(crate) fn ac(
        &self,
        component: &ScanComponentHeader,
    ) -> Result<Rc<HuffmanTable>, PictureError> {
        found(&self.ac, component.ac)
    }
}

fn found(
    tables: &[Option<Rc<HuffmanTable>>; 4],
    number: u8,
) -> Result<Rc<HuffmanTable>, PictureError> {
    let table = tables.get(usize::from(number)).cloned().flatten();
    table.ok_or_else(|| corrupt("a Huffman table is missing or impossible"))
}
