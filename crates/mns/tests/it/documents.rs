//! The sample documents, and what differs from them without meaning anything.

use bytes::Bytes;
use mns::document::{
    delete_failures, queue_list, queue_status, queue_status_list, sent_message, sent_messages,
    service_error, subscription_list, subscription_status, topic_list, topic_status, visibility,
};
use mns::{BatchSize, Message, ParseError, PeekedMessage, document};

use crate::server::sample;

fn bytes(name: &str) -> Bytes {
    sample(&format!("xml/mns-{name}.xml")).into()
}

fn messages(answer: &Bytes) -> Result<Vec<Message>, ParseError> {
    document::messages(answer, BatchSize::MAX)
}

fn peeked_messages(answer: &Bytes) -> Result<Vec<PeekedMessage>, ParseError> {
    document::peeked_messages(answer, BatchSize::MAX)
}

/// One received message with this as its body element's content.
fn body_of(content: &str) -> Result<String, ParseError> {
    let document = format!(
        "<Message><MessageId>1</MessageId><ReceiptHandle>2</ReceiptHandle><MessageBody>{content}</MessageBody></Message>"
    );
    let message = messages(&document.into())?.pop().unwrap();
    Ok(String::from_utf8(message.body.into()).unwrap())
}

#[test]
fn samples_about_messages_are_read() {
    let received = messages(&bytes("receive-message")).unwrap();
    let batch = messages(&bytes("batch-receive-message")).unwrap();
    assert_eq!(received[0].body, batch[0].body);
    assert_eq!(batch[1].body, "c2Vjb25k");
    let message = &received[0];
    assert_eq!(message.first_dequeue_time, message.enqueue_time);
    assert_eq!(message.priority, Some(8));
    insta::assert_debug_snapshot!(message);
    let peeked = peeked_messages(&bytes("peek-message")).unwrap();
    assert_eq!((peeked.len(), peeked[0].dequeue_count), (1, 0));
    insta::assert_debug_snapshot!((
        sent_message(&bytes("send-message")).unwrap(),
        sent_message(&bytes("send-message-delayed")).unwrap(),
        sent_message(&bytes("publish-message")).unwrap(),
        sent_messages(&bytes("batch-send-message")).unwrap(),
        sent_messages(&bytes("batch-send-partial-failure")).unwrap(),
        visibility(&bytes("change-visibility")).unwrap(),
    ));
}

#[test]
fn samples_about_resources_are_read() {
    insta::assert_debug_snapshot!((
        queue_status(&bytes("queue-attributes")).unwrap(),
        topic_status(&bytes("topic-attributes")).unwrap(),
        subscription_status(&bytes("subscription-attributes")).unwrap(),
        queue_list(&bytes("list-queue")).unwrap(),
        topic_list(&bytes("list-topic")).unwrap(),
        subscription_list(&bytes("list-subscription")).unwrap(),
    ));
}

#[test]
fn samples_about_failures_are_read() {
    insta::assert_debug_snapshot!((
        service_error(&bytes("error")).unwrap(),
        delete_failures(&bytes("batch-delete-partial-failure")).unwrap(),
    ));
}

#[test]
fn list_with_attributes_is_read() {
    let document = b"<Queues><Queue><QueueURL>http://h/queues/a</QueueURL><VisibilityTimeout>30</VisibilityTimeout></Queue></Queues>";
    let page = queue_status_list(document).unwrap();
    assert_eq!(page.items[0].name, "a");
    assert_eq!(page.items[0].visibility_timeout.unwrap().as_secs(), 30);
}

