// Calls to the service. Every failure is one of two: a problem that it tells, or that it is away.

import { askForKey, keyHeaders } from "./key.js";

/** A problem document (RFC 9457): `errors` name fields by JSON pointer. */
export class ProblemError extends Error {
  /**
   * @param {Reply.Problem} document
   * @param {number} status
   */
  constructor(document, status) {
    super(document.detail ?? `The service answered with ${status}.`);
    this.status = status;
    this.title = document.title ?? "Failed";
    this.errors = document.errors ?? [];
  }
}

/** The service does not answer at all. */
export class Away extends Error {
  constructor() {
    super("The service does not answer. Is it running, and is this machine on the network?");
  }
}

/**
 * Whether a call failed because it was told to stop.
 * @param {unknown} error
 */
export function wasStopped(error) {
  return error instanceof Error && error.name === "AbortError";
}

/**
 * What a failure says.
 * @param {unknown} error
 */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * What a failure says of single fields; nothing, where it is no problem.
 * @param {unknown} error
 */
export function fieldProblems(error) {
  return error instanceof ProblemError ? error.errors : [];
}

/** @type {Set<(here: boolean) => void>} */
const listeners = new Set();

/**
 * Hear whether the service answers: `listen(true | false)` at every call.
 * @param {(here: boolean) => void} listen
 */
export function onConnection(listen) {
  listeners.add(listen);
}

/** @param {boolean} here */
export function tellConnection(here) {
  for (const listen of listeners) listen(here);
}

/**
 * JSON of a reply; null when it has no body. Raises `ProblemError`, `Away`, or an AbortError.
 * @template {string} Path
 * @param {Path} path
 * @param {{ method?: string, body?: unknown, headers?: Record<string, string>, signal?: AbortSignal }} [options]
 * @returns {Promise<Reply.To<Path>>}
 */
export async function call(path, { method = "GET", body, headers = {}, signal } = {}) {
  const reply = await send(path, {
    method,
    signal,
    headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return reply.status === 204 ? /** @type {any} */ (null) : reply.json();
}

/**
 * The reply itself, once it is a good one; asks for a key where one is needed, and tries again.
 * @param {string} path
 * @param {RequestInit & { headers?: Record<string, string> }} options
 */
export async function send(path, options) {
  for (;;) {
    const reply = await reached(path, options);
    if (reply.ok) return reply;
    const problem = await problemOf(reply);
    if (reply.status !== 401 || !(await askForKey(problem.message))) throw problem;
  }
}

/**
 * @param {string} path
 * @param {RequestInit & { headers?: Record<string, string> }} options
 */
async function reached(path, options) {
  try {
    const reply = await fetch(path, { cache: "no-cache", ...options, headers: { ...options.headers, ...keyHeaders() } });
    tellConnection(true);
    return reply;
  } catch (error) {
    if (wasStopped(error)) throw error;
    tellConnection(false);
    throw new Away();
  }
}

/** @param {Response} reply */
async function problemOf(reply) {
  try {
    return new ProblemError(await reply.json(), reply.status);
  } catch {
    return new ProblemError({}, reply.status);
  }
}

/**
 * Send a form with progress, which fetch cannot tell; `told(share)` goes from 0 to 1.
 * @template {string} Path
 * @param {Path} path
 * @param {FormData} form
 * @param {(share: number) => void} told
 * @param {AbortSignal} signal
 * @returns {Promise<Reply.Made<Path>>}
 */
export function upload(path, form, told, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    for (const [name, value] of Object.entries(keyHeaders())) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) told(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      const document = parsed(request.responseText);
      if (request.status < 300) resolve(document);
      else reject(new ProblemError(document, request.status));
    });
    request.addEventListener("error", () => {
      tellConnection(false);
      reject(new Away());
    });
    request.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** An Idempotency-Key. One body, one key: sent twice it makes one experiment, or one study. */
export function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `page-${[...bytes].map((one) => one.toString(16).padStart(2, "0")).join("")}`;
}

/**
 * Do `work` for every item, a few at a time, in order.
 * @template Item
 * @param {Item[]} items
 * @param {(item: Item) => Promise<void>} work
 * @param {number} [atOnce]
 */
export async function each(items, work, atOnce = 4) {
  const left = [...items];
  const one = async () => {
    while (left.length) await work(/** @type {Item} */ (left.shift()));
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, left.length) }, one));
}
