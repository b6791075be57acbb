// Server-Sent Events over fetch: EventSource can send no key. A broken stream resumes where it was.

import { Away, ProblemError, send } from "./api.js";

const PAUSES = [1000, 2000, 4000, 8000];

/**
 * Follow a stream until it says `end` or the signal aborts.
 * `opened` is awaited after the service has fixed where the stream begins and before any message is
 * heard; `heard(event, data)` gets each message.
 * @param {string} path
 * @param {{ signal: AbortSignal, opened?: () => Promise<void>, heard: (event: string, data: unknown) => void }} hearing
 */
export async function follow(path, { signal, opened, heard }) {
  /** @type {string | null} */
  let last = null;
  let failures = 0;
  while (!signal.aborted) {
    try {
      /** @type {Record<string, string>} */
      const headers = last === null ? {} : { "Last-Event-ID": last };
      const reply = await send(path, { headers, signal });
      failures = 0;
      if (last === null) await opened?.();
      for await (const message of messages(/** @type {ReadableStream<Uint8Array>} */ (reply.body))) {
        last = message.id ?? last;
        if (message.event === "end") return;
        heard(message.event, JSON.parse(message.data));
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ProblemError && error.status < 500) throw error;
      if (!(error instanceof ProblemError || error instanceof Away || error instanceof TypeError)) throw error;
    }
    await pause(PAUSES[Math.min(failures++, PAUSES.length - 1)], signal);
  }
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}

/** @param {ReadableStream<Uint8Array>} body */
async function* messages(body) {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const bytes of chunks(body)) {
    rest += decoder.decode(bytes, { stream: true }).replaceAll("\r\n", "\n");
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const { event, id, data } = parsed(block);
      if (data !== undefined) yield { event, id, data };
    }
  }
}

/** @param {ReadableStream<Uint8Array>} body */
async function* chunks(body) {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** @param {string} block */
function parsed(block) {
  /** @type {{ event: string, id: string | null, data: string | undefined }} */
  const message = { event: "message", id: null, data: undefined };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon < 1) continue; // a comment, which keeps the connection alive
    const field = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") message.data = message.data === undefined ? value : `${message.data}\n${value}`;
    else if (field === "event" || field === "id") message[field] = value;
  }
  return message;
}
