//! An OSS that does not keep to HTTP, to its own word, or to the host it was asked at.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::binary::Binary;
use crate::faces_api::FacesApi;
use crate::pictures::fixture;
use crate::running::serve;

/// What the server says to a request that begins like this; nothing at all if `None`.
type Script = dyn Fn(&str) -> Option<Vec<u8>> + Send + Sync;

/// A server that follows a script and counts who came.
struct Rude {
    url: String,
    calls: Arc<AtomicUsize>,
}

impl Rude {
    async fn start(script: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(AtomicUsize::new(0));
        let (counter, script): (_, Arc<Script>) = (calls.clone(), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(talk(stream, script.clone()));
            }
        });
        Self { url, calls }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

/// One request per connection.
async fn talk(mut stream: TcpStream, script: Arc<Script>) {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let Some(answer) = script(&String::from_utf8_lossy(&request)) else {
        // Waits for the client to lose patience.
        while stream.read_buf(&mut request).await.unwrap_or(0) > 0 {}
        return;
    };
    let _ = stream.write_all(&answer).await;
}

fn head(status: &str, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n").into_bytes()
}

fn tagged(length: usize, more: &str) -> Vec<u8> {
    head(
        "200 OK",
        &format!("etag: \"A1\"\r\ncontent-length: {length}\r\n{more}"),
    )
}

/// Plays OSS properly for one photo, but for what `lie` answers.
fn oss(
    lie: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static,
) -> impl Fn(&str) -> Option<Vec<u8>> + Send + Sync {
    let photo = fixture("420.jpg");
    move |request| {
        if let Some(answer) = lie(request) {
            // An empty answer stands for none.
            return (!answer.is_empty()).then_some(answer);
        }
        let (method, rest) = request.split_once(' ').unwrap();
        Some(match (method, rest.starts_with("/photos/a.jpg")) {
            ("HEAD", true) => tagged(photo.len(), ""),
            ("GET", true) => [tagged(photo.len(), ""), photo.clone()].concat(),
            ("PUT", false) => tagged(0, ""),
            _ => head("404 Not Found", "content-length: 0\r\n"),
        })
    }
}