#[test]
fn body_is_decoded_exactly() {
    let cases = [
        ("empty", "", ""),
        ("blanks kept", "  a \n ", "  a \n "),
        ("line ends kept", "a\r\nb\rc\n", "a\r\nb\rc\n"),
        ("nothing but a reference", "&amp;", "&"),
        ("nothing but a character", "&#65;", "A"),
        ("predefined entities", "&lt;&gt;&amp;&quot;&apos;", "<>&\"'"),
        (
            "character references",
            "&#13;&#x4EBA;&#128512;",
            "\r人\u{1F600}",
        ),
        ("not decoded twice", "&amp;lt;", "&lt;"),
        ("CDATA", "<![CDATA[<a>&amp;]]>", "<a>&amp;"),
        (
            "pieces",
            "a<![CDATA[b]]>&#99;<!-- no -->d<?no no?>e",
            "abcde",
        ),
        ("CDATA end split", "<![CDATA[]]]]><![CDATA[>]]>", "]]>"),
        ("an element inside is left out", "a<b>c<d/></b>e", "ae"),
        ("not ASCII", "人脸 \u{1F600}", "人脸 \u{1F600}"),
    ];
    for (name, content, expected) in cases {
        assert_eq!(body_of(content).unwrap(), expected, "{name}");
    }
}

#[test]
fn body_does_not_keep_the_memory_of_the_answer() {
    let answer = bytes("receive-message");
    let body = &messages(&answer).unwrap()[0].body;
    assert!(!body.is_empty() && !answer.as_ptr_range().contains(&body.as_ptr()));
}

#[test]
fn what_means_nothing_is_overlooked() {
    let cases = [
        (
            "other namespace",
            r#"<Error xmlns="http://mns.aliyuncs.com/doc/v1"><Code>C</Code></Error>"#,
        ),
        (
            "prefix",
            r#"<m:Error xmlns:m="x"><m:Code>C</m:Code></m:Error>"#,
        ),
        ("no namespace", "<Error><Code>C</Code></Error>"),
        (
            "byte order mark",
            "\u{FEFF}<?xml version='1.0'?><Error><Code>C</Code></Error>",
        ),
        (
            "blanks around text",
            "<Error>\n\t<Code>\r\n C\t</Code>\n</Error>\n",
        ),
        (
            "unknown elements",
            "<Error><New a='b'><Code>no</Code></New><Code>C</Code><New/></Error>",
        ),
        (
            "comments",
            "<!-- a --><Error><!-- b --><Code><!-- c -->C</Code></Error>",
        ),
        (
            "content after the end",
            "<Error><Code>C</Code></Error>\0junk",
        ),
    ];
    for (name, document) in cases {
        assert_eq!(
            service_error(document.as_bytes()).unwrap().code,
            "C",
            "{name}"
        );
    }
}

#[test]
fn empty_and_missing_values_are_the_same() {
    let status = queue_status(
        b"<Queue><QueueName>q</QueueName><CreateTime/><DelaySeconds> </DelaySeconds></Queue>",
    )
    .unwrap();
    assert_eq!(
        (status.create_time, status.delay, status.polling_wait),
        (None, None, None)
    );
}

