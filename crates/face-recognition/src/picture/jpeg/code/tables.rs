//! What the segments before a scan say of its code.

use std::rc::Rc;

use super::block::{Coding, Codings};
use super::huffman::{Class, Code};

/// The codes and the restart interval that hold until they are replaced.
#[derive(Debug, Default)]
pub(in crate::picture::jpeg) struct Tables {
    dc: [Option<Rc<Coding>>; 4],
    ac: [Option<Rc<Coding>>; 4],
    restart_interval: u32,
}

impl Tables {
    /// Reads Huffman codes and returns what is to be written in their stead.
    pub(in crate::picture::jpeg) fn read_codes(&mut self, mut payload: &[u8]) -> Option<Vec<u8>> {
        let mut written = Vec::new();
        while let Some((&kind, rest)) = payload.split_first() {
            payload = rest;
            let (class, codings) = match kind >> 4 {
                0 => (Class::Dc, &mut self.dc),
                1 => (Class::Ac, &mut self.ac),
                _ => return None,
            };
            let coding = Coding::of(&Code::take(&mut payload)?, class)?;
            written.push(kind);
            coding.written.write(&mut written);
            *codings.get_mut(usize::from(kind & 15))? = Some(Rc::new(coding));
        }
        Some(written)
    }

    /// Reads after how many units all begins anew.
    pub(in crate::picture::jpeg) fn read_restart_interval(&mut self, payload: &[u8]) -> Option<()> {
        self.restart_interval = u16::from_be_bytes(payload.try_into().ok()?).into();
        Some(())
    }

    pub(super) fn restart_interval(&self) -> u32 {
        self.restart_interval
    }

    /// The codes that a scan header names for a component.
    pub(super) fn codings(&self, selectors: u8) -> Option<Codings> {
        Some(Codings {
            dc: self.dc.get(usize::from(selectors >> 4))?.clone()?,
            ac: self.ac.get(usize::from(selectors & 15))?.clone()?,
        })
    }
}
