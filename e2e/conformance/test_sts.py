"""The official Python SDKs exchange a service account's token for keys, and use these."""

import json
import ssl
import time
import uuid

import certifi
import jwt
import oss2
import pytest
import requests.adapters
from alibabacloud_credentials.exceptions import CredentialException
from alibabacloud_credentials.http import HttpOptions
from alibabacloud_credentials.provider import OIDCRoleArnCredentialsProvider
from alibabacloud_facebody20191230 import models as facebody_models
from alibabacloud_facebody20191230.client import Client as FacebodyClient
from alibabacloud_mns_open20220119 import models as mns_open_models
from alibabacloud_mns_open20220119.client import Client as MnsOpenClient
from alibabacloud_sts20150401 import models
from alibabacloud_sts20150401.client import Client
from alibabacloud_tea_openapi import utils_models as openapi
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from darabonba.exceptions import DaraException
from mns.account import Account
from mns.mns_exception import MNSServerException
from mns.queue import QueueMeta

ISSUER = "https://oidc-ack-test.oss-cn-shanghai.aliyuncs.com/c0ffee"
AUDIENCE = "sts.aliyuncs.com"
SUBJECT = "system:serviceaccount:photos:adapter"
# What the SDKs sign with: a machine's key, which STS does not look at.
NOBODY = {"access_key_id": "none", "access_key_secret": "none"}


class Cluster:
    """Issues tokens of service accounts, as an API server does."""

    def __init__(self, algorithm, key):
        self.algorithm, self.key, self.kid = algorithm, key, uuid.uuid4().hex
        rule = jwt.get_algorithm_by_name(algorithm)
        public = json.loads(rule.to_jwk(key.public_key()))
        self.jwks = {"keys": [{**public, "kid": self.kid, "use": "sig", "alg": algorithm}]}

    def token(self, **changes):
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": SUBJECT,
            "aud": [AUDIENCE],
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "kubernetes.io": {"namespace": "photos"},
        }
        headers = {"kid": self.kid}
        return jwt.encode({**claims, **changes}, self.key, self.algorithm, headers)


@pytest.fixture(scope="module", params=["RS256", "ES256"])
def cluster(request):
    rsa_key = lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048)
    keys = {"RS256": rsa_key, "ES256": lambda: ec.generate_private_key(ec.SECP256R1())}
    return Cluster(request.param, keys[request.param]())


@pytest.fixture
def identity(emulator, cluster):
    """A provider for the cluster and a role for one of its service accounts."""
    name = f"ack-rrsa-{uuid.uuid4().hex}"
    provider = {"issuer": ISSUER, "client_ids": [AUDIENCE], "jwks": cluster.jwks}
    provider = emulator.call("PUT", f"/oidc-providers/{name}", provider)["arn"]
    policy = {
        "Version": "1",
        "Statement": [
            {
                "Action": "sts:AssumeRole",
                "Effect": "Allow",
                "Principal": {"Federated": [provider]},
                "Condition": {
                    "StringEquals": {
                        "oidc:iss": ISSUER,
                        "oidc:aud": [AUDIENCE],
                        "oidc:sub": [SUBJECT],
                    }
                },
            }
        ],
    }
    role = emulator.call("PUT", f"/roles/{name}", {"trust_policy": policy})["arn"]
    yield {"role_arn": role, "oidc_provider_arn": provider}
    emulator.call("DELETE", f"/roles/{name}")
    emulator.call("DELETE", f"/oidc-providers/{name}")


@pytest.fixture
def client(emulator):
    config = openapi.Config(endpoint=emulator.addresses["sts"], protocol="http", **NOBODY)
    return Client(config)


def exchange(client, identity, token, **changes):
    request = {
        "role_arn": identity["role_arn"],
        "oidcprovider_arn": identity["oidc_provider_arn"],
        "oidctoken": token,
        "role_session_name": "conformance",
        **changes,
    }
    return client.assume_role_with_oidc(models.AssumeRoleWithOIDCRequest(**request)).body


def refused(code, client, identity, token, **changes):
    with pytest.raises(DaraException) as refusal:
        exchange(client, identity, token, **changes)
    assert refusal.value.code == code, refusal.value.message
    return refusal.value


def test_a_token_is_exchanged(client, cluster, identity):
    body = exchange(client, identity, cluster.token(), duration_seconds=900)
    assert body.credentials.access_key_id.startswith("STS.")
    assert body.assumed_role_user.arn == f"{identity['role_arn']}/conformance"
    assert body.oidctoken_info.subject == SUBJECT
    assert body.oidctoken_info.issuer == ISSUER
    ends = time.strptime(body.credentials.expiration, "%Y-%m-%dT%H:%M:%SZ")
    assert time.mktime(ends) > time.mktime(time.gmtime())


