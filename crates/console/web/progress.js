// Photos on their way: what this page uploads, and what the console hears of the others.

import { announce, byId, lastOf, make } from "./dom.js";
import { faces, number, say, size, time } from "./words.js";

export const STEPS = ["uploaded", "queued", "delivered", "analysed", "drawn", "stored"];
// Rows at first; hundreds at once would hide the rest of the page.
const FEW = 8;

export class Progress {
  // `open` shows a photo; `again` repeats an upload; `limit` is the largest file in bytes.
  constructor(open, again) {
    this.open = open;
    this.again = again;
    this.limit = 0;
    this.rows = new Map(); // by key, or by the upload's id while it has none
    this.showsAll = false;
    this.isDue = false;
    byId("show-all").addEventListener("click", () => {
      this.showsAll = !this.showsAll;
      this.refresh();
    });
    document.addEventListener("language", () => {
      for (const row of this.rows.values()) row.isStale = true;
      this.refresh();
    });
  }

  upload(upload) {
    let row = this.rows.get(upload.id);
    if (upload.key) {
      // From now on the row is found by its key.
      row = this.rows.get(upload.key) ?? row;
      if (row) this.rows.delete(upload.id);
    }
    row ??= this.begin(upload.name);
    row.upload = upload;
    row.key = upload.key;
    this.rows.set(upload.key ?? upload.id, row);
    this.touch(row);
  }

  journey(journey) {
    const known = this.rows.get(journey.key);
    // A form was signed for somebody; whether a photo follows is not known yet.
    if (!known && Object.keys(journey.steps).length === 0 && journey.state === "open") return;
    const row = known ?? this.begin(lastOf(journey.key), journey.since);
    const was = row.journey?.state;
    row.journey = journey;
    row.key = journey.key;
    this.rows.set(journey.key, row);
    if (row.upload && was !== journey.state && journey.state !== "open") {
      announce(`${row.name}: ${this.status(row)}`);
    }
    this.touch(row);
  }

  // The upload begins again, under another key.
  forget(upload) {
    this.rows.delete(upload.key ?? upload.id);
  }

  begin(name, since) {
    return { name, since: since ? Date.parse(since) : Date.now(), isStale: true };
  }

  touch(row) {
    row.isStale = true;
    this.refresh();
  }

  // Once per frame, however much happens.
  refresh() {
    if (this.isDue) return;
    this.isDue = true;
    // Not by the frame: a page in the background has none.
    setTimeout(() => {
      this.isDue = false;
      this.render();
    }, 50);
  }

  render() {
    const rows = [...this.rows.values()].sort((one, other) => other.since - one.since);
    const shown = this.showsAll ? rows : rows.slice(0, FEW);
    const list = byId("rows");
    const wanted = shown.map((row) => this.element(row));
    wanted.forEach((element, index) => {
      if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
    });
    while (list.children.length > wanted.length) list.lastElementChild.remove();
    byId("no-rows").hidden = rows.length > 0;
    const states = rows.map((row) => this.state(row));
    const count = (state) => number(states.filter((other) => other === state).length);
    const counts = { open: count("open"), stored: count("stored"), refused: count("refused") };
    byId("way-summary").textContent = rows.length > 0 ? say("summary", counts) : "";
    const button = byId("show-all");
    button.hidden = rows.length <= FEW;
    button.textContent = this.showsAll ? say("showFewer") : say("showAll", { count: number(rows.length) });
    button.setAttribute("aria-expanded", String(this.showsAll));
  }

  state(row) {
    if (row.upload?.problem) return "refused";
    return row.journey?.state ?? "open";
  }

  // One element per row, kept, so that focus and screen readers stay where they are.
  element(row) {
    row.element ??= make("li", { class: "row" });
    if (!row.isStale) return row.element;
    row.isStale = false;
    const isOpenable = row.key !== undefined && row.journey !== undefined;
    const state = this.state(row);
    row.element.dataset.state = state;
    row.element.dataset.key = row.key ?? "";
    row.button ??= make("button", { type: "button", class: "name", onclick: () => this.open(row.key) });
    row.button.textContent = row.name;
    row.button.title = row.key ?? row.name;
    row.button.disabled = !isOpenable;
    const retry = row.upload?.problem && !row.upload.problem.isFinal
      ? make("button", { type: "button", class: "plain", onclick: () => this.again(row.upload) }, say("retry"))
      : null;
    const status = make("p", { class: "status" }, this.status(row), retry);
    row.element.replaceChildren(row.button, status, this.steps(row));
    return row.element;
  }

  steps({ journey, upload }) {
    const done = journey?.steps ?? {};
    const last = STEPS.findLastIndex((step) => step in done);
    const bar = STEPS.map((step, index) => {
      let stage = "later";
      if (index <= last || (index === 0 && upload?.isDone)) stage = "done";
      else if (index === last + 1 && journey?.state === "refused") stage = "failed";
      else if (index === last + 1 && !upload?.problem) stage = "now";
      const at = done[step] ? time(done[step]) : null;
      return make("li", { class: stage, title: at }, make("span", {}, say(step)));
    });
    return make("ol", { class: "steps" }, ...bar);
  }

  status({ upload, journey }) {
    if (upload?.problem) {
      const values = { size: size(this.limit), ...upload.problem.values };
      return say(upload.problem.word, values);
    }
    if (journey?.state === "refused") {
      return `${say("refused")} (${journey.refusal.code}): ${journey.refusal.reason}`;
    }
    if (journey?.state === "stored") {
      const { uploaded, stored } = journey.steps;
      const found = faces(journey.faces);
      if (!uploaded) return found;
      const seconds = Math.max(0, (Date.parse(stored) - Date.parse(uploaded)) / 1000);
      return say("took", { faces: found, seconds: seconds.toFixed(1) });
    }
    const step = STEPS.findLast((name) => name in (journey?.steps ?? {}));
    const attempt = journey?.attempts > 1 ? `, ${say("attempt", { count: journey.attempts })}` : "";
    if (step) return say(step) + attempt;
    if (upload?.isDone) return say("uploaded");
    if (upload?.attempts > 0) return say("uploading", { percent: upload.percent });
    return upload ? say("waiting") : say("expected");
  }
}
