// Deleting what was uploaded, after a question.

import { call, messageOf } from "../api.js";
import { toast } from "./notices.js";

/**
 * @param {string} collection
 * @param {string} name
 * @param {() => void} deleted called also where it was refused, to draw what there is
 */
export async function removeUpload(collection, name, deleted) {
  if (!confirm(`Delete ${name} and its files? This cannot be undone.`)) return;
  try {
    await call(`${collection}/${encodeURIComponent(name)}`, { method: "DELETE" });
    toast("Deleted.");
  } catch (error) {
    toast(messageOf(error));
  }
  deleted();
}
