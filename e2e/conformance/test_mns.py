"""The official Python SDK for MNS drives the emulator through everything it plays."""

import base64
import hashlib
import json
import time
import uuid
import xml.etree.ElementTree as ElementTree

import pytest
from mns.account import Account
from mns.message_property import MessagePropertyValue
from mns.mns_client import MNSClient
from mns.mns_exception import MNSClientNetworkException, MNSServerException
from mns.mns_request import ReceiveMessageRequest, ReceiveMessageResponse
from mns.queue import Message, QueueMeta
from mns.subscription import SubscriptionMeta
from mns.topic import Base64TopicMessage, TopicMessage, TopicMeta

from conftest import ACCESS_KEY_ID, ACCESS_KEY_SECRET

# The SDK warns of counts that the service means to remove one day.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

BODIES = ["plain", "<a>&\"'</a>", "line\nline", "上海 😀", "]]>", "x" * 48 * 1024]


def account_of(emulator, key_id=ACCESS_KEY_ID, secret=ACCESS_KEY_SECRET, token=""):
    return Account(emulator.mns, key_id, secret, token)


@pytest.fixture
def account(emulator):
    return account_of(emulator)


@pytest.fixture
def queue(account):
    """A new queue that exchanges plain text."""
    return queue_with(account)


def queue_with(account, **attributes):
    queue = account.get_queue(f"conformance-{uuid.uuid4().hex}")
    queue.create(QueueMeta(**attributes))
    queue.set_encoding(False)
    return queue


@pytest.fixture
def topic(account):
    topic = account.get_topic(f"conformance-{uuid.uuid4().hex}")
    topic.create(TopicMeta())
    return topic


def subscribe(emulator, topic, queue, **attributes):
    endpoint = f"acs:mns:{emulator.region}:{emulator.account}:queues/{queue.queue_name}"
    subscription = topic.get_subscription(f"s-{uuid.uuid4().hex}")
    subscription.subscribe(SubscriptionMeta(endpoint, **attributes))
    return subscription


def refused(code, call, *arguments, **named):
    """Expects a refusal and gives it."""
    with pytest.raises(MNSServerException) as refusal:
        call(*arguments, **named)
    assert refusal.value.type == code
    assert refusal.value.request_id
    return refusal.value


# Queues


def test_a_queue_is_created_once(account, emulator):
    queue = account.get_queue(f"conformance-{uuid.uuid4().hex}")
    url = queue.create(QueueMeta())
    assert url == f"{emulator.mns}/queues/{queue.queue_name}"
    assert queue.create(QueueMeta()) == url
    refused("QueueAlreadyExist", queue.create, QueueMeta(vis_timeout=99))


def test_attributes_come_back_as_set(account):
    queue = queue_with(
        account,
        vis_timeout=77,
        max_msg_size=2048,
        msg_ttl=3600,
        delay_sec=5,
        polling_wait_sec=7,
        logging_enabled=True,
    )
    meta = queue.get_attributes()
    assert (meta.visibility_timeout, meta.maximum_message_size) == (77, 2048)
    assert (meta.message_retention_period, meta.delay_seconds) == (3600, 5)
    assert (meta.polling_wait_seconds, meta.logging_enabled) == (7, True)
    assert meta.queue_name == queue.queue_name
    assert abs(meta.create_time - time.time()) < 60

    queue.set_attributes(QueueMeta(vis_timeout=78))
    meta = queue.get_attributes()
    assert (meta.visibility_timeout, meta.delay_seconds) == (78, 5)


@pytest.mark.parametrize(
    "attributes",
    [
        {"vis_timeout": 43201},
        {"max_msg_size": 1023},
        {"max_msg_size": 65537},
        {"msg_ttl": 59},
        {"msg_ttl": 604801},
        {"delay_sec": 604801},
        {"polling_wait_sec": 31},
    ],
    ids=str,
)
def test_attributes_out_of_range_are_refused(account, queue, attributes):
    refused("InvalidArgument", queue_with, account, **attributes)
    refused("InvalidArgument", queue.set_attributes, QueueMeta(**attributes))


