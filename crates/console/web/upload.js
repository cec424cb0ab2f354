// From the browser straight to the bucket: the console signs a form for each photo, and never sees
// its bytes.

import { call } from "./api.js";

const AT_A_TIME = 4;
// Few, because a form lives minutes only.
const FORMS_AT_A_TIME = 12;
const ATTEMPTS = 3;
const PAUSE_MS = 1500;

const PROBLEMS = { empty: "empty", name: "badName", size: "tooLarge", type: "badType" };

export class Uploads {
  // `show` is told whenever an upload changes: { id, name, key, percent, problem, isDone }.
  constructor(show) {
    this.show = show;
    this.waiting = [];
    this.signed = [];
    this.running = 0;
    this.isSigning = false;
    this.next = 0;
  }

  add(files) {
    for (const { file, name } of files) {
      const upload = { id: `upload-${(this.next += 1)}`, file, name, percent: 0, attempts: 0 };
      this.waiting.push(upload);
      this.show(upload);
    }
    this.work();
  }

  again(upload) {
    Object.assign(upload, { problem: null, percent: 0, attempts: 0, form: null, key: undefined });
    this.waiting.push(upload);
    this.show(upload);
    this.work();
  }

  async work() {
    while (this.running < AT_A_TIME && this.signed.length > 0) this.send(this.signed.shift());
    if (this.running < AT_A_TIME && this.waiting.length > 0 && !this.isSigning) await this.sign();
  }

  async sign() {
    this.isSigning = true;
    const batch = this.waiting.splice(0, FORMS_AT_A_TIME);
    const files = batch.map(({ name, file }) => ({ name, size: file.size }));
    try {
      const { forms } = await call("POST", "/api/uploads", { files });
      batch.forEach((upload, index) => {
        const form = forms[index];
        if (form.error) this.fail(upload, { word: PROBLEMS[form.error], isFinal: true });
        else this.signed.push(Object.assign(upload, { form, key: form.key }));
      });
    } catch (error) {
      const wait = Number(error.retryAfter);
      if (error.status === 429 && wait > 0) {
        this.waiting.unshift(...batch);
        await new Promise((resolve) => setTimeout(resolve, wait * 1000));
      } else {
        for (const upload of batch) {
          this.fail(upload, { word: "uploadFailed", values: { reason: error.message } });
        }
      }
    }
    this.isSigning = false;
    this.work();
  }

  send(upload) {
    this.running += 1;
    upload.attempts += 1;
    const body = new FormData();
    for (const [name, value] of upload.form.fields) body.append(name, value);
    body.append("file", upload.file, "file");
    const request = new XMLHttpRequest();
    request.open("POST", upload.form.url);
    request.upload.onprogress = ({ loaded, total }) => {
      upload.percent = total > 0 ? Math.min(99, Math.floor((loaded / total) * 100)) : 0;
      this.show(upload);
    };
    request.onload = () => this.answered(upload, request);
    request.onerror = () => this.cut(upload);
    request.onabort = request.onerror;
    request.send(body);
    this.show(upload);
  }

  answered(upload, request) {
    this.running -= 1;
    // There already: an earlier attempt arrived, and only its answer was lost.
    const isThere = request.status === 409 && upload.attempts > 1;
    if (request.status === 200 || isThere) {
      Object.assign(upload, { percent: 100, isDone: true, file: null, form: null });
      this.show(upload);
    } else if (request.status >= 500 && upload.attempts < ATTEMPTS) {
      this.later(upload);
    } else {
      const [, reason = ""] = /<Message>([^<]*)/.exec(request.responseText) ?? [];
      this.fail(upload, { word: "uploadRefused", values: { status: request.status, reason } });
    }
    this.work();
  }

  // No answer: the network, the bucket, or a rule of it that the browser obeys.
  cut(upload) {
    this.running -= 1;
    if (upload.attempts < ATTEMPTS) {
      this.later(upload);
    } else {
      this.fail(upload, { word: "uploadCut", isCut: true });
    }
    this.work();
  }

  later(upload) {
    setTimeout(() => {
      this.signed.push(upload);
      this.work();
    }, PAUSE_MS * upload.attempts);
  }

  fail(upload, problem) {
    upload.problem = problem;
    this.show(upload);
  }
}

// All files of a drop, those in folders too, with their folders as names.
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.length === 0) return named(transfer.files);
  const found = [];
  for (const entry of entries) await walk(entry, found);
  return found;
}

export const named = (files) =>
  [...files].map((file) => ({ file, name: file.webkitRelativePath || file.name }));

async function walk(entry, found) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    found.push({ file, name: entry.fullPath });
    return;
  }
  const reader = entry.createReader();
  // A reader gives a part of the folder at each call, and nothing at its end.
  for (;;) {
    const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return;
    for (const inner of part) await walk(inner, found);
  }
}
