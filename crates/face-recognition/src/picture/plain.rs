//! PNG, WebP, BMP and GIF, read and written by the `image` crate.
//!
//! Depth, alpha and palette-free colours are kept; WebP comes out lossless, because there is
//! no lossy encoder in Rust. Animated files are refused: their boxes would fit one frame.

use std::io::Cursor;

use image::codecs::bmp::{BmpDecoder, BmpEncoder};
use image::codecs::gif::{GifDecoder, GifEncoder};
use image::codecs::png::{CompressionType, FilterType, PngDecoder, PngEncoder};
use image::codecs::webp::{WebPDecoder, WebPEncoder};
use image::{ColorType, ExtendedColorType, ImageDecoder, ImageEncoder, ImageError, ImageResult};

use super::colour::Space;
use super::header::Header;
use super::raster::{Depth, Raster};
use super::{Format, Limits, Orientation, Picture, PictureError, Style, exif, gif, webp};

/// Colour profiles longer than this are left out.
const MAX_ICC_BYTES: usize = 4 << 20;

/// What a PNG decoder may hold beside the pixels. It keeps texts, some of which run to
/// megabytes, and unpacks colour profiles, which may be a thousand times as large as the file.
const MAX_METADATA_BYTES: u64 = 16 << 20;

/// The GIF encoder's choice between speed (30) and palette quality (1).
const GIF_SPEED: i32 = 10;

pub(super) fn header(file: &[u8], format: Format, limits: &Limits) -> Result<Header, PictureError> {
    let mut decoder = open(file, format)?;
    Ok(inspect(&mut *decoder, format, limits)?.0)
}

pub(super) fn decode(
    file: &[u8],
    format: Format,
    limits: &Limits,
) -> Result<Picture, PictureError> {
    let mut decoder = open(file, format)?;
    let (header, (space, depth)) = inspect(&mut *decoder, format, limits)?;
    let icc_profile = decoder.icc_profile().ok().flatten();
    let mut data = vec![0; usize::try_from(decoder.total_bytes()).unwrap_or(0)];
    decoder
        .read_image_boxed(&mut data)
        .map_err(|error| refused(format, error))?;
    Ok(Picture {
        raster: Raster {
            space,
            depth,
            width: header.width,
            height: header.height,
            data,
        },
        orientation: header.orientation,
        icc_profile: icc_profile.filter(|profile| profile.len() <= MAX_ICC_BYTES),
        style: Style::Plain(format),
    })
}

fn inspect(
    decoder: &mut (dyn ImageDecoder + '_),
    format: Format,
    limits: &Limits,
) -> Result<(Header, (Space, Depth)), PictureError> {
    let (width, height) = decoder.dimensions();
    let orientation = decoder
        .exif_metadata()
        .ok()
        .flatten()
        .map_or(Orientation::Upright, |block| exif::orientation(&block));
    // Beside the pixels: planes while WebP is unpacked, filtered rows while PNG is packed; and
    // a picture that lies on its side is copied upright.
    let codec = u64::from(format != Format::Bmp);
    let turning = u64::from(orientation != Orientation::Upright);
    let working_bytes = decoder.total_bytes().saturating_mul(1 + codec.max(turning));
    limits.check(width, height, working_bytes)?;
    let kind = layout(decoder.color_type())?;
    Ok((
        Header {
            format,
            width,
            height,
            orientation,
            working_bytes,
            patch_bytes: 0,
        },
        kind,
    ))
}

/// Opens a decoder, which reads the header and refuses what is animated.
fn open<'a>(file: &'a [u8], format: Format) -> Result<Box<dyn ImageDecoder + 'a>, PictureError> {
    let refused = |error| refused(format, error);
    let reader = Cursor::new(file);
    let (decoder, animated): (Box<dyn ImageDecoder + 'a>, bool) = match format {
        Format::Png => {
            let mut bounds = image::Limits::no_limits();
            bounds.max_alloc = Some(MAX_METADATA_BYTES);
            let decoder = PngDecoder::with_limits(reader, bounds).map_err(refused)?;
            let animated = decoder.is_apng().map_err(refused)?;
            (Box::new(decoder), animated)
        }
        Format::WebP => {
            let file = webp::within(file).ok_or(PictureError::Truncated { format })?;
            let decoder = WebPDecoder::new(Cursor::new(file)).map_err(refused)?;
            let animated = decoder.has_animation();
            (Box::new(decoder), animated)
        }
        Format::Gif => {
            let decoder = GifDecoder::new(reader).map_err(refused)?;
            if gif::exceeds_canvas(file) {
                let reason = "its frame is larger than its canvas";
                return Err(PictureError::corrupt(format, reason));
            }
            (Box::new(decoder), gif::is_animated(file))
        }
        Format::Bmp | Format::Jpeg => (Box::new(BmpDecoder::new(reader).map_err(refused)?), false),
    };
    if animated {
        return Err(PictureError::Animated { format });
    }
    Ok(decoder)
}

