//! What the segments before a scan say of its code.

use std::rc::Rc;

use super::block::{Coding, Codings};
use super::huffman::{Class, Code};
use super::standard::STANDARD;
use crate::PictureError;
use crate::jpeg::scan_header::PartHeader;
use crate::jpeg::segments::corrupt;
use crate::jpeg::structure::{Table, most_brightness};

/// The codes and the restart interval that hold until they are replaced. A code that cannot be
/// is none: as long as no scan uses it, it does no harm.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    dc: [Option<Rc<Coding>>; 4],
    ac: [Option<Rc<Coding>>; 4],
    restart_interval: u32,
}

impl Tables {
    /// Those that hold before a sequential file has said anything.
    pub(crate) fn standard() -> Self {
        let mut tables = Self::default();
        for codes in STANDARD {
            let _read = tables.read_codes(codes); // A test sees to it that they can be read.
        }
        tables
    }

    /// Reads Huffman codes.
    pub(crate) fn read_codes(&mut self, mut payload: &[u8]) -> Result<(), PictureError> {
        let damaged = || corrupt("its Huffman codes are damaged");
        while let Some((&kind, rest)) = payload.split_first() {
            payload = rest;
            let (class, codings) = match kind >> 4 {
                0 => (Class::Dc, &mut self.dc),
                1 => (Class::Ac, &mut self.ac),
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

    /// Reads after how many units all begins anew.
    pub(crate) fn read_restart_interval(&mut self, payload: &[u8]) -> Result<(), PictureError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_codes_are_there_and_complete() {
        let tables = Tables::standard();
        for number in [0, 1] {
            let part = PartHeader {
                component: 0,
                dc: number,
                ac: number,
            };
            let mut written = vec![];
            tables
                .codings(&part, &[1; 64])
                .unwrap()
                .write_codes(number, &mut written);
            assert_eq!(written, STANDARD[usize::from(number)], "code {number}");
        }
    }
}
