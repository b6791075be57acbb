// One data set: what a person should know of it before training on it, and some of its pairs.

import { call, messageOf, wasStopped } from "../api.js";
import { bars } from "../charts/bars.js";
import { fill, h } from "../dom.js";
import { count, percent } from "../format.js";
import { alertOf, loading, toast } from "../parts/notices.js";
import { fact, section, time } from "../parts/small.js";

const PIECE = 10;
/** @type {Record<string, string>} */
const SHAPES = { labelled_pairs: "pairs with a label", positive_pairs: "pairs that belong together", triplets: "triplets", scored_pairs: "pairs with a score" };

/**
 * @param {HTMLElement} main
 * @param {Page.Asked} asked
 */
export async function show(main, { params, signal }) {
  const about = await call(`/v1/datasets/${encodeURIComponent(params.name)}`, { signal });
  document.title = `${about.name} · Tripletlab`;
  fill(main,
    h("div", { class: "page-head" },
      h("div", {}, h("p", { class: "crumbs" }, h("a", { href: "#/datasets" }, "Data sets")), h("h1", { tabindex: "-1" }, about.name),
        h("div", { class: "meta" }, "added ", time(about.created_at))),
      h("div", { class: "row" },
        h("a", { class: "button", href: `#/new?dataset=${encodeURIComponent(about.name)}` }, "New experiment with this data"),
        about.generated ? null : h("button", { type: "button", class: "danger", on: { click: () => remove(about.name) } }, "Delete"))),
    about.warnings.map((sentence) => h("p", { class: "alert warn" }, sentence)),
    h("dl", { class: "facts card" }, profile(about)),
    lengthsSection(about, signal), pairsSection(about, signal));
}

/** @param {Reply.DatasetView} about */
function profile(about) {
  /**
   * @param {number | null} value
   * @param {number | null} [of]
   */
  const known = (value, of) => (value === null ? "not counted" : of ? `${count(value)} of ${count(of)}` : count(value));
  return [
    fact("Pairs", count(about.rows)), fact("Duplicates", `${count(about.duplicates)} (${percent(about.duplicate_share)})`),
    fact("Distinct texts", count(about.distinct_texts)), fact("Empty texts", count(about.empty_texts)),
    fact("Words", count(about.vocabulary_size)), fact("Tokens a question", `${about.token_length_mean.toFixed(1)} on average`),
    fact("Longest question", `${count(about.token_length_max)} tokens`), fact("Groups of duplicates", known(about.duplicate_groups)),
    fact("Largest group", known(about.largest_group), "Distinct texts that duplicate pairs join"),
    fact("False negatives", known(about.false_negatives), "Pairs labelled different, although duplicate pairs join their questions"),
    fact("Leaking test pairs", known(about.in_order_shared, about.in_order_test), "Of the in-order split: test pairs with a question that is trained on"),
    fact("Rows of its file", SHAPES[about.shape] ?? about.shape), ...columnsOf(about),
    fact("Split column", about.has_split ? "yes" : "no"), fact("Content", h("code", {}, about.content_hash.slice(0, 12)), about.content_hash),
  ];
}

/** @param {Reply.DatasetView} about */
function columnsOf(about) {
  const columns = Object.values(about.columns).flat();
  const left = Object.entries(about.left_out);
  return [
    ...(columns.length ? [fact("Columns read", columns.join(", "))] : []),
    ...(left.length ? [fact("Rows left out", left.map(([label, rows]) => `${count(rows)} ${label}`).join(", "), "As the upload said of their labels")] : []),
  ];
}

/**
 * @param {Reply.DatasetView} about
 * @param {AbortSignal} signal
 */
function lengthsSection(about, signal) {
  const { node, body } = section("lengths", "Lengths of the questions");
  fill(body, loading());
  call(`/v1/datasets/${encodeURIComponent(about.name)}/lengths`, { signal }).then((found) => {
    const width = found.start.length > 1 ? found.start[1] - found.start[0] : 1;
    const bins = { ...found, end: found.start[found.start.length - 1] + width };
    fill(body, bars(signal, { label: "Histogram of tokens a question, by the label of its pair", bins: () => bins, xLabel: "tokens", cursorX: (x) => `from ${x} tokens` }).node,
      h("p", { class: "help" }, `Questions by number of tokens, by the label of their pair. The last bar holds all from ${bins.start[bins.start.length - 1]} tokens on.`));
  }, (error) => {
    if (!wasStopped(error)) fill(body, alertOf(error));
  });
  return node;
}

/**
 * @param {Reply.DatasetView} about
 * @param {AbortSignal} signal
 */
function pairsSection(about, signal) {
  let at = 0;
  const from = h("input", { type: "number", min: 0, max: about.rows - 1, value: 0, "aria-label": "From row", on: { change: () => load(Number(from.value)) } });
  const other = h("button", { type: "button", on: { click: () => load(Math.floor(Math.random() * Math.max(1, about.rows - PIECE))) } }, "Random rows");
  const { node, body } = section("pairs", "Some of its pairs", from, other);

  /** @param {number} row */
  async function load(row) {
    at = Math.max(0, Math.min(about.rows - 1, row || 0));
    from.value = String(at);
    try {
      const found = await call(`/v1/datasets/${encodeURIComponent(about.name)}/pairs?after=${at}&limit=${PIECE}`, { signal });
      fill(body, h("ol", { class: "pairs" }, found.items.map(pair)),
        h("div", { class: "row" },
          h("button", { type: "button", disabled: at === 0, on: { click: () => load(at - PIECE) } }, "Previous"),
          h("button", { type: "button", disabled: found.next === null, on: { click: () => load(found.next ?? 0) } }, "Next")));
    } catch (error) {
      if (!wasStopped(error)) fill(body, alertOf(error));
    }
  }

  fill(body, loading());
  load(0);
  return node;
}

/** @param {Reply.PairRow} one */
function pair(one) {
  return h("li", {}, h("div", {}, h("q", {}, one.question1), h("q", {}, one.question2)),
    h("div", { class: "side" }, h("div", {}, one.duplicate ? "duplicates" : "different"),
      one.score === null ? null : h("div", { class: "small" }, `score ${one.score}`),
      one.triplet === null ? null : h("div", { class: "small" }, `triplet ${count(one.triplet)}`), h("div", { class: "small muted" }, `row ${count(one.row)}`)));
}

/** @param {string} name */
async function remove(name) {
  if (!confirm(`Delete ${name} and its files? This cannot be undone.`)) return;
  try {
    await call(`/v1/datasets/${encodeURIComponent(name)}`, { method: "DELETE" });
    toast("Deleted.");
    location.hash = "#/datasets";
  } catch (error) {
    toast(messageOf(error));
  }
}
