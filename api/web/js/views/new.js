// A new experiment: from a recipe, through a form made from the spec's schema, with its cost beside it.

import { noteQuery } from "../address.js";
import { call, fieldProblems, freshKey, messageOf, wasStopped } from "../api.js";
import { fill, h } from "../dom.js";
import { clearDifferences, showDifferences } from "../form/differences.js";
import { clearErrors, showErrors } from "../form/errors.js";
import { fieldsOf, foldSummary } from "../form/fields.js";
import { Form } from "../form/form.js";
import { showValues } from "../form/formula.js";
import { Schema } from "../form/schema.js";
import { toast } from "../parts/notices.js";
import { select } from "../parts/small.js";
import { asAsked, comparedGroup, OF_ARMS, OF_FACTORS, turnButton, withFactors } from "./compared.js";
import { costOf, faultsOf } from "./cost.js";
import { fitTo, stillTold } from "./fitted_sizes.js";
import { noiseProposal } from "./noise_proposal.js";

/** @typedef {[title: string, fields: string[], open: boolean, told?: string[]]} Group `told` are the fields that its summary tells */

/** @type {Group} */
const QUESTION = ["The question", ["name", "dataset", "seeds", "decision"], true];
/** @type {Group[]} */
const GROUPS = [
  ["Training", ["encoder", "optimizer", "batch_size", "negatives", "steps", "evaluate_every", "early_stop", "checkpoint", "device"], false, ["encoder", "optimizer", "batch_size", "steps"]],
  ["Data and evaluation", ["split", "tokenizer", "vocabulary", "threshold", "validation_batches", "validation_pairs"], false, ["split", "tokenizer", "validation_pairs"]],
  ["Tuning and programme", ["tuning", "programme"], false, ["tuning", "programme"]],
];
const SMALL = "hard-negative-mining-small";
/** Where fields that are as by default are folded, and those that a question needs to see nevertheless. */
const FOLDED = ["/seeds/", "/decision/", "/arms/", "/factors/", "/loss/"];
const FIRST = ["/seeds/count", "/seeds/until_decided", "/decision/metric", "/decision/baseline", "/decision/equivalence_margin"];
const PAUSE = 400; // milliseconds after the last edit, before the service is asked

/**
 * @param {HTMLElement} main
 * @param {Page.Asked} asked
 */
