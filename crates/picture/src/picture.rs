//! A picture in its file: opened once, then looked at and annotated.

use std::borrow::Cow;

use face::Face;
use image::RgbImage;
use jpeg_encoder::{ColorType, Encoder};

use crate::annotate::{Options, Plan};
use crate::bmp::Bmp;
use crate::decoded::{Decoded, Style};
use crate::error::PictureError;
use crate::format::{Content, Format};
use crate::gif::Gif;
use crate::header::Header;
use crate::jpeg::Jpeg;
use crate::limits::Limits;
use crate::overlay::{Overlay, TILE_BYTES};
use crate::png::Png;
use crate::raster::Raster;
use crate::way::Way;
use crate::webp::WebP;

/// A file that is known to be a picture within the limits.
#[derive(Debug)]
pub struct Picture<'f> {
    header: Header,
    file: File<'f>,
}

/// The file by its format, taken apart as far as that is done without decoding.
#[derive(Debug)]
enum File<'f> {
    Jpeg(Jpeg<'f>),
    Png(Png<'f>),
    WebP(WebP<'f>),
    Bmp(Bmp<'f>),
    Gif(Gif<'f>),
}

/// A result, ready to be stored.
#[derive(Debug)]
pub struct Annotated {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its media type, for `Content-Type`.
    pub content_type: &'static str,
}

/// A JPEG file of a picture, which may be smaller.
#[derive(Debug)]
pub struct Copy {
    /// The file.
    pub bytes: Vec<u8>,
    /// Width and height of the picture in it, in pixels.
    pub dimensions: (u32, u32),
}

impl<'f> Picture<'f> {
    /// Reads the header of `file`, whose format is decided by content.
    ///
    /// Sets no memory aside for pixels. All of the file may have to be walked: up to milliseconds
    /// per megabyte.
    ///
    /// # Errors
    /// Permanent: not a picture, not a supported one, beyond a limit, or damaged where it matters.
    pub fn open(file: &'f [u8], limits: &Limits) -> Result<Self, PictureError> {
        let format = match Content::of(file) {
            Content::Picture(format) => format,
            Content::Foreign(what) => return Err(PictureError::Unsupported { what }),
            Content::Other => return Err(PictureError::NotAPicture),
        };
        let (header, file) = match format {
            Format::Jpeg => opened(Jpeg::open(file, limits)?, File::Jpeg),
            Format::Png => opened(Png::open(file, limits)?, File::Png),
            Format::WebP => opened(WebP::open(file, limits)?, File::WebP),
            Format::Bmp => opened(Bmp::open(file, limits)?, File::Bmp),
            Format::Gif => opened(Gif::open(file, limits)?, File::Gif),
        };
        Ok(Self { header, file })
    }

    /// The facts that were read.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The upright picture in sRGB-like colours over white, scaled down until no side exceeds
    /// `max_side` pixels; never scaled up. Takes [`Header::rgb_bytes`] of memory.
    ///
    /// Blocks a CPU: for a JPEG as cameras make it some milliseconds per megapixel, tens of them
    /// for any other picture.
    ///
    /// # Errors
    /// The file is damaged: permanent.
    pub fn rgb(&self, max_side: u32) -> Result<RgbImage, PictureError> {
        match &self.file {
            File::Jpeg(jpeg) if self.header.scaled_bytes.is_some() => jpeg.rgb(max_side),
            File::Png(png) if self.header.scaled_bytes.is_some() => png.rgb(max_side),
            _ => Ok(self.decode()?.rgb(max_side)),
        }
    }

    /// A JPEG file of the upright picture, scaled down until no side exceeds
    /// `max_side` pixels; never scaled up. For a service that takes no other, or no larger ones. Takes
    /// [`Header::rgb_bytes`] of memory.
    ///
    /// A JPEG as cameras make it is scaled by eighths, which may leave it a quarter smaller.
    ///
    /// # Errors
    /// The file is damaged: permanent.
    pub fn jpeg(&self, max_side: u32, quality: u8) -> Result<Copy, PictureError> {
        if let File::Jpeg(jpeg) = &self.file
            && self.header.scaled_bytes.is_some()
            && let Some(small) = jpeg.small(max_side, quality)?
        {
            return Ok(small);
        }
        let small = self.rgb(max_side)?;
        let (width, height) = small.dimensions();
        let side = |side: u32| u16::try_from(side).unwrap_or(u16::MAX);
        let mut bytes = Vec::new();
        Encoder::new(&mut bytes, quality)
            .encode(&small, side(width), side(height), ColorType::Rgb)
            .map_err(|error| PictureError::encode(Format::Jpeg, error))?;
        Ok(Copy {
            bytes,
            dimensions: (width, height),
        })
    }

    /// Places the marks of `faces`, which are given in upright coordinates.
    #[must_use]
    pub fn plan(&self, faces: &[Face], options: Options) -> Plan {
        Plan::new(self.header.dimensions(), faces, options)
    }

    /// Memory that [`annotate`](Self::annotate) takes beside the file, in bytes, its result
    /// included.
    #[must_use]
    pub fn annotate_bytes(&self, plan: &Plan) -> u64 {
        let work = match (self.header.edit_bytes, &self.file) {
            (Some(edit_bytes), File::Jpeg(jpeg)) => {
                edit_bytes.saturating_add(jpeg.result_bytes(plan.tiles()))
            }
            (Some(edit_bytes), _) => edit_bytes,
            _ => self.header.working_bytes,
        };
        let small = plan.small_side().map(|side| self.header.rgb_bytes(side));
        let overlay = plan.tiles().saturating_mul(TILE_BYTES);
        work.saturating_add(overlay)
            .saturating_add(small.unwrap_or(0))
    }

    /// Draws `plan` and writes the upright result in the format, the colour space and the quality
    /// of its source, with the metadata that is true of it.
    ///
    /// A JPEG as cameras make it is edited in place: blocks that nothing is drawn upon lose
    /// nothing, or next to nothing if the picture is turned. If nothing at all is drawn, every
    /// pixel stays as it is: a JPEG that cannot be turned without loss stays on its side, and its
    /// EXIF says so. Any other picture is decoded and encoded, which blocks a CPU for tens of
    /// milliseconds per megapixel at worst.
    ///
    /// # Errors
    /// The file is damaged, or the result cannot be encoded: permanent.
    pub fn annotate(&self, plan: &Plan) -> Result<Annotated, PictureError> {
        let keeps_metadata = plan.keeps_metadata();
        let bytes = match self.way(plan) {
            Way::CopyJpeg(jpeg) => kept(jpeg, plan).copy()?,
            Way::Patch(jpeg) => kept(jpeg, plan).patched(&self.paint(plan)?)?,
            Way::Turn(jpeg) => kept(jpeg, plan).turned(&self.paint(plan)?)?,
            Way::CopyWebP(webp) => {
                self.decode()?; // A damaged one is refused.
                webp.copy(keeps_metadata)?
            }
            Way::Strips(png) => png.edited(png.edit(self.paint(plan)?, keeps_metadata)?)?,
            Way::Redraw => return self.redraw(plan),
        };
        Ok(self.annotated(bytes))
    }

    /// As [`annotate`](Self::annotate), of a file that is needed no more: its memory becomes that of
    /// the result, if the picture is read and written in the same order. That is a sequential JPEG that
    /// stays as it lies, with all in one scan, or a PNG that is stored upright and not
    /// interlaced; it then takes little beside its file. It is also that of a sequential JPEG on its
    /// side if all of it is read before it is turned.
    ///
    /// # Errors
    /// As [`open`](Self::open) and [`annotate`](Self::annotate).
    pub fn annotate_in_place(
        file: Vec<u8>,
        limits: &Limits,
        plan: &Plan,
    ) -> Result<Annotated, PictureError> {
        let picture = Picture::open(&file, limits)?;
        let content_type = picture.header.format.media_type();
        let bytes = match picture.way(plan) {
            Way::CopyJpeg(jpeg) | Way::Patch(jpeg) if jpeg.is_one_scan() => {
                let overlay = picture.paint(plan)?;
                kept(jpeg, plan).patch()?.write_over(file, &overlay)?
            }
            Way::Turn(jpeg) if jpeg.is_turned_at_once() => {
                let overlay = picture.paint(plan)?;
                kept(jpeg, plan).turn(&overlay)?.write_over(file)?
            }
            Way::Strips(png) => {
                let edit = png.edit(picture.paint(plan)?, plan.keeps_metadata())?;
                let pixels = png.pixels();
                edit.write_over(file, pixels)?
            }
            _ => return picture.annotate(plan),
        };
        Ok(Annotated {
            bytes,
            content_type,
        })
    }

    /// As [`annotate`](Self::annotate), but decodes and encodes every picture: to compare with.
    ///
    /// # Errors
    /// As [`annotate`](Self::annotate).
    pub fn redraw(&self, plan: &Plan) -> Result<Annotated, PictureError> {
        let overlay = self.paint(plan)?;
        let mut decoded = self.decode()?;
        decoded.composite(&overlay);
        if !plan.keeps_metadata() {
            decoded.style.strip();
        }
        Ok(self.annotated(decoded.encode()?))
    }

    /// The way to the result of `plan`.
    fn way(&self, plan: &Plan) -> Way<'_, 'f> {
        let is_edited = self.header.edit_bytes.is_some();
        match &self.file {
            File::Jpeg(jpeg) if plan.is_empty() && !jpeg.turns_exactly() => Way::CopyJpeg(jpeg),
            File::Jpeg(jpeg) if is_edited && jpeg.is_upright() => Way::Patch(jpeg),
            File::Jpeg(jpeg) if is_edited => Way::Turn(jpeg),
            File::WebP(webp) if plan.is_empty() && webp.is_lossy() => Way::CopyWebP(webp),
            File::Png(png) if is_edited => Way::Strips(png),
            _ => Way::Redraw,
        }
    }

    fn paint(&self, plan: &Plan) -> Result<Overlay, PictureError> {
        let small = plan.small_side().map(|side| self.rgb(side)).transpose()?;
        Ok(plan.paint(small.as_ref()))
    }

    fn annotated(&self, bytes: Vec<u8>) -> Annotated {
        Annotated {
            bytes,
            content_type: self.header.format.media_type(),
        }
    }

    fn decode(&self) -> Result<Decoded, PictureError> {
        let (raster, style) = match &self.file {
            File::Jpeg(jpeg) => decoded(jpeg.decode()?, Style::Jpeg),
            File::Png(png) => decoded(png.decode()?, Style::Png),
            File::WebP(webp) => decoded(webp.decode()?, Style::WebP),
            File::Bmp(bmp) => decoded(bmp.decode()?, Style::Bmp),
            File::Gif(gif) => decoded(gif.decode()?, Style::Gif),
        };
        Ok(Decoded {
            raster,
            orientation: self.header.orientation,
            style,
        })
    }
}

/// The file with the metadata that its result keeps.
fn kept<'j, 'f>(jpeg: &'j Jpeg<'f>, plan: &Plan) -> Cow<'j, Jpeg<'f>> {
    if plan.keeps_metadata() {
        Cow::Borrowed(jpeg)
    } else {
        Cow::Owned(jpeg.stripped())
    }
}

fn opened<'f, T>((header, file): (Header, T), of: impl Fn(T) -> File<'f>) -> (Header, File<'f>) {
    (header, of(file))
}

fn decoded<T>((raster, style): (Raster, T), of: impl Fn(T) -> Style) -> (Raster, Style) {
    (raster, of(style))
}
