// One photo: before and after, its faces, its way, its event and reply.

import { call } from "./api.js";
import { announce, byId, lastOf, make } from "./dom.js";
import { STEPS } from "./progress.js";
import { slider } from "./slider.js";
import { say, size, time } from "./words.js";

const HASH = /^#(key|result)=(.+)$/;

export class Viewer {
  constructor() {
    this.dialog = byId("viewer");
    byId("viewer-close").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => {
      this.shown = null;
      if (HASH.test(location.hash)) history.replaceState(null, "", location.pathname);
    });
    // A click on what lies around it closes it.
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
    document.addEventListener("language", () => this.shown && this.open(...this.shown));
  }

  // Opens what the address names; a link from somebody else does the same.
  openAddress() {
    const [, kind, name] = HASH.exec(location.hash) ?? [];
    if (!kind) return;
    try {
      this.open(kind, decodeURIComponent(name));
    } catch {
      // The address is no link of ours.
    }
  }

  // A photo that is open is loaded again when it has come further.
  changed(journey) {
    const [kind, name] = this.shown ?? [];
    if (kind === "key" && name === journey.key && journey.state !== this.state) this.open(kind, name);
  }

  async open(kind, name) {
    this.shown = [kind, name];
    history.replaceState(null, "", `#${kind}=${encodeURIComponent(name)}`);
    byId("viewer-title").textContent = lastOf(name);
    const body = byId("viewer-body");
    if (!this.dialog.open) {
      body.replaceChildren();
      this.dialog.showModal();
    }
    try {
      const photo = await call("GET", `/api/photo?${kind}=${encodeURIComponent(name)}`);
      if (this.shown?.[1] !== name) return;
      this.state = photo.journey?.state;
      body.replaceChildren(...this.content(photo, kind, name));
    } catch (error) {
      body.replaceChildren(make("p", { class: "problem", role: "alert" }, say("failed", { reason: error.message })));
    }
  }

  content(photo, kind, name) {
    const { before, after, record, journey } = photo;
    const { frame, light } = slider(before, after, record, lastOf(name));
    const column = make("div", { class: "facts" });
    if (!before && !after) column.append(make("p", {}, say("notThere")));
    else if (!after && !journey?.refusal) column.append(make("p", { class: "quiet" }, say("notBack")));
    if (record) column.append(faceList(record, light));
    column.append(this.actions(photo, name));
    if (journey) column.append(way(journey));
    column.append(document_("eventDocument", photo.event), document_("replyDocument", photo.reply));
    const columns = make("div", { class: before || after ? "viewer-columns" : "viewer-columns bare" }, frame, column);
    frame.addEventListener("unreadable", () => columns.classList.toggle("bare", !after));
    return journey?.refusal ? [refused(journey.refusal), columns] : [columns];
  }

  actions({ before, after, key, result_key: resultKey }, name) {
    const link = make("button", { type: "button", onclick: () => share(link) }, say("copyLink"));
    const buttons = [];
    if (after) buttons.push(download("downloadAfter", after, lastOf(resultKey), "primary"));
    if (before) buttons.push(download("downloadBefore", before, lastOf(key ?? name), ""));
    return make("p", { class: "buttons" }, ...buttons, link);
  }
}

function refused({ code, reason }) {
  // Codes of the service's own, and those that say that the photo is at fault.
  const isFinal = !/^\d+$/.test(code) || (/^4/.test(code) && !["408", "425", "429"].includes(code));
  return make(
    "section",
    { class: "trouble" },
    make("h3", {}, say("whyRefused")),
    make("p", {}, `${code}: ${reason}`),
    make("p", {}, say(isFinal ? "adviceRefused" : "adviceLater")),
  );
}

function faceList(record, light) {
  const title = make("h3", {}, `${say("facesFound")} (${record.face_count})`);
  if (record.face_count === 0) return make("section", {}, title, make("p", { class: "quiet" }, say("noFaceFound")));
  if (!record.faces) {
    return make("section", {}, title, make("p", { class: "quiet" }, say("facesNotKept", { count: record.face_count })));
  }
  const rows = record.faces.map((face, index) => {
    const said = [
      face.gender ? say(face.gender) : null,
      face.age === undefined ? null : say("age", { age: face.age }),
    ].filter(Boolean);
    const sure = face.probability === undefined ? "" : say("sure", { percent: Math.round(face.probability * 100) });
    const show = () => light(face.rect);
    const hide = () => light(null);
    return make(
      "li",
      {},
      make(
        "button",
        { type: "button", class: "face", onmouseenter: show, onmouseleave: hide, onfocus: show, onblur: hide, onclick: show },
        make("span", {}, say("faceNumber", { number: index + 1 })),
        make("span", { class: "quiet" }, said.join(", ")),
        make("span", { class: "quiet" }, sure),
      ),
    );
  });
  return make("section", {}, title, make("ul", { class: "faces" }, ...rows));
}

function way({ steps, attempts }) {
  const rows = STEPS.filter((step) => steps[step]).map((step) =>
    make("li", {}, make("span", {}, say(step)), make("time", { datetime: steps[step], class: "quiet" }, time(steps[step]))),
  );
  const again = attempts > 1 ? make("p", { class: "quiet" }, say("attempt", { count: attempts })) : null;
  return make("section", {}, make("h3", {}, say("way")), make("ol", { class: "way" }, ...rows), again);
}

function document_(title, text) {
  const content = text
    ? make("pre", { tabindex: 0, role: "region", "aria-label": say(title) }, pretty(text))
    : make("p", { class: "quiet" }, say("notReceived"));
  return make("details", { class: "document" }, make("summary", {}, say(title)), content);
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function download(word, { url, size_bytes: bytes }, name, kind) {
  const save = async () => {
    try {
      const answer = await fetch(url, { credentials: "omit" });
      if (!answer.ok) throw new Error(String(answer.status));
      const local = URL.createObjectURL(await answer.blob());
      make("a", { href: local, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(local), 60_000);
    } catch (error) {
      announce(say("failed", { reason: error.message }));
      button.textContent = say("failed", { reason: error.message });
    }
  };
  const button = make("button", { type: "button", class: kind, onclick: save }, `${say(word)} (${size(bytes)})`);
  return button;
}

async function share(button) {
  let word = "copied";
  try {
    await navigator.clipboard.writeText(location.href);
  } catch {
    word = "notCopied"; // Only pages over HTTPS or on this machine may write there.
  }
  button.textContent = say(word);
  announce(say(word));
}
