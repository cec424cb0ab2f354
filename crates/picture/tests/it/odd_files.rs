//! GIFs and BMPs as some program or other writes them.

/// Still GIFs, each with its oddity, 128 by 96 pixels.
pub(crate) fn gifs() -> Vec<(&'static str, Vec<u8>)> {
    let table = |count: u8| -> Vec<u8> { (0..count).flat_map(|n| [n, 255 - n, n / 2]).collect() };
    let numbers = |width: u16, height: u16, most: usize| -> Vec<u8> {
        let count = usize::from(width) * usize::from(height);
        let number = |at: usize| u8::try_from((at * 7 + at / 50) % most).unwrap();
        (0..count).map(number).collect()
    };
    let frame = |width: u16, height: u16, most: usize| gif::Frame {
        width,
        height,
        buffer: numbers(width, height, most).into(),
        ..gif::Frame::default()
    };
    let made = |global: &[u8], frame: &gif::Frame<'_>| {
        let mut encoder = gif::Encoder::new(Vec::new(), 128, 96, global).unwrap();
        let comment: &[&[u8]] = &[b"of a hand"];
        let kind = gif::Extension::Comment.into();
        encoder.write_raw_extension(kind, comment).unwrap();
        encoder.write_frame(frame).unwrap();
        encoder.into_inner().unwrap()
    };
    let whole = frame(128, 96, 64);
    let plain = made(&table(64), &whole);
    let clear = gif::Frame {
        transparent: Some(3),
        ..whole.clone()
    };
    let own_table = gif::Frame {
        palette: Some(table(70)),
        ..whole.clone()
    };
    let part = gif::Frame {
        left: 20,
        top: 11,
        ..frame(90, 80, 64)
    };
    let slow = gif::Frame {
        delay: 70,
        dispose: gif::DisposalMethod::Background,
        needs_user_input: true,
        ..whole.clone()
    };
    let interlaced = gif::Frame {
        interlaced: true,
        ..own_table.clone()
    };
    let full: Vec<u8> = (0..=255).flat_map(|n| [n, 255 - n, n / 2]).collect();
    let commented = [&plain[..plain.len() - 1], b"!\xfe\x09of a hand\0;"].concat();
    vec![
        ("plain", plain.clone()),
        ("with a comment behind its frame", commented),
        ("interlaced", made(&[], &interlaced)),
        ("shown for a while", made(&table(64), &slow)),
        ("of 256 colours", made(&full, &frame(128, 96, 256))),
        ("without trailer", plain[..plain.len() - 1].to_vec()),
        ("with an appendix", [plain.as_slice(), b"PK"].concat()),
        ("transparent", made(&table(64), &clear)),
        ("with a table of its own", made(&[], &own_table)),
        ("with two tables", made(&table(9), &own_table)),
        ("part of its screen", made(&table(64), &part)),
        ("of 255 colours", made(&table(255), &frame(128, 96, 255))),
        ("of two colours", made(&table(2), &frame(128, 96, 2))),
    ]
}

/// BMPs, each with its oddity, 61 by 67 pixels.
pub(crate) fn bmps() -> Vec<(&'static str, Vec<u8>)> {
    const HEIGHT: i32 = 67;
    let mut os2 = 12_u32.to_le_bytes().to_vec();
    os2.extend([61, 0, 67, 0, 1, 0, 24, 0]);
    let alpha = words(&[0xff_0000, 0xff00, 0xff, 0xff00_0000]);
    let v4 = [alpha.as_slice(), b"BGRs", &[0; 48]].concat();
    let runs = [[61, 1, 0, 0].repeat(67), vec![0, 1]].concat();
    let masks = words(&[0xf800, 0x7e0, 0x1f]);
    let windows = |height, bits, packing| windows(40, height, bits, packing, b"");
    let version_4 = self::windows(108, HEIGHT, 32, 3, &v4);
    let numbers = windows(HEIGHT, 8, 0);
    vec![
        ("24 bits", bmp(&windows(HEIGHT, 24, 0), b"", &bytes(24))),
        (
            "from the top",
            bmp(&windows(-HEIGHT, 24, 0), b"", &bytes(24)),
        ),
        ("32 bits", bmp(&windows(HEIGHT, 32, 0), b"", &bytes(32))),
        ("alpha", bmp(&version_4, b"", &bytes(32))),
        ("OS/2", bmp(&os2, b"", &bytes(24))),
        ("555", bmp(&windows(HEIGHT, 16, 0), b"", &bytes(16))),
        ("565", bmp(&windows(HEIGHT, 16, 3), &masks, &bytes(16))),
        ("8 bits", bmp(&numbers, &colours(256), &bytes(8))),
        (
            "4 bits",
            bmp(&windows(HEIGHT, 4, 0), &colours(16), &bytes(4)),
        ),
        ("1 bit", bmp(&windows(HEIGHT, 1, 0), &colours(2), &bytes(1))),
        ("runs", bmp(&windows(HEIGHT, 8, 1), &colours(256), &runs)),
    ]
}

fn bmp(header: &[u8], table: &[u8], pixels: &[u8]) -> Vec<u8> {
    let offset = u32::try_from(14 + header.len() + table.len()).unwrap();
    let mut file = b"BM\0\0\0\0LEAD".to_vec(); // Two words that some program thought of.
    file.extend(offset.to_le_bytes());
    [file.as_slice(), header, table, pixels].concat()
}

/// A header as Windows has it, with so many pixels to a metre, across and down.
fn windows(length: u32, height: i32, bits: u16, packing: u32, more: &[u8]) -> Vec<u8> {
    let mut header = words(&[length, 61]);
    header.extend(height.to_le_bytes());
    header.extend([1_u16.to_le_bytes(), bits.to_le_bytes()].concat());
    header.extend(words(&[packing, 0, 11_811, 5_906, 0, 0]));
    header.extend(more);
    header
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Pixels, below 100 where a byte is one.
fn bytes(bits: usize) -> Vec<u8> {
    let row = (61 * bits).div_ceil(32) * 4;
    (0..row * 67)
        .map(|at| u8::try_from(at * 31 % 100).unwrap())
        .collect()
}

fn colours(count: u32) -> Vec<u8> {
    (0..count)
        .flat_map(|number| (number * 0x03_0201).to_le_bytes())
        .collect()
}
