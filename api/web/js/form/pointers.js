// JSON pointers (RFC 6901): the places that the service's errors and the form's fields share.

/** @param {string} pointer */
export function parts(pointer) {
  return pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/**
 * @param {string} pointer
 * @param {string | number} part
 */
export function below(pointer, part) {
  return `${pointer}/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/**
 * @param {any} document
 * @param {string} pointer
 * @returns {any}
 */
export function get(document, pointer) {
  return parts(pointer).reduce((value, part) => value?.[part], document);
}

/**
 * @param {any} document
 * @param {string} pointer
 * @param {unknown} value
 */
export function set(document, pointer, value) {
  const path = parts(pointer);
  const last = path.pop() ?? "";
  const holder = path.reduce((at, part) => (at[part] ??= {}), document);
  holder[last] = value;
}

/**
 * Take a field or an item of a list away.
 * @param {any} document
 * @param {string} pointer
 */
export function remove(document, pointer) {
  const path = parts(pointer);
  const last = path.pop() ?? "";
  const holder = path.reduce((at, part) => at?.[part], document);
  if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else if (holder) delete holder[last];
}

/**
 * The pointer and all above it, the nearest first; the whole document is "".
 * @param {string} pointer
 */
export function upwards(pointer) {
  const path = pointer.split("/");
  return path.map((_, index) => path.slice(0, path.length - index).join("/"));
}