def test_every_service_takes_the_keys_with_their_token_only(emulator, client, cluster, identity):
    keys = exchange(client, identity, cluster.token()).credentials
    key = (keys.access_key_id, keys.access_key_secret)
    name = f"sts-{uuid.uuid4().hex}"

    auth = oss2.StsAuth(*key, keys.security_token, auth_version="v4")
    bucket = oss2.Bucket(auth, emulator.oss, name, region=emulator.region, is_path_style=True)
    bucket.create_bucket()
    bucket.put_object("a.jpg", b"1")
    without = oss2.AuthV4(*key)
    bucket = oss2.Bucket(without, emulator.oss, name, region=emulator.region, is_path_style=True)
    with pytest.raises(oss2.exceptions.ServerError) as refusal:
        bucket.get_object("a.jpg")
    assert refusal.value.code == "InvalidAccessKeyId", refusal.value.code

    Account(emulator.mns, *key, keys.security_token).get_queue(name).create(QueueMeta())
    with pytest.raises(MNSServerException):
        Account(emulator.mns, *key).get_queue(name).get_attributes()

    def config(listener):
        return openapi.Config(
            access_key_id=keys.access_key_id,
            access_key_secret=keys.access_key_secret,
            security_token=keys.security_token,
            endpoint=emulator.addresses[listener],
            region_id=emulator.region,
            protocol="http",
        )

    rules = MnsOpenClient(config("mns-open"))
    request = mns_open_models.ListEventRulesRequest(product_name="oss")
    assert rules.list_event_rules(request).body.success

    faces = FacebodyClient(config("face"))
    with pytest.raises(DaraException) as refusal:
        faces.recognize_face(facebody_models.RecognizeFaceRequest(image_url="nowhere"))
    # The key was taken, the picture was not.
    assert refusal.value.code == "InvalidImage.URL", refusal.value.code


@pytest.mark.parametrize(
    "changes, code",
    [
        ({"aud": ["api"]}, "AuthenticationFail.OIDCToken.AudienceNotMatch"),
        ({"exp": int(time.time()) - 1}, "AuthenticationFail.OIDCToken.Expired"),
        ({"iss": "https://elsewhere.test"}, "AuthenticationFail.OIDCToken.Invalid"),
        ({"sub": "system:serviceaccount:photos:other"}, "AuthenticationFail.NoPermission"),
    ],
)
def test_tokens_of_others_are_refused(client, cluster, identity, changes, code):
    refusal = refused(code, client, identity, cluster.token(**changes))
    assert refusal.status_code == 401


def test_a_token_that_somebody_else_signed_is_refused(client, cluster, identity):
    other = Cluster("RS256", rsa.generate_private_key(public_exponent=65537, key_size=2048))
    other.kid = cluster.kid
    code = "AuthenticationFail.OIDCToken.InvalidSignature"
    refused(code, client, identity, other.token())


@pytest.mark.parametrize("token", ["no-token", "a.b.c", "e30.e30.e30"])
def test_what_is_no_token_is_refused(client, identity, token):
    refused("AuthenticationFail.OIDCToken.Invalid", client, identity, token)


def test_what_is_not_there_is_named(client, cluster, identity):
    token = cluster.token()
    nobody = {"role_arn": identity["role_arn"] + "-2"}
    refused("EntityNotExist.Role", client, identity, token, **nobody)
    nowhere = {"oidcprovider_arn": identity["oidc_provider_arn"] + "-2"}
    refused("AuthenticationFail.NoPermission", client, identity, token, **nowhere)
    refused("MissingParameter", client, identity, token, role_session_name=None)
    for seconds in (899, 3601):
        code = "InvalidParameter.DurationSeconds"
        refused(code, client, identity, token, duration_seconds=seconds)


@pytest.fixture
def trusted(emulator, monkeypatch, tmp_path):
    """Puts the emulator's certificate among the roots that SDKs trust: this one takes HTTPS only."""
    host, port = emulator.addresses["sts"].split(":")
    roots = tmp_path / "roots.pem"
    roots.write_text(ssl.get_server_certificate((host, int(port))))
    monkeypatch.setattr(certifi, "where", lambda: str(roots))
    monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(roots))


def test_the_provider_of_pods_reads_its_file_and_its_variables(
    emulator, cluster, identity, trusted, tmp_path
):
    token = tmp_path / "token"
    token.write_text(cluster.token())
    options = {
        "oidc_token_file_path": str(token),
        "sts_endpoint": emulator.addresses["sts"],
        "http_options": HttpOptions(),
        **identity,
    }
    keys = OIDCRoleArnCredentialsProvider(**options).get_credentials()
    account = Account(
        emulator.mns, keys.get_access_key_id(), keys.get_access_key_secret(), keys.get_security_token()
    )
    account.get_queue(f"sts-{uuid.uuid4().hex}").create(QueueMeta())

    token.write_text(cluster.token(sub="system:serviceaccount:photos:other"))
    with pytest.raises(CredentialException, match="AuthenticationFail.NoPermission"):
        OIDCRoleArnCredentialsProvider(**options).get_credentials()