export async function show(main, { query, signal }) {
  document.title = "New experiment · Tripletlab";
  const [recipes, datasets, models, vectors, openapi] = await Promise.all([
    call("/v1/recipes", { signal }), call("/v1/datasets", { signal }), call("/v1/models", { signal }), call("/v1/vectors", { signal }), call("/openapi.json", { signal }),
  ]);
  const schema = new Schema(openapi.components.schemas);
  const names = datasets.items.map((one) => one.name);
  const asked = await beginning(query, recipes.items, signal);
  let named = query.has("like") ? "" : (query.get("recipe") ?? SMALL);
  const fitting = query.has("dataset") ? await fitTo(named, asked, signal) : null;
  const spec = fitting?.document ?? asked;
  let told = fitting?.told ?? [];

  const about = h("p", { class: "muted" });
  const fields = h("form", { novalidate: true, on: { submit: (event) => event.preventDefault() } });
  const editor = h("textarea", { class: "code", id: "json", spellcheck: "false", "aria-describedby": "json-error", on: { input: () => edited() } });
  const editorError = h("p", { class: "field-error", id: "json-error", role: "alert" });
  const cost = h("div", { "aria-live": "polite" });
  const start = h("button", { type: "button", class: "primary", disabled: true, on: { click: begin } }, "Start");
  const proposal = noiseProposal(signal, (measured) => {
    form.document = measured;
    form.edited();
    draw();
  });
  /** @type {[key: string, words: string][]} */
  const known = recipes.items.map((one) => [one.name, one.name]);
  const recipe = select("Recipe", query.has("like") ? [["", "as that experiment"], ...known] : known,
    named, chosen);
  const form = new Form(schema, spec, {
    edited: (pointer) => {
      editor.value = JSON.stringify(form.document, null, 2);
      editorError.textContent = "";
      for (const summary of fields.querySelectorAll("details > summary")) summary.dispatchEvent(new Event("tell"));
      later();
      if (pointer === "/dataset") fit();
    },
    reshaped: () => draw(),
    folds: (pointer) => FOLDED.some((one) => pointer.startsWith(one)) && !FIRST.some((one) => pointer.startsWith(one)),
    choices: (pointer) => {
      if (pointer === "/dataset") return names;
      if (pointer.endsWith("/encoder/model")) return models.items.map((one) => one.name);
      if (pointer.endsWith("/encoder/vectors")) return vectors.items.map((one) => one.name);
      if (pointer === "/decision/baseline") return (form.document.arms ?? []).map((arm) => arm.name);
      return null;
    },
  });

  let timer = 0;
  let asking = 0;
  /** @type {string | null} */
  let sent = null;
  signal.addEventListener("abort", () => clearTimeout(timer));

  function draw() {
    const drawn = new Set(foldsOf(fields, "details[data-fold]").map((one) => one.dataset.fold));
    const open = new Set(foldsOf(fields, "details[open]").map((one) => one.dataset.fold));
    const focused = document.activeElement?.id;
    const root = withFactors(schema.root);
    const compared = comparedGroup(form.document);
    const groups = [QUESTION, compared, ...GROUPS];
    const named = new Set([...OF_ARMS, ...OF_FACTORS, ...groups.flatMap(([, group]) => group)]);
    const rest = Object.keys(root.properties ?? {}).filter((name) => !named.has(name));
    /** @type {Group[]} */
    const more = rest.length ? [["More", rest, false, rest]] : [];
    fill(fields, [...groups, ...more].map(([title, group, first, told = []]) =>
      h("details", { "data-fold": title, open: drawn.has(title) ? open.has(title) : first },
        foldSummary(form, title, root, "", told), fieldsOf(form, root, "", group), title === compared[0] && turnButton(form))));
    if (form.document.factors) fields.querySelector('[data-pointer="/decision/baseline"]')?.remove(); // their first levels
    for (const fold of foldsOf(fields, "details[data-fold]")) if (open.has(fold.dataset.fold)) fold.open = true;
    if (focused) document.getElementById(focused)?.focus();
  }

  /** Sizes of the recipe become those that fit the data set: whoever brings one need not know them. */
  async function fit() {
    const before = form.document;
    unchecked();
    const found = await fitTo(named, before, signal);
    if (signal.aborted || form.document !== before) return;
    if (found) {
      form.document = found.document;
      told = found.told;
    }
    form.edited();
    draw();
  }

  /** @param {string} name */
  function chosen(name) {
    const found = recipes.items.find((one) => one.name === name);
    if (!found) return;
    noteQuery("/new", { recipe: name });
    const { dataset } = form.document;
    const own = dataset !== recipes.items.find((one) => one.name === named)?.spec.dataset && names.includes(dataset);
    named = name;
    form.document = asAsked(toEdit(found.spec));
    about.textContent = found.about;
    if (own) form.set("/dataset", dataset); // whoever chose a data set asks another question of it
    else form.edited();
    draw();
  }

  function edited() {
    try {
      form.document = JSON.parse(editor.value);
      editorError.textContent = "";
    } catch (error) {
      editorError.textContent = `Not JSON yet: ${messageOf(error)}`;
      unchecked();
      return;
    }
    if (form.document && typeof form.document === "object" && !Array.isArray(form.document)) draw();
    later();
  }

  function later() {
    unchecked();
    sent = null; // another body is another request
    timer = setTimeout(check, PAUSE);
  }

  /** Nothing can be started until what is written now was checked; a reply under way is of another. */
  function unchecked() {
    start.disabled = true;
    clearTimeout(timer);
    asking += 1;
  }

  async function check() {
    const turn = ++asking;
    try {
      const found = await call("/v1/experiments?dry_run=true", { method: "POST", body: form.document, signal });
      if (turn !== asking) return;
      clearErrors(fields);
      showDifferences(fields, found.arms_differ, found.spec);
      const whole = { ...found, fitted: [...stillTold(told, form), ...found.fitted] };
      fill(cost, costOf(whole, showValues(fields, found.formulas)));
      start.disabled = false;
      proposal.show(found.spec);
    } catch (error) {
      if (!wasStopped(error) && turn === asking) refuse(error);
    }
  }

  /** @param {unknown} error */
  function refuse(error) {
    clearDifferences(fields);
    const elsewhere = showErrors(fields, fieldProblems(error));
    fill(cost, faultsOf(error, elsewhere, (pointer) => goTo(fields, pointer)));
  }

  async function begin() {
    start.disabled = true;
    sent ??= freshKey();
    try {
      const made = await call("/v1/experiments", { method: "POST", body: form.document, headers: { "Idempotency-Key": sent }, signal });
      toast("Queued.");
      location.hash = `#/experiments/${made.id}`;
    } catch (error) {
      if (wasStopped(error)) return;
      refuse(error);
      const [first] = fieldProblems(error);
      if (first) goTo(fields, first.pointer);
      start.disabled = false;
    }
  }

  fill(main,
    h("div", { class: "page-head" }, h("div", {}, h("p", { class: "crumbs" }, h("a", { href: "#/experiments" }, "Experiments")),
      h("h1", { tabindex: "-1" }, "New experiment"), about), h("div", { class: "controls" }, h("span", { class: "label" }, "Recipe"), recipe)),
    h("div", { class: "new" },
      h("div", {}, fields, h("details", { class: "section" }, h("summary", {}, "The whole spec as JSON"),
        h("label", { for: "json", class: "help" }, "Kept in step with the fields above, and has what they leave out."), editor, editorError)),
      h("aside", { class: "card cost", "aria-label": "What it costs" }, cost, proposal.node, h("p", {}, start))));
  about.textContent = recipes.items.find((one) => one.name === recipe.value)?.about ?? "";
  form.edited();
  draw();
}

