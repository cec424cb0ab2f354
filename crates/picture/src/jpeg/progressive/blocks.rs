//! Which coefficients of each block are not zero, as far as the scans so far have told, and the
//! reading of scans that depend on it.

use std::ops::RangeInclusive;

use crate::jpeg::code::{BitReader, Coding, Cursor, Units};
use crate::jpeg::frame::Component;
use crate::jpeg::scan_header::ScanHeader;
use crate::jpeg::structure::Structure;

/// The blocks of one component.
pub(crate) struct Blocks {
    /// In a row.
    across: usize,
    /// A bit for each coefficient that is not zero, the first one lowest.
    places: Vec<u64>,
}

/// A run of blocks that hold nothing more.
type Run = u32;

impl Blocks {
    /// The blocks of each component, nothing being known yet.
    pub(crate) fn all(structure: &Structure<'_>) -> Vec<Self> {
        let (columns, rows) = Units::of_all(structure).count;
        let blocks = |one: &Component| {
            let (across, down) = one.blocks();
            let across = (columns * across) as usize;
            Self {
                across,
                places: vec![0; across * (rows * down) as usize],
            }
        };
        structure.components.iter().map(blocks).collect()
    }

    /// Reads a scan of other coefficients than brightness.
    pub(crate) fn read(
        &mut self,
        code: &Coding,
        header: &ScanHeader,
        units: &Units,
        cursor: &mut Cursor<'_>,
    ) -> Option<()> {
        let range = header.first..=header.last;
        let mut run: Run = 0;
        for row in 0..units.count.1 {
            for column in 0..units.count.0 {
                if run > 0 && cursor.restart(units).is_some() {
                    return None;
                }
                cursor.next(units)?;
                let at = row as usize * self.across + column as usize;
                let places = self.places.get_mut(at)?;
                if header.before > 0 {
                    refine(places, code, &range, &mut run, &mut cursor.from)?;
                } else {
                    begin(places, code, &range, &mut run, &mut cursor.from)?;
                }
            }
        }
        (run == 0).then_some(())
    }
}

/// Goes from unit to unit, each of which `read` reads.
pub(crate) fn each_unit<'f>(
    units: &Units,
    cursor: &mut Cursor<'f>,
    mut read: impl FnMut(&mut Cursor<'f>) -> Option<()>,
) -> Option<()> {
    for _ in 0..u64::from(units.count.0) * u64::from(units.count.1) {
        cursor.next(units)?;
        read(cursor)?;
    }
    Some(())
}

/// The next `count` bits, at most 16.
pub(crate) fn bits(count: u32, from: &mut BitReader<'_>) -> u32 {
    from.peek();
    from.take(count)
}

/// How many blocks, with this one, end here.
fn run_of(size: u8, from: &mut BitReader<'_>) -> Run {
    (1 << size) + bits(size.into(), from)
}

/// Reads the part of a block in a first scan.
fn begin(
    places: &mut u64,
    code: &Coding,
    range: &RangeInclusive<u8>,
    run: &mut Run,
    from: &mut BitReader<'_>,
) -> Option<()> {
    let mut place = *range.start();
    if *run > 0 {
        *run -= 1;
        return Some(());
    }
    while place <= *range.end() {
        let (symbol, _) = code.take(from)?;
        match (symbol >> 4, symbol & 15) {
            (15, 0) => place += 16,
            (size, 0) => {
                *run = run_of(size, from) - 1;
                return Some(());
            }
            (zeros, _) => {
                place += zeros;
                if place > *range.end() {
                    return None;
                }
                *places |= 1 << place;
                place += 1;
            }
        }
    }
    Some(())
}

/// Reads the part of a block in a later scan: a bit for each coefficient that is not zero, and the
/// coefficients that cease to be zero.
fn refine(
    places: &mut u64,
    code: &Coding,
    range: &RangeInclusive<u8>,
    run: &mut Run,
    from: &mut BitReader<'_>,
) -> Option<()> {
    let mut place = *range.start();
    while *run == 0 && place <= *range.end() {
        let (symbol, _) = code.take(from)?;
        let (zeros, is_new) = match (symbol >> 4, symbol & 15) {
            (15, 0) => (15, false),
            (size, 0) => {
                *run = run_of(size, from);
                break;
            }
            (zeros, 1) => (zeros, true),
            _ => return None,
        };
        place = skip_zeros(*places, place, zeros, *range.end(), from);
        if is_new {
            if place > *range.end() {
                return None;
            }
            *places |= 1 << place;
        }
        place += 1;
    }
    if *run > 0 {
        while place <= *range.end() {
            place = skip_zeros(*places, place, 0, *range.end(), from) + 1;
        }
        *run -= 1;
    }
    Some(())
}

/// The place behind so many zeros, from `place` on, which is a zero itself. Each coefficient before
/// it that is not zero has a bit.
fn skip_zeros(places: u64, mut place: u8, mut zeros: u8, last: u8, from: &mut BitReader<'_>) -> u8 {
    while place <= last {
        if places >> place & 1 == 1 {
            bits(1, from);
        } else if zeros == 0 {
            break;
        } else {
            zeros -= 1;
        }
        place += 1;
    }
    place
}
