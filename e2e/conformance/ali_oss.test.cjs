// The official npm SDK for OSS drives the emulator. Run by test_ali_oss.py, which says where the
// emulator is and where the SDK was installed.

"use strict";

const assert = require("node:assert/strict");
const crypto = require("node:crypto");
const dns = require("node:dns");
const { after, describe, test } = require("node:test");

const OSS = require("ali-oss");

const { OSS_ENDPOINT, OSS_REGION, OSS_KEY_ID, OSS_KEY_SECRET } = process.env;
const LONG = Buffer.alloc(256 * 1000, "0123456789abcdef");
const PART = 100 * 1024;

// Plays the name server for names that lead to the emulator.
const domain = new URL(OSS_ENDPOINT).hostname;
const { lookup } = dns;
dns.lookup = (host, ...rest) =>
  lookup(host === domain || host.endsWith(`.${domain}`) ? "127.0.0.1" : host, ...rest);

function storeOf(options) {
  return new OSS({
    accessKeyId: OSS_KEY_ID,
    accessKeySecret: OSS_KEY_SECRET,
    endpoint: OSS_ENDPOINT,
    region: `oss-${OSS_REGION}`,
    ...options,
  });
}

async function refused(code, promise) {
  const error = await promise.then(
    () => assert.fail(`${code} expected`),
    (error) => error,
  );
  assert.equal(error.code, code);
  assert.ok(error.requestId, "an error names its request");
  return error;
}

const ways = [];
for (const authorizationV4 of [false, true]) {
  for (const sldEnable of [false, true]) {
    ways.push({ authorizationV4, sldEnable });
  }
}

