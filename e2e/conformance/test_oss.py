"""The official Python SDK for OSS drives the emulator through everything it plays."""

import base64
import contextlib
import hashlib
import hmac
import json
import struct
import time
import uuid

import oss2
import pytest
import requests
from oss2 import exceptions, models

from conftest import ACCESS_KEY_ID, ACCESS_KEY_SECRET, DOMAIN, ROOT

VERSIONS = [oss2.AUTH_VERSION_1, oss2.AUTH_VERSION_4]
PART = 100 * 1024
PHOTO = ROOT / "assets" / "astronaut.jpg"
KEYS = [
    "plain.jpg",
    "folder/nested/photo.jpg",
    "a b.jpg",
    "a+b.jpg",
    "100%.jpg",
    "%41.jpg",
    "a#b?c&d=e.jpg",
    "quote'\"<>.jpg",
    "上海/人.jpg",
    "😀.jpg",
    "trailing/",
    "a//b",
    "k" * 1023,
]


def auth_of(version, secret=ACCESS_KEY_SECRET, key_id=ACCESS_KEY_ID):
    return oss2.make_auth(key_id, secret, version)


def bucket_at(emulator, auth, name, by_name=False, **options):
    endpoint = emulator.oss_by_name if by_name else emulator.oss
    return oss2.Bucket(auth, endpoint, name, region=emulator.region, **options)


@pytest.fixture(params=VERSIONS)
def auth(request):
    """A signer of each version."""
    return auth_of(request.param)


@pytest.fixture(params=[False, True], ids=["path", "virtual-hosted"])
def bucket(request, emulator, auth):
    """A new bucket, addressed in each style."""
    bucket = bucket_at(emulator, auth, f"conformance-{uuid.uuid4().hex}", by_name=request.param)
    bucket.create_bucket()
    return bucket


@contextlib.contextmanager
def refused(kind, status, code):
    with pytest.raises(kind) as caught:
        yield caught
    assert (caught.value.status, caught.value.code) == (status, code)
    assert len(caught.value.request_id) == 24


class TestBuckets:
    def test_a_bucket_is_made_shown_and_removed(self, emulator, bucket):
        info = bucket.get_bucket_info()
        assert info.name == bucket.bucket_name
        assert info.location == "oss-cn-shanghai"
        assert info.acl.grant == oss2.BUCKET_ACL_PRIVATE
        assert info.owner.id == emulator.account
        assert info.storage_class == "Standard"
        assert bucket.get_bucket_location().location == "oss-cn-shanghai"
        bucket.create_bucket()
        bucket.delete_bucket()
        with refused(exceptions.NoSuchBucket, 404, "NoSuchBucket"):
            bucket.get_bucket_info()

    def test_a_bucket_takes_its_class_and_redundancy_from_the_request(self, emulator, auth):
        bucket = bucket_at(emulator, auth, f"conformance-{uuid.uuid4().hex}")
        config = models.BucketCreateConfig(oss2.BUCKET_STORAGE_CLASS_IA, "ZRS")
        bucket.create_bucket(oss2.BUCKET_ACL_PUBLIC_READ, config)
        info = bucket.get_bucket_info()
        assert (info.storage_class, info.data_redundancy_type) == ("IA", "ZRS")
        assert info.acl.grant == oss2.BUCKET_ACL_PUBLIC_READ

    def test_a_bucket_that_holds_something_stays(self, bucket):
        bucket.put_object("a", b"1")
        with refused(exceptions.BucketNotEmpty, 409, "BucketNotEmpty"):
            bucket.delete_bucket()

    def test_access_control_lists_are_kept(self, bucket):
        assert bucket.get_bucket_acl().acl == oss2.BUCKET_ACL_PRIVATE
        bucket.put_bucket_acl(oss2.BUCKET_ACL_PUBLIC_READ)
        assert bucket.get_bucket_acl().acl == oss2.BUCKET_ACL_PUBLIC_READ

    def test_a_bucket_counts_what_is_in_it(self, bucket):
        bucket.put_object("a", b"12345")
        bucket.init_multipart_upload("b")
        stat = bucket.get_bucket_stat()
        counted = (stat.storage_size_in_bytes, stat.object_count, stat.multi_part_upload_count)
        assert counted == (5, 1, 1)

    def test_buckets_are_listed_in_pages(self, emulator, auth):
        prefix = f"list-{uuid.uuid4().hex[:8]}"
        for number in range(5):
            bucket_at(emulator, auth, f"{prefix}-{number}").create_bucket()
        service = oss2.Service(auth, emulator.oss, region=emulator.region)
        names = [found.name for found in oss2.BucketIterator(service, prefix=prefix, max_keys=2)]
        assert names == [f"{prefix}-{number}" for number in range(5)]

    def test_names_that_are_none_are_refused(self, emulator, auth):
        # The SDK checks names itself, so the request is made by hand.
        answer = requests.put(f"{emulator.oss}/No_Bucket/", timeout=10)
        assert answer.status_code == 400 and "InvalidBucketName" in answer.text


