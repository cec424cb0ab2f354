"""What this workspace's clients sign, the official SDKs sign just so.

The clients are let loose on an emulator that keeps the requests it receives. Each request is
then signed again, by the SDK's own signer with the clock and the nonce of the original, and
must come out with the same signature.
"""

import base64
import hashlib
import os
import subprocess
import urllib.parse
from datetime import datetime

import oss2
import pytest
from alibabacloud_tea_openapi.utils import Utils
from mns.mns_client import MNSClient
from Tea.request import TeaRequest

from conftest import ACCESS_KEY_ID, ACCESS_KEY_SECRET, ROOT, running

PHOTO = ROOT / "assets" / "astronaut.jpg"
TEMPORARY = {"key_id": "STS.Conformance", "secret": "temporary-secret", "token": "a+token/=="}
PERMANENT = {"key_id": ACCESS_KEY_ID, "secret": ACCESS_KEY_SECRET, "token": None}
# What the clients ask of OSS.
OSS_OPERATIONS = {
    "CompleteMultipartUpload",
    "CopyObject",
    "DeleteMultipleObjects",
    "DeleteObject",
    "GetBucketInfo",
    "GetObject",
    "HeadObject",
    "InitiateMultipartUpload",
    "ListObjectsV2",
    "PutBucket",
    "PutObject",
    "UploadPart",
}
# What IMM reads photos with: no client's.
SERVICE_KEY_ID = "EmulatorFaceServices"
# Where uploads for the face API go: by a signed form, and readable by everybody.
UPLOADS = "/viapi-upload/"


class Capture:
    """A request as the emulator received it."""

    def __init__(self, kept):
        self.operation = kept["operation"]
        self.method = kept["method"]
        self.target = kept["target"]
        self.headers = dict(map(tuple, kept["headers"]))
        self.body = base64.b64decode(kept["body"] or "")
        self.path, _, query = self.target.partition("?")
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))

    @property
    def authorization(self):
        return self.headers.get("authorization", "")

    def __str__(self):
        return f"{self.operation}: {self.method} {self.target}"


@pytest.fixture(scope="module", params=[PERMANENT, TEMPORARY], ids=["permanent", "temporary"])
def seen(request, binary, clients, tmp_path_factory):
    """Credentials, and what the clients sent with them, by service."""
    credentials = request.param
    with running(binary, tmp_path_factory.mktemp("clients"), "--capture") as emulator:
        body = {"access_key_secret": credentials["secret"], "security_token": credentials["token"]}
        emulator.call("PUT", f"/credentials/{credentials['key_id']}", body)
        environment = os.environ | {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": credentials["key_id"],
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": credentials["secret"],
            "ALIBABA_CLOUD_SECURITY_TOKEN": credentials["token"] or "",
        }
        # By name, because an upload is authorized for a host name with a bucket in front.
        face = emulator.face.replace("127.0.0.1", "localhost")
        command = [clients, emulator.oss, emulator.mns, face, PHOTO]
        subprocess.run(command, env=environment, check=True)
        services = ("oss", "mns", "face")
        captures = {service: map(Capture, emulator.captures(service)) for service in services}
        yield credentials, {
            service: [it for it in kept if it.query.get("OSSAccessKeyId") != SERVICE_KEY_ID]
            for service, kept in captures.items()
        }


class Frozen(datetime):
    """A clock for the SDK that stands at the time of the original request."""

    at = None

    @classmethod
    def utcnow(cls):
        return cls.at


def oss_request(capture, drop=()):
    """The request as the SDK holds it before it signs."""
    dropped = {"authorization", "date", "x-oss-date", "x-oss-security-token", *drop}
    headers = {name: text for name, text in capture.headers.items() if name not in dropped}
    signing = ("Signature", "OSSAccessKeyId", "Expires", "security-token")
    signing += ("x-oss-signature", "x-oss-security-token")
    params = {name: text for name, text in capture.query.items() if name not in signing}
    url = "http://emulator" + capture.path
    request = oss2.http.Request(
        capture.method, url, params=params, headers=headers, product="oss", region="cn-shanghai"
    )
    bucket, _, key = urllib.parse.unquote(capture.path).removeprefix("/").partition("/")
    return request, bucket, key


def oss_signer(credentials, version):
    if credentials["token"]:
        return oss2.StsAuth(credentials["key_id"], credentials["secret"], credentials["token"], version)
    return oss2.make_auth(credentials["key_id"], credentials["secret"], version)


def signature_of(authorization):
    """The signature in a header of either version."""
    return authorization.rpartition("Signature=" if "Signature=" in authorization else ":")[2]


