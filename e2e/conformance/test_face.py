"""The official Python SDK for facebody drives the emulator's face APIs."""

import io
import uuid

import oss2
import pytest
from alibabacloud_facebody20191230 import models
from alibabacloud_facebody20191230.client import Client
from alibabacloud_openapi_util.client import Client as Signer
from alibabacloud_tea_openapi import models as openapi
from alibabacloud_tea_openapi.client import Client as OpenApiClient
from alibabacloud_tea_util import models as util
from Tea.exceptions import TeaException

from conftest import ACCESS_KEY_ID, ACCESS_KEY_SECRET, DOMAIN, ROOT

PHOTO = ROOT / "assets" / "astronaut.jpg"
PEOPLE = "x-oss-meta-emulator-faces"
# The emulator's certificate is signed by nobody.
UNCHECKED = util.RuntimeOptions(ignore_ssl=True)
pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")


def host(emulator, name=None):
    address = emulator.addresses["face"]
    return address if name is None else f"{name}:{address.rpartition(':')[2]}"


def client_of(emulator, secret=ACCESS_KEY_SECRET, key_id=ACCESS_KEY_ID, name=None, **options):
    config = openapi.Config(
        access_key_id=key_id,
        access_key_secret=secret,
        endpoint=host(emulator, name),
        region_id="cn-shanghai",
        **options,
    )
    client = Client(config)
    client._open_platform_endpoint = host(emulator, name)
    return client


@pytest.fixture(params=["http", "https"])
def client(request, emulator):
    return client_of(emulator, protocol=request.param)


