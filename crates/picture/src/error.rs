//! Why a file is not annotated. Each reason is permanent: the same bytes fail again.

use crate::format::Format;

/// A cause from a codec.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a file cannot be decoded, or its result not encoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// No known picture format begins like this.
    #[error("the content is not a picture")]
    NotAPicture,
    /// A picture, but in a format or variant that is not annotated.
    #[error("{what} pictures are not supported")]
    Unsupported {
        /// The format or variant.
        what: &'static str,
    },
    /// Several frames: boxes that fit one of them would be wrong for the rest.
    #[error("animated {format} pictures are not supported")]
    Animated {
        /// The format.
        format: Format,
    },
    /// No pixels at all.
    #[error("the picture is empty ({width} x {height} pixels)")]
    Empty {
        /// Claimed width in pixels.
        width: u32,
        /// Claimed height in pixels.
        height: u32,
    },
    /// Longer than [`Limits::max_side`](crate::Limits::max_side).
    #[error("a side of {side} pixels is longer than the {limit} that can be drawn upon")]
    TooWide {
        /// The longer side.
        side: u32,
        /// The limit.
        limit: u32,
    },
    /// More than [`Limits::max_pixels`](crate::Limits::max_pixels).
    #[error("{pixels} pixels exceed the limit of {limit} (`FACE_MAX_PIXELS`)")]
    TooManyPixels {
        /// Width times height.
        pixels: u64,
        /// The limit.
        limit: u64,
    },
    /// More than [`Limits::max_decoded_bytes`](crate::Limits::max_decoded_bytes).
    #[error(
        "the picture takes {bytes} bytes of memory, and the limit is {limit} (`FACE_PIXEL_MEMORY`)"
    )]
    TooManyBytes {
        /// Memory that it takes to decode and encode.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The file ends before its picture does.
    #[error("the {format} file is cut off")]
    Truncated {
        /// The format.
        format: Format,
    },
    /// The decoder gave up.
    #[error("the {format} file is corrupt")]
    Corrupt {
        /// The format.
        format: Format,
        /// The decoder's error.
        #[source]
        source: BoxError,
    },
    /// The encoder gave up.
    #[error("the result could not be encoded as {format}")]
    Encode {
        /// The format.
        format: Format,
        /// The encoder's error.
        #[source]
        source: BoxError,
    },
}

impl PictureError {
    pub(crate) fn corrupt(format: Format, source: impl Into<BoxError>) -> Self {
        Self::Corrupt {
            format,
            source: source.into(),
        }
    }

    pub(crate) fn encode(format: Format, source: impl Into<BoxError>) -> Self {
        Self::Encode {
            format,
            source: source.into(),
        }
    }

    /// One word for metrics and answers, from a closed set.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotAPicture => "not_a_picture",
            Self::Unsupported { .. } => "unsupported_format",
            Self::Animated { .. } => "animated",
            Self::Empty { .. } => "empty_picture",
            Self::TooWide { .. } | Self::TooManyPixels { .. } | Self::TooManyBytes { .. } => {
                "too_many_pixels"
            }
            Self::Truncated { .. } => "truncated",
            Self::Corrupt { .. } => "corrupt",
            Self::Encode { .. } => "encode",
        }
    }
}