class TestObjects:
    @pytest.mark.parametrize("key", KEYS)
    def test_keys_of_every_kind_come_back(self, bucket, key):
        content = key.encode() * 3
        put = bucket.put_object(key, content)
        assert put.status == 200
        assert put.etag == hashlib.md5(content).hexdigest().upper()
        assert bucket.get_object(key).read() == content
        assert [found.key for found in oss2.ObjectIterator(bucket)] == [key]
        bucket.delete_object(key)
        assert not bucket.object_exists(key)

    def test_what_is_said_about_an_object_comes_back(self, bucket):
        headers = {
            "Content-Type": "image/jpeg",
            "Cache-Control": "no-cache",
            "Content-Disposition": "attachment; filename=a.jpg",
            "x-oss-meta-emulator-faces": "female/37, male/40",
            "x-oss-storage-class": "IA",
        }
        bucket.put_object("a.jpg", b"12345", headers=headers)
        head = bucket.head_object("a.jpg")
        assert head.content_type == "image/jpeg"
        assert head.content_length == 5
        assert head.object_type == "Normal"
        assert head.headers["x-oss-meta-emulator-faces"] == "female/37, male/40"
        assert head.headers["x-oss-storage-class"] == "IA"
        assert head.headers["cache-control"] == "no-cache"
        assert abs(head.last_modified - time.time()) < 60
        got = bucket.get_object("a.jpg")
        got.read()
        assert got.headers["x-oss-meta-emulator-faces"] == "female/37, male/40"

    def test_only_little_is_told_by_object_meta(self, bucket):
        bucket.put_object("a.jpg", b"12345", headers={"x-oss-meta-a": "b"})
        meta = bucket.get_object_meta("a.jpg")
        assert meta.content_length == 5
        assert meta.etag == hashlib.md5(b"12345").hexdigest().upper()
        assert "x-oss-meta-a" not in meta.headers

    def test_a_large_object_is_checked_on_its_way_in_and_out(self, bucket):
        content = bytes(range(256)) * 40_000
        put = bucket.put_object("large", content)
        got = bucket.get_object("large")
        assert got.read() == content
        assert put.crc == got.server_crc == got.client_crc

    def test_an_empty_object_is_one(self, bucket):
        bucket.put_object("empty", b"")
        assert bucket.get_object("empty").read() == b""
        assert bucket.head_object("empty").content_length == 0

    def test_a_file_goes_there_and_back(self, bucket, tmp_path):
        (tmp_path / "in").write_bytes(b"photo")
        bucket.put_object_from_file("file", str(tmp_path / "in"))
        bucket.get_object_to_file("file", str(tmp_path / "out"))
        assert (tmp_path / "out").read_bytes() == b"photo"

    def test_a_stream_without_a_length_is_taken(self, bucket):
        bucket.put_object("stream", iter([b"one", b"two"]))
        assert bucket.get_object("stream").read() == b"onetwo"

    @pytest.mark.parametrize(
        "byte_range, status, expected",
        [
            ((0, 4), 206, b"01234"),
            ((5, None), 206, b"56789"),
            ((None, 3), 206, b"789"),
            ((0, 99), 200, b"0123456789"),
            ((10, 20), 200, b"0123456789"),
        ],
    )
    def test_a_range_is_read_and_an_invalid_one_counts_for_nothing(
        self, bucket, byte_range, status, expected
    ):
        bucket.put_object("ten", b"0123456789")
        got = bucket.get_object("ten", byte_range=byte_range)
        assert (got.status, got.read()) == (status, expected)
        assert ("Content-Range" in got.headers) == (status == 206)

    def test_an_invalid_range_is_an_error_to_who_wants_it_so(self, bucket):
        bucket.put_object("ten", b"0123456789")
        headers = {"x-oss-range-behavior": "standard"}
        with refused(exceptions.ServerError, 416, "InvalidRange"):
            bucket.get_object("ten", byte_range=(10, 20), headers=headers)

    def test_conditions_are_heeded(self, bucket):
        etag = bucket.put_object("a", b"1").etag
        past, future = (oss2.http_date(time.time() + offset) for offset in (-3600, 3600))
        for headers in [
            {"If-Match": f'"{etag}"'},
            {"If-None-Match": '"0"'},
            {"If-Modified-Since": past},
            {"If-Unmodified-Since": future},
        ]:
            assert bucket.get_object("a", headers=headers).read() == b"1"
        for headers in [{"If-Match": '"0"'}, {"If-Unmodified-Since": past}]:
            with refused(exceptions.PreconditionFailed, 412, "PreconditionFailed"):
                bucket.get_object("a", headers=headers)
        for headers in [{"If-None-Match": f'"{etag}"'}, {"If-Modified-Since": future}]:
            with pytest.raises(exceptions.NotModified):
                bucket.get_object("a", headers=headers)

    def test_a_condition_on_writing_is_not_implemented(self, bucket):
        with refused(exceptions.ServerError, 400, "NotImplemented"):
            bucket.put_object("a", b"1", headers={"If-Match": '"0"'})

    def test_a_reader_may_choose_headers(self, bucket):
        bucket.put_object("a", b"1")
        params = {
            "response-content-type": "text/plain",
            "response-content-disposition": "inline",
            "response-cache-control": "max-age=1",
        }
        got = bucket.get_object("a", params=params)
        assert got.headers["content-type"] == "text/plain"
        assert got.headers["content-disposition"] == "inline"
        assert got.headers["cache-control"] == "max-age=1"

    def test_overwriting_can_be_forbidden(self, bucket):
        headers = {"x-oss-forbid-overwrite": "true"}
        bucket.put_object("a", b"1", headers=headers)
        with refused(exceptions.ServerError, 409, "FileAlreadyExists"):
            bucket.put_object("a", b"2", headers=headers)
        assert bucket.get_object("a").read() == b"1"

    def test_a_wrong_digest_is_refused(self, bucket):
        digest = base64.b64encode(hashlib.md5(b"other").digest()).decode()
        with refused(exceptions.ServerError, 400, "InvalidDigest"):
            bucket.put_object("a", b"1", headers={"Content-MD5": digest})
        with refused(exceptions.ServerError, 400, "InvalidCRC64"):
            bucket.put_object("a", b"1", headers={"x-oss-hash-crc64ecma": "1"})
        assert not bucket.object_exists("a")

    def test_missing_things_are_named(self, emulator, auth, bucket):
        with refused(exceptions.NoSuchKey, 404, "NoSuchKey") as caught:
            bucket.get_object("missing")
        assert caught.value.details["Key"] == "missing"
        with refused(exceptions.NoSuchKey, 404, "NoSuchKey"):
            bucket.get_object_meta("missing")
        # The SDK reads the error of a HEAD request from its header.
        with refused(exceptions.NotFound, 404, "NoSuchKey"):
            bucket.head_object("missing")
        nowhere = bucket_at(emulator, auth, "conformance-nowhere")
        with refused(exceptions.NoSuchBucket, 404, "NoSuchBucket") as caught:
            nowhere.put_object("a", b"1")
        assert caught.value.details["BucketName"] == "conformance-nowhere"

    def test_deleting_what_is_missing_succeeds(self, bucket):
        assert bucket.delete_object("missing").status == 204

    def test_many_are_deleted_at_once(self, bucket):
        keys = ["a", "b&c", " blank ", "上海", "missing"]
        for key in keys[:-1]:
            bucket.put_object(key, b"1")
        assert bucket.batch_delete_objects(keys).deleted_keys == keys
        assert list(oss2.ObjectIterator(bucket)) == []

    def test_an_object_is_copied(self, bucket):
        headers = {"x-oss-meta-a": "b", "Content-Type": "image/png"}
        bucket.put_object("上海 a+b", b"12345", headers=headers)
        copied = bucket.copy_object(bucket.bucket_name, "上海 a+b", "copy")
        assert copied.etag == hashlib.md5(b"12345").hexdigest().upper()
        head = bucket.head_object("copy")
        assert (head.headers["x-oss-meta-a"], head.content_type) == ("b", "image/png")
        assert bucket.get_object("copy").read() == b"12345"
        headers = {"x-oss-copy-source-if-match": '"0"'}
        with refused(exceptions.PreconditionFailed, 412, "PreconditionFailed"):
            bucket.copy_object(bucket.bucket_name, "上海 a+b", "copy", headers=headers)

    def test_metadata_is_replaced_in_place(self, bucket):
        bucket.put_object("a", b"12345", headers={"x-oss-meta-a": "b"})
        bucket.update_object_meta("a", {"x-oss-meta-c": "d"})
        head = bucket.head_object("a")
        assert "x-oss-meta-a" not in head.headers
        assert head.headers["x-oss-meta-c"] == "d"
        assert bucket.get_object("a").read() == b"12345"

    def test_an_object_grows_by_appending(self, bucket):
        first = bucket.append_object("log", 0, b"12345", init_crc=0)
        assert first.next_position == 5
        second = bucket.append_object("log", 5, b"678", init_crc=first.crc)
        assert second.next_position == 8
        assert bucket.get_object("log").read() == b"12345678"
        assert bucket.head_object("log").object_type == "Appendable"
        with refused(exceptions.PositionNotEqualToLength, 409, "PositionNotEqualToLength") as caught:
            bucket.append_object("log", 5, b"9")
        assert caught.value.next_position == 8
        bucket.put_object("normal", b"1")
        with refused(exceptions.ObjectNotAppendable, 409, "ObjectNotAppendable"):
            bucket.append_object("normal", 1, b"2")

    def test_a_symbolic_link_is_followed(self, bucket):
        bucket.put_object("上海", b"12345")
        bucket.put_symlink("上海", "link")
        assert bucket.get_symlink("link").target_key == "上海"
        assert bucket.get_object("link").read() == b"12345"
        bucket.delete_object("上海")
        with refused(exceptions.ServerError, 404, "SymlinkTargetNotExist"):
            bucket.get_object("link")

    def test_tags_are_kept(self, bucket):
        bucket.put_object("a", b"1", headers={"x-oss-tagging": "k1=v1&k%202=v%2B2"})
        rule = bucket.get_object_tagging("a").tag_set.tagging_rule
        assert rule == {"k1": "v1", "k 2": "v+2"}
        tags = models.TaggingRule()
        tags.add("new", "tag")
        bucket.put_object_tagging("a", models.Tagging(tags))
        assert bucket.get_object_tagging("a").tag_set.tagging_rule == {"new": "tag"}
        bucket.delete_object_tagging("a")
        assert bucket.get_object_tagging("a").tag_set.tagging_rule == {}

    def test_an_object_has_an_access_control_list_of_its_own(self, bucket):
        bucket.put_object("a", b"1")
        assert bucket.get_object_acl("a").acl == oss2.OBJECT_ACL_DEFAULT
        bucket.put_object_acl("a", oss2.OBJECT_ACL_PUBLIC_READ)
        assert bucket.get_object_acl("a").acl == oss2.OBJECT_ACL_PUBLIC_READ

    def test_what_is_not_played_is_refused_as_such(self, bucket):
        with refused(exceptions.ServerError, 400, "NotImplemented"):
            bucket.get_bucket_lifecycle()
        bucket.put_object("a", b"1")
        with refused(exceptions.ServerError, 400, "NotImplemented"):
            bucket.get_object("a", process="image/resize,m_fill,w_100,h_100")

    def test_picture_is_made_to_fit(self, bucket):
        bucket.put_object("a.jpg", PHOTO.read_bytes())
        answer = bucket.get_object("a.jpg", process="image/resize,w_100,h_50")
        assert answer.content_type == "image/jpeg"
        picture = answer.read()
        frame = picture.index(b"\xff\xc0")
        assert struct.unpack(">HH", picture[frame + 5 : frame + 9]) == (50, 50)