class TestOss:
    def test_version_1(self, seen, monkeypatch):
        credentials, captures = seen
        signer = oss_signer(credentials, oss2.AUTH_VERSION_1)
        signed = [found for found in captures["oss"] if found.authorization.startswith("OSS ")]
        assert {found.operation for found in signed} == OSS_OPERATIONS
        for capture in signed:
            request, bucket, key = oss_request(capture)
            monkeypatch.setattr(oss2.utils, "http_date", lambda: capture.headers["date"])
            signer._sign_request(request, bucket, key)
            assert request.headers["authorization"] == capture.authorization, str(capture)
            token = request.headers.get("x-oss-security-token")
            assert token == capture.headers.get("x-oss-security-token"), str(capture)

    def test_version_4(self, seen, monkeypatch):
        credentials, captures = seen
        signer = oss_signer(credentials, oss2.AUTH_VERSION_4)
        signed = [found for found in captures["oss"] if found.authorization.startswith("OSS4")]
        assert {found.operation for found in signed} == OSS_OPERATIONS
        monkeypatch.setattr(oss2.auth, "datetime", Frozen)
        for capture in signed:
            request, bucket, key = oss_request(capture)
            Frozen.at = datetime.strptime(capture.headers["x-oss-date"], "%Y%m%dT%H%M%SZ")
            signer._sign_request(request, bucket, key)
            theirs = signature_of(request.headers["authorization"])
            assert theirs == signature_of(capture.authorization), str(capture)
            token = request.headers.get("x-oss-security-token")
            assert token == capture.headers.get("x-oss-security-token"), str(capture)

    def test_presigned_urls(self, seen, monkeypatch):
        credentials, captures = seen
        signer = oss_signer(credentials, oss2.AUTH_VERSION_4)
        presigned = [found for found in captures["oss"] if "x-oss-signature" in found.query]
        assert presigned
        monkeypatch.setattr(oss2.auth, "datetime", Frozen)
        for capture in presigned:
            request, bucket, key = oss_request(capture)
            Frozen.at = datetime.strptime(capture.query["x-oss-date"], "%Y%m%dT%H%M%SZ")
            url = signer._sign_url(request, bucket, key, int(capture.query["x-oss-expires"]))
            theirs = dict(urllib.parse.parse_qsl(url.partition("?")[2], keep_blank_values=True))
            assert theirs == capture.query, str(capture)

    def test_nothing_goes_unsigned(self, seen):
        _, captures = seen
        for capture in captures["oss"]:
            if not capture.path.startswith(UPLOADS):
                assert capture.authorization or "x-oss-signature" in capture.query, str(capture)


class TestMns:
    def test_every_request(self, seen):
        credentials, captures = seen
        client = MNSClient(
            "http://1234567890123456.mns.cn-shanghai.aliyuncs.com",
            credentials["key_id"],
            credentials["secret"],
            security_token=credentials["token"] or "",
        )
        assert len({found.operation for found in captures["mns"]}) >= 15
        for capture in captures["mns"]:
            arguments = (capture.method, capture.headers, capture.target)
            theirs = client.get_signature(*arguments, client.credentials_provider.get_credentials())
            assert theirs == capture.authorization, str(capture)
            assert capture.headers.get("security-token") == credentials["token"], str(capture)


class TestFace:
    def test_acs3(self, seen):
        credentials, captures = seen
        algorithm = "ACS3-HMAC-SHA256"
        signed = [found for found in captures["face"] if found.authorization.startswith(algorithm)]
        actions = {"RecognizeFace", "AuthorizeFileUpload", "DetectImageFaces"}
        assert {found.operation for found in signed} == actions
        for capture in signed:
            names = capture.authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
            assert {"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date"} <= {*names}
            payload = hashlib.sha256(capture.body).hexdigest()
            assert payload == capture.headers["x-acs-content-sha256"]
            request = TeaRequest()
            request.method, request.pathname = capture.method, capture.path
            request.query = capture.query
            request.headers = {name: capture.headers[name] for name in names}
            key = (credentials["key_id"], credentials["secret"])
            theirs = Utils.get_authorization(request, algorithm, payload, *key)
            assert theirs == capture.authorization, str(capture)
            assert capture.headers.get("x-acs-security-token") == credentials["token"]

    def test_rpc(self, seen):
        credentials, captures = seen
        signed = [found for found in captures["face"] if "Signature" in found.query]
        assert {found.operation for found in signed} == {"RecognizeFace", "AuthorizeFileUpload"}
        for capture in signed:
            form = dict(urllib.parse.parse_qsl(capture.body.decode(), keep_blank_values=True))
            parameters = capture.query | form
            ours = parameters.pop("Signature")
            theirs = Utils.get_rpcsignature(parameters, capture.method, credentials["secret"])
            assert theirs == ours, str(capture)
            assert parameters.get("SecurityToken") == credentials["token"], str(capture)
