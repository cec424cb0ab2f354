//! Image processing of a read: a picture made smaller, which is all of it that is played.

use std::io::{self, Cursor};

use axum::body::Body;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt as _;
use http::header::{CONTENT_TYPE, ETAG, LAST_MODIFIED};
use http::{HeaderValue, Method};
use image::{DynamicImage, ImageFormat, ImageReader};

use super::error::{OssError, Result};
use super::get::http_time;
use super::query::Query;
use super::request::OssRequest;
use super::{Oss, condition};

/// The parameter that asks for it.
const PARAMETER: &str = "x-oss-process";
/// The documented limit of the picture's file.
const MAX_BYTES: u64 = 20 << 20;
/// The documented limit of each side of the result, in pixels.
const MAX_SIDE: u32 = 4096;

/// The box that a picture is made to fit into; it is never made larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fit {
    width: u32,
    height: u32,
}

impl Fit {
    /// What a request asks for, if it is what is played: `image/resize` with `w`, `h` or both,
    /// and no mode but `lfit`.
    pub(super) fn of(method: &Method, query: &Query) -> Option<Self> {
        let (Some(process), Method::GET) = (query.get(PARAMETER), method.clone()) else {
            return None;
        };
        let mut fit = Self {
            width: MAX_SIDE,
            height: MAX_SIDE,
        };
        for parameter in process.strip_prefix("image/resize,")?.split(',') {
            let side = |text: &str| {
                let side = text.parse().ok();
                side.filter(|side| (1..=MAX_SIDE).contains(side))
            };
            match parameter.split_once('_')? {
                ("m", "lfit") => {}
                ("w", text) => fit.width = side(text)?,
                ("h", text) => fit.height = side(text)?,
                _ => return None,
            }
        }
        Some(fit)
    }
}

impl Oss {
    /// The picture in an object, made to fit.
    pub(super) async fn resized(&self, request: &OssRequest, fit: Fit) -> Result<Response> {
        let now = request.received;
        let object = self.shown(request, |object| object.check_restored(now))?;
        condition::check(request, &object)?;
        if object.size() > MAX_BYTES {
            return Err(OssError::bad("ImageTooLarge", "This image is too large."));
        }
        let stream = self.blobs.read(&object.blobs, 0..object.size());
        let file: BytesMut = stream
            .try_collect()
            .await
            .map_err(|error: io::Error| OssError::internal(&error))?;
        let resizing = tokio::task::spawn_blocking(move || resize(file.freeze(), fit));
        let resized = resizing.await.map_err(|error| OssError::internal(&error))?;
        let (file, media_type) = resized
            .ok_or_else(|| OssError::bad("BadRequest", "This image format is not supported."))?;
        let mut response = Response::new(Body::from(file));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(ETAG, object.etag_header());
        headers.insert(LAST_MODIFIED, http_time(object.modified));
        Ok(response)
    }
}

/// The file of the smaller picture, in the format that it came in; none if it is no picture.
fn resize(file: Bytes, fit: Fit) -> Option<(Bytes, &'static str)> {
    let reader = ImageReader::new(Cursor::new(&file));
    let reader = reader.with_guessed_format().ok()?;
    let format = reader.format()?;
    let picture = reader.decode().ok()?;
    if picture.width() <= fit.width && picture.height() <= fit.height {
        return Some((file, format.to_mime_type()));
    }
    let smaller = picture.thumbnail(fit.width, fit.height);
    let smaller = match format {
        // It has no transparency.
        ImageFormat::Jpeg => DynamicImage::from(smaller.into_rgb8()),
        _ => smaller,
    };
    let mut written = Cursor::new(Vec::new());
    smaller.write_to(&mut written, format).ok()?;
    Some((written.into_inner().into(), format.to_mime_type()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(process: &str) -> Option<Fit> {
        let uri = format!("http://host/bucket/key?x-oss-process={process}");
        Fit::of(&Method::GET, &Query::of(&uri.parse().unwrap()))
    }

    #[test]
    fn what_is_played_is_told_from_what_is_not() {
        let fit_of = |width, height| Some(Fit { width, height });
        for (process, expected) in [
            ("image%2Fresize%2Cw_100", fit_of(100, MAX_SIDE)),
            ("image/resize,m_lfit,w_480,h_320", fit_of(480, 320)),
            ("image/resize,h_1", fit_of(MAX_SIDE, 1)),
            ("image/resize,w_0", None),
            ("image/resize,w_5000", None),
            ("image/resize,m_fill,w_10,h_10", None),
            ("image/resize", None),
            ("image/resize,w_100/format,png", None),
            ("image/rotate,90", None),
            ("style/small", None),
        ] {
            assert_eq!(fit(process), expected, "{process}");
        }
    }
}
