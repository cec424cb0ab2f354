#![doc = include_str!("../README.md")]

mod annotate;
mod bmp;
mod colour;
mod composite;
mod decoded;
mod error;
mod exif;
mod format;
mod gif;
mod header;
mod jpeg;
mod limits;
mod orientation;
mod overlay;
mod palette;
mod picture;
mod png;
mod raster;
mod shrink;
mod way;
mod webp;
mod xmp;

pub use annotate::{Banner, MAX_BOXES, MAX_LABELS, Mark, Metadata, Options, Plan, keep_largest};
pub use error::PictureError;
pub use format::{Content, Format};
pub use header::Header;
pub use limits::Limits;
pub use orientation::Orientation;
pub use picture::{Annotated, Copy, Picture};
