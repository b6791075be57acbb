// The part of the address after #, as far as a view changes it by itself.

/**
 * Change what stands behind ? in the address, without showing the view anew.
 * @param {string} path
 * @param {Record<string, string>} query
 */
export function noteQuery(path, query) {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
  history.replaceState(null, "", `#${path}${search ? `?${search}` : ""}`);
}