fn layout(colour: ColorType) -> Result<(Space, Depth), PictureError> {
    match colour {
        ColorType::L8 => Ok((Space::Grey, Depth::Eight)),
        ColorType::La8 => Ok((Space::GreyAlpha, Depth::Eight)),
        ColorType::Rgb8 => Ok((Space::Rgb, Depth::Eight)),
        ColorType::Rgba8 => Ok((Space::Rgba, Depth::Eight)),
        ColorType::L16 => Ok((Space::Grey, Depth::Sixteen)),
        ColorType::La16 => Ok((Space::GreyAlpha, Depth::Sixteen)),
        ColorType::Rgb16 => Ok((Space::Rgb, Depth::Sixteen)),
        ColorType::Rgba16 => Ok((Space::Rgba, Depth::Sixteen)),
        _ => Err(PictureError::Unsupported {
            what: "floating-point",
        }),
    }
}

/// Tells a file that ends early from one that is damaged, as far as the decoder knows.
fn refused(format: Format, error: ImageError) -> PictureError {
    match error {
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            PictureError::Truncated { format }
        }
        ImageError::Unsupported(error) => {
            tracing::debug!(%format, %error, "variant not supported");
            PictureError::Unsupported {
                what: "this kind of",
            }
        }
        error => PictureError::corrupt(format, error),
    }
}

pub(super) fn encode(
    raster: Raster,
    orientation: Orientation,
    format: Format,
    icc_profile: Option<Vec<u8>>,
) -> Result<Vec<u8>, PictureError> {
    let (width, height) = orientation.upright(raster.width, raster.height);
    let colour = colour_type(&raster);
    let rows = upright(raster, orientation);
    let mut file = Vec::new();
    write(
        &mut file,
        format,
        icc_profile,
        &rows,
        (width, height),
        colour,
    )
    .map_err(|error| PictureError::encode(format, error))?;
    Ok(file)
}

fn write(
    file: &mut Vec<u8>,
    format: Format,
    icc_profile: Option<Vec<u8>>,
    rows: &[u8],
    (width, height): (u32, u32),
    colour: ExtendedColorType,
) -> ImageResult<()> {
    let file = Cursor::new(file);
    match format {
        Format::Png => {
            let mut encoder =
                PngEncoder::new_with_quality(file, CompressionType::Fast, FilterType::Adaptive);
            profile(&mut encoder, icc_profile)?;
            encoder.write_image(rows, width, height, colour)
        }
        Format::WebP => {
            let mut encoder = WebPEncoder::new_lossless(file);
            profile(&mut encoder, icc_profile)?;
            encoder.write_image(rows, width, height, colour)
        }
        Format::Gif => {
            GifEncoder::new_with_speed(file, GIF_SPEED).encode(rows, width, height, colour)
        }
        Format::Bmp | Format::Jpeg => {
            let mut file = file;
            BmpEncoder::new(&mut file).write_image(rows, width, height, colour)
        }
    }
}

fn profile(encoder: &mut impl ImageEncoder, icc_profile: Option<Vec<u8>>) -> ImageResult<()> {
    match icc_profile {
        Some(profile) => encoder
            .set_icc_profile(profile)
            .map_err(ImageError::Unsupported),
        None => Ok(()),
    }
}

fn colour_type(raster: &Raster) -> ExtendedColorType {
    match (raster.space, raster.depth) {
        (Space::Grey, Depth::Eight) => ExtendedColorType::L8,
        (Space::Grey, Depth::Sixteen) => ExtendedColorType::L16,
        (Space::GreyAlpha, Depth::Eight) => ExtendedColorType::La8,
        (Space::GreyAlpha, Depth::Sixteen) => ExtendedColorType::La16,
        (Space::Rgba, Depth::Eight) => ExtendedColorType::Rgba8,
        (Space::Rgba, Depth::Sixteen) => ExtendedColorType::Rgba16,
        (_, Depth::Sixteen) => ExtendedColorType::Rgb16,
        (_, Depth::Eight) => ExtendedColorType::Rgb8,
    }
}

/// The pixels in upright order, copied only if they are not. Then the originals are gone
/// before the encoder begins.
fn upright(raster: Raster, orientation: Orientation) -> Vec<u8> {
    if orientation == Orientation::Upright {
        return raster.data;
    }
    let bytes = raster.pixel_bytes();
    let walk = orientation.walk(raster.width, raster.height);
    let (width, height) = orientation.upright(raster.width, raster.height);
    let mut rows = Vec::with_capacity(raster.data.len());
    for y in 0..height {
        for x in 0..width {
            let at = walk.index(x, y) * bytes;
            rows.extend_from_slice(&raster.data[at..at + bytes]);
        }
    }
    rows
}
