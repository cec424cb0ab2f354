"""The second official Python SDK for OSS drives the emulator through everything it plays."""

import datetime
import io
import time
import uuid

import alibabacloud_oss_v2 as oss
import pytest
import requests
from alibabacloud_oss_v2.exceptions import OperationError, ServiceError

from conftest import ACCESS_KEY_ID, ACCESS_KEY_SECRET

PART = 100 * 1024
LONG = bytes(range(256)) * 1000
RESTORE_DEADLINE_SECONDS = 60


def client_of(emulator, version="v4", by_name=False, key_id=ACCESS_KEY_ID, **options):
    config = oss.config.load_default()
    config.credentials_provider = oss.credentials.StaticCredentialsProvider(
        key_id, options.pop("secret", ACCESS_KEY_SECRET), options.pop("token", None)
    )
    config.region = emulator.region
    config.endpoint = emulator.oss_by_name if by_name else emulator.oss
    config.signature_version = version
    config.retry_max_attempts = 1
    for name, value in options.items():
        setattr(config, name, value)
    return oss.Client(config)


@pytest.fixture(params=["v1", "v4"])
def version(request):
    return request.param


@pytest.fixture(params=[False, True], ids=["path", "virtual-hosted"])
def client(request, emulator, version):
    """A client of each signature, in each style of address."""
    return client_of(emulator, version, by_name=request.param)


@pytest.fixture
def bucket(client):
    name = f"second-{uuid.uuid4().hex}"
    client.put_bucket(oss.PutBucketRequest(bucket=name))
    return name


def put(client, bucket, key, body=b"12345", **options):
    return client.put_object(oss.PutObjectRequest(bucket=bucket, key=key, body=body, **options))


def get(client, bucket, key, **options):
    return client.get_object(oss.GetObjectRequest(bucket=bucket, key=key, **options))


def head(client, bucket, key):
    return client.head_object(oss.HeadObjectRequest(bucket=bucket, key=key))


def refused(call, *arguments):
    """The service's error; the SDK wraps it in one of its own."""
    with pytest.raises(OperationError) as caught:
        call(*arguments)
    error = caught.value.unwrap()
    assert isinstance(error, ServiceError), error
    assert error.request_id
    return error


def test_buckets_are_made_described_listed_and_removed(emulator, client, bucket):
    assert client.is_bucket_exist(bucket)
    info = client.get_bucket_info(oss.GetBucketInfoRequest(bucket=bucket)).bucket_info
    assert (info.name, info.location, info.acl) == (bucket, "oss-cn-shanghai", "private")
    assert info.storage_class == "Standard"
    disabled = (info.access_monitor, info.transfer_acceleration, info.cross_region_replication)
    assert disabled == ("Disabled",) * 3
    assert info.owner.id == emulator.account
    assert info.sse_rule.sse_algorithm in ("", "None")
    location = client.get_bucket_location(oss.GetBucketLocationRequest(bucket=bucket))
    assert location.location == "oss-cn-shanghai"

    put(client, bucket, "a")
    put(client, bucket, "b", storage_class="IA")
    stat = client.get_bucket_stat(oss.GetBucketStatRequest(bucket=bucket))
    assert (stat.storage, stat.object_count, stat.live_channel_count) == (10, 2, 0)
    assert (stat.standard_storage, stat.infrequent_access_object_count) == (5, 1)
    assert stat.last_modified_time > 0

    client.put_bucket_acl(oss.PutBucketAclRequest(bucket=bucket, acl="public-read"))
    assert client.get_bucket_acl(oss.GetBucketAclRequest(bucket=bucket)).acl == "public-read"
    paginator = client.list_buckets_paginator(limit=1)
    pages = paginator.iter_page(oss.ListBucketsRequest(prefix=bucket))
    assert [found.name for page in pages for found in page.buckets] == [bucket]

    full = refused(client.delete_bucket, oss.DeleteBucketRequest(bucket=bucket))
    assert (full.status_code, full.code, full.ec) == (409, "BucketNotEmpty", "0015-00000301")
    for key in ("a", "b"):
        client.delete_object(oss.DeleteObjectRequest(bucket=bucket, key=key))
    assert client.delete_bucket(oss.DeleteBucketRequest(bucket=bucket)).status_code == 204
    assert not client.is_bucket_exist(bucket)


