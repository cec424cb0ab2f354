//! Quantisation: by which steps the frequencies of a block are counted.

use super::segments::{QUANTISATION, corrupt, write};
use crate::error::PictureError;

/// Quantisation steps in rows of eight, not in zigzag order.
pub(crate) type Table = [u16; 64];

/// Position in natural order of each step of the zigzag.
pub(crate) const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// The largest first coefficient of a block, in either direction: that of black and white, and a
/// few more for encoders that weigh what rounding costs.
pub(crate) fn max_dc(table: &Table) -> u32 {
    1024 / u32::from(table[0].max(1)) + 4
}

/// The table of a picture that is turned sideways.
pub(crate) fn transposed(table: &Table) -> Table {
    std::array::from_fn(|place| table[place % 8 * 8 + place / 8])
}

/// Whether steps need two bytes, which baseline files do not have.
pub(crate) fn is_wide(table: &Table) -> bool {
    table.iter().any(|&step| step > 255)
}

/// Reads as many tables as the payload holds; a later one replaces an earlier one.
pub(crate) fn read(
    mut payload: &[u8],
    tables: &mut [Option<Table>; 4],
) -> Result<(), PictureError> {
    while let Some((&kind, steps)) = payload.split_first() {
        let (is_wide, number) = (kind >> 4 != 0, usize::from(kind & 15));
        let (Some((steps, after)), Some(to)) = (
            steps.split_at_checked(if is_wide { 128 } else { 64 }),
            tables.get_mut(number),
        ) else {
            return Err(corrupt("its quantisation tables are damaged"));
        };
        let mut table = [0; 64];
        for (index, &place) in ZIGZAG.iter().enumerate() {
            table[place] = if is_wide {
                u16::from_be_bytes([steps[2 * index], steps[2 * index + 1]])
            } else {
                steps[index].into()
            };
        }
        *to = Some(table);
        payload = after;
    }
    Ok(())
}

/// Writes a table under this number.
pub(crate) fn write_table(number: u8, table: &Table, file: &mut Vec<u8>) {
    let is_wide = is_wide(table);
    let mut payload = vec![u8::from(is_wide) << 4 | number];
    for [high, low] in ZIGZAG.iter().map(|&at| table[at].to_be_bytes()) {
        payload.extend(is_wide.then_some(high));
        payload.push(low);
    }
    write(QUANTISATION, &payload, file);
}