class TestListing:
    @pytest.fixture
    def filled(self, bucket):
        for key in ["a", "b/1", "b/2", "c/d/1", "d e", "上海"]:
            bucket.put_object(key, b"1")
        return bucket

    @pytest.mark.parametrize("iterate", [oss2.ObjectIterator, oss2.ObjectIteratorV2])
    def test_folders_and_pages(self, filled, iterate):
        whole = [found.key for found in iterate(filled, max_keys=2)]
        assert whole == ["a", "b/1", "b/2", "c/d/1", "d e", "上海"]
        by_folder = iterate(filled, delimiter="/", max_keys=2)
        entries = [(found.key, found.is_prefix()) for found in by_folder]
        assert entries == [
            ("a", False), ("b/", True), ("c/", True), ("d e", False), ("上海", False)
        ]
        within = [found.key for found in iterate(filled, prefix="b/")]
        assert within == ["b/1", "b/2"]

    def test_a_listing_starts_after_a_key(self, filled):
        listed = filled.list_objects_v2(start_after="b/1", fetch_owner=True)
        assert [found.key for found in listed.object_list] == ["b/2", "c/d/1", "d e", "上海"]
        assert listed.object_list[0].owner.id == "1234567890123456"
        marked = filled.list_objects(marker="d e")
        assert [found.key for found in marked.object_list] == ["上海"]

    def test_entries_say_what_objects_are(self, filled):
        entry = filled.list_objects_v2(prefix="a").object_list[0]
        assert (entry.size, entry.type, entry.storage_class) == (1, "Normal", "Standard")
        assert entry.etag == hashlib.md5(b"1").hexdigest().upper()
        assert abs(entry.last_modified - time.time()) < 60