@pytest.mark.parametrize("key", ["plain.jpg", "a b+c%41.jpg", "上海/人?.jpg", "a//b/", "k" * 1023])
def test_objects_come_back_as_they_were_put(client, bucket, key):
    stored = put(
        client,
        bucket,
        key,
        LONG,
        content_type="image/jpeg",
        cache_control="no-cache",
        metadata={"city": "shanghai"},
        tagging="k=v",
    )
    assert stored.status_code == 200
    got = get(client, bucket, key)
    assert got.body.read() == LONG
    assert (got.content_type, got.cache_control) == ("image/jpeg", "no-cache")
    assert (got.metadata, got.tagging_count) == ({"city": "shanghai"}, 1)
    assert got.hash_crc64 == stored.hash_crc64
    meta = client.get_object_meta(oss.GetObjectMetaRequest(bucket=bucket, key=key))
    assert (meta.content_length, meta.hash_crc64) == (len(LONG), stored.hash_crc64)
    assert client.is_object_exist(bucket, key)
    client.delete_object(oss.DeleteObjectRequest(bucket=bucket, key=key))
    assert not client.is_object_exist(bucket, key)


def test_ranges_count_as_the_client_chooses(client, bucket):
    put(client, bucket, "a", b"0123456789")
    within = get(client, bucket, "a", range_header="bytes=5-7")
    assert (within.status_code, within.content_range) == (206, "bytes 5-7/10")
    assert within.body.read() == b"567"
    beyond = get(client, bucket, "a", range_header="bytes=5-30")
    assert (beyond.status_code, beyond.body.read()) == (200, b"0123456789")
    cut = get(client, bucket, "a", range_header="bytes=5-30", range_behavior="standard")
    assert (cut.status_code, cut.content_range) == (206, "bytes 5-9/10")
    assert cut.body.read() == b"56789"
    request = oss.GetObjectRequest(
        bucket=bucket, key="a", range_header="bytes=10-", range_behavior="standard"
    )
    assert refused(client.get_object, request).code == "InvalidRange"


def test_copies_keep_what_they_are_not_given_anew(client, bucket):
    put(client, bucket, "a", content_type="image/jpeg", metadata={"a": "1"}, tagging="k=v")
    copy = oss.CopyObjectRequest(bucket=bucket, key="same", source_key="a")
    client.copy_object(copy)
    same = head(client, bucket, "same")
    assert (same.content_type, same.metadata, same.tagging_count) == ("image/jpeg", {"a": "1"}, 1)
    client.copy_object(
        oss.CopyObjectRequest(
            bucket=bucket,
            key="other",
            source_key="a",
            metadata_directive="REPLACE",
            metadata={"b": "2"},
        )
    )
    other = head(client, bucket, "other")
    assert (other.content_type, other.metadata) == ("image/jpeg", {"b": "2"})


def test_appending_goes_on_where_it_ended(client, bucket):
    def append(position, body):
        request = oss.AppendObjectRequest(
            bucket=bucket, key="log", position=position, body=body
        )
        return client.append_object(request)

    assert append(0, b"123").next_position == 3
    assert append(3, b"45").next_position == 5
    assert head(client, bucket, "log").headers["x-oss-next-append-position"] == "5"
    assert get(client, bucket, "log").body.read() == b"12345"
    request = oss.AppendObjectRequest(bucket=bucket, key="log", position=0, body=b"1")
    wrong = refused(client.append_object, request)
    assert (wrong.code, wrong.ec) == ("PositionNotEqualToLength", "0026-00000016")
    with client.append_file(bucket, "log") as file:
        file.write(b"678")
    with client.open_file(bucket, "log") as file:
        file.seek(3)
        assert file.read() == b"45678"


