//! Makes files that no camera makes.

use crate::forge::{chunk, frame_at, inserted};
use crate::pictures::fixture;

/// A zlib stream that inflates to so many zeros, at 158 to 1.
pub(crate) fn zeros(count: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0b011, 3); // Last block, fixed codes.
    let literal = |bits: &mut Bits| bits.put(0b0000_1100, 8); // 0x30, first bit first.
    literal(&mut bits);
    let (runs, rest) = ((count - 1) / 258, (count - 1) % 258);
    for _ in 0..runs {
        bits.put(0b1010_0011, 8); // Length 258.
        bits.put(0, 5); // Distance 1.
    }
    for _ in 0..rest {
        literal(&mut bits);
    }
    bits.put(0, 7); // End of block.
    let adler = (u32::try_from(count % 65_521).unwrap() << 16) | 1;
    [&[0x78, 0x01], bits.bytes(), &adler.to_be_bytes()].concat()
}

/// Bits, the first one lowest.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        for bit in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let last = self.bytes.last_mut().unwrap();
            *last |= u8::try_from((value >> bit) & 1).unwrap() << (self.used % 8);
            self.used += 1;
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// A PNG of zeros; `row_bits` is depth times channels.
pub(crate) fn blank_png(
    (width, height): (u32, u32),
    [depth, colour, interlace]: [u8; 3],
    content: &[u8],
) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([depth, colour, 0, 0, interlace]);
    [
        b"\x89PNG\r\n\x1a\n".as_slice(),
        &chunk(*b"IHDR", &header),
        &chunk(*b"IDAT", content),
        &chunk(*b"IEND", b""),
    ]
    .concat()
}

/// A good PNG with one more chunk behind its header.
pub(crate) fn png_with(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    inserted(&fixture("alpha.png"), 33, &chunk(kind, data))
}

/// A GIF whose one frame, of zeros, may be larger than its canvas.
pub(crate) fn gif(canvas: (u16, u16), frame: (u16, u16), pixels: u64) -> Vec<u8> {
    let size = |(width, height): (u16, u16)| [width.to_le_bytes(), height.to_le_bytes()].concat();
    let mut file = b"GIF89a".to_vec();
    file.extend(size(canvas));
    file.extend([0x80, 0, 0, 0, 0, 0, 255, 255, 255]); // Two colours.
    file.extend([b',', 0, 0, 0, 0]);
    file.extend(size(frame));
    file.extend([0, 2]); // No table of its own; codes begin with three bits.
    for block in lzw_zeros(pixels).chunks(255) {
        file.push(u8::try_from(block.len()).unwrap());
        file.extend(block);
    }
    file.extend([0, b';']);
    file
}

/// At least so many zeros as GIF packs them: each code stands for one more than the last.
fn lzw_zeros(pixels: u64) -> Vec<u8> {
    const CLEAR: u32 = 4;
    const LAST: u32 = 4095;
    let mut bits = Bits::default();
    let (mut width, mut code, mut done) = (3, CLEAR + 2, 1);
    bits.put(CLEAR, width);
    bits.put(0, width);
    while done < pixels {
        if code == 1 << width && width < 12 {
            width += 1;
        }
        bits.put(code, width);
        done += u64::from(code - CLEAR);
        code = (code + 1).min(LAST);
    }
    bits.put(CLEAR + 1, width);
    bits.bytes
}

/// The headers of a 24-bit BMP and as many zeros as it has room for in `content`.
pub(crate) fn bmp(width: i32, height: i32, content: usize) -> Vec<u8> {
    let mut file = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
    file.extend([width.to_le_bytes(), height.to_le_bytes()].concat());
    file.extend([1, 0, 24, 0]);
    file.resize(54 + content, 0);
    file
}

/// A WebP container around one chunk.
pub(crate) fn webp(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let length = |bytes: usize| u32::try_from(bytes).unwrap().to_le_bytes();
    let chunk = [kind.as_slice(), &length(data.len()), data].concat();
    [
        b"RIFF".as_slice(),
        &length(chunk.len() + 4),
        b"WEBP",
        &chunk,
    ]
    .concat()
}

/// A JPEG that claims to have another size.
pub(crate) fn resized(name: &str, width: u16, height: u16) -> Vec<u8> {
    let mut file = fixture(name);
    let at = frame_at(&file) + 5;
    file[at..at + 2].copy_from_slice(&height.to_be_bytes());
    file[at + 2..at + 4].copy_from_slice(&width.to_be_bytes());
    file
}

/// A progressive JPEG whose last scan comes so often.
pub(crate) fn scans(count: usize) -> Vec<u8> {
    let file = fixture("progressive.jpg");
    let last = file
        .windows(2)
        .rposition(|pair| pair == [0xff, 0xda])
        .unwrap();
    let end = file.len() - 2;
    [&file[..end], &file[last..end].repeat(count), &file[end..]].concat()
}
