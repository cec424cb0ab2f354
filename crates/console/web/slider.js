// Before and after over one another, with a slider between them: a range input, so that mouse,
// finger, keyboard and screen reader move it alike.

import { make } from "./dom.js";
import { say } from "./words.js";

const MIDDLE = 50;

// The picture, and `light(rect)`, which shows where a face is; nothing without one.
export function slider(before, after, record, name) {
  const box = make("div", { class: "box", hidden: true });
  const picture = (url, when) =>
    make("img", {
      src: url,
      alt: `${say(when)}: ${name}`,
      class: when,
      draggable: "false",
      // What was refused may be no picture at all.
      onerror: () => frame.dispatchEvent(new Event("unreadable")),
    });
  const frame = make("div", { class: "frame" });
  if (record) {
    // The room is kept while the pictures load.
    frame.style.setProperty("--ratio", `${record.width} / ${record.height}`);
    frame.style.setProperty("--side", String(record.width / record.height));
  }
  if (before) frame.append(picture(before.url, "before"));
  if (after) frame.append(picture(after.url, "after"));
  frame.append(box);
  if (before && after) {
    const range = make("input", { type: "range", min: 0, max: 100, step: 1, value: MIDDLE, "aria-label": say("slider") });
    const move = () => frame.style.setProperty("--split", `${range.value}%`);
    range.addEventListener("input", move);
    move();
    frame.classList.add("both");
    frame.append(
      make("span", { class: "bar", "aria-hidden": "true" }),
      make("span", { class: "tag left", "aria-hidden": "true" }, say("before")),
      make("span", { class: "tag right", "aria-hidden": "true" }, say("after")),
      range,
    );
  }
  const light = (rect) => {
    box.hidden = !rect;
    if (!rect) return;
    const share = (part, whole) => `${(part / whole) * 100}%`;
    box.style.left = share(rect.left, record.width);
    box.style.top = share(rect.top, record.height);
    box.style.width = share(rect.width, record.width);
    box.style.height = share(rect.height, record.height);
  };
  return { frame, light };
}