@pytest.mark.parametrize(
    "name, code",
    [
        ("a" * 121, "QueueNameLengthError"),
        ("-a", "InvalidQueueName"),
        ("a_b", "InvalidQueueName"),
        ("a.b", "InvalidQueueName"),
    ],
)
def test_bad_queue_names_are_refused(account, name, code):
    refused(code, account.get_queue(name).create, QueueMeta())


def test_a_missing_queue_is_named_as_such(account):
    queue = account.get_queue("no-such-queue")
    handle = "1-AAAAAAAAAAEAAAAAAAAAAQAAAAE="
    for call, *arguments in [
        (queue.get_attributes,),
        (queue.set_attributes, QueueMeta()),
        (queue.send_message, Message("a")),
        (queue.batch_send_message, [Message("a")]),
        (queue.receive_message,),
        (queue.batch_receive_message, 16),
        (queue.peek_message,),
        (queue.batch_peek_message, 16),
        (queue.delete_message, handle),
        (queue.batch_delete_message, [handle]),
        (queue.change_message_visibility, handle, 5),
    ]:
        refused("QueueNotExist", call, *arguments)
    queue.delete()


def test_a_deleted_queue_is_gone_with_its_messages(queue):
    queue.send_message(Message("a"))
    queue.delete()
    refused("QueueNotExist", queue.get_attributes)
    queue.create(QueueMeta())
    refused("MessageNotExist", queue.receive_message)


def test_queues_are_listed_in_pages(account):
    prefix = f"list-{uuid.uuid4().hex}"
    names = [f"{prefix}-{number}" for number in range(5)]
    for name in names:
        account.get_queue(name).create(QueueMeta())
    listed, marker = [], ""
    while True:
        urls, marker = account.list_queue(prefix, 2, marker)
        listed += [url.rpartition("/")[2] for url in urls]
        if not marker:
            break
    assert listed == names
    refused("InvalidArgument", account.list_queue, prefix, 1001)


# Messages


@pytest.mark.parametrize("encoding", [True, False], ids=["base64", "plain"])
@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_a_message_comes_as_it_was_sent(queue, body, encoding):
    queue.set_encoding(encoding)
    sent = queue.send_message(Message(body))
    wire = base64.b64encode(body.encode()) if encoding else body.encode()
    assert sent.message_body_md5 == hashlib.md5(wire).hexdigest().upper()
    received = queue.receive_message_with_str_body(5)
    assert received.message_body == body
    assert received.message_id == sent.message_id
    assert (received.dequeue_count, received.priority) == (1, 8)
    assert received.enqueue_time <= received.first_dequeue_time < received.next_visible_time
    queue.delete_message(received.receipt_handle)
    refused("MessageNotExist", queue.receive_message)


def test_an_empty_queue_is_reported_after_the_wait(account, queue):
    started = time.monotonic()
    refused("MessageNotExist", queue.receive_message, 1)
    assert 1 <= time.monotonic() - started < 10
    patient = queue_with(account, polling_wait_sec=1)
    started = time.monotonic()
    refused("MessageNotExist", patient.batch_receive_message, 16)
    assert time.monotonic() - started >= 1
    refused("InvalidArgument", queue.receive_message, 31)


def test_priorities_overtake(queue):
    for body, priority in [("c", 16), ("b", 8), ("a", 1)]:
        queue.send_message(Message(body, priority=priority))
    assert [m.message_body for m in queue.batch_receive_message(16)] == ["a", "b", "c"]
    refused("InvalidArgument", queue.send_message, Message("d", priority=17))
    refused("InvalidArgument", queue.send_message, Message("d", delay_seconds=604801))