@pytest.fixture(scope="session")
def bucket(emulator):
    auth = oss2.AuthV4(ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    name = f"faces-{uuid.uuid4().hex}"
    bucket = oss2.Bucket(auth, emulator.oss, name, region=emulator.region, is_path_style=True)
    bucket.create_bucket()
    return bucket


def photo_url(bucket, headers=None, content=None):
    """A presigned URL of a new object."""
    key = f"{uuid.uuid4().hex}.jpg"
    bucket.put_object(key, content or PHOTO.read_bytes(), headers)
    return bucket.sign_url("GET", key, 600, slash_safe=True)


def refused(code, call, *arguments):
    with pytest.raises(TeaException) as refusal:
        call(*arguments)
    assert refusal.value.code == code, refusal.value.message


def recognize(client, url, **flags):
    request = models.RecognizeFaceRequest(image_url=url, **flags)
    return client.recognize_face_with_options(request, UNCHECKED).body


def detect(client, url, **flags):
    request = models.DetectFaceRequest(image_url=url, **flags)
    return client.detect_face_with_options(request, UNCHECKED).body


def assert_is_astronaut(data):
    assert data.face_count == 1
    left, top, width, height = data.face_rectangles
    # The face of the 512 x 512 sample lies around (224, 115).
    assert left < 224 < left + width
    assert top < 115 < top + height
    assert len(data.face_probability_list) == 1


def assert_is_seen(data):
    assert data.gender_list == [0]
    assert len(data.age_list) == 1 and 20 < data.age_list[0] < 50


def test_a_face_is_recognized(client, bucket):
    body = recognize(client, photo_url(bucket), age=True, gender=True)
    assert body.request_id
    assert_is_astronaut(body.data)
    assert_is_seen(body.data)


def test_a_face_is_detected(client, bucket):
    body = detect(client, photo_url(bucket))
    assert body.request_id
    assert_is_astronaut(body.data)


def test_gender_and_age_are_told_when_asked_for(client, bucket):
    url = photo_url(bucket, {PEOPLE: "female/37"})
    data = recognize(client, url, age=True, gender=True).data
    assert (data.gender_list, data.age_list) == ([0], [37])
    data = recognize(client, url).data
    assert (data.gender_list, data.age_list) == ([], [])
    crowd = photo_url(bucket, {PEOPLE: "female/37, male/40"})
    assert_is_seen(recognize(client, crowd, age=True, gender=True).data)


def test_fewer_faces_may_be_asked_for(client, bucket):
    assert detect(client, photo_url(bucket), max_face_number=1).data.face_count == 1
    refused("InvalidParameter", lambda: detect(client, photo_url(bucket), max_face_number=-1))


def test_a_public_object_needs_no_signature(client, bucket):
    key = "public 照片.jpg"
    bucket.put_object(key, PHOTO.read_bytes(), {"x-oss-object-acl": "public-read"})
    url = bucket.sign_url("GET", key, 600, slash_safe=True).partition("?")[0]
    assert_is_astronaut(recognize(client, url).data)


def test_signature_versions(emulator, bucket):
    url = photo_url(bucket)
    for algorithm in (None, "ACS3-HMAC-SHA256", "v2"):
        client = client_of(emulator, protocol="http", signature_algorithm=algorithm)
        assert_is_astronaut(recognize(client, url).data)
        assert_is_astronaut(detect(client, url).data)


@pytest.mark.parametrize("name", [None, DOMAIN], ids=["by address", "by name"])
def test_a_local_file_is_uploaded_first(emulator, name):
    client = client_of(emulator, name=name)
    with PHOTO.open("rb") as photo:
        request = models.RecognizeFaceAdvanceRequest(image_urlobject=photo, age=True)
        assert_is_astronaut(client.recognize_face_advance(request, UNCHECKED).body.data)
    request = models.DetectFaceAdvanceRequest(image_urlobject=io.BytesIO(PHOTO.read_bytes()))
    assert_is_astronaut(client.detect_face_advance(request, UNCHECKED).body.data)


@pytest.mark.parametrize("algorithm", [None, "v2"], ids=["V3", "V1"])
def test_bad_senders_are_refused(emulator, bucket, algorithm):
    url = photo_url(bucket)
    options = {"protocol": "http", "signature_algorithm": algorithm}
    wrong = client_of(emulator, secret="wrong", **options)
    refused("SignatureDoesNotMatch", recognize, wrong, url)
    stranger = client_of(emulator, key_id="nobody", **options)
    refused("InvalidAccessKeyId.NotFound", recognize, stranger, url)


def test_temporary_keys_work_until_they_expire(emulator, bucket):
    url = photo_url(bucket)

    def with_token(key_id, token):
        options = {"security_token": token, "type": "sts", "protocol": "http"}
        return client_of(emulator, "temporary-secret", key_id, **options)

    key_id = emulator.accept(token="a+b/c=")
    assert_is_astronaut(recognize(with_token(key_id, "a+b/c="), url).data)
    code = "InvalidSecurityToken.MismatchWithAccessKey"
    refused(code, recognize, with_token(key_id, "other"), url)
    over = emulator.accept(token="t", expires="2020-01-01T00:00:00Z")
    refused("InvalidSecurityToken.Expired", recognize, with_token(over, "t"), url)


def call(emulator, action, version, query, **options):
    """Any action, by the SDK's own generic call."""
    params = openapi.Params(
        action=action,
        version=version,
        protocol="HTTP",
        pathname="/",
        method="POST",
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="json",
    )
    client = client_of(emulator, protocol="http", **options)
    request = openapi.OpenApiRequest(query=Signer.query(query))
    return OpenApiClient.call_api(client, params, request, UNCHECKED)["body"]


@pytest.mark.parametrize(
    "action, version, query, code",
    [
        ("RecognizeFace", "2019-12-30", {}, "MissingParameter"),
        ("RecognizeFace", "2018-01-01", {}, "InvalidVersion"),
        ("RecognizeAnimal", "2019-12-30", {}, "InvalidAction.NotFound"),
        ("AuthorizeFileUpload", "2019-12-19", {}, "MissingParameter"),
        ("AuthorizeFileUpload", "2019-12-30", {"Product": "facebody"}, "InvalidVersion"),
    ],
)
def test_bad_calls_are_refused(emulator, action, version, query, code):
    refused(code, call, emulator, action, version, query)


def test_parameters_may_stand_in_the_query(emulator, bucket):
    body = call(emulator, "DetectFace", "2019-12-30", {"ImageURL": photo_url(bucket)})
    assert body["Data"]["FaceCount"] == 1


@pytest.mark.parametrize(
    "url, code",
    [
        ("photo.jpg", "InvalidImage.URL"),
        ("ftp://127.0.0.1/photo.jpg", "InvalidImage.URL"),
        ("file:///etc/passwd", "InvalidImage.URL"),
        ("http://127.0.0.1/照片.jpg", "InvalidImage.URL"),
        ("http://127.0.0.1:1/photo.jpg", "InvalidImage.Download"),
        ("http://b.oss-cn-beijing.aliyuncs.com/photo.jpg", "InvalidImage.Region"),
        ("https://b.oss-us-west-1-internal.aliyuncs.com/photo.jpg", "InvalidImage.Region"),
        ("http://b.oss-cn-shanghai.aliyuncs.com/photo.jpg", "InvalidImage.Download"),
    ],
)
def test_bad_urls_are_refused(emulator, url, code):
    client = client_of(emulator, protocol="http")
    refused(code, recognize, client, url)
    refused(code, detect, client, url)


def test_bad_pictures_are_refused(emulator, bucket):
    client = client_of(emulator, protocol="http")
    refused("InvalidImage.Content", recognize, client, photo_url(bucket, content=b"not a picture"))
    cut = PHOTO.read_bytes()[:200]
    refused("InvalidImage.Content", recognize, client, photo_url(bucket, content=cut))
    large = photo_url(bucket, content=b"x" * (20 * 1024 * 1024 + 1))
    refused("InvalidImage.Size", recognize, client, large)
    for width, height in [(32, 100), (100, 32), (4096, 100), (100, 4096)]:
        url = photo_url(bucket, content=bitmap(width, height))
        refused("InvalidImage.Resolution", recognize, client, url)
    assert recognize(client, photo_url(bucket, content=bitmap(33, 4095))).data.face_count == 0


def bitmap(width, height):
    """A white BMP file."""
    row = (width * 3 + 3) // 4 * 4
    size = 54 + row * height
    head = b"BM" + size.to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little")
    info = (40).to_bytes(4, "little") + width.to_bytes(4, "little") + height.to_bytes(4, "little")
    info += (1).to_bytes(2, "little") + (24).to_bytes(2, "little") + bytes(24)
    return head + info + b"\xff" * (row * height)


def test_a_date_too_far_off_is_refused(emulator, bucket):
    client = client_of(emulator, protocol="http")
    with emulator.fault("face", "RecognizeFace", "skew", skew_seconds=1000):
        refused("InvalidTimeStamp.Expired", recognize, client, photo_url(bucket))


def test_injected_errors_read_like_the_service(emulator, bucket):
    client = client_of(emulator, protocol="http")
    with emulator.fault("face", "RecognizeFace", "error", status=400, code="Throttling.User"):
        refused("Throttling.User", recognize, client, photo_url(bucket))