#[tokio::test]
async fn no_lie_of_a_server_is_believed() {
    let api = serve(FacesApi::new()).await;
    let canary = Rude::start(|_| Some(head("200 OK", "content-length: 0\r\n"))).await;
    let to_canary = |status: &'static str| {
        let location = format!(
            "location: {}/photos/a.jpg\r\ncontent-length: 0\r\n",
            canary.url
        );
        move |method: &'static str| {
            let answer = head(status, &location);
            boxed(method, answer)
        }
    };
    let photo = fixture("420.jpg");
    let other = [tagged(photo.len(), "").as_slice(), &photo].concat();
    let other = String::from_utf8_lossy(&other[..60])
        .replace("A1", "B2")
        .into_bytes();
    let other_version = [
        other.as_slice(),
        &[tagged(photo.len(), ""), photo.clone()].concat()[60..],
    ]
    .concat();
    let large = 90 << 20;
    let cases: Vec<(&str, Box<Script>, (u16, &str))> = vec![
        (
            "redirects of a look",
            to_canary("307 Temporary Redirect")("HEAD"),
            (500, "storage"),
        ),
        (
            "redirects of a fetch",
            to_canary("302 Found")("GET"),
            (500, "storage"),
        ),
        (
            "permanent redirects of a fetch",
            to_canary("308 Permanent Redirect")("GET"),
            (500, "storage"),
        ),
        (
            "redirects of a put",
            to_canary("307 Temporary Redirect")("PUT"),
            (500, "storage"),
        ),
        (
            "a photo of 90 TB",
            boxed("HEAD", tagged(90 << 40, "")),
            (413, "too_large"),
        ),
        (
            "more than it said before",
            boxed("GET", [tagged(large, ""), vec![0xff; large]].concat()),
            (503, "overwritten"),
        ),
        (
            "less than it said before",
            boxed("GET", [tagged(5, ""), b"hello".to_vec()].concat()),
            (503, "overwritten"),
        ),
        (
            "another version than was asked for",
            boxed("GET", other_version),
            (503, "overwritten"),
        ),
        (
            "fewer bytes than it says",
            boxed(
                "GET",
                [tagged(photo.len(), ""), photo[..99].to_vec()].concat(),
            ),
            (503, "storage"),
        ),
        (
            "bytes without a length",
            boxed(
                "GET",
                [head("200 OK", "etag: \"A1\"\r\n"), photo.clone()].concat(),
            ),
            (503, "storage"),
        ),
        (
            "a length below zero",
            boxed(
                "GET",
                head("200 OK", "etag: \"A1\"\r\ncontent-length: -1\r\n"),
            ),
            (503, "storage"),
        ),
        (
            "bytes that are not those of its checksum",
            boxed(
                "GET",
                [
                    tagged(photo.len(), "x-oss-hash-crc64ecma: 1\r\n"),
                    photo.clone(),
                ]
                .concat(),
            ),
            (503, "storage"),
        ),
        (
            "no version",
            boxed("HEAD", head("200 OK", "content-length: 9\r\n")),
            (503, "storage"),
        ),
        (
            "a version of a megabyte",
            boxed(
                "HEAD",
                tagged(9, &format!("x: {}\r\n", "y".repeat(1 << 20))),
            ),
            (503, "storage"),
        ),
        (
            "no HTTP",
            boxed("GET", b"220 ftp.example ready\r\n".to_vec()),
            (503, "storage"),
        ),
        ("nothing", boxed("GET", vec![]), (503, "deadline")),
        (
            "nothing about a put",
            boxed("PUT", vec![]),
            (503, "deadline"),
        ),
        (
            "a refusal without a reason",
            boxed("HEAD", head("403 Forbidden", "content-length: 0\r\n")),
            (500, "storage"),
        ),
        (
            "a page of a proxy",
            boxed(
                "GET",
                [
                    head("407 Proxy Authentication Required", "content-length: 5\r\n"),
                    b"<html".to_vec(),
                ]
                .concat(),
            ),
            (500, "storage"),
        ),
        (
            "somebody else who has no such page",
            boxed(
                "GET",
                head("404 Not Found", "content-length: 1073741824\r\n"),
            ),
            (500, "storage"),
        ),
        (
            "a put that has another checksum",
            boxed("PUT", tagged(0, "x-oss-hash-crc64ecma: 1\r\n")),
            (503, "storage"),
        ),
        (
            "a put without a version",
            boxed("PUT", head("200 OK", "content-length: 0\r\n")),
            (503, "storage"),
        ),
    ];
    let mut wrong = vec![];
    for (name, lie, (status, reason)) in cases {
        let rude = Rude::start(oss(lie)).await;
        let patience: &[&str] = match reason {
            "deadline" => &["--photo-deadline=PT3S"],
            _ => &[],
        };
        let binary = Binary::start(&rude.url, &api.uri(), patience).await;
        let answer = binary.created("a.jpg").await;
        let again = answer.headers().contains_key("retry-after");
        let said = (answer.status().as_u16(), answer.text().await.unwrap());
        if said.0 != status
            || !said.1.starts_with(&format!("{reason}: "))
            || again != (status == 503)
        {
            wrong.push(format!("{name}: {said:?} for {status} {reason}"));
        }
        let peak = binary.peak_memory() >> 20;
        if peak > 80 {
            wrong.push(format!("{name}: {peak} MiB"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(canary.calls(), 0, "a signed request went to another host");
}

/// Answers requests of this method about the photo, or puts, so.
fn boxed(method: &'static str, answer: Vec<u8>) -> Box<Script> {
    Box::new(move |request| {
        let about_photo = request.contains(" /photos/a.jpg") || method == "PUT";
        (request.starts_with(method) && about_photo).then(|| answer.clone())
    })
}
