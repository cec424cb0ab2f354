// Somebody uses the console's page. Run by `cargo xtask ci console`, which starts the pipeline.

"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { after, before, describe, test } = require("node:test");

const { CONSOLE_URL, CONSOLE_TOKEN, PHOTO, SHOTS, accessible, broken, drop, launch, look, open, row, signIn } =
  require("./browser.cjs");

const photo = fs.readFileSync(PHOTO);
const HOSTILE = "<img src=x onerror=alert(1)>\u202e'\"&.jpg";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

describe("signing in", () => {
  const paths = ["/api/session", "/api/photos", "/api/photo?key=a", "/api/gallery", "/api/pulse", "/api/live"];
  const headersOf = ({ cookie, csrf }) => ({ cookie, "x-csrf-token": csrf, "content-type": "application/json" });

  async function session() {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ token: CONSOLE_TOKEN });
    const answer = await fetch(new URL("/api/session", CONSOLE_URL), { method: "POST", headers, body });
    const cookie = answer.headers.get("set-cookie");
    const known = await fetch(new URL("/api/session", CONSOLE_URL), { headers: { cookie: cookie.split(";")[0] } });
    return { cookie: cookie.split(";")[0], attributes: cookie, csrf: (await known.json()).csrf };
  }

  test("nothing is told without a session", async () => {
    for (const path of paths) {
      for (const cookie of ["", "console=1.x", "console=99999999999.AAAA"]) {
        const answer = await fetch(new URL(path, CONSOLE_URL), { headers: { cookie } });
        assert.equal(answer.status, 401, `${path} with ${cookie}`);
      }
    }
    const upload = await fetch(new URL("/api/uploads", CONSOLE_URL), { method: "POST", body: "{}" });
    assert.equal(upload.status, 401);
  });

  test("the cookie is for this site's requests alone, and no form is signed for another site", async () => {
    const opened = await session();
    assert.match(opened.attributes, /HttpOnly; SameSite=Strict/);
    assert.ok(!opened.attributes.includes(CONSOLE_TOKEN));
    const body = JSON.stringify({ files: [{ name: "a.jpg", size: 5 }] });
    const upload = async (change) => {
      const headers = { ...headersOf(opened), ...change };
      return (await fetch(new URL("/api/uploads", CONSOLE_URL), { method: "POST", headers, body })).status;
    };
    assert.equal(await upload({ "x-csrf-token": "" }), 403);
    assert.equal(await upload({ "x-csrf-token": `${opened.csrf}x` }), 403);
    assert.equal(await upload({ "sec-fetch-site": "cross-site" }), 403);
    assert.equal(await upload({ origin: "https://example.org" }), 403);
    assert.equal(await upload({}), 200);
  });

  test("a form allows one key of its folder, and no page of the bucket is shown but photos", async () => {
    const opened = await session();
    const ask = async (path, files) => {
      const answer = await fetch(new URL(path, CONSOLE_URL), {
        method: files ? "POST" : "GET",
        headers: headersOf(opened),
        body: files && JSON.stringify({ files }),
      });
      return { status: answer.status, body: await answer.json() };
    };
    const names = ["../../target/rec-a.jpg", "a.html", "b.jpg", "b.jpg"];
    const { body } = await ask("/api/uploads", names.map((name) => ({ name, size: 5 })));
    const [outside, page, first, second] = body.forms;
    assert.match(outside.key, /^photos\/[\d-]+\/[0-9a-f]{8}\/target\/rec-a\.jpg$/);
    assert.equal(page.error, "type");
    assert.notEqual(first.key, second.key);
    for (const result of ["photos/a.jpg", "target/../photos/a.jpg", "", "targeted/a.jpg"]) {
      const { status } = await ask(`/api/photo?result=${encodeURIComponent(result)}`);
      assert.equal(status, 400, result);
    }
  });

  test("headers forbid everything that the page does not need", async () => {
    const answer = await fetch(CONSOLE_URL);
    const policy = answer.headers.get("content-security-policy");
    for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"]) {
      assert.ok(policy.includes(part), policy);
    }
    assert.ok(!/unsafe|\*/.test(policy), policy);
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
  });

  test("a wrong token is told so, and the right one opens the page by keyboard alone", async () => {
    const { context, page, errors } = await open(browser);
    await page.locator("#token").waitFor();
    await look(page, "sign-in");
    await page.locator("#token").fill("not the token at all");
    await page.keyboard.press("Enter");
    await page.getByText("This is not the token.").waitFor();
    await page.locator("#token").fill(CONSOLE_TOKEN);
    await page.keyboard.press("Enter");
    await page.locator("#drop").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.locator("#token").waitFor();
    assert.deepEqual(errors, []);
    await context.close();
  });
});