def test_a_delayed_message_has_a_handle_and_appears_later(queue):
    sent = queue.send_message(Message("late", delay_seconds=1))
    assert sent.receipt_handle
    assert queue.get_attributes().delay_messages == 1
    refused("MessageNotExist", queue.peek_message)
    received = queue.receive_message(10)
    assert received.message_id == sent.message_id
    refused("MessageNotExist", queue.delete_message, sent.receipt_handle)
    again = queue.send_message(Message("later", delay_seconds=60))
    queue.delete_message(again.receipt_handle)
    assert queue.get_attributes().delay_messages == 0


def test_a_peek_leaves_the_message_alone(queue):
    queue.send_message(Message("a"))
    queue.send_message(Message("b"))
    peeked = queue.peek_message()
    assert (peeked.message_body, peeked.dequeue_count) == ("a", 0)
    assert [m.message_body for m in queue.batch_peek_message(16)] == ["a", "b"]
    assert len(queue.batch_receive_message(16)) == 2


def test_batches_go_through(queue):
    sent = queue.batch_send_message([Message(f"{number}") for number in range(16)])
    received = queue.batch_receive_message(16, 5)
    assert [m.message_id for m in received] == [m.message_id for m in sent]
    assert queue.get_attributes().inactive_messages == 16
    queue.batch_delete_message([m.receipt_handle for m in received])
    assert queue.get_attributes().inactive_messages == 0
    refused("InvalidArgument", queue.batch_send_message, [Message("a")] * 17)
    refused("InvalidArgument", queue.batch_receive_message, 17)
    refused("InvalidArgument", queue.batch_peek_message, 17)


def test_a_batch_send_names_what_it_refused(queue):
    messages = [Message("a"), Message("b", priority=99), Message("c")]
    refusal = refused("InvalidArgument", queue.batch_send_message, messages)
    assert [set(item) for item in refusal.sub_errors] == [
        {"MessageId", "MessageBodyMD5"},
        {"ErrorCode", "ErrorMessage"},
        {"MessageId", "MessageBodyMD5"},
    ]
    assert [m.message_body for m in queue.batch_receive_message(16)] == ["a", "c"]


def test_a_batch_delete_names_what_it_refused(queue):
    queue.batch_send_message([Message("a"), Message("b")])
    first, second = [m.receipt_handle for m in queue.batch_receive_message(16)]
    queue.delete_message(first)
    handles = [first, second, "not-a-handle"]
    refusal = refused("MessageNotExist", queue.batch_delete_message, handles)
    failed = {item["ReceiptHandle"]: item["ErrorCode"] for item in refusal.sub_errors}
    assert failed == {first: "MessageNotExist", "not-a-handle": "ReceiptHandleError"}
    assert queue.get_attributes().inactive_messages == 0


def test_sizes_are_limited(account, queue):
    small = queue_with(account, max_msg_size=1024)
    small.send_message(Message("x" * 1024))
    refused("InvalidArgument", small.send_message, Message("x" * 1025))
    queue.send_message(Message("x" * 65536))
    refused("InvalidArgument", queue.send_message, Message("x" * 65537))
    half = Message("x" * 33000)
    refused("InvalidArgument", queue.batch_send_message, [half, half])


def test_a_new_visibility_timeout_kills_the_old_handle(queue):
    queue.send_message(Message("a"))
    received = queue.receive_message()
    changed = queue.change_message_visibility(received.receipt_handle, 100)
    assert int(changed.next_visible_time) > received.next_visible_time
    assert changed.receipt_handle != received.receipt_handle
    refused("MessageNotExist", queue.delete_message, received.receipt_handle)
    old = received.receipt_handle
    refused("MessageNotExist", queue.change_message_visibility, old, 5)
    new = changed.receipt_handle
    refused("InvalidArgument", queue.change_message_visibility, new, 0)
    newer = queue.change_message_visibility(new, 43200).receipt_handle
    queue.delete_message(newer)


