//! A server of one answer that sees and sends bytes: for what an HTTP library would tidy up.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub(crate) struct RawServer {
    pub(crate) address: SocketAddr,
    request: JoinHandle<Vec<u8>>,
}

impl RawServer {
    /// Answers the first request with these bytes and closes the connection.
    pub(crate) async fn start(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let request = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read_head(&mut stream).await;
            stream.write_all(&answer).await.unwrap();
            stream.shutdown().await.unwrap();
            request
        });
        Self { address, request }
    }

    /// The head of the request, line by line as it came.
    pub(crate) async fn request(self) -> http::request::Parts {
        let head = String::from_utf8(self.request.await.unwrap()).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let mut words = lines.next().unwrap().split(' ');
        let mut request = http::Request::builder()
            .method(words.next().unwrap())
            .uri(words.next().unwrap());
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            request = request.header(name, value);
        }
        request.body(()).unwrap().into_parts().0
    }
}

async fn read_head(stream: &mut TcpStream) -> Vec<u8> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    head
}