describe("a photo", () => {
  let context, page, errors;
  before(async () => {
    ({ context, page, errors } = await open(browser, { viewport: { width: 1280, height: 900 } }));
    await signIn(page);
  });
  after(() => context.close());

  test("comes back with its face", async () => {
    await drop(page, [{ name: "portrait.jpg", bytes: photo }]);
    const stored = row(page, "portrait.jpg", "stored");
    await stored.waitFor();
    await stored.getByText(/1 face in [\d.]+ s/).waitFor();
    assert.equal(await stored.locator(".steps .done").count(), 6);
    await page.locator("#results .result").filter({ hasText: "portrait.jpg" }).filter({ hasText: "1 face" }).waitFor();
  });

  test("is chosen by the file dialog too, and several at once", async () => {
    const names = ["before the launch.jpg", "official portrait.jpg", "with the shuttle.jpg"];
    const files = names.map((name) => ({ name, mimeType: "image/jpeg", buffer: photo }));
    await page.locator("#files").setInputFiles(files);
    for (const name of names) {
      await row(page, name, "stored").waitFor();
      await page.locator("#results .result").filter({ hasText: name }).waitFor();
    }
    await page.waitForFunction(() => [...document.querySelectorAll("#results img")].every(({ naturalWidth }) => naturalWidth > 0));
    // The picture in the README.
    await page.screenshot({ path: path.join(SHOTS, "console.png"), fullPage: true });
  });

  test("that is none is refused, with the reason and what to do", async () => {
    await drop(page, [
      { name: "broken.jpg", bytes: Buffer.from("\xff\xd8\xff\xe0 this is no photo", "latin1") },
      { name: "notes.txt", bytes: Buffer.from("text") },
    ]);
    await row(page, "notes.txt", "refused").getByText("not a photo of a type").waitFor();
    const broken = row(page, "broken.jpg", "refused");
    await broken.getByText(/Refused \(4\d\d\): /).waitFor();
    await page.reload();
    await broken.waitFor();
    await broken.getByRole("button", { name: "broken.jpg" }).click();
    await page.getByRole("heading", { name: "Why it was refused" }).waitFor();
    await look(page, "refused");
    await page.keyboard.press("Escape");
  });

  test("is shown before and after, with its faces, its way, and what was said of it", async () => {
    await row(page, "portrait.jpg", "stored").getByRole("button", { name: "portrait.jpg" }).click();
    const viewer = page.getByRole("dialog");
    await viewer.getByText("Face 1").waitFor();
    for (const when of ["before", "after"]) {
      await page.waitForFunction((when) => document.querySelector(`.frame .${when}`)?.naturalWidth > 0, when);
    }
    await look(page, "photo");
    await page.setViewportSize({ width: 1280, height: 900 });

    const slider = viewer.getByRole("slider");
    await slider.focus();
    const split = () => viewer.locator(".after").evaluate((image) => getComputedStyle(image).clipPath);
    const middle = await split();
    for (let press = 0; press < 20; press += 1) await page.keyboard.press("ArrowRight");
    assert.notEqual(await split(), middle);
    assert.equal(await slider.inputValue(), "70");

    const face = viewer.getByRole("button", { name: /Face 1/ });
    const box = viewer.locator(".box");
    assert.ok(await box.isHidden());
    await face.hover();
    await box.waitFor();
    const [lit, frame] = await Promise.all([box.boundingBox(), viewer.locator(".frame").boundingBox()]);
    assert.ok(lit.x >= frame.x && lit.y >= frame.y && lit.width < frame.width / 2, JSON.stringify({ lit, frame }));
    await viewer.getByRole("heading", { name: "Its way" }).hover();
    assert.ok(await box.isHidden());

    await viewer.getByText("Event", { exact: true }).click();
    const event = JSON.parse(await viewer.getByRole("region", { name: "Event" }).textContent());
    assert.equal(event.type, "oss:ObjectCreated:PostObject");
    await viewer.getByText("Reply", { exact: true }).click();
    const reply = JSON.parse(await viewer.getByRole("region", { name: "Reply" }).textContent());
    assert.equal(reply.data.results[0].face_count, 1);

    for (const [button, name] of [["Download before", "portrait.jpg"], ["Download after", "rec-portrait.jpg"]]) {
      const saved = page.waitForEvent("download");
      await viewer.getByRole("button", { name: button }).click();
      const download = await saved;
      assert.equal(download.suggestedFilename(), name);
      if (button === "Download before") assert.ok(fs.readFileSync(await download.path()).equals(photo));
    }
    const link = page.url();
    assert.match(link, /#key=photos%2F/);
    assert.ok(!link.includes("ignature"));
    await page.keyboard.press("Escape");
    await viewer.waitFor({ state: "hidden" });

    const other = await context.newPage();
    await other.goto(link);
    await other.getByRole("dialog").getByText("Face 1").waitFor();
    await other.close();
  });

  test("with a hostile name changes nothing but its own text", async () => {
    await drop(page, [{ name: HOSTILE, bytes: photo }]);
    await row(page, HOSTILE, "stored").waitFor();
    await row(page, HOSTILE, "stored").getByRole("button").first().click();
    await page.getByRole("dialog").getByText("Face 1").waitFor();
    assert.equal(await page.locator("#viewer-title").textContent(), HOSTILE);
    assert.equal(await page.locator("img[src=x]").count(), 0);
    await page.keyboard.press("Escape");
    const forged = {
      specversion: "1.0",
      id: "forged",
      source: "/forged",
      type: "oss:ObjectCreated:PutObject",
      knativeerrorcode: "<b>400</b>",
      knativeerrordata: "<script>alert(3)</script>",
      data: {
        events: [{
          eventName: "ObjectCreated:PutObject",
          region: "cn-shanghai",
          oss: { bucket: { name: "face-image" }, object: { key: "<svg onload=alert(4)>.jpg", eTag: "A", size: 1 } },
        }],
      },
    };
    const headers = { "content-type": "application/cloudevents+json" };
    const sent = await fetch(new URL("/events", CONSOLE_URL), { method: "POST", headers, body: JSON.stringify(forged) });
    assert.equal(sent.status, 202);
    await row(page, "<svg onload=alert(4)>.jpg", "refused").getByText("<script>alert(3)</script>").waitFor();
    assert.deepEqual(errors, []);
  });

  test("whose service is down is missed", async () => {
    const fault = { service: "mns", operation: "GetQueueAttributes", kind: "error", status: 500, code: "InternalError" };
    await broken(fault, async () => {
      await page.getByText("The queue does not answer").waitFor();
      await accessible(page, "a service is down");
    });
    await page.getByText("The queue does not answer").waitFor({ state: "hidden" });
    const refuseForms = { service: "oss", operation: "PostObject", kind: "error", status: 403, code: "AccessDenied" };
    await broken(refuseForms, async () => {
      await drop(page, [{ name: "unlucky.jpg", bytes: photo }]);
      await row(page, "unlucky.jpg", "refused").getByText("the bucket answered 403").waitFor();
    });
    await row(page, "unlucky.jpg", "refused").getByRole("button", { name: "Try again" }).click();
    await row(page, "unlucky.jpg", "stored").waitFor();
  });

  test("is found in Chinese as well", async () => {
    await page.getByRole("button", { name: "中文" }).click();
    await page.getByRole("heading", { name: "把照片拖到这里" }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-CN");
    await accessible(page, "Chinese");
    await page.setViewportSize({ width: 768, height: 900 });
    await page.screenshot({ path: path.join(SHOTS, "chinese-768-light.png") });
    await page.getByRole("button", { name: "English" }).click();
  });
});

describe("photos", () => {
  let context, page;
  before(async () => {
    ({ context, page } = await open(browser, { viewport: { width: 1280, height: 900 } }));
    await signIn(page);
  });
  after(() => context.close());

  test("are pasted", async () => {
    await page.evaluate((base64) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const clipboardData = new DataTransfer();
      clipboardData.items.add(new File([bytes], "pasted.jpg", { type: "image/jpeg" }));
      document.dispatchEvent(new ClipboardEvent("paste", { clipboardData }));
    }, photo.toString("base64"));
    await row(page, "pasted.jpg", "stored").waitFor();
  });

  // Two photos, one of them in a folder of its own, and a file that is none.
  async function folder(body) {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), "console-"));
    const trip = path.join(root, "trip");
    fs.mkdirSync(path.join(trip, "day 2"), { recursive: true });
    fs.writeFileSync(path.join(trip, "arrival.jpg"), photo);
    fs.writeFileSync(path.join(trip, "day 2", "museum.jpg"), photo);
    fs.writeFileSync(path.join(trip, "notes.txt"), "no photo");
    try {
      await body(trip);
    } finally {
      fs.rmSync(root, { recursive: true });
    }
  }

  const stored = (name) => page.locator(`#rows .row[data-state="stored"][data-key$="/${name}"]`).first();

  test("of a folder are dropped, with their folders", async () => {
    await folder(async (trip) => {
      const box = await page.locator("#drop").boundingBox();
      const browserItself = await context.newCDPSession(page);
      const data = { items: [], files: [trip], dragOperationsMask: 1 };
      for (const type of ["dragEnter", "dragOver", "drop"]) {
        await browserItself.send("Input.dispatchDragEvent", { type, x: box.x + 20, y: box.y + 20, data });
      }
      await stored("trip/arrival.jpg").waitFor();
      await stored("trip/day 2/museum.jpg").waitFor();
      await row(page, "/trip/notes.txt", "refused").getByText("not a photo of a type").waitFor();
    });
  });

  test("of a folder are chosen", async () => {
    await folder(async (trip) => {
      const before = await page.locator("#rows .row").count();
      await page.locator("#folder").setInputFiles(trip);
      await page.locator("#show-all").click();
      await page.locator("#rows .row").nth(before + 2).waitFor();
      for (const name of ["trip/arrival.jpg", "trip/day 2/museum.jpg"]) {
        const rows = page.locator(`#rows .row[data-state="stored"][data-key$="/${name}"]`);
        await rows.nth(1).waitFor();
      }
    });
  });
});