class TestMultipart:
    def test_parts_become_an_object(self, bucket):
        headers = {"Content-Type": "image/jpeg", "x-oss-meta-a": "b"}
        upload = bucket.init_multipart_upload("上海 big", headers=headers).upload_id
        chunks = [b"1" * PART, b"2" * PART, b"3"]
        parts = []
        for number, chunk in enumerate(chunks, 1):
            part = bucket.upload_part("上海 big", upload, number, chunk)
            assert part.etag == hashlib.md5(chunk).hexdigest().upper()
            info = models.PartInfo(number, part.etag, size=len(chunk), part_crc=part.crc)
            parts.append(info)
        listed = bucket.list_parts("上海 big", upload, max_parts=2)
        assert [part.size for part in listed.parts] == [PART, PART]
        assert listed.is_truncated
        rest = oss2.PartIterator(bucket, "上海 big", upload, marker=listed.next_marker)
        assert [part.part_number for part in rest] == [3]
        # The SDK combines the parts' sums and compares with the service's.
        done = bucket.complete_multipart_upload("上海 big", upload, parts)
        assert done.etag.endswith("-3")
        assert bucket.get_object("上海 big").read() == b"".join(chunks)
        head = bucket.head_object("上海 big")
        assert (head.object_type, head.headers["x-oss-meta-a"]) == ("Multipart", "b")

    def test_all_parts_may_be_taken(self, bucket):
        upload = bucket.init_multipart_upload("big").upload_id
        bucket.upload_part("big", upload, 7, b"only")
        headers = {"x-oss-complete-all": "yes"}
        bucket.complete_multipart_upload("big", upload, None, headers=headers)
        assert bucket.get_object("big").read() == b"only"

    def test_a_part_is_copied(self, bucket):
        bucket.put_object("source 1", b"0123456789")
        upload = bucket.init_multipart_upload("big").upload_id
        copied = bucket.upload_part_copy(
            bucket.bucket_name, "source 1", (2, 5), "big", upload, 1
        )
        parts = [models.PartInfo(1, copied.etag)]
        bucket.complete_multipart_upload("big", upload, parts)
        assert bucket.get_object("big").read() == b"2345"

    def test_a_file_is_uploaded_and_downloaded_in_parts(self, bucket, tmp_path):
        content = bytes(range(256)) * 1500
        (tmp_path / "in").write_bytes(content)
        store = oss2.ResumableStore(root=str(tmp_path))
        threads = {"num_threads": 3, "part_size": PART, "multipart_threshold": PART}
        oss2.resumable_upload(bucket, "big", str(tmp_path / "in"), store=store, **threads)
        store = oss2.ResumableDownloadStore(root=str(tmp_path))
        threads = {"num_threads": 3, "part_size": PART, "multiget_threshold": PART}
        oss2.resumable_download(bucket, "big", str(tmp_path / "out"), store=store, **threads)
        assert (tmp_path / "out").read_bytes() == content

    def test_uploads_are_listed_and_given_up(self, bucket):
        keys = ["a/1", "a/2", "b", "上海"]
        ids = [bucket.init_multipart_upload(key).upload_id for key in keys]
        listed = list(oss2.MultipartUploadIterator(bucket, max_uploads=1))
        assert [(found.key, found.upload_id) for found in listed] == list(zip(keys, ids))
        folders = oss2.MultipartUploadIterator(bucket, delimiter="/", max_uploads=1)
        assert [found.key for found in folders] == ["a/", "b", "上海"]
        for key, upload in zip(keys, ids):
            bucket.abort_multipart_upload(key, upload)
        assert list(oss2.MultipartUploadIterator(bucket)) == []
        with refused(exceptions.NoSuchUpload, 404, "NoSuchUpload"):
            bucket.abort_multipart_upload("b", ids[2])

    def test_wrong_completions_are_refused(self, bucket, monkeypatch):
        # The SDK sorts parts before it sends them; here the order is the point.
        monkeypatch.setattr(oss2.api, "sorted", lambda items, **_: items, raising=False)
        upload = bucket.init_multipart_upload("big").upload_id
        small = bucket.upload_part("big", upload, 1, b"small").etag
        last = bucket.upload_part("big", upload, 2, b"last").etag
        part = models.PartInfo
        cases = [
            ("InvalidPartOrder", [part(2, last), part(1, small)]),
            ("InvalidPart", [part(1, "0" * 32)]),
            ("InvalidPart", [part(3, last)]),
            ("EntityTooSmall", [part(1, small), part(2, last)]),
        ]
        for code, parts in cases:
            with refused(exceptions.ServerError, 400, code):
                bucket.complete_multipart_upload("big", upload, parts)
        with refused(exceptions.NoSuchUpload, 404, "NoSuchUpload"):
            bucket.upload_part("other", upload, 1, b"1")
        with refused(exceptions.ServerError, 400, "InvalidArgument"):
            bucket.upload_part("big", upload, 10_001, b"1")