def test_a_message_returns_when_its_visibility_ends(account):
    queue = queue_with(account, vis_timeout=1)
    queue.send_message(Message("a"))
    first = queue.receive_message()
    second = queue.receive_message(10)
    assert second.message_id == first.message_id
    assert second.dequeue_count == 2
    assert second.first_dequeue_time == first.first_dequeue_time
    refused("MessageNotExist", queue.delete_message, first.receipt_handle)


@pytest.mark.parametrize("handle", ["x", "1-AAAA", "1-AAAAAAAAAAEAAAAAAAAAAQAAAAE="])
def test_foreign_handles_are_errors(queue, handle):
    refused("ReceiptHandleError", queue.delete_message, handle)
    refused("ReceiptHandleError", queue.change_message_visibility, handle, 5)
    refused("ReceiptHandleError", queue.batch_delete_message, [handle])


def test_properties_travel_along(queue):
    message = Message("a")
    message.add_user_property("text", MessagePropertyValue.create_string("<上海>"))
    message.add_user_property("number", MessagePropertyValue.create_number(7))
    message.add_user_property("bytes", MessagePropertyValue.create_binary(b"\x00\xff"))
    queue.send_message(message)
    properties = queue.receive_message().user_properties
    values = {name: value.get_raw_value() for name, value in properties.items()}
    assert values == {"text": "<上海>", "number": "7", "bytes": b"\x00\xff"}


# Topics


def test_a_topic_is_created_once(account, topic, emulator):
    assert topic.create(TopicMeta()) == f"{emulator.mns}/topics/{topic.topic_name}"
    refused("TopicAlreadyExist", topic.create, TopicMeta(2048))
    topic.set_attributes(TopicMeta(2048, True))
    meta = topic.get_attributes()
    assert (meta.maximum_message_size, meta.logging_enabled) == (2048, True)
    assert (meta.message_retention_period, meta.message_count) == (86400, 0)
    assert meta.topic_name == topic.topic_name
    refused("InvalidArgument", topic.set_attributes, TopicMeta(65537))
    refused("InvalidArgument", topic.publish_message, TopicMessage("x" * 2049))
    refused("TopicNameInvalid", account.get_topic("a_b").create, TopicMeta())
    refused("TopicNameLengthError", account.get_topic("a" * 121).create, TopicMeta())


def test_topics_and_subscriptions_are_listed_in_pages(account, emulator, queue):
    prefix = f"list-{uuid.uuid4().hex}"
    topics = [account.get_topic(f"{prefix}-{number}") for number in range(3)]
    for topic in topics:
        topic.create(TopicMeta())
    urls, marker = account.list_topic(prefix, 2)
    assert (len(urls), bool(marker)) == (2, True)
    urls, marker = account.list_topic(prefix, 2, marker)
    assert (len(urls), marker) == (1, "")
    for _ in range(3):
        subscribe(emulator, topics[0], queue)
    urls, marker = topics[0].list_subscription("", 2)
    assert (len(urls), bool(marker)) == (2, True)
    urls, marker = topics[0].list_subscription("", 2, marker)
    assert (len(urls), marker) == (1, "")


def test_a_missing_topic_is_named_as_such(account):
    topic = account.get_topic("no-such-topic")
    subscription = topic.get_subscription("s")
    for call, *arguments in [
        (topic.get_attributes,),
        (topic.set_attributes, TopicMeta()),
        (topic.publish_message, TopicMessage("a")),
        (topic.list_subscription,),
        (subscription.subscribe, SubscriptionMeta("http://127.0.0.1/")),
        (subscription.get_attributes,),
    ]:
        refused("TopicNotExist", call, *arguments)
    topic.delete()


