//! The scans of a progressive file, one after the other, each of which must be due.

use std::rc::Rc;

use crate::error::PictureError;
use crate::jpeg::code::{Class, Coding, Cursor, Tables, Units};
use crate::jpeg::file::Jpeg;
use crate::jpeg::scan_header::{PartHeader, ScanHeader};
use crate::jpeg::segments::{START_OF_SCAN, corrupt, truncated};
use crate::jpeg::structure::Structure;
use crate::jpeg::table::most_brightness;

/// Encoders make about ten. Each costs time for all of the picture.
const MAX_SCANS: usize = 100;

/// More bits than this cannot be left to later scans.
const MAX_BITS: u8 = 13;

/// The header of a scan, and all that is needed to read its data.
pub(crate) struct Scan<'f> {
    pub(crate) header: ScanHeader,
    /// The header as the file has it.
    pub(crate) payload: &'f [u8],
    pub(crate) units: Units,
    pub(crate) code: Code,
    pub(crate) parts: Vec<Part>,
}

/// One component in a scan.
pub(crate) struct Part {
    /// Its number in the frame.
    pub(crate) component: usize,
    /// Blocks in a unit, across and down.
    pub(crate) blocks: (u32, u32),
}

/// What a scan holds.
pub(crate) enum Code {
    /// The brightness of each block but for its lowest bits: the code, and the most that it can be,
    /// by part.
    Brightness(Vec<(Rc<Coding>, u32)>),
    /// One more bit of it.
    BrightnessBit,
    /// Other frequencies of one component, or one more bit of them.
    Band(Rc<Coding>),
}

impl Scan<'_> {
    /// The codes that it uses, each with its class and its number.
    pub(crate) fn codes(&self) -> Vec<(Class, u8, &Rc<Coding>)> {
        let parts = self.header.parts.iter();
        match &self.code {
            Code::Brightness(codes) => parts
                .zip(codes)
                .map(|(part, (code, _))| (Class::Dc, part.dc, code))
                .collect(),
            Code::BrightnessBit => Vec::new(),
            Code::Band(code) => parts.map(|part| (Class::Ac, part.ac, code)).collect(),
        }
    }
}

/// Has `read` read each scan from a cursor at the beginning of its data: all units of it, no more
/// and no less. `None` from it is damage. Returns the bytes behind each scan.
///
/// # Errors
/// Damage, also if a component is missing.
pub(crate) fn each<'f>(
    jpeg: &Jpeg<'f>,
    mut read: impl FnMut(&Scan<'f>, &mut Cursor<'f>) -> Option<()>,
) -> Result<Vec<&'f [u8]>, PictureError> {
    let mut tables = Tables::progressive();
    let mut progress = Progress::of(&jpeg.structure);
    let mut ends = Vec::new();
    for (segment, data) in &jpeg.segments {
        tables.read(segment)?;
        if segment.marker != START_OF_SCAN {
            continue;
        }
        if ends.len() == MAX_SCANS {
            return Err(corrupt(format!("it has more than {MAX_SCANS} scans")));
        }
        let header = ScanHeader::read(segment.payload, jpeg.structure.ids())?;
        progress
            .advance(&header)
            .ok_or_else(|| corrupt(format!("scan {} is out of order", ends.len() + 1)))?;
        let scan = Scan::of(header, segment.payload, &jpeg.structure, &tables)?;
        let mut cursor = Cursor::new(data);
        let end = read(&scan, &mut cursor).and_then(|()| cursor.from.finish(0));
        ends.push(end.ok_or_else(|| cursor.damage(&scan.units))?);
    }
    progress.finish(jpeg.is_ended)?;
    Ok(ends)
}

impl<'f> Scan<'f> {
    fn of(
        header: ScanHeader,
        payload: &'f [u8],
        structure: &Structure<'_>,
        tables: &Tables,
    ) -> Result<Self, PictureError> {
        let (units, blocks) = Units::of(&header, structure, tables.restart_interval());
        let part = |(part, blocks): (&PartHeader, _)| Part {
            component: part.component,
            blocks,
        };
        let parts = header.parts.iter().zip(blocks).map(part).collect();
        let brightness = |part: &PartHeader| {
            let most = most_brightness(&structure.components[part.component].table);
            Ok((tables.dc(part)?, (most >> header.behind) + 1))
        };
        let code = match header.parts.as_slice() {
            [alone] if header.first > 0 => Code::Band(tables.ac(alone)?),
            _ if header.before > 0 => Code::BrightnessBit,
            parts => Code::Brightness(
                parts
                    .iter()
                    .map(brightness)
                    .collect::<Result<_, PictureError>>()?,
            ),
        };
        Ok(Self {
            header,
            payload,
            units,
            code,
            parts,
        })
    }
}

/// How many bits of each frequency are still to come, by component; `None` if all are.
struct Progress(Vec<[Option<u8>; 64]>);

impl Progress {
    fn of(structure: &Structure<'_>) -> Self {
        Self(vec![[None; 64]; structure.components.len()])
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
            let progress = &mut self.0[part.component];
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
        let mut frequencies = self.0.iter().flatten();
        if !is_ended && !frequencies.all(|left| *left == Some(0)) {
            return Err(truncated());
        }
        if self.0.iter().any(|progress| progress[0].is_none()) {
            return Err(corrupt("a component has no picture data"));
        }
        Ok(())
    }
}
