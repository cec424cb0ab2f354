// Small plots of the last hour.

import { byId, draw, make } from "./dom.js";
import { number, say } from "./words.js";

const WIDTH = 240;
const HEIGHT = 48;
const HOUR_MS = 3_600_000;
const PER_MINUTE = 6; // Samples are ten seconds apart.
const MOST = 360;
const SPACING_MS = 10_000;

const PLOTS = [
  {
    title: "depth",
    unit: "messages",
    needsQueue: true,
    of: ({ queue }) => (queue ? queue.waiting + queue.hidden : null),
  },
  {
    title: "oldest",
    unit: "seconds",
    needsQueue: true,
    of: ({ queue }) => (queue ? Math.max(0, queue.oldest_seconds) : null),
  },
  {
    title: "adapters",
    unit: "pods",
    needsSource: true,
    of: ({ adapters }) => adapters,
  },
  {
    title: "rate",
    unit: "perMinute",
    of: ({ stored }) => stored * PER_MINUTE,
    now: (samples) => sum(samples.slice(-PER_MINUTE), "stored"),
  },
  {
    title: "failures",
    unit: "lastHour",
    isBad: true,
    of: ({ refused }) => refused,
    now: (samples) => sum(samples, "refused"),
  },
];

const sum = (samples, name) => samples.reduce((total, sample) => total + sample[name], 0);

export class Plots {
  constructor() {
    this.samples = [];
    this.hasQueue = true;
    this.hasSource = false;
    document.addEventListener("language", () => this.render());
  }

  history({ samples, sample, has_queue: hasQueue, has_source: hasSource }) {
    this.samples = samples;
    Object.assign(this, { hasQueue, hasSource });
    if (sample) this.last = sample;
    this.render();
  }

  // A look between two samples moves the numbers; the line grows every ten seconds.
  beat({ sample, has_queue: hasQueue, has_source: hasSource }) {
    Object.assign(this, { hasQueue, hasSource });
    this.last = sample;
    const end = this.samples.at(-1);
    if (!end || sample.at_ms - end.at_ms >= SPACING_MS) {
      this.samples.push(sample);
      this.samples.splice(0, this.samples.length - MOST);
    }
    this.render();
  }

  render() {
    // Only a cluster tells of adapters.
    const plots = PLOTS.filter(({ needsSource }) => !needsSource || this.hasSource);
    byId("plots").replaceChildren(...plots.map((plot) => this.plot(plot)));
  }

  plot({ title, unit, needsQueue, isBad, of, now }) {
    const samples = this.last && this.last !== this.samples.at(-1) ? [...this.samples, this.last] : this.samples;
    const isBlind = needsQueue && !this.hasQueue;
    const value = now ? now(samples) : of(samples.at(-1) ?? {});
    const shown = isBlind || value === null || value === undefined ? "–" : number(value);
    return make(
      "figure",
      { class: isBad && value > 0 ? "plot bad" : "plot", "data-plot": title },
      make("figcaption", {}, say(title)),
      make("p", { class: "value" }, shown, " ", make("small", {}, say(isBlind ? "noQueue" : unit))),
      line(samples, of),
    );
  }
}

function line(samples, of) {
  const end = samples.at(-1)?.at_ms ?? 0;
  const points = samples
    .map((sample) => ({ at: sample.at_ms, value: of(sample) }))
    .filter(({ value }) => value !== null && value !== undefined);
  const most = Math.max(1, ...points.map(({ value }) => value));
  const x = (at) => (WIDTH - 2 - ((end - at) / HOUR_MS) * (WIDTH - 4)).toFixed(1);
  const y = (value) => (HEIGHT - 2 - (value / most) * (HEIGHT - 6)).toFixed(1);
  const path = points.map(({ at, value }, index) => `${index ? "L" : "M"}${x(at)} ${y(value)}`).join("");
  const area = points.length > 1 ? `${path}V${HEIGHT}H${x(points[0].at)}Z` : "";
  return draw(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    draw("path", { class: "area", d: area }),
    draw("path", { class: "line", d: path }),
  );
}
