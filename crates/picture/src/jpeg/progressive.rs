//! Checks a progressive file: every scan must hold every block that it is about, and no more.
//!
//! The decoder for such files shows damaged ones as far as it can. It gets a file only after this
//! check has read it from its first scan to its last, as far as its code goes: which coefficients
//! of each block are not zero must be known to read on, their values need not.

mod blocks;

use self::blocks::Blocks;
use super::code::{Cursor, Tables, Units};
use super::file::Jpeg;
use super::kept::write_metadata;
use super::scan_header::{PartHeader, ScanHeader};
use super::segments::{
    END_OF_IMAGE, START_OF_IMAGE, START_OF_SCAN, Segment, corrupt, truncated, write,
};
use super::structure::Structure;
use super::table::most_brightness;
use crate::error::PictureError;
use crate::orientation::Pose;

/// Encoders make about ten. Each costs time for all of the picture.
const MAX_SCANS: u32 = 100;

/// More bits than this cannot be left to later scans.
const MAX_BITS: u8 = 13;

/// Memory that checking takes beside the file and the copy of it, in bytes: a bit for each sample.
pub(crate) fn working_bytes(structure: &Structure<'_>) -> u64 {
    structure.samples() / 8
}

/// A copy of a progressive file, without garbage, and with only this metadata for a result that
/// lies like this.
///
/// # Errors
/// Damage.
pub(crate) fn checked(
    jpeg: &Jpeg<'_>,
    metadata: &[Segment<'_>],
    pose: Pose,
) -> Result<Vec<u8>, PictureError> {
    let structure = &jpeg.structure;
    let mut copy = Vec::with_capacity(jpeg.file.len());
    copy.extend([0xff, START_OF_IMAGE]);
    write_metadata(metadata, pose, &mut copy);
    let mut check = Check {
        structure,
        tables: Tables::default(),
        progress: vec![[None; 64]; structure.components.len()],
        blocks: Blocks::all(structure),
        scans: 0,
    };
    for (segment, data) in &jpeg.segments {
        check.tables.read(segment)?;
        write(segment.marker, segment.payload, &mut copy);
        if segment.marker == START_OF_SCAN {
            let rest = check.scan(segment.payload, data)?;
            copy.extend(&data[..data.len() - rest.len()]);
        }
    }
    check.finish(jpeg.is_ended)?;
    copy.extend([0xff, END_OF_IMAGE]);
    Ok(copy)
}

struct Check<'s> {
    structure: &'s Structure<'s>,
    tables: Tables,
    /// How many bits of each frequency are still to come, by component; `None` if all are.
    progress: Vec<[Option<u8>; 64]>,
    blocks: Vec<Blocks>,
    scans: u32,
}

impl Check<'_> {
    /// Reads a scan and returns the bytes behind it.
    fn scan<'f>(&mut self, header: &[u8], data: &'f [u8]) -> Result<&'f [u8], PictureError> {
        self.scans += 1;
        if self.scans > MAX_SCANS {
            return Err(corrupt(format!("it has more than {MAX_SCANS} scans")));
        }
        let header = ScanHeader::read(header, self.structure.ids())?;
        self.advance(&header)
            .ok_or_else(|| corrupt(format!("scan {} is out of order", self.scans)))?;
        let interval = self.tables.restart_interval();
        let (units, blocks) = Units::of(&header, self.structure, interval);
        let mut cursor = Cursor::new(data);
        let read = if header.first > 0 {
            let part = &header.parts[0];
            let code = self.tables.ac(part)?;
            self.blocks[part.component].read(&code, &header, &units, &mut cursor)
        } else if header.before > 0 {
            let count = blocks.iter().map(|&(across, down)| across * down).sum();
            blocks::each_unit(&units, &mut cursor, |cursor| {
                blocks::bits(count, &mut cursor.from);
                Some(())
            })
        } else {
            self.brightness(&header, &blocks, &units, &mut cursor)?
        };
        let rest = read.and_then(|()| cursor.from.finish(0));
        rest.ok_or_else(|| cursor.damage(&units))
    }

    /// Reads a first scan of the brightness of blocks, of which each component has some in a unit.
    fn brightness(
        &self,
        header: &ScanHeader,
        blocks: &[(u32, u32)],
        units: &Units,
        cursor: &mut Cursor<'_>,
    ) -> Result<Option<()>, PictureError> {
        let code = |part: &PartHeader| {
            let most = most_brightness(&self.structure.components[part.component].table);
            Ok((self.tables.dc(part)?, (most >> header.behind) + 1))
        };
        let codes = header.parts.iter().map(code);
        let codes = codes.collect::<Result<Vec<_>, PictureError>>()?;
        Ok(blocks::each_unit(units, cursor, |cursor| {
            let mut parts = codes.iter().zip(blocks).zip(&mut cursor.last);
            parts.try_for_each(|(((code, most), &(across, down)), last)| {
                (0..across * down).try_for_each(|_| {
                    *last += code.difference(&mut cursor.from)?;
                    (last.unsigned_abs() <= *most).then_some(())
                })
            })
        }))
    }

    /// Takes note of the coefficients that a scan brings, which must be due.
    fn advance(&mut self, header: &ScanHeader) -> Option<()> {
        let is_possible = if header.first == 0 {
            header.last == 0
        } else {
            (header.first..=63).contains(&header.last) && header.parts.len() == 1
        };
        let due = match (header.before, header.behind) {
            (0, 0..=MAX_BITS) => None,
            (before, behind) if before == behind + 1 => Some(before),
            _ => return None,
        };
        if !is_possible {
            return None;
        }
        for part in &header.parts {
            let progress = &mut self.progress[part.component];
            let range = usize::from(header.first)..=usize::from(header.last);
            for left in &mut progress[range] {
                if *left != due {
                    return None;
                }
                *left = Some(header.behind);
            }
        }
        Some(())
    }

    /// Whether the picture is whole. Encoders may leave out details, but then they write an end.
    fn finish(&self, is_ended: bool) -> Result<(), PictureError> {
        let mut frequencies = self.progress.iter().flatten();
        if !is_ended && !frequencies.all(|left| *left == Some(0)) {
            return Err(truncated());
        }
        if self.progress.iter().any(|progress| progress[0].is_none()) {
            return Err(corrupt("a component has no picture data"));
        }
        Ok(())
    }
}