#[test]
fn faulty_documents_are_named() {
    let deep = format!("<Error>{}", "<a>".repeat(100_000));
    let cases: [(&str, &[u8]); 12] = [
        ("nothing", b""),
        ("not XML", b"{}"),
        ("not UTF-8", b"<Error>\xFF</Error>"),
        ("cut off", b"<Error><Code>C</Co"),
        ("never closed", b"<Error><Code>C</Code>"),
        ("closed wrongly", b"<Error><Code>C</Kode></Error>"),
        ("another root", b"<html></html>"),
        ("without a code", b"<Error><Message>m</Message></Error>"),
        (
            "document type",
            b"<!DOCTYPE Error [<!ENTITY a 'aaaa'>]><Error><Code>&a;</Code></Error>",
        ),
        ("unknown entity", b"<Error><Code>&nbsp;</Code></Error>"),
        ("no such character", b"<Error><Code>&#xD800;</Code></Error>"),
        ("too deep", deep.as_bytes()),
    ];
    let faults =
        cases.map(|(name, document)| format!("{name}: {}", service_error(document).unwrap_err()));
    insta::assert_snapshot!(faults.join("\n"), @r#"
    nothing: the document ends too early
    not XML: the document is not the JSON of such an answer
    not UTF-8: the document is not UTF-8
    cut off: the document is not well-formed XML
    never closed: the document ends too early
    closed wrongly: the document is not well-formed XML
    another root: the root element is `html`
    without a code: the element `Code` is missing
    document type: the document has a document type declaration
    unknown entity: the document refers to the entity `nbsp`
    no such character: the document is not well-formed XML
    too deep: the document nests more than 16 elements
    "#);
}

#[test]
fn faulty_values_are_named() {
    let message = |element: &str| {
        format!(
            "<Message><MessageId>1</MessageId><ReceiptHandle>2</ReceiptHandle><MessageBody/>{element}</Message>"
        )
    };
    let cases = [
        "<Message><MessageId>1</MessageId><MessageBody/></Message>".into(),
        "<Message><ReceiptHandle>2</ReceiptHandle><MessageBody/></Message>".into(),
        message("</Messag>"),
    ];
    let faults = cases.map(|document| messages(&document.into()).unwrap_err().to_string());
    insta::assert_snapshot!(faults.join("\n"), @r#"
    the element `ReceiptHandle` is missing
    the element `MessageId` is missing
    the document is not well-formed XML
    "#);
    let bad_name = b"<Queues><Queue><QueueURL>http://h/queues/..</QueueURL></Queue></Queues>";
    assert!(matches!(
        queue_list(bad_name),
        Err(ParseError::Value {
            element: "QueueURL",
            ..
        })
    ));
}

#[test]
fn message_needs_no_more_than_id_and_handle() {
    let cases = [
        "<DequeueCount>many</DequeueCount>",
        "<DequeueCount>-1</DequeueCount>",
        "<EnqueueTime>9223372036854775807</EnqueueTime>",
        "<NextVisibleTime>99999999999999999999</NextVisibleTime>",
        "<Priority>8.5</Priority>",
        "",
    ];
    for element in cases {
        let document = format!(
            "<Message><MessageId>1</MessageId>{element}<ReceiptHandle>2</ReceiptHandle></Message>"
        );
        let message = messages(&document.into()).unwrap().pop().unwrap();
        assert_eq!((&*message.id, &*message.body), ("1", &b""[..]), "{element}");
        assert_eq!(
            (message.dequeue_count, message.priority),
            (0, None),
            "{element}"
        );
    }
}

#[test]
fn faulty_message_does_not_take_the_others_with_it() {
    let message = |id: &str, body: &[u8]| {
        [
            format!(
                "<Message><MessageId>{id}</MessageId><ReceiptHandle>h</ReceiptHandle><MessageBody>"
            )
            .as_bytes(),
            body,
            b"</MessageBody></Message>",
        ]
        .concat()
    };
    let all: &[&str] = &["1", "2", "3"];
    let table: [(&str, &[u8], &[&str]); 8] = [
        ("not UTF-8", b"a\xFFb", all),
        ("half a character", b"\xE4\xBA", all),
        ("no such character", b"a&#0;b", all),
        ("half a surrogate", b"a&#xD800;b", all),
        ("unknown entity", b"a&nbsp;b", all),
        ("control characters", b"a\x00\x01b", all),
        ("markup", b"a<b", &["1", "3"]),
        (
            "closed too early",
            b"</MessageBody></Messages>",
            &["1", "3"],
        ),
    ];
    for (name, body, expected) in table {
        let document = [
            b"<Messages xmlns='x'>".to_vec(),
            message("1", b"first"),
            message("2", body),
            message("3", b"third"),
            b"</Messages>".to_vec(),
        ]
        .concat();
        let read = messages(&document.into()).unwrap();
        let ids: Vec<_> = read.iter().map(|message| &*message.id).collect();
        assert_eq!(ids, expected, "{name}");
        assert_eq!(read[0].body, "first", "{name}");
        assert_eq!(read.last().unwrap().body, "third", "{name}");
        let is_text = std::str::from_utf8(&read[1].body).is_ok();
        let is_whole = matches!(name, "control characters" | "markup" | "closed too early");
        assert_eq!(is_text, is_whole, "{name}");
    }
}
