// A formula drawn as a reader of papers knows it, and where in it something is wrong.

import { h } from "../dom.js";
import { formatMetric, significant } from "../format.js";

const TOKEN = /[A-Za-z_][A-Za-z0-9_]*|[0-9.]+(?:[eE][+-]?[0-9]+)?|<=|>=|==|!=|\s+|./gsu;
const WORDS = new Set(["and", "or", "not"]);
/** @type {Record<string, string>} */
const SIGNS = { "*": "·", "-": "−", "<=": "≤", ">=": "≥", "==": "=", "!=": "≠" };

/**
 * The formula with its names as variables; from `wrong` on, a column counted from 1, a part is marked.
 * @param {string} text
 * @param {number | null} [wrong]
 */
export function drawn(text, wrong = null) {
  /** @type {Page.Child[]} */
  const parts = [];
  let column = 1;
  for (const [piece] of text.matchAll(TOKEN)) {
    const end = column + piece.length;
    const here = wrong !== null && column <= wrong && wrong < end;
    parts.push(here ? h("mark", {}, part(piece, text[end - 1])) : part(piece, text[end - 1]));
    column = end;
  }
  if (wrong !== null && wrong >= column) parts.push(h("mark", {}, "…"));
  return h("code", { class: "formula" }, parts);
}

/**
 * @param {string} piece
 * @param {string | undefined} next the character that follows it
 * @returns {Page.Child}
 */
function part(piece, next) {
  if (piece in SIGNS) return SIGNS[piece];
  if (!/^[A-Za-z_]/.test(piece) || WORDS.has(piece)) return piece;
  if (next === "(") return h("span", { class: "function" }, piece);
  const [stem, below] = piece.startsWith("s_") ? [piece.slice(0, 1), piece.slice(2)] : [piece, ""];
  return h("var", {}, stem, below && h("sub", {}, below));
}

/**
 * What a row costs on three batches, and what follows from that.
 * @param {Reply.FormulaView} found
 */
export function threeValues(found) {
  const { collapsed, random, perfect } = found;
  return h("div", { class: "three-values" },
    h("dl", { class: "facts" }, value("Collapsed", collapsed, "Every question has one vector: all similarities are 1"),
      value("Random", random, "Independent random vectors"), value("Perfect", perfect, "Positives have the similarity 1, negatives 0")),
    warning(collapsed, random, perfect));
}

/**
 * @param {string} name
 * @param {number | null} number
 * @param {string} title
 */
function value(name, number, title) {
  return h("div", { title }, h("dt", {}, name), h("dd", {}, number === null ? "not finite" : shown(number)));
}

/** @param {number} number */
function shown(number) {
  return Math.abs(number) < 1e5 ? formatMetric(number) : significant(number, 4);
}

/**
 * @param {number | null} collapsed
 * @param {number | null} random
 * @param {number | null} perfect
 */
function warning(collapsed, random, perfect) {
  if (collapsed === null || random === null || perfect === null) return null;
  if (collapsed <= perfect) return h("p", { class: "doubt-line" }, "A collapsed network costs no more than a perfect one, so this formula asks for a collapse.");
  if (random <= perfect) return h("p", { class: "doubt-line" }, "A random network costs no more than a perfect one.");
  return null;
}
