use proptest::prelude::*;

use super::*;

#[test]
fn prefixes_comments_and_character_data_are_read_through() {
    let document = "\u{feff}<?xml version='1.0' encoding='utf-8'?><!-- a --><m:Message xmlns:m='x'>\
        <m:MessageBody>a&amp;b&#x41;<![CDATA[<raw>]]>\r\n</m:MessageBody><Empty/></m:Message>\n";
    let message = parse(document.as_bytes()).unwrap();
    assert_eq!(message.name, "Message");
    assert_eq!(message.child_text("MessageBody"), Some("a&bA<raw>\r\n"));
    assert_eq!(message.child_text("Empty"), Some(""));
    assert_eq!(message.child("Other"), None);
}

#[test]
fn what_is_not_well_formed_is_refused() {
    let deep = "<a>".repeat(MAX_DEPTH + 1) + &"</a>".repeat(MAX_DEPTH + 1);
    let many = format!("<a>{}</a>", "<b/>".repeat(MAX_ELEMENTS));
    for (name, document) in [
        ("nothing", ""),
        ("text only", "hello"),
        ("not closed", "<a><b></b>"),
        ("crossed", "<a><b></a></b>"),
        ("two roots", "<a/><b/>"),
        ("text after the root", "<a/>x"),
        ("unknown entity", "<a>&nbsp;</a>"),
        ("bare ampersand", "<a>x & y</a>"),
        ("document type", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
        ("forbidden character", "<a>\u{1}</a>"),
        ("forbidden character reference", "<a>&#1;</a>"),
        ("attribute twice", "<a b='1' b='2'/>"),
        ("attribute without value", "<a b/>"),
        ("too deep", &deep),
        ("too many", &many),
    ] {
        assert_eq!(parse(document.as_bytes()), Err(Malformed), "{name}");
    }
    assert_eq!(parse(b"<a>\xff</a>"), Err(Malformed), "not UTF-8");
}

#[test]
fn the_root_is_named_without_reading_on() {
    for (document, expected) in [
        ("<?xml version=\"1.0\"?><Messages><broken", Some("Messages")),
        ("<m:Message/>", Some("Message")),
        ("", None),
        ("plain", None),
    ] {
        assert_eq!(
            root_name(document.as_bytes()).as_deref(),
            expected,
            "{document}"
        );
    }
}

#[test]
fn a_written_document_has_the_namespace_and_escapes_text() {
    let document = document("Message", |message| {
        message.text("MessageBody", "a<b>&\r\n\u{1}");
        message.value("DequeueCount", 3);
    });
    insta::assert_snapshot!(document, @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <Message xmlns="http://mns.aliyuncs.com/doc/v1/"><MessageBody>a&lt;b&gt;&amp;&#13;
    �</MessageBody><DequeueCount>3</DequeueCount></Message>
    "#);
}

proptest! {
    #[test]
    fn any_text_that_xml_can_carry_comes_back_unchanged(text: String) {
        prop_assume!(text.chars().all(is_xml_character));
        let document = document("Message", |message| message.text("MessageBody", &text));
        let read = parse(document.as_bytes()).unwrap();
        prop_assert_eq!(read.child_text("MessageBody"), Some(text.as_str()));
    }
}
