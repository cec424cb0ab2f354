// Calls of the console. The session's cookie is the browser's own; the page never sees it.

let csrf = "";

export class Refused extends Error {
  constructor(status, reason, retryAfter) {
    super(reason);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

export async function call(method, path, body) {
  const headers = { "x-csrf-token": csrf };
  if (body !== undefined) headers["content-type"] = "application/json";
  const answer = await fetch(path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) {
    const said = await answer.json().catch(() => ({}));
    if (answer.status === 401 && path !== "/api/session") {
      document.dispatchEvent(new Event("signed-out"));
    }
    const wait = answer.headers.get("retry-after");
    throw new Refused(answer.status, said.error ?? answer.statusText, wait);
  }
  return answer.status === 204 ? null : answer.json();
}

// What the console says of itself, or null for somebody who is not signed in.
export async function session() {
  try {
    const found = await call("GET", "/api/session");
    csrf = found.csrf;
    return found;
  } catch (error) {
    if (error.status === 401) return null;
    throw error;
  }
}

// Listens to what happens; `handlers` by the name of the event. Comes back by itself when the
// console was away, and `onstate` is told.
export function listen(handlers, onstate) {
  const source = new EventSource("/api/live");
  for (const [name, handle] of Object.entries(handlers)) {
    source.addEventListener(name, (event) => handle(JSON.parse(event.data)));
  }
  source.onopen = () => onstate(true);
  source.onerror = () => onstate(false, source);
  return source;
}