test("the page is light and shows itself at once", async () => {
  const { context, page } = await open(browser);
  await page.locator("#token").waitFor();
  const { bytes, names, paint } = await page.evaluate(async () => {
    const paints = () => performance.getEntriesByName("first-contentful-paint");
    while (paints().length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const loaded = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
    const own = loaded.filter(({ name }) => !name.includes("/api/"));
    const bytes = own.reduce((sum, { transferSize }) => sum + transferSize, 0);
    return { bytes, names: own.map(({ name }) => name), paint: paints()[0].startTime };
  });
  // A figure for people: how fast a busy machine is, says nothing of the page.
  console.log(`first paint after ${Math.round(paint)} ms; ${names.length} files, ${bytes} bytes`);
  assert.ok(bytes > 0 && bytes < 150_000, `${bytes} bytes`);
  assert.ok(names.every((name) => name.startsWith(CONSOLE_URL)), String(names));
  await context.close();
});

test("the page looks right at every width, in light and dark", async () => {
  const { context, page, errors } = await open(browser, { viewport: { width: 1280, height: 900 } });
  await signIn(page);
  await page.locator('#rows .row[data-state="stored"]').first().waitFor();
  await page.locator("#results .result").nth(3).waitFor();
  await look(page, "page");
  assert.deepEqual(errors, []);
  await context.close();
});

test("in a cluster the adapter's pods have a plot of their own", async () => {
  const { context, page, errors } = await open(browser, { viewport: { width: 1280, height: 900 } });
  const now = Date.now();
  const samples = Array.from({ length: 360 }, (_, index) => {
    const load = Math.max(0, Math.sin(index / 40));
    const queue = { waiting: Math.round(load * 90), hidden: Math.round(load * 12), oldest_seconds: Math.round(load * 18) };
    return { at_ms: now - (359 - index) * 10_000, queue, adapters: 1 + Math.round(load * 4), stored: Math.round(load * 8), refused: 0 };
  });
  const beat = { sample: samples.at(-1), troubles: {}, has_queue: true, has_source: true };
  const body = `retry: 1000\nevent: pulse\ndata: ${JSON.stringify(beat)}\n\n`;
  await page.route("**/api/photos", (route) => route.fulfill({ json: [] }));
  await page.route("**/api/pulse", (route) => route.fulfill({ json: { samples, ...beat } }));
  await page.route("**/api/live", (route) => route.fulfill({ contentType: "text/event-stream", body }));
  await signIn(page);
  await page.locator('[data-plot="adapters"]').getByText("pods").waitFor();
  assert.equal(await page.locator("#plots .plot").count(), 5);
  await look(page, "cluster");
  assert.deepEqual(errors, []);
  await context.close();
});