class TestCrossOriginRules:
    def test_rules_are_kept_shown_and_removed(self, bucket):
        rule = models.CorsRule(
            allowed_origins=["https://*.example.com", "https://b.example.org"],
            allowed_methods=["GET", "POST"],
            allowed_headers=["*"],
            expose_headers=["ETag"],
            max_age_seconds=600,
        )
        bucket.put_bucket_cors(models.BucketCors([rule]))
        (found,) = bucket.get_bucket_cors().rules
        assert vars(found) == vars(rule)
        bucket.delete_bucket_cors()
        with refused(exceptions.NoSuchCors, 404, "NoSuchCORSConfiguration"):
            bucket.get_bucket_cors()


class TestSignatures:
    def test_a_wrong_secret_is_refused_and_explained(self, emulator, bucket):
        for version in VERSIONS:
            auth = auth_of(version, secret="wrong")
            wrong = bucket_at(emulator, auth, bucket.bucket_name)
            with refused(exceptions.SignatureDoesNotMatch, 403, "SignatureDoesNotMatch") as caught:
                wrong.put_object("a", b"1" * 1_000_000)
            details = caught.value.details
            assert details["OSSAccessKeyId"] == ACCESS_KEY_ID
            assert details["StringToSign"]
            spelled = bytes.fromhex(details["StringToSignBytes"]).decode()
            assert spelled == details["StringToSign"]

    def test_an_unknown_key_is_refused(self, emulator, bucket):
        for version in VERSIONS:
            auth = auth_of(version, key_id="LTAI5tUnknown")
            unknown = bucket_at(emulator, auth, bucket.bucket_name)
            with refused(exceptions.ServerError, 403, "InvalidAccessKeyId"):
                unknown.get_object("a")

    def test_another_region_is_refused(self, emulator, bucket):
        auth = auth_of(oss2.AUTH_VERSION_4)
        elsewhere = oss2.Bucket(auth, emulator.oss, bucket.bucket_name, region="cn-hangzhou")
        with refused(exceptions.ServerError, 400, "InvalidArgument"):
            elsewhere.get_object("a")

    @pytest.mark.parametrize("skew", [-1000, 1000])
    def test_a_clock_that_is_off_is_refused(self, emulator, bucket, skew):
        with emulator.fault("oss", "PutObject", "skew", skew_seconds=skew):
            with refused(exceptions.ServerError, 403, "RequestTimeTooSkewed"):
                bucket.put_object("a", b"1")
        with emulator.fault("oss", "PutObject", "skew", skew_seconds=skew // 2):
            bucket.put_object("a", b"1")

    def test_temporary_credentials_need_their_token(self, emulator, bucket):
        bucket.put_object("a", b"1")
        for version in VERSIONS:
            key_id = emulator.accept("temporary", token="token", expires="2999-01-01T00:00:00Z")
            sts = oss2.StsAuth(key_id, "temporary", "token", version)
            by_sts = bucket_at(emulator, sts, bucket.bucket_name)
            assert by_sts.get_object("a").read() == b"1"
            signed = by_sts.sign_url("GET", "a", 60)
            assert requests.get(signed, timeout=10).content == b"1"
            wrong = oss2.StsAuth(key_id, "temporary", "other", version)
            with refused(exceptions.ServerError, 403, "InvalidSecurityToken"):
                bucket_at(emulator, wrong, bucket.bucket_name).get_object("a")
            old_id = emulator.accept("temporary", token="token", expires="2020-01-01T00:00:00Z")
            old = oss2.StsAuth(old_id, "temporary", "token", version)
            with refused(exceptions.ServerError, 403, "SecurityTokenExpired"):
                bucket_at(emulator, old, bucket.bucket_name).get_object("a")

    def test_nobody_reads_a_private_bucket(self, emulator, bucket):
        bucket.put_object("a", b"1")
        anybody = bucket_at(emulator, oss2.AnonymousAuth(), bucket.bucket_name)
        with refused(exceptions.AccessDenied, 403, "AccessDenied"):
            anybody.get_object("a")
        with refused(exceptions.AccessDenied, 403, "AccessDenied"):
            anybody.get_object("missing")
        bucket.put_object_acl("a", oss2.OBJECT_ACL_PUBLIC_READ)
        assert anybody.get_object("a").read() == b"1"
        bucket.put_object_acl("a", oss2.OBJECT_ACL_PRIVATE)
        bucket.put_bucket_acl(oss2.BUCKET_ACL_PUBLIC_READ)
        with refused(exceptions.AccessDenied, 403, "AccessDenied"):
            anybody.get_object("a")
        with refused(exceptions.AccessDenied, 403, "AccessDenied"):
            anybody.put_object("b", b"1")
        bucket.put_bucket_acl(oss2.BUCKET_ACL_PUBLIC_READ_WRITE)
        anybody.put_object("b", b"1")
        with refused(exceptions.AccessDenied, 403, "AccessDenied"):
            anybody.list_objects()

    def test_two_forms_of_credentials_at_once_are_refused(self, bucket):
        bucket.put_object("a", b"1")
        signed = bucket.sign_url("GET", "a", 60)
        answer = requests.get(signed, headers={"Authorization": "OSS id:signature"}, timeout=10)
        assert answer.status_code == 400 and "InvalidArgument" in answer.text

    def test_an_authorization_that_is_none_is_refused(self, emulator, bucket):
        url = f"{emulator.oss}/{bucket.bucket_name}/a"
        date = {"Date": oss2.http_date()}
        cases = [
            ("no scheme", {"Authorization": "nothing", **date}, 400, "InvalidArgument"),
            ("no signature", {"Authorization": "OSS id", **date}, 400, "InvalidArgument"),
            ("no date", {"Authorization": "OSS id:signature"}, 403, "AccessDenied"),
            ("no date at all", {"Authorization": "OSS id:s", "Date": "x"}, 403, "AccessDenied"),
        ]
        for name, headers, status, code in cases:
            answer = requests.get(url, headers=headers, timeout=10)
            assert (answer.status_code, code in answer.text) == (status, True), name


class TestPresignedUrls:
    @pytest.mark.parametrize("key", KEYS)
    def test_anybody_reads_with_a_url(self, bucket, key):
        bucket.put_object(key, b"12345")
        for slash_safe in [False, True]:
            signed = bucket.sign_url("GET", key, 60, slash_safe=slash_safe)
            assert requests.get(signed, timeout=10).content == b"12345"

    def test_anybody_writes_with_a_url(self, bucket):
        headers = {"Content-Type": "image/jpeg", "x-oss-meta-a": "b"}
        signed = bucket.sign_url("PUT", "a b", 60, headers=headers)
        assert bucket.put_object_with_url(signed, b"12345", headers=headers).status == 200
        assert bucket.head_object("a b").headers["x-oss-meta-a"] == "b"
        other = {"Content-Type": "image/png", "x-oss-meta-a": "b"}
        with refused(exceptions.SignatureDoesNotMatch, 403, "SignatureDoesNotMatch"):
            bucket.put_object_with_url(signed, b"1", headers=other)

    def test_a_url_carries_parameters(self, bucket):
        bucket.put_object("a", b"12345")
        params = {"response-content-type": "text/plain; charset=utf-8"}
        signed = bucket.sign_url("GET", "a", 60, params=params)
        answer = requests.get(signed, timeout=10)
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"

    def test_a_changed_url_is_refused(self, bucket):
        bucket.put_object("a", b"12345")
        bucket.put_object("b", b"12345")
        signed = bucket.sign_url("GET", "a", 60)
        for changed in [signed.replace("/a?", "/b?"), signed.replace("xpires=", "xpires=9")]:
            answer = requests.get(changed, timeout=10)
            assert answer.status_code in (400, 403), changed
        assert requests.delete(signed, timeout=10).status_code == 403

    def test_an_expired_url_is_refused(self, emulator, bucket):
        bucket.put_object("a", b"12345")
        signed = bucket.sign_url("GET", "a", 60)
        with emulator.fault("oss", "GetObject", "skew", skew_seconds=120):
            answer = requests.get(signed, timeout=10)
        assert answer.status_code == 403
        assert "AccessDenied" in answer.text and "Request has expired." in answer.text

    def test_a_url_lives_seven_days_at_most(self, emulator, bucket):
        auth = auth_of(oss2.AUTH_VERSION_4)
        signed = bucket_at(emulator, auth, bucket.bucket_name).sign_url("GET", "a", 604_801)
        answer = requests.get(signed, timeout=10)
        assert answer.status_code == 400 and "0002-00000232" in answer.text


class TestForms:
    """PostObject, which the SDK has no call for; the policy is signed as documented."""

    def fields(self, bucket, key, version, conditions=()):
        now = time.gmtime()
        expiration = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + 60))
        fields = {"key": key}
        signer = {}
        if version == oss2.AUTH_VERSION_4:
            day = time.strftime("%Y%m%d", now)
            scope = [day, "cn-shanghai", "oss", "aliyun_v4_request"]
            signer = {
                "x-oss-signature-version": "OSS4-HMAC-SHA256",
                "x-oss-credential": "/".join([ACCESS_KEY_ID, *scope]),
                "x-oss-date": time.strftime("%Y%m%dT%H%M%SZ", now),
            }
        conditions = [{"bucket": bucket.bucket_name}, *conditions]
        conditions += [{name: value} for name, value in signer.items()]
        policy = {"expiration": expiration, "conditions": conditions}
        encoded = base64.b64encode(json.dumps(policy).encode()).decode()
        fields |= {"policy": encoded, **signer}
        if version == oss2.AUTH_VERSION_4:
            key = ("aliyun_v4" + ACCESS_KEY_SECRET).encode()
            for step in scope:
                key = hmac.digest(key, step.encode(), "sha256")
            fields["x-oss-signature"] = hmac.digest(key, encoded.encode(), "sha256").hex()
        else:
            signature = hmac.digest(ACCESS_KEY_SECRET.encode(), encoded.encode(), "sha1")
            fields["OSSAccessKeyId"] = ACCESS_KEY_ID
            fields["Signature"] = base64.b64encode(signature).decode()
        return fields

    def post(self, emulator, bucket, fields, content=b"12345"):
        url = f"{emulator.oss}/{bucket.bucket_name}"
        return requests.post(url, data=fields, files={"file": ("a.jpg", content)}, timeout=10)

    @pytest.mark.parametrize("version", VERSIONS)
    def test_a_form_uploads_a_file(self, emulator, bucket, version):
        conditions = [
            ["starts-with", "$key", "photos/"],
            ["content-length-range", 1, 10],
            {"success_action_status": "201"},
        ]
        fields = self.fields(bucket, "photos/${filename}", version, conditions)
        fields |= {"success_action_status": "201", "x-oss-meta-a": "b"}
        answer = self.post(emulator, bucket, fields)
        assert answer.status_code == 201, answer.text
        assert "<Key>photos/a.jpg</Key>" in answer.text
        assert bucket.get_object("photos/a.jpg").read() == b"12345"
        assert bucket.head_object("photos/a.jpg").headers["x-oss-meta-a"] == "b"

    @pytest.mark.parametrize("version", VERSIONS)
    def test_a_form_that_breaks_its_policy_is_refused(self, emulator, bucket, version):
        cases = [
            ("key", [["starts-with", "$key", "videos/"]], 403, "AccessDenied"),
            ("length", [["content-length-range", 6, 10]], 400, "EntityTooSmall"),
            ("length", [["content-length-range", 1, 4]], 400, "EntityTooLarge"),
            ("bucket", [{"bucket": "other"}], 403, "AccessDenied"),
            ("nonsense", [["like", "$key", "p"]], 400, "InvalidPolicyDocument"),
        ]
        for name, conditions, status, code in cases:
            fields = self.fields(bucket, "photos/a.jpg", version, conditions)
            answer = self.post(emulator, bucket, fields)
            assert (answer.status_code, code in answer.text) == (status, True), name
        assert not bucket.object_exists("photos/a.jpg")

    @pytest.mark.parametrize("version", VERSIONS)
    def test_a_changed_policy_is_refused(self, emulator, bucket, version):
        fields = self.fields(bucket, "a", version)
        fields["policy"] = self.fields(bucket, "a", version, [["eq", "$key", "a"]])["policy"]
        answer = self.post(emulator, bucket, fields)
        assert answer.status_code == 403 and "SignatureDoesNotMatch" in answer.text

    def test_a_form_must_be_one(self, emulator, bucket):
        url = f"{emulator.oss}/{bucket.bucket_name}"
        answer = requests.post(url, data={"key": "a"}, timeout=10)
        assert answer.status_code == 400 and "RequestIsNotMultiPartContent" in answer.text
        fields = {name: (None, value) for name, value in self.fields(bucket, "a", "v1").items()}
        answer = requests.post(url, files=fields, timeout=10)
        assert answer.status_code == 400
        assert "IncorrectNumberOfFilesInPOSTRequest" in answer.text
        answer = self.post(emulator, bucket, {"key": "a"})
        assert answer.status_code == 403 and "AccessDenied" in answer.text


