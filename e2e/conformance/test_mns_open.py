"""The official Python SDK of the MNS OpenAPI makes event rules on the emulator."""

import uuid

import oss2
import pytest
from alibabacloud_mns_open20220119 import models
from alibabacloud_mns_open20220119.client import Client
from alibabacloud_tea_openapi import utils_models as openapi
from darabonba.exceptions import DaraException
from darabonba.runtime import RuntimeOptions
from mns.account import Account
from mns.mns_exception import MNSServerException
from mns.queue import QueueMeta
from mns.topic import TopicMeta

from conftest import ACCESS_KEY_ID, ACCESS_KEY_SECRET

# The emulator's certificate is signed by nobody.
UNCHECKED = RuntimeOptions(ignore_ssl=True)
pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")


def client_of(emulator, protocol="http", secret=ACCESS_KEY_SECRET):
    return Client(
        openapi.Config(
            access_key_id=ACCESS_KEY_ID,
            access_key_secret=secret,
            endpoint=emulator.addresses["mns-open"],
            region_id=emulator.region,
            protocol=protocol,
        )
    )


@pytest.fixture(params=["http", "https"])
def client(request, emulator):
    return client_of(emulator, request.param)


@pytest.fixture
def bucket(emulator):
    auth = oss2.AuthV4(ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    name = f"rules-{uuid.uuid4().hex}"
    bucket = oss2.Bucket(auth, emulator.oss, name, region=emulator.region, is_path_style=True)
    bucket.create_bucket()
    return bucket


@pytest.fixture
def account(emulator):
    return Account(emulator.mns, ACCESS_KEY_ID, ACCESS_KEY_SECRET)


@pytest.fixture
def queue(account):
    queue = account.get_queue(f"rules-{uuid.uuid4().hex}")
    queue.set_encoding(False)
    queue.create(QueueMeta())
    return queue


@pytest.fixture
def rule(client):
    """The name of a rule, which ends with the test: there may be ten at a time."""
    name = f"rule-{uuid.uuid4().hex}"
    yield name
    request = models.DeleteEventRuleRequest(product_name="oss", rule_name=name)
    try:
        client.delete_event_rule_with_options(request, UNCHECKED)
    except DaraException as refusal:
        assert refusal.code == "RESOURCE_NOT_FOUND"


def to_queue(queue):
    name = queue.queue_name
    return models.CreateEventRuleRequestEndpoint(endpoint_type="queue", endpoint_value=name)


def in_bucket(emulator, bucket, *more):
    """One list of match rules: the bucket and what else must hold."""
    name = f"acs:oss:{emulator.region}:{emulator.account}:{bucket.bucket_name}"
    return [[models.EventMatchRule(match_state=True, name=name), *more]]


def create(client, rule, endpoint, match_rules, events=("ObjectCreated:*",), **more):
    request = models.CreateEventRuleRequest(
        product_name="oss",
        rule_name=rule,
        event_types=list(events),
        match_rules=match_rules,
        endpoint=endpoint,
        **more,
    )
    return client.create_event_rule_with_options(request, UNCHECKED).body


def get(client, rule):
    request = models.GetEventRuleRequest(product_name="oss", rule_name=rule)
    return client.get_event_rule_with_options(request, UNCHECKED).body.data


def refused(code, call, *arguments, **more):
    with pytest.raises(DaraException) as refusal:
        call(*arguments, **more)
    assert refusal.value.code == code, refusal.value.message


def received(queue):
    try:
        message = queue.receive_message(0)
    except MNSServerException as error:
        assert error.type == "MessageNotExist"
        return None
    queue.delete_message(message.receipt_handle)
    return message.message_body


def test_a_rule_is_created_shown_listed_and_deleted(emulator, client, bucket, queue, rule):
    more = [
        models.EventMatchRule(match_state=True, prefix="in/"),
        models.EventMatchRule(match_state=True, suffix=".jpg"),
    ]
    created = create(client, rule, to_queue(queue), in_bucket(emulator, bucket, *more))
    assert (created.code, created.success, created.data) == (200, True, rule)
    shown = get(client, rule)
    assert shown.rule_name == rule
    assert shown.event_types == ["ObjectCreated:*"]
    assert [item.prefix for item in shown.match_rules[0]] == [None, "in/", None]
    assert shown.endpoint.endpoint_type == "queue"
    assert shown.endpoint.endpoint_value.rpartition("/")[2] == queue.queue_name

    request = models.ListEventRulesRequest(product_name="oss", resource_name=bucket.bucket_name)
    page = client.list_event_rules_with_options(request, UNCHECKED).body.data
    assert [listed.rule_name for listed in page.page_data] == [rule]
    assert page.total == 1

    request = models.DeleteEventRuleRequest(product_name="oss", rule_name=rule)
    assert client.delete_event_rule_with_options(request, UNCHECKED).body.success
    refused("RESOURCE_NOT_FOUND", get, client, rule)


def test_a_rule_delivers_straight_into_a_queue(emulator, client, bucket, queue, rule):
    excluded = models.EventMatchRule(match_state=False, prefix="target/")
    create(client, rule, to_queue(queue), in_bucket(emulator, bucket, excluded))
    written = bucket.put_object("a.jpg", b"1")
    assert written.headers["x-oss-event-status"] == "eyJSZXN1bHQiOiAiT2sifQ=="
    assert received(queue) is not None
    written = bucket.put_object("target/a.jpg", b"1")
    assert "x-oss-event-status" not in written.headers
    assert received(queue) is None


def test_a_rule_delivers_to_a_topic(emulator, client, bucket, account, queue, rule):
    topic = account.get_topic(f"rules-{uuid.uuid4().hex}")
    endpoint = models.CreateEventRuleRequestEndpoint(
        endpoint_type="topic", endpoint_value=topic.topic_name
    )
    rules = in_bucket(emulator, bucket)
    refused("TopicNotExist", create, client, rule, endpoint, rules)
    topic.create(TopicMeta())
    create(client, rule, endpoint, rules)
    assert get(client, rule).topic_name == topic.topic_name
    assert "x-oss-event-status" in bucket.put_object("a.jpg", b"1").headers


def test_prefixes_may_be_full_names(emulator, client, bucket, queue, rule):
    prefix = f"acs:oss:{emulator.region}:{emulator.account}:{bucket.bucket_name}/in/"
    match = models.EventMatchRule(match_state=True, prefix=prefix, suffix=".jpg")
    create(client, rule, to_queue(queue), [[match]])
    bucket.put_object("in/a.jpg", b"1")
    assert received(queue) is not None
    bucket.put_object("in/a.png", b"1")
    bucket.put_object("out/a.jpg", b"1")
    assert received(queue) is None


def test_a_repeated_call_with_its_token_is_no_conflict(emulator, client, bucket, queue, rule):
    rules = in_bucket(emulator, bucket)
    for _ in range(2):
        created = create(client, rule, to_queue(queue), rules, client_token="once")
        assert created.data == rule
    refused("EventRuleAlreadyExist", create, client, rule, to_queue(queue), rules)


def test_what_another_rule_covers_is_refused(emulator, client, bucket, queue, rule):
    rules = in_bucket(emulator, bucket)
    create(client, rule, to_queue(queue), rules)
    inner = in_bucket(emulator, bucket, models.EventMatchRule(match_state=True, prefix="in/"))
    refused("EventRuleConflict", create, client, f"{rule}-2", to_queue(queue), inner)


@pytest.mark.parametrize(
    "events, code",
    [(["Nothing"], "InvalidParameter"), ([], "InvalidParameter")],
)
def test_bad_rules_are_refused(emulator, client, bucket, queue, rule, events, code):
    rules = in_bucket(emulator, bucket)
    refused(code, create, client, rule, to_queue(queue), rules, events)


@pytest.mark.parametrize(
    "event", ["ObjectModified:*", "ObjectModified:UpdateObjectMeta", "ObjectRestore:FinishRestore"]
)
def test_newer_events_are_known(emulator, client, bucket, queue, rule, event):
    create(client, rule, to_queue(queue), in_bucket(emulator, bucket), [event])
    assert get(client, rule).event_types == [event]


def test_a_wrong_key_is_refused(emulator, rule):
    stranger = client_of(emulator, secret="another")
    refused("SignatureDoesNotMatch", get, stranger, rule)
