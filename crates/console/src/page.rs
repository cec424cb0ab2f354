//! The files of the page, as they were when the program was built.

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};
use sha2::{Digest as _, Sha256};

const INDEX: &str = "index.html";

/// Name and content of each file.
const FILES: [(&str, &str); 13] = [
    (INDEX, include_str!("../web/index.html")),
    ("style.css", include_str!("../web/style.css")),
    ("icon.svg", include_str!("../web/icon.svg")),
    ("api.js", include_str!("../web/api.js")),
    ("dom.js", include_str!("../web/dom.js")),
    ("gallery.js", include_str!("../web/gallery.js")),
    ("main.js", include_str!("../web/main.js")),
    ("plots.js", include_str!("../web/plots.js")),
    ("progress.js", include_str!("../web/progress.js")),
    ("slider.js", include_str!("../web/slider.js")),
    ("upload.js", include_str!("../web/upload.js")),
    ("viewer.js", include_str!("../web/viewer.js")),
    ("words.js", include_str!("../web/words.js")),
];

/// Serves the page and its files.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route(
            "/",
            get(|headers: HeaderMap| async move { file(INDEX, &headers) }),
        )
        .route(
            "/assets/{name}",
            get(
                |Path(name): Path<String>, headers: HeaderMap| async move { file(&name, &headers) },
            ),
        )
}

/// A file, or 304 for a browser that has it.
fn file(name: &str, headers: &HeaderMap) -> Response {
    let Some((_, content)) = FILES.iter().find(|(found, _)| *found == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let etag = format!(
        "\"{}\"",
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(content))
    );
    // The browser asks each time, so that a new version is seen at once.
    let about = [(ETAG, etag.as_str()), (CACHE_CONTROL, "no-cache")];
    let known = headers.get(IF_NONE_MATCH);
    if known.is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    (about, [(CONTENT_TYPE, media_type(name))], *content).into_response()
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_small_and_loads_nothing_from_elsewhere() {
        let bytes: usize = FILES.iter().map(|(_, content)| content.len()).sum();
        assert!(bytes < 150_000, "{bytes} bytes");
        for (name, content) in FILES {
            let own = content.replace("http://www.w3.org/2000/svg", "");
            assert!(
                !own.contains("http://") && !own.contains("https://"),
                "{name}"
            );
            for forbidden in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                " style=",
                "eval(",
            ] {
                assert!(!content.contains(forbidden), "{name}: {forbidden}");
            }
        }
    }

    #[test]
    fn every_file_that_another_names_is_there() {
        for (name, content) in FILES {
            for reference in content.split(['"', '\'']) {
                let path = reference
                    .strip_prefix("/assets/")
                    .or_else(|| reference.strip_prefix("./"));
                if let Some(path) = path.filter(|path| path.contains('.')) {
                    assert!(
                        FILES.iter().any(|(found, _)| *found == path),
                        "{name}: {path}"
                    );
                }
            }
        }
    }
}
