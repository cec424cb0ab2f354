//! Answers of MNS to be read. The limit is `from_utf8` of the same bytes, which looks at
//! each of them once.

use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;

use bytes::Bytes;
use mns::BatchSize;

use crate::Case;

/// All of them; each has succeeded once.
pub(crate) fn cases() -> Result<Vec<Case>, Box<dyn Error>> {
    Ok(vec![
        received("read 16 received messages of 1 KiB", 1024)?,
        received("read 16 received messages of 64 KiB", 64 * 1024)?,
    ])
}

fn received(name: &'static str, body_bytes: usize) -> Result<Case, Box<dyn Error>> {
    let answer = answer(body_bytes)?;
    let messages = mns::document::messages(&answer, BatchSize::MAX)?;
    assert_eq!(messages.len(), 16, "{name}");
    let same = answer.clone();
    Ok(Case {
        name,
        bytes: answer.len(),
        run: Box::new(move || {
            let messages = mns::document::messages(black_box(&answer), BatchSize::MAX);
            black_box(messages.is_ok());
        }),
        limit_name: "from_utf8",
        limit: Box::new(move || {
            black_box(std::str::from_utf8(black_box(&same)).is_ok());
        }),
    })
}

fn answer(body_bytes: usize) -> Result<Bytes, std::fmt::Error> {
    let body = "eyJl".repeat(body_bytes / 4);
    let mut text =
        String::from("<?xml version=\"1.0\"?><Messages xmlns=\"http://mns.aliyuncs.com/doc/v1/\">");
    for number in 0..16 {
        write!(
            text,
            "<Message><MessageId>5F290C926D472878-2-14D9529A8FA-20000000{number}</MessageId>\
             <ReceiptHandle>1-ODU4OTkzNDU5My0xNDMyNzI3ODI3LTItOA==</ReceiptHandle>\
             <MessageBodyMD5>C5DD56A39F5F7BB8B3337C6D11B6D8C7</MessageBodyMD5>\
             <MessageBody>{body}</MessageBody>\
             <EnqueueTime>1714979289000</EnqueueTime>\
             <NextVisibleTime>1714979319000</NextVisibleTime>\
             <FirstDequeueTime>1714979289500</FirstDequeueTime>\
             <DequeueCount>1</DequeueCount><Priority>8</Priority></Message>"
        )?;
    }
    text.push_str("</Messages>");
    Ok(text.into())
}