for (const options of ways) {
  const signature = options.authorizationV4 ? "V4" : "V1";
  const style = options.sldEnable ? "path" : "virtual-hosted";
  describe(`${signature}, ${style}`, () => {
    const bucket = `npm-${crypto.randomUUID()}`;
    const store = storeOf(options);
    let ready;
    const prepared = () => {
      ready ??= store.putBucket(bucket).then(() => store.useBucket(bucket));
      return ready;
    };
    const scene = (name, body) =>
      test(name, async () => {
        await prepared();
        await body();
      });

    scene("describes and lists buckets", async () => {
      const { bucket: info } = await store.getBucketInfo(bucket);
      assert.equal(info.Name, bucket);
      assert.equal(info.Location, `oss-${OSS_REGION}`);
      assert.equal(info.AccessMonitor, "Disabled");
      const { buckets } = await store.listBuckets({ prefix: bucket });
      assert.deepEqual(buckets.map(({ name }) => name), [bucket]);
      await store.putBucketACL(bucket, "public-read");
      assert.equal((await store.getBucketACL(bucket)).acl, "public-read");
      await store.putBucketACL(bucket, "private");
      const { stat } = await store.getBucketStat(bucket);
      assert.equal(stat.LiveChannelCount, "0");
    });

    for (const key of ["plain.jpg", "a b+c%41.jpg", "上海/人?.jpg", "folder/nested/"]) {
      scene(`gives back ${key}`, async () => {
        const meta = { city: "shanghai", uid: 1 };
        await store.put(key, Buffer.from("12345"), { meta, mime: "image/jpeg" });
        const { content, res } = await store.get(key);
        assert.equal(content.toString(), "12345");
        assert.equal(res.headers["content-type"], "image/jpeg");
        const head = await store.head(key);
        assert.deepEqual(head.meta, { city: "shanghai", uid: "1" });
        assert.equal((await store.delete(key)).res.status, 204);
        const missing = await refused("NoSuchKey", store.head(key));
        assert.equal(missing.status, 404);
      });
    }

    scene("keeps cross-origin rules", async () => {
      const rule = {
        allowedOrigin: ["https://a.example.com", "https://b.example.com"],
        allowedMethod: ["GET", "POST"],
        allowedHeader: "*",
        exposeHeader: ["ETag", "x-oss-request-id"],
        maxAgeSeconds: "600",
      };
      await store.putBucketCORS(bucket, [rule, { allowedOrigin: "*", allowedMethod: "HEAD" }]);
      const { rules } = await store.getBucketCORS(bucket);
      assert.deepEqual(rules[0], rule);
      assert.equal(rules[1].allowedOrigin, "*");
      await store.deleteBucketCORS(bucket);
      await refused("NoSuchCORSConfiguration", store.getBucketCORS(bucket));
    });

    scene("reads ranges", async () => {
      await store.put("range", Buffer.from("0123456789"));
      const range = async (range, headers) => {
        const { content, res } = await store.get("range", {
          headers: { Range: `bytes=${range}`, ...headers },
        });
        return [res.status, content.toString()];
      };
      assert.deepEqual(await range("5-7"), [206, "567"]);
      assert.deepEqual(await range("5-30"), [200, "0123456789"]);
      assert.deepEqual(await range("-30"), [200, "0123456789"]);
      const standard = { "x-oss-range-behavior": "standard" };
      assert.deepEqual(await range("5-30", standard), [206, "56789"]);
      await refused("InvalidRange", range("10-", standard));
    });

    scene("copies and changes metadata", async () => {
      await store.put("from", Buffer.from("1"), { meta: { a: 1 }, mime: "image/jpeg" });
      await store.copy("to", "from");
      assert.deepEqual((await store.head("to")).meta, { a: "1" });
      await store.putMeta("to", { b: 2 });
      const { meta, res } = await store.head("to");
      assert.deepEqual(meta, { b: "2" });
      assert.equal(res.headers["content-type"], "image/jpeg");
    });

    scene("appends", async () => {
      const first = await store.append("log", Buffer.from("123"));
      assert.equal(first.nextAppendPosition, "3");
      await store.append("log", Buffer.from("45"), { position: "3" });
      assert.equal((await store.get("log")).content.toString(), "12345");
      const { res } = await store.head("log");
      assert.equal(res.headers["x-oss-next-append-position"], "5");
      await refused("PositionNotEqualToLength", store.append("log", Buffer.from("1")));
    });

    scene("uploads in parts", async () => {
      await store.multipartUpload("big", LONG, { partSize: PART, parallel: 2 });
      assert.ok((await store.get("big")).content.equals(LONG));
      const { uploadId } = await store.initMultipartUpload("parts");
      const part = await store.uploadPart("parts", uploadId, 1, LONG, 0, PART);
      await store.uploadPartCopy("parts", uploadId, 2, "0-9", {
        sourceKey: "big",
        sourceBucketName: bucket,
      });
      const { parts } = await store.listParts("parts", uploadId);
      assert.deepEqual(parts.map(({ Size }) => Size), [String(PART), "10"]);
      const done = [
        { number: 1, etag: part.etag },
        { number: 2, etag: parts[1].ETag },
      ];
      await store.completeMultipartUpload("parts", uploadId, done);
      assert.equal((await store.get("parts")).content.length, PART + 10);
      const { uploadId: again } = await store.initMultipartUpload("given up");
      await store.initMultipartUpload("folder/a");
      const { uploads, prefixes } = await store.listUploads({ "max-uploads": 10, delimiter: "/" });
      assert.deepEqual(uploads.map(({ uploadId }) => uploadId), [again]);
      assert.deepEqual(prefixes ?? ["folder/"], ["folder/"]);
      await store.abortMultipartUpload("given up", again);
      await refused("NoSuchUpload", store.listParts("given up", again));
    });

    scene("presigns URLs", async () => {
      const headers = { "Content-Type": "text/plain" };
      const urlOf = (method, key) =>
        options.authorizationV4
          ? store.signatureUrlV4(method, 60, method === "PUT" ? { headers } : {}, key)
          : store.signatureUrl(key, {
              method,
              expires: 60,
              ...(method === "PUT" && headers),
            });
      const agent = async (url, more) => {
        const { res } = await store.urllib.request(url, { dataType: "text", ...more });
        return [res.status, res.data];
      };
      const [status, text] = await agent(await urlOf("PUT", "signed b"), {
        method: "PUT",
        content: "12345",
        headers,
      });
      assert.equal(status, 200, text);
      const url = await urlOf("GET", "signed b");
      assert.deepEqual(await agent(url), [200, "12345"]);
      assert.equal((await agent(url.replace("signed", "others")))[0], 403);
    });

    scene("lists page by page", async () => {
      const keys = ["list/a/1", "list/a/2", "list/b", "list/c d"];
      for (const key of keys) await store.put(key, Buffer.from("1"));
      const query = { prefix: "list/", "max-keys": 3 };
      const first = await store.listV2(query);
      const token = first.nextContinuationToken;
      const second = await store.listV2({ ...query, "continuation-token": token });
      const found = [...first.objects, ...second.objects];
      assert.deepEqual(found.map(({ name }) => name), keys);
      const folders = await store.list({ prefix: "list/", delimiter: "/" });
      assert.deepEqual(folders.prefixes, ["list/a/"]);
      const { deleted } = await store.deleteMulti(keys);
      assert.deepEqual(deleted.map(({ Key }) => Key), keys);
    });

    scene("tags", async () => {
      await store.put("tagged", Buffer.from("1"));
      await store.putObjectTagging("tagged", { k: "v 1" });
      assert.deepEqual((await store.getObjectTagging("tagged")).tag, { k: "v 1" });
      await store.deleteObjectTagging("tagged");
      assert.deepEqual((await store.getObjectTagging("tagged")).tag, {});
    });

    scene("links", async () => {
      await store.put("aim", Buffer.from("12345"), { meta: { of: "aim" } });
      await store.putSymlink("link", "aim", { meta: { of: "link" } });
      assert.equal((await store.getSymlink("link")).targetName, "aim");
      assert.equal((await store.get("link")).content.toString(), "12345");
      assert.deepEqual((await store.head("link")).meta, { of: "link" });
      await store.putSymlink("two", "link");
      await refused("InvalidTargetType", store.head("two"));
    });

    scene("grants access", async () => {
      await store.put("public", Buffer.from("1"));
      await store.putACL("public", "public-read");
      assert.equal((await store.getACL("public")).acl, "public-read");
    });

    scene("refuses what it does not play", async () => {
      const callback = { url: "http://localhost/", body: "bucket=${bucket}" };
      await refused("NotImplemented", store.put("called", Buffer.from("1"), { callback }));
      const headers = { "x-oss-server-side-encryption": "ROT13" };
      const put = store.put("encrypted", Buffer.from("1"), { headers });
      await refused("InvalidEncryptionAlgorithmError", put);
    });

    scene("archives and restores", async () => {
      const headers = { "x-oss-storage-class": "Archive" };
      await store.put("old", Buffer.from("1"), { headers });
      await refused("InvalidObjectState", store.get("old"));
      assert.equal((await store.restore("old")).res.status, 202);
      await refused("RestoreAlreadyInProgress", store.restore("old"));
    });

    scene("knows no stranger and no bucket that is not there", async () => {
      const stranger = storeOf({ ...options, accessKeyId: "LTAI5tUnknown", bucket });
      await refused("InvalidAccessKeyId", stranger.get("a"));
      stranger.useBucket("nowhere-at-all");
      await refused("NoSuchBucket", stranger.get("a"));
      const forger = storeOf({ ...options, accessKeySecret: "wrong", bucket });
      await refused("SignatureDoesNotMatch", forger.get("a"));
    });

    // Last, as the SDK's own tests do it: whatever is left goes version by version.
    after(async () => {
      const { objects } = await store.getBucketVersions({ "max-keys": 1000 });
      for (const { name, versionId } of objects ?? []) {
        assert.equal(versionId, "null");
        await store.delete(name, { versionId });
      }
      const { uploads } = await store.listUploads({ "max-uploads": 1000 });
      for (const { name, uploadId } of uploads) await store.abortMultipartUpload(name, uploadId);
      await store.deleteBucket(bucket);
    });
  });
}
