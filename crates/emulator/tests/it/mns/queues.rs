use crate::mns::caller::Caller;
use crate::running::Running;

#[tokio::test]
async fn a_queue_is_made_once() {
    let running = Running::start().await;
    let mns = Caller::of(&running);
    let url = format!("http://{}/queues/q", running.addresses.mns);
    let long = "<Queue><VisibilityTimeout>60</VisibilityTimeout></Queue>";
    let same = "<Queue xmlns=\"http://mns.aliyuncs.com/doc/v1\"></Queue>";
    let other = "409 QueueAlreadyExist";
    for (name, line, body, expected) in [
        ("new", "PUT /queues/q", "<Queue/>", "201"),
        ("identical", "PUT /queues/q", same, "204"),
        ("identical, without a body", "PUT /queues/q", "", "204"),
        ("different", "PUT /queues/q", long, other),
        ("changed", "PUT /queues/q?metaoverride=true", long, "204"),
        ("identical to the change", "PUT /queues/q", long, "204"),
        ("not to the change", "PUT /queues/q", "<Queue/>", other),
        (
            "missing",
            "PUT /queues/p?metaoverride=true",
            long,
            "404 QueueNotExist",
        ),
        ("deleted", "DELETE /queues/q", "", "204"),
        ("deleted again", "DELETE /queues/q", "", "204"),
        ("read", "GET /queues/q", "", "404 QueueNotExist"),
        ("new again", "PUT /queues/q", "<Queue/>", "201"),
    ] {
        let answer = mns.call(line, body).await;
        assert_eq!(answer.outcome(), expected, "{name}");
        if line == "PUT /queues/q" && answer.status < 300 {
            assert_eq!(answer.headers["location"], url, "{name}");
            assert_eq!(answer.document(), "", "{name}");
        }
    }
}

