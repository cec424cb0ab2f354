//! Getting hold of a picture: over HTTP from a URL, or out of a request.
//!
//! A download is a real one, over a socket and with a deadline, and never larger than the
//! service allows. Redirects are not followed. Nothing is decoded here.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use http::header::HOST;
use http::{HeaderMap, StatusCode};
use reqwest::Response;
use url::Url;

use super::known::{self, Person};
use super::place::{self, Place, Places};

/// The largest picture, in bytes.
pub(super) const MAX_BYTES: usize = 20 * 1024 * 1024;
/// How long a download may take from the first byte sent to the last one received.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(10);

/// A picture, still encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picture {
    /// The file.
    pub(super) bytes: Bytes,
    /// Who is in it, if its owner said so.
    pub(super) people: Option<Vec<Person>>,
}

/// Why there is no picture, or none that can be looked at.
#[derive(Debug, thiserror::Error)]
pub(super) enum PictureError {
    /// Not a URL that is ever fetched.
    #[error("the image URL is not a valid http or https URL in ASCII")]
    Url,
    /// In a bucket that is not where the service is.
    #[error("the image must be stored in the region of the service")]
    Region,
    /// Base64 that is none.
    #[error("the image content is not base64")]
    Content,
    /// The server could not be asked.
    #[error("the image cannot be downloaded")]
    Download(#[source] reqwest::Error),
    /// The server said no.
    #[error("the image cannot be downloaded, its server answered `{0}`")]
    Status(StatusCode),
    /// The server took too long.
    #[error("the download of the image took too long")]
    Timeout,
    /// More bytes than allowed.
    #[error("the image is larger than {MAX_BYTES} bytes")]
    Size,
    /// Not a picture, or not of a format that is allowed.
    #[error("the image is not a readable JPEG, PNG or BMP file")]
    Format,
    /// Too few or too many pixels.
    #[error("the resolution of the image is {width}x{height}, which is not allowed")]
    Resolution {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    /// The detector is broken; the picture is not to blame.
    #[error("the detector failed")]
    Detector,
}

/// Downloads pictures.
#[derive(Debug)]
pub(super) struct Downloads {
    client: reqwest::Client,
    places: Places,
    timeout: Duration,
}

impl Downloads {
    /// Downloads with `client`, which must follow no redirects.
    pub(super) fn new(client: reqwest::Client, places: Places) -> Self {
        Self {
            client,
            places,
            timeout: DOWNLOAD_TIMEOUT,
        }
    }

    /// Fetches the picture at `url`.
    pub(super) async fn fetch(&self, url: &str) -> Result<Picture, PictureError> {
        let url = parse(url)?;
        let place = self.places.of(&url);
        let download = tokio::time::timeout(self.timeout, self.download(url, place));
        download.await.map_err(|_elapsed| PictureError::Timeout)?
    }

    /// Fetches the picture at `url` unless it is in a bucket of another region than `region`.
    pub(super) async fn fetch_in(&self, url: &str, region: &str) -> Result<Picture, PictureError> {
        match self.places.of(&parse(url)?) {
            Place::Bucket { region: stored, .. } if stored != region => Err(PictureError::Region),
            _ => self.fetch(url).await,
        }
    }

    async fn download(&self, mut url: Url, place: Place) -> Result<Picture, PictureError> {
        let host = authority(&url);
        if let Some(address) = place.address() {
            let pointed = place::point(&mut url, address);
            pointed.map_err(|()| PictureError::Url)?;
        }
        let request = self.client.get(url).header(HOST, host);
        // The URL may be presigned: it must not reach a log.
        let failed = |error: reqwest::Error| PictureError::Download(error.without_url());
        let response = request.send().await.map_err(failed)?;
        if !response.status().is_success() {
            return Err(PictureError::Status(response.status()));
        }
        let people = people(response.headers());
        let bytes = read(response).await?;
        Ok(Picture { bytes, people })
    }
}

/// The picture in a request, as base64.
pub(super) fn decode(content: &str) -> Result<Picture, PictureError> {
    // Four characters carry three bytes: more need not even be decoded.
    if content.len() / 4 * 3 > MAX_BYTES + 3 {
        return Err(PictureError::Size);
    }
    let bytes = BASE64_STANDARD
        .decode(content)
        .map_err(|_| PictureError::Content)?;
    Ok(Picture {
        bytes: bytes.into(),
        people: None,
    })
}

fn parse(text: &str) -> Result<Url, PictureError> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    url.filter(|url| url.has_host() && text.is_ascii())
        .ok_or(PictureError::Url)
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

fn people(headers: &HeaderMap) -> Option<Vec<Person>> {
    let text = headers.get(known::HEADER)?.to_str().ok()?;
    let people = known::parse(text);
    if people.is_none() {
        tracing::warn!("the header `{}` makes no sense: `{text}`", known::HEADER);
    }
    people
}

async fn read(mut response: Response) -> Result<Bytes, PictureError> {
    let mut bytes = BytesMut::new();
    let failed = |error: reqwest::Error| PictureError::Download(error.without_url());
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(PictureError::Size);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

#[cfg(test)]
mod tests;
