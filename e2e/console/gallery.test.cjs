// The gallery with two thousand results. Run by `cargo xtask ci console`, which has made them.

"use strict";

const assert = require("node:assert/strict");
const { after, before, test } = require("node:test");

const { launch, look, open, signIn } = require("./browser.cjs");

let browser, page;
before(async () => {
  browser = await launch();
  ({ page } = await open(browser, { viewport: { width: 1280, height: 900 } }));
  await signIn(page);
});
after(() => browser.close());

const shown = () => page.locator("#results .result-name").allTextContents();
const found = (pattern) => page.locator("#found").filter({ hasText: pattern }).waitFor();

test("thousands of results come page by page, the newest first", async () => {
  // The console lists the bucket once a minute.
  await found(/^2,0\d\d of 2,0\d\d/);
  const first = await shown();
  assert.equal(first.length, 48);
  assert.match(first[0], /^\d{4}\.jpg$/);
  await page.getByRole("button", { name: "Show more" }).click();
  await page.locator("#results li").nth(95).waitFor();
  assert.equal(new Set(await shown()).size, 96);
  await look(page, "gallery");
});

test("results are found by name and by the number of their faces", async () => {
  await page.locator("#text").fill("many/rec-012");
  await found(/^10 of 2,0/);
  assert.deepEqual((await shown()).sort(), Array.from({ length: 10 }, (_, last) => `012${last}.jpg`));
  await page.locator("#text").fill("many/");
  await found(/^2,000 of 2,0\d\d$/);
  await page.locator("#faces").selectOption({ label: "4 or more" });
  await found(/^20 of 2,0/);
  assert.ok((await shown()).includes("1900.jpg"));
  await page.locator("#text").fill("nothing is called that");
  await found(/^0 of 2,0/);
  assert.equal((await shown()).length, 0);
});