def test_uploads_in_parts_from_their_beginning_to_their_end(client, bucket):
    begin = oss.InitiateMultipartUploadRequest(bucket=bucket, key="big", storage_class="IA")
    upload = client.initiate_multipart_upload(begin).upload_id
    put(client, bucket, "source", LONG)
    where = {"bucket": bucket, "key": "big", "upload_id": upload}
    first = client.upload_part(oss.UploadPartRequest(part_number=1, body=LONG, **where))
    copied = oss.UploadPartCopyRequest(
        part_number=2, source_key="source", source_range="bytes=0-9", **where
    )
    second = client.upload_part_copy(copied)
    listed = client.list_parts(oss.ListPartsRequest(**where))
    assert [part.size for part in listed.parts] == [len(LONG), 10]
    assert listed.storage_class == "IA"
    uploads = client.list_multipart_uploads(oss.ListMultipartUploadsRequest(bucket=bucket))
    assert [(found.key, found.upload_id) for found in uploads.uploads] == [("big", upload)]
    parts = [
        oss.UploadPart(part_number=1, etag=first.etag),
        oss.UploadPart(part_number=2, etag=second.etag),
    ]
    client.complete_multipart_upload(
        oss.CompleteMultipartUploadRequest(
            acl="public-read",
            complete_multipart_upload=oss.CompleteMultipartUpload(parts=parts),
            **where,
        )
    )
    assert get(client, bucket, "big").body.read() == LONG + LONG[:10]
    acl = client.get_object_acl(oss.GetObjectAclRequest(bucket=bucket, key="big"))
    assert acl.acl == "public-read"
    gone = refused(client.list_parts, oss.ListPartsRequest(**where))
    assert (gone.code, gone.ec) == ("NoSuchUpload", "0042-00000002")

    given_up = client.initiate_multipart_upload(begin).upload_id
    abort = oss.AbortMultipartUploadRequest(bucket=bucket, key="big", upload_id=given_up)
    assert client.abort_multipart_upload(abort).status_code == 204


