// The part of the address after # says which view is shown, so that every view can be bookmarked.

import { wasStopped } from "./api.js";
import { byId, fill, h } from "./dom.js";
import { failed, loading } from "./parts/notices.js";

/**
 * @typedef {{ show: (main: HTMLElement, asked: Page.Asked) => Promise<void> }} View
 * @typedef {[path: RegExp, section: string, load: () => Promise<View>]} Route
 */

/** @type {Route[]} */
const ROUTES = [
  [/^\/experiments\/?$/, "experiments", () => import("./views/experiments.js")],
  [/^\/compare\/?$/, "experiments", () => import("./views/compare.js")],
  [/^\/new\/?$/, "experiments", () => import("./views/new.js")],
  [/^\/experiments\/(?<id>exp_[0-9a-z]+)(?:\/(?<section>[a-z]+))?$/, "experiments", () => import("./views/experiment.js")],
  [/^\/runs\/(?<id>run_[0-9a-z]+)$/, "experiments", () => import("./views/run.js")],
  [/^\/studies\/?$/, "studies", () => import("./views/studies.js")],
  [/^\/studies\/new\/?$/, "studies", () => import("./views/new_study.js")],
  [/^\/studies\/(?<id>std_[0-9a-z]+)$/, "studies", () => import("./views/study.js")],
  [/^\/programmes\/?$/, "experiments", () => import("./views/programmes.js")],
  [/^\/programmes\/(?<name>[^/]+)$/, "experiments", () => import("./views/programme.js")],
  [/^\/datasets\/?$/, "datasets", () => import("./views/datasets.js")],
  [/^\/datasets\/(?<name>[^/]+)$/, "datasets", () => import("./views/dataset.js")],
  [/^\/models\/?$/, "models", () => import("./views/models.js")],
  [/^\/vectors\/?$/, "vectors", () => import("./views/vectors.js")],
];

/** @type {AbortController | null} */
let current = null;

/** Show the view of the address; the one before it is told to stop. */
export async function show() {
  current?.abort();
  const here = new AbortController();
  current = here;
  const [path, search] = (location.hash.slice(1) || "/experiments").split("?");
  const main = byId("main");
  const [route, match] = found(path);
  mark(route?.[1]);
  if (!route) {
    fill(main, unknown(path));
    return;
  }
  fill(main, loading());
  try {
    const view = await route[2]();
    const params = Object.fromEntries(Object.entries(match.groups ?? {}).map(([k, v]) => [k, decodeURIComponent(v ?? "")]));
    if (here.signal.aborted) return;
    await view.show(main, { params, query: new URLSearchParams(search ?? ""), signal: here.signal });
  } catch (error) {
    if (here.signal.aborted || wasStopped(error)) return;
    fill(main, failed(error, show));
    if (!(error instanceof Error && error.name === "Error")) console.warn(error); // a fault of the page itself
  }
}

/**
 * @param {string} path
 * @returns {[Route, RegExpExecArray] | [null, null]}
 */
function found(path) {
  for (const route of ROUTES) {
    const match = route[0].exec(path);
    if (match) return [route, match];
  }
  return [null, null];
}

/** @param {string} path */
function unknown(path) {
  return h("div", { class: "notice" },
    h("h2", {}, "There is nothing here"),
    h("p", {}, `No view of this page is at ${path}.`),
    h("a", { class: "button", href: "#/experiments" }, "To the experiments"));
}

/** @param {string} [section] */
function mark(section) {
  const links = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-nav]"));
  for (const link of links) {
    if (link.dataset.nav === section) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}