def test_a_subscription_is_made_once(emulator, topic, queue):
    subscription = subscribe(emulator, topic, queue)
    meta = subscription.get_attributes()
    assert meta.topic_owner == emulator.account
    assert meta.topic_name == topic.topic_name
    assert meta.subscription_name == subscription.subscription_name
    assert meta.endpoint.endswith(queue.queue_name)
    assert (meta.notify_strategy, meta.notify_content_format) == ("BACKOFF_RETRY", "XML")
    assert meta.filter_tag == ""
    other = SubscriptionMeta(meta.endpoint, notify_content_format="JSON")
    refused("SubscriptionAlreadyExist", subscription.subscribe, other)
    subscription.set_attributes(SubscriptionMeta(notify_strategy="EXPONENTIAL_DECAY_RETRY"))
    assert subscription.get_attributes().notify_strategy == "EXPONENTIAL_DECAY_RETRY"
    subscription.unsubscribe()
    subscription.unsubscribe()
    refused("SubscriptionNotExist", subscription.get_attributes)


@pytest.mark.parametrize(
    "endpoint",
    [
        "acs:mns:cn-beijing:1234567890123456:queues/q",
        "acs:mns:cn-shanghai:1:queues/q",
        "queue",
    ],
)
def test_bad_endpoints_are_refused(topic, endpoint):
    subscription = topic.get_subscription("s")
    refused("EndpointInvalid", subscription.subscribe, SubscriptionMeta(endpoint))


@pytest.mark.parametrize("notify_format", ["SIMPLIFIED", "JSON", "XML"])
@pytest.mark.parametrize("message", [TopicMessage, Base64TopicMessage])
def test_a_publication_arrives_in_its_format(emulator, topic, queue, notify_format, message):
    subscription = subscribe(emulator, topic, queue, notify_content_format=notify_format)
    published = topic.publish_message(message("<a> 上海", "tag"))
    text = base64.b64encode("<a> 上海".encode()).decode() if message is Base64TopicMessage else "<a> 上海"
    body = queue.receive_message(5).message_body
    if notify_format == "SIMPLIFIED":
        assert body == text
        return
    if notify_format == "JSON":
        fields = json.loads(body)
    else:
        root = ElementTree.fromstring(body)
        assert root.tag == "{http://mns.aliyuncs.com/doc/v1/}Notification"
        fields = {child.tag.rpartition("}")[2]: child.text for child in root}
    assert abs(int(fields.pop("PublishTime")) / 1000 - time.time()) < 60
    assert fields == {
        "TopicOwner": emulator.account,
        "TopicName": topic.topic_name,
        "Subscriber": emulator.account,
        "SubscriptionName": subscription.subscription_name,
        "MessageId": published.message_id,
        "Message": text,
        "MessageMD5": published.message_body_md5,
        "MessageTag": "tag",
    }


def test_a_filter_tag_lets_through_its_own(account, emulator, topic):
    red, all_ = queue_with(account), queue_with(account)
    subscribe(emulator, topic, red, notify_content_format="SIMPLIFIED", filter_tag="red")
    subscribe(emulator, topic, all_, notify_content_format="SIMPLIFIED")
    for body, tag in [("plain", ""), ("red", "red"), ("blue", "blue")]:
        topic.publish_message(TopicMessage(body, tag))
    assert [m.message_body for m in red.batch_receive_message(16)] == ["red"]
    assert len(all_.batch_receive_message(16)) == 3


def test_a_queue_too_small_for_the_topic_is_refused(account, emulator, topic):
    small = queue_with(account, max_msg_size=1024)
    refused("InvalidArgument", subscribe, emulator, topic, small)


# Senders


@pytest.mark.parametrize(
    "key_id, secret, token, code",
    [
        ("nobody", ACCESS_KEY_SECRET, "", "InvalidAccessKeyId"),
        (ACCESS_KEY_ID, "wrong", "", "SignatureDoesNotMatch"),
        (ACCESS_KEY_ID, ACCESS_KEY_SECRET, "token", "AccessDenied"),
    ],
    ids=["unknown key", "wrong secret", "token of nobody"],
)
def test_bad_senders_are_refused(emulator, queue, key_id, secret, token, code):
    stranger = account_of(emulator, key_id, secret, token).get_queue(queue.queue_name)
    refused(code, stranger.get_attributes)
    refused(code, stranger.send_message, Message("a"))