def test_uploader_downloader_and_copier_move_files_in_parts(client, bucket, tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(LONG * 2)
    request = oss.PutObjectRequest(bucket=bucket, key="big")
    client.uploader(part_size=PART).upload_file(request, str(source))
    client.copier(part_size=PART, multipart_copy_threshold=PART).copy(
        oss.CopyObjectRequest(bucket=bucket, key="copy", source_key="big")
    )
    request = oss.GetObjectRequest(bucket=bucket, key="copy")
    client.downloader(part_size=PART).download_file(request, str(target))
    assert target.read_bytes() == LONG * 2


def test_presigned_urls_work_without_a_key(client, bucket):
    request = oss.PutObjectRequest(bucket=bucket, key="a b", content_type="text/plain")
    url = client.presign(request, expires=datetime.timedelta(minutes=1))
    sent = requests.request(url.method, url.url, headers=url.signed_headers, data=b"1", timeout=10)
    assert sent.status_code == 200, sent.text
    other = {"content-type": "image/jpeg"}
    sent = requests.request(url.method, url.url, headers=other, data=b"2", timeout=10)
    assert sent.status_code == 403, sent.text
    url = client.presign(oss.GetObjectRequest(bucket=bucket, key="a b"))
    assert requests.get(url.url, timeout=10).content == b"1"
    changed = requests.get(url.url[:-1] + ("0" if url.url[-1] != "0" else "1"), timeout=10)
    assert changed.status_code == 403


def test_listings_come_page_by_page(client, bucket):
    keys = ["a/1", "a/2", "b", "c d", "上海"]
    for key in keys:
        put(client, bucket, key)
    pages = client.list_objects_v2_paginator(limit=2).iter_page(
        oss.ListObjectsV2Request(bucket=bucket)
    )
    assert [found.key for page in pages for found in page.contents or []] == keys
    folders = client.list_objects(oss.ListObjectsRequest(bucket=bucket, delimiter="/"))
    assert [found.prefix for found in folders.common_prefixes] == ["a/"]
    assert [found.key for found in folders.contents] == keys[2:]
    for key in ("x/1", "x/2", "y"):
        begin = oss.InitiateMultipartUploadRequest(bucket=bucket, key=key)
        client.initiate_multipart_upload(begin)
    uploads = client.list_multipart_uploads(
        oss.ListMultipartUploadsRequest(bucket=bucket, delimiter="/")
    )
    assert [found.key for found in uploads.uploads] == ["y"]


def test_versions_of_a_bucket_without_versioning(client, bucket):
    keys = ["a", "b c", "d"]
    for key in keys:
        put(client, bucket, key)
    versioning = client.get_bucket_versioning(oss.GetBucketVersioningRequest(bucket=bucket))
    assert not versioning.version_status
    pages = client.list_object_versions_paginator(limit=2).iter_page(
        oss.ListObjectVersionsRequest(bucket=bucket)
    )
    found = [version for page in pages for version in page.version or []]
    assert [(it.key, it.version_id, it.is_latest) for it in found] == [
        (key, "null", True) for key in keys
    ]
    assert get(client, bucket, "a", version_id="null").body.read() == b"12345"
    other = oss.GetObjectRequest(bucket=bucket, key="a", version_id="other")
    assert refused(client.get_object, other).code == "NoSuchVersion"
    deleted = oss.DeleteObjectRequest(bucket=bucket, key="a", version_id="null")
    assert client.delete_object(deleted).version_id == "null"
    objects = [oss.DeleteObject(key=key, version_id="null") for key in keys[1:]]
    deleted = client.delete_multiple_objects(
        oss.DeleteMultipleObjectsRequest(bucket=bucket, objects=objects)
    )
    assert [(it.key, it.version_id) for it in deleted.deleted_objects] == [
        (key, "null") for key in keys[1:]
    ]
    client.delete_bucket(oss.DeleteBucketRequest(bucket=bucket))


def test_tags_links_and_access_control(client, bucket):
    put(client, bucket, "a", content_type="image/jpeg")
    tags = oss.TagSet(tags=[oss.Tag(key="k", value="v 1")])
    where = {"bucket": bucket, "key": "a"}
    client.put_object_tagging(oss.PutObjectTaggingRequest(tagging=oss.Tagging(tags), **where))
    found = client.get_object_tagging(oss.GetObjectTaggingRequest(**where)).tag_set.tags
    assert [(tag.key, tag.value) for tag in found] == [("k", "v 1")]
    bad = oss.Tagging(oss.TagSet(tags=[oss.Tag(key="a&b", value="1")]))
    request = oss.PutObjectTaggingRequest(tagging=bad, **where)
    assert refused(client.put_object_tagging, request).code == "InvalidTag"
    client.delete_object_tagging(oss.DeleteObjectTaggingRequest(**where))
    assert not client.get_object_tagging(oss.GetObjectTaggingRequest(**where)).tag_set.tags

    client.put_object_acl(oss.PutObjectAclRequest(acl="public-read", **where))
    assert client.get_object_acl(oss.GetObjectAclRequest(**where)).acl == "public-read"

    link = oss.PutSymlinkRequest(
        bucket=bucket, key="link", symlink_target="a", metadata={"of": "link"}
    )
    client.put_symlink(link)
    shown = client.get_symlink(oss.GetSymlinkRequest(bucket=bucket, key="link"))
    assert (shown.target, shown.metadata) == ("a", {"of": "link"})
    assert get(client, bucket, "link").body.read() == b"12345"
    linked = head(client, bucket, "link")
    assert (linked.object_type, linked.content_length) == ("Symlink", 5)
    assert linked.metadata == {"of": "link"}
    client.put_symlink(oss.PutSymlinkRequest(bucket=bucket, key="two", symlink_target="link"))
    error = refused(head, client, bucket, "two")
    assert (error.status_code, error.code, error.ec) == (400, "InvalidTargetType", "0026-00000011")


def test_encryption_is_kept_and_nonsense_refused(client, bucket):
    kms = {"server_side_encryption": "KMS", "server_side_encryption_key_id": "k"}
    stored = put(client, bucket, "a", **kms)
    assert stored.headers["x-oss-server-side-encryption"] == "KMS"
    shown = head(client, bucket, "a")
    assert (shown.server_side_encryption, shown.server_side_encryption_key_id) == ("KMS", "k")
    request = oss.PutObjectRequest(bucket=bucket, key="a", server_side_encryption="ROT13")
    assert refused(client.put_object, request).code == "InvalidEncryptionAlgorithmError"
    request = oss.PutObjectRequest(bucket=bucket, key="a", callback="e30=", body=b"1")
    assert refused(client.put_object, request).code == "NotImplemented"


def test_archived_objects_are_restored(emulator):
    client = client_of(emulator)
    name = f"second-{uuid.uuid4().hex}"
    client.put_bucket(oss.PutBucketRequest(bucket=name))
    put(client, name, "old", storage_class="ColdArchive")
    request = oss.GetObjectRequest(bucket=name, key="old")
    assert refused(client.get_object, request).code == "InvalidObjectState"
    restore = oss.RestoreObjectRequest(
        bucket=name,
        key="old",
        restore_request=oss.RestoreRequest(days=1, tier="Expedited"),
    )
    restored = client.restore_object(restore)
    assert (restored.status_code, restored.restore_priority) == (202, "Expedited")
    again = refused(client.restore_object, oss.RestoreObjectRequest(bucket=name, key="old"))
    assert (again.status_code, again.code) == (409, "RestoreAlreadyInProgress")
    deadline = time.monotonic() + RESTORE_DEADLINE_SECONDS
    while head(client, name, "old").restore == 'ongoing-request="true"':
        assert time.monotonic() < deadline, "the object is not restored"
        time.sleep(0.1)
    assert get(client, name, "old").body.read() == b"12345"


def test_cross_origin_rules_are_kept(client, bucket):
    rule = oss.CORSRule(
        allowed_origins=["https://*.example.com", "https://b.example.org"],
        allowed_methods=["GET", "POST"],
        allowed_headers=["*"],
        expose_headers=["ETag", "x-oss-request-id"],
        max_age_seconds=600,
    )
    configuration = oss.CORSConfiguration(cors_rules=[rule], response_vary=True)
    client.put_bucket_cors(
        oss.PutBucketCorsRequest(bucket=bucket, cors_configuration=configuration)
    )
    read = client.get_bucket_cors(oss.GetBucketCorsRequest(bucket=bucket)).cors_configuration
    assert read.response_vary
    assert [vars(found) for found in read.cors_rules] == [vars(rule)]

    def preflight(origin, headers):
        request = oss.OptionObjectRequest(
            bucket=bucket,
            key="a.jpg",
            origin=origin,
            access_control_request_method="POST",
            access_control_request_headers=headers,
        )
        return client.option_object(request)

    answer = preflight("https://a.example.com", "x-oss-meta-a")
    assert answer.access_control_allow_origin == "https://a.example.com"
    assert answer.access_control_max_age == 600
    error = refused(preflight, "https://example.com", "x-oss-meta-a")
    assert (error.status_code, error.code) == (403, "AccessForbidden")
    client.delete_bucket_cors(oss.DeleteBucketCorsRequest(bucket=bucket))
    request = oss.GetBucketCorsRequest(bucket=bucket)
    assert refused(client.get_bucket_cors, request).code == "NoSuchCORSConfiguration"


def test_errors_say_what_is_wrong(emulator, client, bucket):
    missing = refused(head, client, bucket, "missing")
    assert (missing.status_code, missing.code, missing.ec) == (404, "NoSuchKey", "0026-00000001")
    unknown = client_of(emulator, key_id="LTAI5tUnknown")
    request = oss.GetObjectRequest(bucket=bucket, key="a")
    error = refused(unknown.get_object, request)
    assert (error.code, error.ec) == ("InvalidAccessKeyId", "0002-00000902")
    nowhere = oss.GetObjectRequest(bucket="nowhere-at-all", key="a")
    for asking in (client, unknown):
        error = refused(asking.get_object, nowhere)
        assert (error.status_code, error.code, error.ec) == (404, "NoSuchBucket", "0015-00000101")
    wrong = client_of(emulator, secret="wrong")
    assert refused(wrong.get_object, request).code == "SignatureDoesNotMatch"
    put(client, bucket, "a")
    forbidden = oss.PutObjectRequest(bucket=bucket, key="a", forbid_overwrite=True)
    assert refused(client.put_object, forbidden).code == "FileAlreadyExists"


def test_temporary_keys_bring_their_token(emulator, version):
    key_id = emulator.accept("temporary", "token")
    client = client_of(emulator, version, key_id=key_id, secret="temporary", token="token")
    name = f"second-{uuid.uuid4().hex}"
    client.put_bucket(oss.PutBucketRequest(bucket=name))
    put(client, name, "a", io.BytesIO(b"12345"))
    assert get(client, name, "a").body.read() == b"12345"
