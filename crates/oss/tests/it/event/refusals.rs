//! What is no event document, and the bounds of one that is.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use oss::event::{self, EventError, MAX_DOCUMENT_BYTES, MAX_EVENTS, MAX_WRAPPINGS, parse};

#[test]
fn what_is_no_document_is_refused_with_its_reason() {
    let reason = |document: &str| match parse(document.as_bytes()) {
        Ok(events) => format!("{} events", events.len()),
        Err(error) => format!(
            "{error}: {:?}",
            std::error::Error::source(&error).map(ToString::to_string)
        ),
    };
    let table = [
        "",
        " ",
        "hello",
        "[]",
        "null",
        "17",
        "{",
        "{}",
        "\"",
        "\"\"",
        "\"{\"",
        "e30",
        "////",
        r#"{"events":{}}"#,
        r#"{"events":[1]}"#,
        r#"{"events":[{"eventName":7}]}"#,
        r#"{"eventName":"a b"}"#,
        r#"{"eventName":"a","eventName":"b"}"#,
        r#"{"eventName":"a","oss":[]}"#,
        r#"{"eventName":"a"}"#,
        r#"{"events":null,"eventName":"a"}"#,
        r#"{"eventName":"a"} trailing"#,
    ]
    .map(|document| format!("{document} => {}", reason(document)))
    .join("\n");
    insta::assert_snapshot!(table, @r#"
     => the document is neither JSON nor base64 of JSON: None
      => the document is neither JSON nor base64 of JSON: None
    hello => the document is neither JSON nor base64 of JSON: None
    [] => the document is neither JSON nor base64 of JSON: None
    null => the document is neither JSON nor base64 of JSON: None
    17 => the document is neither JSON nor base64 of JSON: None
    { => the document is not well-formed JSON: Some("EOF while parsing an object at line 1 column 1")
    {} => event 0 of the document is not an OSS event: Some("missing field `eventName`")
    " => the document is not well-formed JSON: Some("EOF while parsing a string at line 1 column 1")
    "" => the document is neither JSON nor base64 of JSON: None
    "{" => the document is not well-formed JSON: Some("EOF while parsing an object at line 1 column 1")
    e30 => event 0 of the document is not an OSS event: Some("missing field `eventName`")
    //// => the document is neither JSON nor base64 of JSON: None
    {"events":{}} => the document is not well-formed JSON: Some("invalid type: map, expected a sequence at line 1 column 0")
    {"events":[1]} => event 0 of the document is not an OSS event: Some("invalid type: integer `1`, expected an object at line 1 column 1")
    {"events":[{"eventName":7}]} => event 0 of the document is not an OSS event: Some("invalid type: integer `7`, expected a string at line 1 column 1")
    {"eventName":"a b"} => event 0 of the document has an unusable name: Some("`a b` is not an event name: only visible ASCII characters may occur")
    {"eventName":"a","eventName":"b"} => 1 events
    {"eventName":"a","oss":[]} => 1 events
    {"eventName":"a"} => 1 events
    {"events":null,"eventName":"a"} => 1 events
    {"eventName":"a"} trailing => the document is not well-formed JSON: Some("trailing characters at line 1 column 19")
    "#);
}

#[test]
fn bounds_hold() {
    let large = format!("{{{}}}", " ".repeat(MAX_DOCUMENT_BYTES));
    assert!(matches!(
        parse(large.as_bytes()),
        Err(EventError::TooLarge { .. })
    ));

    let many = vec![r#"{"eventName":"x"}"#; MAX_EVENTS + 1].join(",");
    let many = format!(r#"{{"events":[{many}]}}"#);
    assert!(
        matches!(parse(many.as_bytes()), Err(EventError::TooMany { count }) if count == MAX_EVENTS + 1)
    );

    let nested = |depth: usize| {
        format!(
            r#"{{"eventName":"x","y":{}{}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    assert!(parse(nested(event::MAX_DEPTH - 1).as_bytes()).is_ok());
    for depth in [event::MAX_DEPTH, 100_000] {
        assert!(
            matches!(parse(nested(depth).as_bytes()), Err(EventError::TooDeep)),
            "{depth}"
        );
    }
    let brackets_in_strings =
        r#"{"eventName":"x","y":"\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}"#;
    assert!(parse(brackets_in_strings.as_bytes()).is_ok());
}

#[test]
fn an_error_does_not_repeat_the_document() {
    let document = format!(r#"{{"events":"{}"}}"#, "y\\n".repeat(50_000));
    let error = parse(document.as_bytes()).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.len() < 300 && !cause.contains('\n'), "{cause}");
}

#[test]
fn endless_wrappings_are_not_followed() {
    let mut document = r#"{"events":[]}"#.to_owned();
    for wrappings in 1..=MAX_WRAPPINGS + 2 {
        document = BASE64_STANDARD.encode(document);
        assert_eq!(
            parse(document.as_bytes()).is_ok(),
            wrappings <= MAX_WRAPPINGS,
            "{wrappings}"
        );
    }
}