def test_temporary_keys_work_until_they_expire(emulator, queue):
    key_id = emulator.accept(token="a+b/c=")
    good = account_of(emulator, key_id, "temporary-secret", "a+b/c=")
    assert good.get_queue(queue.queue_name).get_attributes()
    for token in ("", "other"):
        bad = account_of(emulator, key_id, "temporary-secret", token)
        refused("AccessDenied", bad.get_queue(queue.queue_name).get_attributes)
    over = emulator.accept(token="t", expires="2020-01-01T00:00:00Z")
    expired = account_of(emulator, over, "temporary-secret", "t")
    refused("AccessDenied", expired.get_queue(queue.queue_name).get_attributes)


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_date_too_far_off_is_refused(queue, monkeypatch, minutes):
    shifted = time.gmtime(time.time() + minutes * 60)
    monkeypatch.setattr(time, "gmtime", lambda *_: shifted)
    refused("TimeExpired", queue.get_attributes)


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_date_a_little_off_is_accepted(queue, monkeypatch, minutes):
    shifted = time.gmtime(time.time() + minutes * 60)
    monkeypatch.setattr(time, "gmtime", lambda *_: shifted)
    assert queue.get_attributes()


class Tampering(MNSClient):
    """Changes headers after the SDK has signed them."""

    def __init__(self, emulator, change, sign=False):
        super().__init__(emulator.mns, ACCESS_KEY_ID, ACCESS_KEY_SECRET)
        self.change, self.sign = change, sign

    def build_header(self, req, req_inter):
        super().build_header(req, req_inter)
        self.change(req_inter.header)
        if self.sign:
            credentials = self.credentials_provider.get_credentials()
            signature = self.get_signature(
                req_inter.method, req_inter.header, req_inter.uri, credentials
            )
            req_inter.header["Authorization"] = signature


@pytest.mark.parametrize(
    "change, sign, code",
    [
        (lambda h: h.pop("Authorization"), False, "MissingAuthorizationHeader"),
        (lambda h: h.update(Authorization="Basic a:b"), False, "InvalidAuthorizationHeader"),
        (lambda h: h.pop("date"), False, "MissingDateHeader"),
        (lambda h: h.update(date="yesterday"), True, "InvalidDateHeader"),
        (lambda h: h.pop("x-mns-version"), True, "MissingVersionHeader"),
        (lambda h: h.update({"x-mns-added": "1"}), False, "SignatureDoesNotMatch"),
        (lambda h: h.update({"content-md5": "AAAA"}), True, "InvalidDegist"),
    ],
    ids=["no authorization", "scheme", "no date", "date", "no version", "added header", "md5"],
)
def test_tampered_headers_are_told_apart(emulator, queue, change, sign, code):
    client = Tampering(emulator, change, sign)
    request = ReceiveMessageRequest(queue.queue_name, False, 0)
    refused(code, client.receive_message, request, ReceiveMessageResponse())


# Misbehaviour on request


def test_a_duplicate_is_delivered_twice(emulator, queue):
    queue.send_message(Message("a"))
    with emulator.fault("mns", "ReceiveMessage", "duplicate", times=1):
        first = queue.receive_message()
        second = queue.receive_message()
    assert first.message_id == second.message_id
    refused("MessageNotExist", queue.delete_message, first.receipt_handle)
    queue.delete_message(second.receipt_handle)


def test_injected_errors_read_like_the_service(emulator, queue):
    with emulator.fault("mns", "SendMessage", "error", status=403, code="QpsLimitExceeded", times=1):
        refused("QpsLimitExceeded", queue.send_message, Message("a"))
    with emulator.fault("mns", "SendMessage", "drop", times=2):
        with pytest.raises(MNSClientNetworkException):
            queue.send_message(Message("a"))
    queue.send_message(Message("a"))
