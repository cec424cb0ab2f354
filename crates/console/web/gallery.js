// The results in the bucket: searched by the console, fetched a screenful at a time.

import { call } from "./api.js";
import { byId, lastOf, make } from "./dom.js";
import { faces, number, say } from "./words.js";

const TYPING_MS = 250;
const REFRESH_MS = 1500;

// Least and most faces of each choice.
const CHOICES = [
  ["anyFaces", null, null],
  ["noFaces", 0, 0],
  ["exactly", 1, 1],
  ["exactly", 2, 2],
  ["exactly", 3, 3],
  ["orMore", 4, null],
  ["orMore", 10, null],
];

const version = ({ key, modified_ms: modified, faces: count }) => `${modified} ${count} ${key}`;

// The whole picture where OSS makes no small one of it.
function picture({ url, thumbnail }) {
  const image = make("img", { src: thumbnail ?? url, alt: "", loading: "lazy", decoding: "async" });
  if (thumbnail) image.addEventListener("error", () => (image.src = url), { once: true });
  return image;
}

export class Gallery {
  constructor(open) {
    this.open = open;
    this.pages = 0;
    this.asked = 0;
    this.select = byId("faces");
    byId("search").addEventListener("submit", (event) => event.preventDefault());
    byId("text").addEventListener("input", () => this.soon(TYPING_MS));
    this.select.addEventListener("change", () => this.load());
    byId("more").addEventListener("click", () => this.load(this.next));
    document.addEventListener("language", () => {
      this.choices();
      this.load();
    });
    this.choices();
  }

  choices() {
    const chosen = this.select.value;
    const options = CHOICES.map(([word, least], index) =>
      make("option", { value: index }, say(word, { count: least })),
    );
    this.select.replaceChildren(...options);
    this.select.value = chosen || "0";
  }

  soon(pause) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), pause);
  }

  // There are new results. Whoever has gone further down is left in peace.
  changed() {
    if (this.pages > 1 || this.isDue) return;
    this.isDue = true;
    setTimeout(() => {
      this.isDue = false;
      if (this.pages <= 1) this.load();
    }, REFRESH_MS);
  }

  async load(after) {
    const query = new URLSearchParams({ text: byId("text").value });
    const [, least, most] = CHOICES[Number(this.select.value)];
    if (least !== null) query.set("least", least);
    if (most !== null) query.set("most", most);
    if (after) query.set("after", after);
    const asked = (this.asked += 1);
    this.pages = after ? this.pages + 1 : 1;
    let page;
    try {
      page = await call("GET", `/api/gallery?${query}`);
    } catch (error) {
      byId("found").textContent = say("failed", { reason: error.message });
      return;
    }
    if (asked !== this.asked) return; // Another question came after this one.
    const list = byId("results");
    const shown = new Map([...list.children].map((element) => [element.dataset.version, element]));
    const items = page.items.map((item) => this.kept(shown, item) ?? this.item(item));
    if (after) list.append(...items);
    else list.replaceChildren(...items);
    if (after) items[0]?.querySelector("button").focus({ preventScroll: true });
    this.next = page.next;
    byId("more").hidden = !page.next;
    const values = { found: number(page.found), total: number(page.total), uncounted: number(page.uncounted) };
    const word = page.total === 0 ? "noResults" : page.uncounted > 0 ? "counting" : "found";
    byId("found").textContent = say(word, values);
  }

  // URLs differ at each call: a picture that is there is not fetched again.
  kept(shown, item) {
    const element = shown.get(version(item));
    return element?.querySelector("img").naturalWidth > 0 ? element : null;
  }

  item(item) {
    const { key, faces: count } = item;
    const name = lastOf(key).replace(/^rec-/, "");
    const said = count === null ? "" : faces(count);
    return make(
      "li",
      { "data-version": version(item) },
      make(
        "button",
        { type: "button", class: "result", title: key, onclick: () => this.open(key) },
        picture(item),
        make("span", { class: "caption" }, make("span", { class: "result-name" }, name), make("span", { class: "quiet" }, said)),
      ),
    );
  }
}