/**
 * @param {Element} fields
 * @param {string} which
 * @returns {HTMLDetailsElement[]}
 */
function foldsOf(fields, which) {
  return [.../** @type {NodeListOf<HTMLDetailsElement>} */ (fields.querySelectorAll(which))];
}

/**
 * @param {URLSearchParams} query
 * @param {Reply.RecipeView[]} recipes
 * @param {AbortSignal} signal
 * @returns {Promise<Reply.Spec>}
 */
async function beginning(query, recipes, signal) {
  const like = query.get("like");
  if (like !== null) {
    const id = encodeURIComponent(like);
    if (query.has("fresh")) return asAsked(toEdit((await call(`/v1/experiments/${id}/seeds`, { signal })).fresh));
    const { spec, name } = await call(`/v1/experiments/${id}`, { signal });
    return { ...asAsked(toEdit(spec)), name };
  }
  const found = recipes.find((one) => one.name === query.get("recipe")) ?? recipes.find((one) => one.name === SMALL) ?? recipes[0];
  const spec = asAsked(toEdit(found.spec));
  spec.dataset = query.get("dataset") ?? spec.dataset;
  return spec;
}

/**
 * A copy without what the service has written in: whoever changes a grid wants other settings, and
 * what is asked again is a new question of its programme.
 * @param {Reply.Spec} spec
 * @returns {Reply.Spec}
 */
function toEdit(spec) {
  const copy = structuredClone(spec);
  if (copy.tuning) delete copy.tuning.planned;
  if (copy.programme) copy.programme = copy.programme.name;
  return copy;
}

/**
 * @param {Element} fields
 * @param {string} pointer
 */
function goTo(fields, pointer) {
  const place = fields.querySelector(`[data-pointer="${CSS.escape(pointer)}"]`);
  const control = /** @type {HTMLElement | null | undefined} */ (place?.querySelector("input, select, textarea"));
  place?.scrollIntoView({ block: "center" });
  control?.focus({ preventScroll: true });
  if (control instanceof HTMLTextAreaElement && control.dataset.column) {
    const at = Number(control.dataset.column) - 1;
    control.setSelectionRange(at, at + 1);
  }
}
