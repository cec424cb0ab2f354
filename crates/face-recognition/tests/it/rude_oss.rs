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

type Lie = (&'static str, &'static str, Vec<u8>, (u16, &'static str));

const PUT_OFF: (u16, &str) = (503, "storage");
const MISCONFIGURED: (u16, &str) = (500, "storage");
const OVERWRITTEN: (u16, &str) = (503, "overwritten");
const SILENT: (u16, &str) = (503, "deadline");

/// To another host, and to nowhere.
fn ways_elsewhere(url: &str) -> Vec<Lie> {
    let to = |status| {
        head(
            status,
            &format!("location: {url}/photos/a.jpg\r\ncontent-length: 0\r\n"),
        )
    };
    let temporary = to("307 Temporary Redirect");
    let proxy = head("407 Proxy Authentication Required", "content-length: 5\r\n");
    let no_page = head("404 Not Found", "content-length: 1073741824\r\n");
    let forbidden = head("403 Forbidden", "content-length: 0\r\n");
    vec![
        (
            "redirects of a look",
            "HEAD",
            temporary.clone(),
            MISCONFIGURED,
        ),
        (
            "redirects of a fetch",
            "GET",
            to("302 Found"),
            MISCONFIGURED,
        ),
        (
            "permanent ones",
            "GET",
            to("308 Permanent Redirect"),
            MISCONFIGURED,
        ),
        ("redirects of a put", "PUT", temporary, MISCONFIGURED),
        (
            "a refusal without a reason",
            "HEAD",
            forbidden,
            MISCONFIGURED,
        ),
        (
            "a page of a proxy",
            "GET",
            [proxy, b"<html".to_vec()].concat(),
            MISCONFIGURED,
        ),
        ("somebody else's page", "GET", no_page, MISCONFIGURED),
        (
            "no HTTP",
            "GET",
            b"220 ftp.example ready\r\n".to_vec(),
            PUT_OFF,
        ),
        ("nothing", "GET", vec![], SILENT),
        ("nothing about a put", "PUT", vec![], SILENT),
    ]
}

/// About how much there is, and what.
fn false_statements() -> Vec<Lie> {
    let photo = fixture("420.jpg");
    let with = |head: Vec<u8>, body: &[u8]| [head.as_slice(), body].concat();
    let other = head(
        "200 OK",
        &format!("etag: \"B2\"\r\ncontent-length: {}\r\n", photo.len()),
    );
    let no_length = head("200 OK", "etag: \"A1\"\r\n");
    let below_zero = head("200 OK", "etag: \"A1\"\r\ncontent-length: -1\r\n");
    let sum = "x-oss-hash-crc64ecma: 1\r\n";
    let long = tagged(9, &format!("x: {}\r\n", "y".repeat(1 << 20)));
    let large = 90 << 20;
    let untagged = |length| head("200 OK", &format!("content-length: {length}\r\n"));
    vec![
        ("90 TB", "HEAD", tagged(90 << 40, ""), (413, "too_large")),
        (
            "more than before",
            "GET",
            with(tagged(large, ""), &vec![0xff; large]),
            OVERWRITTEN,
        ),
        (
            "less than before",
            "GET",
            with(tagged(5, ""), b"hello"),
            OVERWRITTEN,
        ),
        ("another version", "GET", with(other, &photo), OVERWRITTEN),
        (
            "fewer bytes than it says",
            "GET",
            with(tagged(photo.len(), ""), &photo[..99]),
            PUT_OFF,
        ),
        ("no length", "GET", with(no_length, &photo), PUT_OFF),
        ("a length below zero", "GET", below_zero, PUT_OFF),
        (
            "a wrong checksum",
            "GET",
            with(tagged(photo.len(), sum), &photo),
            PUT_OFF,
        ),
        ("no version", "HEAD", untagged(9), PUT_OFF),
        ("a megabyte of head", "HEAD", long, PUT_OFF),
        ("a put of something else", "PUT", tagged(0, sum), PUT_OFF),
        ("a put without a version", "PUT", untagged(0), PUT_OFF),
    ]
}

#[tokio::test]
async fn no_lie_of_a_server_is_believed() {
    let api = serve(FacesApi::new()).await;
    let canary = Rude::start(|_| Some(head("200 OK", "content-length: 0\r\n"))).await;
    let mut wrong = vec![];
    for (name, method, lie, (status, reason)) in
        [ways_elsewhere(&canary.url), false_statements()].concat()
    {
        let rude = Rude::start(oss(boxed(method, lie))).await;
        let patience: &[&str] = match reason {
            "deadline" => &["--photo-deadline=PT3S"],
            _ => &[],
        };
        let binary = Binary::start(&rude.url, &api.uri(), patience).await;
        let answer = binary.created("a.jpg").await;
        let again = answer.headers().contains_key("retry-after");
        let said = (answer.status().as_u16(), answer.text().await.unwrap());
        let is_as_expected = said.0 == status && said.1.starts_with(&format!("{reason}: "));
        if !is_as_expected || again != (status == 503) {
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
