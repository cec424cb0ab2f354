//! The scans of a progressive file, one after the other, each of which must be due.

use std::rc::Rc;

use crate::error::PictureError;
use crate::jpeg::entropy::{Class, Cursor, HuffmanTable, McuGrid, Tables};
use crate::jpeg::file::Jpeg;
use crate::jpeg::scan_header::{ScanComponentHeader, ScanHeader};
use crate::jpeg::segments::{START_OF_SCAN, corrupt, truncated};
use crate::jpeg::structure::Structure;
use crate::jpeg::table::max_dc;

/// Encoders make about ten. Each costs time for all of the picture.
const MAX_SCANS: usize = 100;

/// More bits than this cannot be left to later scans.
const MAX_BITS: u8 = 13;

/// The header of a scan, and all that is needed to read its data.
pub(crate) struct Scan<'f> {
    pub(crate) header: ScanHeader,
    /// The header as the file has it.
    pub(crate) payload: &'f [u8],
    pub(crate) mcus: McuGrid,
    pub(crate) kind: ScanKind,
    pub(crate) components: Vec<ScanComponent>,
}

/// One component in a scan.
pub(crate) struct ScanComponent {
    /// Its index in the frame.
    pub(crate) index: usize,
    /// Blocks in an MCU, across and down.
    pub(crate) blocks: (u32, u32),
}

/// What a scan holds.
pub(crate) enum ScanKind {
    /// The DC coefficient of each block but for its lowest bits: by component, the table and the largest
    /// value.
    Dc(Vec<(Rc<HuffmanTable>, u32)>),
    /// One more bit of the DC coefficients.
    DcRefinement,
    /// Some AC coefficients of one component, or one more bit of them.
    Ac(Rc<HuffmanTable>),
}

impl Scan<'_> {
    /// The Huffman tables that it uses, each with its class and its number.
    pub(crate) fn tables(&self) -> Vec<(Class, u8, &Rc<HuffmanTable>)> {
        let components = self.header.components.iter();
        match &self.kind {
            ScanKind::Dc(tables) => components
                .zip(tables)
                .map(|(component, (table, _))| (Class::Dc, component.dc, table))
                .collect(),
            ScanKind::DcRefinement => Vec::new(),
            ScanKind::Ac(table) => components
                .map(|component| (Class::Ac, component.ac, table))
                .collect(),
        }
    }
}

/// Has `read` read each scan from a cursor at the beginning of its data: all MCUs of it, no more
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
        ends.push(end.ok_or_else(|| cursor.damage(&scan.mcus))?);
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
        let (mcus, blocks) = McuGrid::of(&header, structure, tables.restart_interval());
        let component = |(component, blocks): (&ScanComponentHeader, _)| ScanComponent {
            index: component.index,
            blocks,
        };
        let components = header
            .components
            .iter()
            .zip(blocks)
            .map(component)
            .collect();
        let dc = |component: &ScanComponentHeader| {
            let most = max_dc(&structure.components[component.index].table);
            Ok((
                tables.dc(component)?,
                (most >> header.approximation_low) + 1,
            ))
        };
        let kind = match header.components.as_slice() {
            [alone] if header.spectral_start > 0 => ScanKind::Ac(tables.ac(alone)?),
            _ if header.approximation_high > 0 => ScanKind::DcRefinement,
            components => ScanKind::Dc(
                components
                    .iter()
                    .map(dc)
                    .collect::<Result<_, PictureError>>()?,
            ),
        };
        Ok(Self {
            header,
            payload,
            mcus,
            kind,
            components,
        })
    }
}

/// How many bits of each coefficient are missing, by component; `None` if all are.
struct Progress(Vec<[Option<u8>; 64]>);

impl Progress {
    fn of(structure: &Structure<'_>) -> Self {
        Self(vec![[None; 64]; structure.components.len()])
    }

    /// Notes the coefficients that a scan holds, which must be due.
    fn advance(&mut self, header: &ScanHeader) -> Option<()> {
        let is_possible = if header.spectral_start == 0 {
            header.spectral_end == 0
        } else {
            (header.spectral_start..=63).contains(&header.spectral_end)
                && header.components.len() == 1
        };
        let due = match (header.approximation_high, header.approximation_low) {
            (0, 0..=MAX_BITS) => None,
            (high, low) if high == low + 1 => Some(high),
            _ => return None,
        };
        if !is_possible {
            return None;
        }
        for component in &header.components {
            let progress = &mut self.0[component.index];
            let range = usize::from(header.spectral_start)..=usize::from(header.spectral_end);
            for left in &mut progress[range] {
                if *left != due {
                    return None;
                }
                *left = Some(header.approximation_low);
            }
        }
        Some(())
    }

    /// Whether the picture is whole. Encoders may leave out details, but then they write an end.
    fn finish(&self, is_ended: bool) -> Result<(), PictureError> {
        let mut missing = self.0.iter().flatten();
        if !is_ended && !missing.all(|bits| *bits == Some(0)) {
            return Err(truncated());
        }
        if self.0.iter().any(|progress| progress[0].is_none()) {
            return Err(corrupt("a component has no picture data"));
        }
        Ok(())
    }
}