#[tokio::test]
async fn attributes_are_told_as_they_are() {
    let running = Running::start().await;
    let mns = Caller::of(&running);
    mns.create_queue(
        "q",
        "<DelaySeconds>3</DelaySeconds><LoggingEnabled>true</LoggingEnabled>",
    )
    .await;
    mns.send("q", "delayed").await;
    insta::assert_snapshot!(mns.call("GET /queues/q", "").await.shape(), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <Queue xmlns="http://mns.aliyuncs.com/doc/v1/">
    <QueueName>q</QueueName>
    <CreateTime>...</CreateTime>
    <LastModifyTime>...</LastModifyTime>
    <DelaySeconds>3</DelaySeconds>
    <MaximumMessageSize>65536</MaximumMessageSize>
    <MessageRetentionPeriod>345600</MessageRetentionPeriod>
    <VisibilityTimeout>30</VisibilityTimeout>
    <PollingWaitSeconds>0</PollingWaitSeconds>
    <ActiveMessages>0</ActiveMessages>
    <InactiveMessages>0</InactiveMessages>
    <DelayMessages>1</DelayMessages>
    <LoggingEnabled>True</LoggingEnabled>
    </Queue>
    "#);
}

#[tokio::test]
async fn every_answer_carries_its_id_and_the_version() {
    let running = Running::start().await;
    let mns = Caller::of(&running);
    for line in [
        "PUT /queues/q",
        "GET /queues/q",
        "GET /queues",
        "GET /queues/none",
        "GET /nowhere",
    ] {
        let answer = mns.call(line, "").await;
        assert_eq!(answer.headers["x-mns-version"], "2015-06-06", "{line}");
        assert_eq!(answer.headers["x-mns-request-id"].len(), 24, "{line}");
        if answer.status >= 400 {
            assert_eq!(
                answer.text("RequestId"),
                answer.headers["x-mns-request-id"],
                "{line}"
            );
        }
    }
    insta::assert_snapshot!(mns.call("GET /nowhere", "").await.shape(), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <Error xmlns="http://mns.aliyuncs.com/doc/v1/">
    <Code>InvalidRequestURL</Code>
    <Message>The request does not match any operation.</Message>
    <RequestId>...</RequestId>
    <HostId>...</HostId>
    </Error>
    "#);
}

#[tokio::test]
async fn bad_requests_are_told_apart() {
    let running = Running::start().await;
    let mns = Caller::of(&running);
    mns.create_queue("q", "").await;
    let long_name = format!(
        "PUT /queues/{} | | 400 QueueNameLengthError",
        "a".repeat(121)
    );
    let table = "
        PUT /queues/-q | | 400 InvalidQueueName
        PUT /queues/new | <Queue> | 400 MalformedXML
        PUT /queues/new | <Topic/> | 400 InvalidArgument
        PUT /queues/new | <Queue><DelaySeconds>-1</DelaySeconds></Queue> | 400 InvalidArgument
        GET /queues/q?other=1 | | 400 InvalidQueryString
        POST /queues/q | | 400 InvalidRequestURL
        POST /queues/q/messages | <Message><MessageBody>a</Message> | 400 MalformedXML
        POST /queues/q/messages | <Message/> | 400 InvalidArgument
        POST /queues/q/messages | | 400 InvalidArgument
        POST /queues/none/messages | <Message/> | 404 QueueNotExist
        GET /queues/q/messages?waitseconds=31 | | 400 InvalidArgument
        GET /queues/q/messages?waitseconds=-1 | | 400 InvalidArgument
        GET /queues/q/messages?numOfMessages=17 | | 400 InvalidArgument
        GET /queues/q/messages?numOfMessages=0 | | 400 InvalidArgument
        GET /queues/none/messages | | 404 QueueNotExist
        DELETE /queues/q/messages | | 400 MissingReceiptHandle
        DELETE /queues/q/messages?ReceiptHandle= | | 400 MissingReceiptHandle
        DELETE /queues/q/messages?ReceiptHandle=a | | 400 ReceiptHandleError
        DELETE /queues/q/messages | <ReceiptHandles/> | 400 InvalidArgument
        PUT /queues/q/messages?VisibilityTimeout=5 | | 400 MissingReceiptHandle
        PUT /queues/q/messages?ReceiptHandle=a&VisibilityTimeout=5 | | 400 ReceiptHandleError
    ";
    for row in table.trim().lines().chain([long_name.as_str()]) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let answer = mns.call(cells[0], cells[1]).await;
        assert_eq!(answer.outcome(), cells[2], "{row}");
    }
}

#[tokio::test]
async fn lists_come_in_pages_without_an_empty_marker() {
    let running = Running::start().await;
    let mns = Caller::of(&running);
    for name in ["a-1", "a-2", "a-3", "b-1"] {
        mns.create_queue(name, "").await;
    }
    let all = mns.call("GET /queues", "").await;
    assert_eq!(all.texts("QueueURL").len(), 4);
    assert!(!all.document().contains("NextMarker"));

    let page = [("x-mns-prefix", "a-"), ("x-mns-ret-number", "2")];
    let first = mns.call_with("GET /queues", &page, "").await;
    let marker = first.text("NextMarker").to_owned();
    let second = mns
        .call_with(
            "GET /queues",
            &[page[0], page[1], ("x-mns-marker", &marker)],
            "",
        )
        .await;
    assert!(!second.document().contains("NextMarker"));
    let names: Vec<_> = [first.texts("QueueURL"), second.texts("QueueURL")].concat();
    let names: Vec<_> = names
        .iter()
        .map(|url| url.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(names, ["a-1", "a-2", "a-3"]);

    let bad = mns
        .call_with("GET /queues", &[("x-mns-ret-number", "1001")], "")
        .await;
    assert_eq!(bad.outcome(), "400 InvalidArgument");
    let meta = mns
        .call_with(
            "GET /queues",
            &[("x-mns-with-meta", "true"), ("x-mns-prefix", "b")],
            "",
        )
        .await;
    assert_eq!(meta.texts("VisibilityTimeout"), ["30"]);
}
