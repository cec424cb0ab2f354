// A browser, and what the tests do with it again and again.

"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");

const { chromium } = require("playwright-core");

const { CONSOLE_URL, CONSOLE_TOKEN, ADMIN_URL, CONTROL_URL, SHOTS } = process.env;
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const PHOTO = path.join(__dirname, "../../assets/astronaut.jpg");
const AXE = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const WIDTHS = [320, 768, 1280];
// Far longer than anything takes: a loaded machine may be slow, and no test waits for it to pass.
const DEADLINE = 120_000;

fs.mkdirSync(SHOTS, { recursive: true });

const launch = () =>
  chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
  });

// A page whose errors fail the test that looks at `errors`.
async function open(browser, { url = CONSOLE_URL, ...options } = {}) {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  context.setDefaultTimeout(DEADLINE);
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    // Answers that are refusals are told there as well, and are what some tests want.
    const isAnswer = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !isAnswer) errors.push(message.text());
  });
  page.on("dialog", (dialog) => {
    errors.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.goto(url);
  return { context, page, errors };
}

async function signIn(page) {
  await page.locator("#token").fill(CONSOLE_TOKEN);
  await page.locator("#sign-in button[type=submit]").click();
  await page.locator("#drop").waitFor();
}

// Drops files on the page, as from a desktop.
async function drop(page, files) {
  const transfer = await page.evaluateHandle((files) => {
    const transfer = new DataTransfer();
    for (const { name, base64 } of files) {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      transfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
    }
    return transfer;
  }, files.map(({ name, bytes }) => ({ name, base64: bytes.toString("base64") })));
  for (const type of ["dragenter", "dragover", "drop"]) {
    await page.dispatchEvent("#drop", type, { dataTransfer: transfer });
  }
}

const row = (page, name, state) =>
  page.locator(`#rows .row[data-state="${state}"]`).filter({ has: page.getByRole("button", { name, exact: true }) });

// Findings of axe-core that keep somebody out.
async function accessible(page, what) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const serious = violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(" ")}`);
  assert.deepEqual(serious, [], what);
}

// Nothing may stick out to the side, and a picture of each width is kept.
async function look(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      const sticking = await page.evaluate(() => {
        const dialog = document.querySelector("dialog[open]");
        const [inner, outer] = dialog ? [dialog.scrollWidth, dialog.clientWidth] : [document.documentElement.scrollWidth, innerWidth];
        return inner - outer;
      });
      assert.ok(sticking <= 0, `${name} at ${width}: ${sticking} px stick out`);
      await page.screenshot({ path: path.join(SHOTS, `${name}-${width}-${colorScheme}.png`) });
    }
    await accessible(page, `${name}, ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
}

// Lets calls of an emulated service fail while `body` runs.
async function broken(fault, body) {
  const headers = { "content-type": "application/json" };
  const installed = await fetch(`${ADMIN_URL}/faults`, { method: "POST", headers, body: JSON.stringify(fault) });
  assert.ok(installed.ok, await installed.clone().text());
  const { id } = await installed.json();
  try {
    await body();
  } finally {
    await fetch(`${ADMIN_URL}/faults/${id}`, { method: "DELETE" });
  }
}

// Stops a service while `body` runs.
async function without(name, body) {
  const order = async (action) => {
    const done = await fetch(`${CONTROL_URL}/${action}/${name}`, { method: "POST" });
    assert.ok(done.ok, await done.text());
  };
  await order("stop");
  try {
    await body();
  } finally {
    await order("start");
  }
}

module.exports = { CONSOLE_URL, CONSOLE_TOKEN, PHOTO, SHOTS, accessible, broken, drop, launch, look, open, row, signIn, without };
