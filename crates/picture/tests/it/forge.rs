//! Makes files that no camera makes.

use crate::pictures::fixture;

/// A chunk of a PNG file.
pub(crate) fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let checked = [kind.as_slice(), data].concat();
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&length, checked.as_slice(), &crc32(&checked).to_be_bytes()].concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// A segment of a JPEG file.
pub(crate) fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], length.as_slice(), payload].concat()
}

/// A good JPEG with more bytes behind its first marker.
pub(crate) fn jpeg_with(more: &[u8]) -> Vec<u8> {
    inserted(&fixture("420.jpg"), 2, more)
}

/// Where the frame header of a JPEG begins.
pub(crate) fn frame_at(file: &[u8]) -> usize {
    file.windows(2)
        .position(|pair| pair[0] == 0xff && matches!(pair[1], 0xc0..=0xc2))
        .unwrap()
}

/// An EXIF segment with this TIFF structure.
pub(crate) fn exif(tiff: &[u8]) -> Vec<u8> {
    segment(0xe1, &[b"Exif\0\0", tiff].concat())
}

/// A TIFF structure with one entry in its one directory.
pub(crate) fn tiff(tag: u16, kind: u16, count: u32, value: u32, next: u32) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0\x01\0".to_vec();
    tiff.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
    tiff.extend([count.to_le_bytes(), value.to_le_bytes(), next.to_le_bytes()].concat());
    tiff
}

pub(crate) fn inserted(file: &[u8], at: usize, more: &[u8]) -> Vec<u8> {
    [&file[..at], more, &file[at..]].concat()
}

/// The JPEG with a tag that says which way is up.
pub(crate) fn tagged(file: &[u8], orientation: u32) -> Vec<u8> {
    inserted(file, 2, &exif(&tiff(0x112, 3, 1, orientation, 0)))
}

/// Where each segment of a JPEG, or chunk of a PNG, begins.
pub(crate) fn joints(file: &[u8]) -> Vec<usize> {
    let is_png = file.starts_with(b"\x89PNG");
    let mut joints = vec![];
    let mut at = if is_png { 8 } else { 2 };
    while at + 4 < file.len() {
        joints.push(at);
        at += if is_png {
            12 + u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize
        } else {
            if file[at + 1] == 0xda {
                break;
            }
            2 + usize::from(u16::from_be_bytes(file[at + 2..at + 4].try_into().unwrap()))
        };
    }
    joints
}
