"""The official Python SDK for IMM has the emulator look at photos in private buckets."""

import uuid

import oss2
import pytest
from alibabacloud_imm20200930 import models
from alibabacloud_imm20200930.client import Client
from alibabacloud_tea_openapi import utils_models as openapi
from darabonba.exceptions import DaraException
from darabonba.runtime import RuntimeOptions

from conftest import ACCESS_KEY_ID, ACCESS_KEY_SECRET, ROOT

PHOTO = (ROOT / "assets" / "astronaut.jpg").read_bytes()
PROJECT = "faces"
# The emulator's certificate is signed by nobody.
UNCHECKED = RuntimeOptions(ignore_ssl=True)
pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")


def client_of(emulator, secret=ACCESS_KEY_SECRET, key_id=ACCESS_KEY_ID, **options):
    config = openapi.Config(
        access_key_id=key_id,
        access_key_secret=secret,
        endpoint=emulator.addresses["face"],
        region_id=emulator.region,
        **{"protocol": "http", **options},
    )
    return Client(config)


@pytest.fixture(scope="session")
def bucket(emulator):
    """A private bucket."""
    auth = oss2.AuthV4(ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    name = f"imm-{uuid.uuid4().hex}"
    bucket = oss2.Bucket(auth, emulator.oss, name, region=emulator.region, is_path_style=True)
    bucket.create_bucket(oss2.BUCKET_ACL_PRIVATE)
    bucket.put_object("a b/照片 1+2%20.jpg", PHOTO)
    return bucket


def uri(bucket, key="a b/照片 1+2%20.jpg"):
    return f"oss://{bucket.bucket_name}/{key}"


def detect(client, source, project=PROJECT, **more):
    request = models.DetectImageFacesRequest(project_name=project, source_uri=source, **more)
    return client.detect_image_faces_with_options(request, UNCHECKED).body


def refused(code, *arguments, **more):
    with pytest.raises(DaraException) as refusal:
        detect(*arguments, **more)
    assert refusal.value.code == code, refusal.value
    return refusal.value


@pytest.mark.parametrize("protocol", ["http", "https"])
def test_a_face_is_found_in_a_private_bucket(emulator, bucket, protocol):
    body = detect(client_of(emulator, protocol=protocol), uri(bucket))
    assert body.request_id
    [face] = body.faces
    assert face.figure_type == "face" and face.figure_id
    assert face.gender == "female" and 20 < face.age < 50 and 0 < face.age_sd < 20
    assert 0.5 < face.figure_confidence <= 1 and 0.5 < face.gender_confidence <= 1
    assert abs(face.head_pose.roll) < 20
    # The face of the 512 x 512 sample lies around (224, 115).
    box = face.boundary
    assert box.left < 224 < box.left + box.width and box.top < 115 < box.top + box.height


def test_a_photo_without_people_has_no_faces(emulator, bucket):
    bucket.put_object("white.bmp", white(64, 64))
    assert detect(client_of(emulator), uri(bucket, "white.bmp")).faces == []


def white(width, height):
    """A BMP file whose rows need no padding."""
    pixels = b"\xff" * (width * 3 * height)
    head = b"BM" + (54 + len(pixels)).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little")
    info = (40).to_bytes(4, "little") + width.to_bytes(4, "little") + height.to_bytes(4, "little")
    return head + info + (1).to_bytes(2, "little") + (24).to_bytes(2, "little") + bytes(24) + pixels


def test_roles_may_be_named(emulator, bucket):
    chain = models.CredentialConfig(service_role="AliyunIMMDefaultRole")
    assert len(detect(client_of(emulator), uri(bucket), credential_config=chain).faces) == 1


def test_what_is_missing_is_named(emulator, bucket):
    client = client_of(emulator)
    missing = refused("ResourceNotFound", client, uri(bucket), project="another")
    assert "project" in missing.message
    missing = refused("ResourceNotFound", client, uri(bucket, "none.jpg"))
    assert "object" in missing.message
    assert "ProjectName" in refused("InvalidArgument", client, uri(bucket), project=None).message
    assert "SourceURI" in refused("InvalidArgument", client, "http://127.0.0.1/a.jpg").message


def test_bad_senders_are_refused(emulator, bucket):
    refused("SignatureDoesNotMatch", client_of(emulator, secret="wrong"), uri(bucket))
    refused("InvalidAccessKeyId.NotFound", client_of(emulator, key_id="nobody"), uri(bucket))


def test_temporary_keys_work(emulator, bucket):
    key_id = emulator.accept(token="a+b/c=")
    options = {"security_token": "a+b/c=", "type": "sts"}
    client = client_of(emulator, "temporary-secret", key_id, **options)
    assert len(detect(client, uri(bucket)).faces) == 1
