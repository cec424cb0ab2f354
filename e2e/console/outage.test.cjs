// What the page says when something behind it is away, and that nothing is lost meanwhile. Run by
// `cargo xtask ci console`, which stops and starts the services when it is asked to.

"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const { after, before, test } = require("node:test");

const { CONSOLE_URL, PHOTO, broken, drop, launch, look, open, row, signIn, without } = require("./browser.cjs");

const photo = fs.readFileSync(PHOTO);

let browser, context, page;
before(async () => {
  browser = await launch();
  ({ context, page } = await open(browser, { viewport: { width: 1280, height: 900 } }));
  await signIn(page);
});
after(() => browser.close());

const trouble = (text) => page.locator("#troubles .trouble").filter({ hasText: text });

async function said(text, name) {
  await trouble(text).waitFor();
  if (name) await look(page, name);
}

test("the adapter is away: messages wait, and their photo comes back later", async () => {
  await without("source-adapter", async () => {
    await drop(page, [{ name: "patient.jpg", bytes: photo }]);
    await said("Messages wait in the queue and nobody takes them", "adapter-away");
  });
  await row(page, "patient.jpg", "stored").waitFor();
  await trouble("Messages wait").waitFor({ state: "hidden" });
});

test("the face service is away: the page says so, and its photo comes back later", async () => {
  await without("face-recognition", async () => {
    await drop(page, [{ name: "persistent.jpg", bytes: photo }]);
    await row(page, "persistent.jpg", "open").getByText("Delivered").first().waitFor();
    await said("face-recognition has not answered since", "face-service-away");
    await page.getByRole("button", { name: "中文" }).click();
    await said("起没有应答");
    await page.getByRole("button", { name: "English" }).click();
  });
  await row(page, "persistent.jpg", "stored").waitFor();
  await trouble("has not answered").waitFor({ state: "hidden" });
});

test("the bucket is away", async () => {
  const fault = { service: "oss", operation: "*", kind: "error", status: 503, code: "ServiceUnavailable" };
  await broken(fault, () => said("The bucket does not answer", "bucket-away"));
  await trouble("The bucket does not answer").waitFor({ state: "hidden" });
});

test("the console is away, and knows the photos of the day when it is back", async () => {
  await without("console", () => said("The console does not answer", "console-away"));
  await trouble("The console does not answer").waitFor({ state: "hidden" });
  const other = await context.newPage();
  await other.goto(CONSOLE_URL);
  for (const name of ["patient.jpg", "persistent.jpg"]) await row(other, name, "stored").waitFor();
  await other.close();
});

test("a bucket without the rule for the page's address is told from one that is away", async () => {
  const url = new URL(CONSOLE_URL);
  url.hostname = "photos.localhost";
  const opened = await open(browser, { url: url.href, viewport: { width: 1280, height: 900 } });
  await signIn(opened.page);
  await drop(opened.page, [{ name: "kept out.jpg", bytes: photo }]);
  const refused = row(opened.page, "kept out.jpg", "refused");
  await refused.getByText("the bucket cannot be reached from this page").waitFor();
  const hint = opened.page.locator("#troubles .trouble");
  await hint.filter({ hasText: `lacks this CORS rule: origin ${url.origin}; methods GET, HEAD, POST; headers *` }).waitFor();
  await look(opened.page, "no-cors-rule");
  assert.ok(await refused.getByRole("button", { name: "Try again" }).isVisible());
  await opened.context.close();
});