class TestHostNames:
    def test_a_bucket_has_a_name_of_its_own(self, emulator, auth, bucket):
        host = f"img-{uuid.uuid4().hex}.{DOMAIN}"
        emulator.call("PUT", f"/hosts/{host}", {"bucket": bucket.bucket_name})
        port = emulator.addresses["oss"].rpartition(":")[2]
        own = oss2.Bucket(
            auth, f"http://{host}:{port}", bucket.bucket_name, is_cname=True, region=emulator.region
        )
        own.put_object("a b", b"12345")
        assert own.get_object("a b").read() == b"12345"
        assert requests.get(own.sign_url("GET", "a b", 60), timeout=10).content == b"12345"


class TestFaults:
    def test_an_error_comes_in_the_form_of_the_service(self, emulator, bucket):
        details = {"status": 503, "code": "ServiceUnavailable", "times": 1}
        with emulator.fault("oss", "HeadObject", "error", **details):
            with refused(exceptions.ServerError, 503, "ServiceUnavailable"):
                bucket.head_object("a")
        with emulator.fault("oss", "PutObject", "error", **details):
            with refused(exceptions.ServerError, 503, "ServiceUnavailable"):
                bucket.put_object("a", b"1")
            bucket.put_object("a", b"1")

    @pytest.mark.parametrize("details", [{"kind": "drop"}, {"kind": "drop", "after": True}])
    def test_a_connection_is_closed_without_an_answer(self, emulator, bucket, details):
        # The HTTP library below the SDK repeats what may be repeated, so a PUT is used.
        with emulator.fault("oss", "PutObject", times=1, **details):
            with pytest.raises(exceptions.RequestError):
                bucket.put_object("a", b"1")
        assert bucket.object_exists("a") == details.get("after", False)

    def test_an_answer_stops_half_way(self, emulator, bucket):
        bucket.put_object("a", b"12345" * 100_000)
        with emulator.fault("oss", "GetObject", "truncate", times=1):
            with pytest.raises(requests.exceptions.ChunkedEncodingError):
                bucket.get_object("a").read()
        assert len(bucket.get_object("a").read()) == 500_000
