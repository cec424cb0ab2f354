// Brings the parts of the page together.

import { call, listen, session } from "./api.js";
import { byId, make } from "./dom.js";
import { Gallery } from "./gallery.js";
import { Plots } from "./plots.js";
import { Progress } from "./progress.js";
import { Uploads, dropped, named } from "./upload.js";
import { Viewer } from "./viewer.js";
import { clock, say, size, switchLanguage, translate } from "./words.js";

const RETRY_MS = 2000;
// Messages that wait longer are in trouble, and so is a face service that says nothing for longer.
const PATIENCE_SECONDS = 30;
// Proxies end long answers, and the browser asks again at once.
const AWAY_MS = 5000;

const viewer = new Viewer();
const progress = new Progress(
  (key) => viewer.open("key", key),
  (upload) => {
    progress.forget(upload);
    uploads.again(upload);
  },
);
const uploads = new Uploads((upload) => {
  if (upload.problem?.isCut) troubles.isCut = true;
  if (upload.isDone) troubles.isCut = false;
  progress.upload(upload);
  showTroubles();
});
const gallery = new Gallery((key) => viewer.open("result", key));
const plots = new Plots();
const troubles = { isAway: false, isCut: false, beat: null };
let about = null;
let source = null;
let away = null;

function showTroubles() {
  const { sample, troubles: failing, unanswered_since_ms: since } = troubles.beat ?? {};
  const { oss = null, mns = null, source: cluster = null } = failing ?? {};
  const queue = sample?.queue;
  const found = [];
  if (troubles.isAway) found.push(say("unreachable"));
  if (oss) found.push(say("ossDown", { reason: oss }));
  else if (troubles.isCut) found.push(say("cors", { origin: location.origin }));
  if (mns) found.push(say("mnsDown", { reason: mns }));
  if (cluster) found.push(say("sourceDown", { reason: cluster }));
  if (queue && queue.waiting > 0 && queue.hidden === 0 && queue.oldest_seconds > PATIENCE_SECONDS) {
    found.push(say("adapterDown"));
  }
  if (since && sample.at_ms - since > PATIENCE_SECONDS * 1000) {
    found.push(say("faceDown", { since: clock(since) }));
  }
  const text = found.join("\n");
  if (text === troubles.text) return;
  troubles.text = text;
  byId("troubles").replaceChildren(...found.map((line) => make("p", { class: "trouble" }, line)));
}

function showAbout() {
  byId("language").textContent = say("other");
  byId("language").lang = say("other") === "中文" ? "zh-CN" : "en";
  if (!about) return;
  byId("place").textContent = `${about.bucket} · ${about.region}`;
  byId("limits").textContent = say("limits", { size: size(about.max_upload_bytes) });
}

function show(part) {
  byId("sign-in").hidden = part !== "sign-in";
  byId("work").hidden = part !== "work";
}

function isAway(isSo) {
  clearTimeout(away);
  away = null;
  troubles.isAway = isSo;
  showTroubles();
}

async function begin() {
  try {
    about = await session();
  } catch {
    show("work");
    isAway(true);
    setTimeout(begin, RETRY_MS);
    return;
  }
  if (!about) {
    leave();
    return;
  }
  isAway(false);
  progress.limit = about.max_upload_bytes;
  byId("sign-out").hidden = !about.signs_out;
  byId("files").accept = about.types.join(",");
  show("work");
  showAbout();
  source?.close();
  source = listen({ photo, pulse, gallery: () => gallery.changed(), reload: load }, (isThere, broken) => {
    if (isThere) {
      isAway(false);
      load();
      return;
    }
    away ??= setTimeout(() => isAway(true), AWAY_MS);
    // The browser gives up on its own after a refusal.
    if (broken.readyState === EventSource.CLOSED) setTimeout(begin, RETRY_MS);
  });
  viewer.openAddress();
}

function leave() {
  source?.close();
  source = null;
  about = null;
  byId("sign-out").hidden = true;
  byId("place").textContent = "";
  byId("rows").replaceChildren();
  byId("results").replaceChildren();
  progress.rows.clear();
  if (viewer.dialog.open) viewer.dialog.close();
  show("sign-in");
  byId("token").focus();
}

async function load() {
  try {
    const [photos, history] = await Promise.all([call("GET", "/api/photos"), call("GET", "/api/pulse")]);
    for (const journey of photos) progress.journey(journey);
    plots.history(history);
    await gallery.load();
  } catch (error) {
    if (error.status !== 401) setTimeout(load, RETRY_MS);
  }
}

function photo(journey) {
  progress.journey(journey);
  viewer.changed(journey);
}

function pulse(beat) {
  troubles.beat = beat;
  plots.beat(beat);
  showTroubles();
}

byId("sign-in").querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const problem = byId("sign-in-problem");
  problem.textContent = "";
  try {
    await call("POST", "/api/session", { token: byId("token").value });
    byId("token").value = "";
    await begin();
    if (!about && !troubles.isAway) problem.textContent = say("cookieLost");
  } catch (error) {
    if (error.status === 401) problem.textContent = say("wrongToken");
    else if (error.status === 429) problem.textContent = say("tooOften", { seconds: error.retryAfter });
    else problem.textContent = error.message;
  }
});

byId("sign-out").addEventListener("click", async () => {
  await call("DELETE", "/api/session").catch(() => null);
  leave();
});
byId("language").addEventListener("click", switchLanguage);
document.addEventListener("signed-out", leave);
document.addEventListener("language", () => {
  showAbout();
  showTroubles();
});

for (const [button, input] of [["choose", "files"], ["choose-folder", "folder"]]) {
  byId(button).addEventListener("click", () => byId(input).click());
  byId(input).addEventListener("change", () => {
    uploads.add(named(byId(input).files));
    byId(input).value = "";
  });
}
// Anywhere on the page: nobody should lose it by missing the frame.
let depth = 0;
const over = (change) => {
  depth = Math.max(0, depth + change);
  byId("drop").classList.toggle("over", depth > 0);
};
document.addEventListener("dragenter", () => over(1));
document.addEventListener("dragleave", () => over(-1));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", async (event) => {
  event.preventDefault();
  over(-depth);
  if (about && event.dataTransfer) uploads.add(await dropped(event.dataTransfer));
});
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (about && files.length > 0) uploads.add(named(files));
});
addEventListener("hashchange", () => about && viewer.openAddress());

translate();
showAbout();
plots.render();
progress.render();
begin();
