// Files to take along. They come by fetch, since a link could carry no key, and since a refusal is
// then said in a sentence instead of being saved as a file.

import { messageOf, send, wasStopped } from "../api.js";
import { h } from "../dom.js";
import { toast } from "./notices.js";

const FREED_AFTER = 60_000; // milliseconds, in which a browser has taken the file

/**
 * Save a file that is made here.
 * @param {Blob} blob
 * @param {string} name
 */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), FREED_AFTER);
}

/**
 * A link that saves a file of the service; it says when it is being made.
 * @param {string} words
 * @param {string} path
 * @param {string} name
 */
export function downloadLink(words, path, name) {
  let busy = false;
  return h("a", { href: path, download: name, on: { click: async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    toast(`Making ${name} …`);
    try {
      const reply = await send(path, {});
      save(await reply.blob(), name);
    } catch (error) {
      if (!wasStopped(error)) toast(messageOf(error));
    } finally {
      busy = false;
    }
  } } }, words);
}
