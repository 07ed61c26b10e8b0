// One stream of events for what the page shows. It is closed while nobody sees the page.

const handlers = new Map();
const watchers = new Set();
let source = null;
let again = 0;

/** What is looked at: handlers by topic, in place of those before. */
export function look(wanted) {
  const same = wanted.size === handlers.size && [...wanted.keys()].every((topic) => handlers.has(topic));
  handlers.clear();
  for (const [topic, handler] of wanted) handlers.set(topic, handler);
  if (!same || !source) open();
}

/** Told of each change: null when it flows, else why it does not. */
export function watch(watcher) {
  watchers.add(watcher);
}

const tell = (trouble) => watchers.forEach((watcher) => watcher(trouble));

function open() {
  close();
  if (document.hidden || handlers.size === 0) return;
  const query = new URLSearchParams([...handlers.keys()].sort().map((topic) => ["topic", topic]));
  const url = `/api/stream?${query}`;
  source = new EventSource(url);
  source.onmessage = (event) => {
    const { topic, data } = JSON.parse(event.data);
    tell(null);
    handlers.get(topic)?.(data);
  };
  source.onerror = () => {
    if (source?.readyState === EventSource.CLOSED) refused(url);
    else tell({ key: "trouble.console" });
  };
}

function close() {
  clearTimeout(again);
  source?.close();
  source = null;
}

/** The browser does not come back to what was refused: ask why, say it, and try again. */
async function refused(url) {
  close();
  again = setTimeout(open, 5000);
  try {
    const abort = new AbortController();
    const answer = await fetch(url, { signal: abort.signal });
    if (answer.status === 401) {
      location.assign("/enter");
    } else if (!answer.ok) {
      tell({ text: (await answer.json()).error });
    } else {
      abort.abort();
    }
  } catch {
    tell({ key: "trouble.console" });
  }
}

document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
