//! Makes files that no camera makes.

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

/// A zlib stream of these bytes as they are.
pub(crate) fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let blocks = bytes.chunks(65_535).count();
    for (number, block) in (1..).zip(bytes.chunks(65_535)) {
        let length = u16::try_from(block.len()).unwrap();
        stream.push(u8::from(number == blocks));
        stream.extend([length.to_le_bytes(), (!length).to_le_bytes()].concat());
        stream.extend(block);
    }
    let (one, sum) = bytes.iter().fold((1, 0), |(one, sum), &byte| {
        let one = (one + u32::from(byte)) % 65_521;
        (one, (sum + one) % 65_521)
    });
    stream.extend((sum << 16 | one).to_be_bytes());
    stream
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

/// A segment of a JPEG file.
pub(crate) fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], length.as_slice(), payload].concat()
}

/// A JPEG of one colour in two bits a block: both of its codes have a single symbol, the zero.
pub(crate) fn plain_jpeg(width: u16, height: u16) -> Vec<u8> {
    let [[h1, h0], [w1, w0]] = [height, width].map(u16::to_be_bytes);
    let only_zero = |class: u8| [[class, 1].as_slice(), &[0; 16]].concat();
    let units = usize::from(width).div_ceil(16) * usize::from(height).div_ceil(16);
    [
        b"\xff\xd8".to_vec(),
        segment(0xdb, &[&[0], [1; 64].as_slice()].concat()),
        segment(
            0xc0,
            &[8, h1, h0, w1, w0, 3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0],
        ),
        segment(0xc4, &[only_zero(0), only_zero(0x10)].concat()),
        segment(0xda, &[3, 1, 0, 2, 0, 3, 0, 0, 63, 0]),
        vec![0; (units * 6 * 2).div_ceil(8)],
        b"\xff\xd9".to_vec(),
    ]
    .concat()
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
