// A new study: a question, the data sets that it is asked on, and what that costs.

import { call, fieldProblems, freshKey, wasStopped } from "../api.js";
import { fill, h } from "../dom.js";
import { clearErrors, showErrors } from "../form/errors.js";
import { count, duration, plural } from "../format.js";
import { empty, toast } from "../parts/notices.js";
import { copyButton, fact, select } from "../parts/small.js";
import { faultsOf } from "./cost.js";

/** @typedef {{ node: HTMLLIElement, entry: () => Entry | null, name: string }} Choice */
/** @typedef {{ dataset: string, [field: string]: unknown }} Entry */
/** @typedef {{ name: string, words: string, spec: Record<string, any>, own: Entry | null }} Question */

const SMALL = "hard-negative-mining-small";
const FEWEST = 2; // data sets of a study
const VERDICT = 4; // data sets from which on there is a verdict
const PAUSE = 400; // milliseconds after the last edit, before the service is asked
const OF_DATA = /** @type {const} */ (["dataset", "split", "validation_batches", "validation_pairs"]);

/**
 * @param {HTMLElement} main
 * @param {Page.Asked} asked
 */
export async function show(main, { query, signal }) {
  document.title = "New study · Tripletlab";
  const [recipes, datasets, experiments] = await Promise.all([
    call("/v1/recipes", { signal }), call("/v1/datasets", { signal }), call("/v1/experiments?limit=50", { signal }),
  ]);
  if (datasets.items.length < FEWEST) {
    fill(main, head(), tooFew(datasets.items.length));
    return;
  }
  const known = recipes.items.filter((one) => one.spec.arms?.length > 1 && !one.spec.factors);
  const past = experiments.items.filter((one) => one.arms.length > 1 && !one.factors.length);
  /** @type {[key: string, words: string][]} */
  const options = [
    ...known.map((one) => /** @type {[string, string]} */ ([one.name, `Recipe ${one.name}`])),
    ...past.map((one) => /** @type {[string, string]} */ ([one.id, `As in “${one.name}” on ${one.dataset}`])),
  ];
  const asked = query.get("like") ?? query.get("recipe") ?? SMALL;
  const first = options.some(([key]) => key === asked) ? asked : options[0][0];

  const about = h("p", { class: "help" });
  const name = h("input", { id: "study-name", maxlength: "100", autocomplete: "off", on: { input: later } });
  const seeds = h("input", { id: "study-seeds", type: "number", min: "1", on: { input: later } });
  const choices = datasets.items.map((one) => choice(one, later));
  const fields = h("form", { novalidate: true, on: { submit: (event) => event.preventDefault() } },
    h("div", { class: "form-grid" },
      h("div", { class: "wide", "data-pointer": "/name" }, h("label", { for: "study-name" }, "Name"), name),
      h("div", { class: "wide", "data-pointer": "/spec" }, h("span", { class: "label" }, "The question"), select("The question", options, first, take), about),
      h("div", { "data-pointer": "/spec/seeds" }, h("label", { for: "study-seeds" }, "Seeds on each data set"), seeds,
        h("p", { class: "help" }, "Empty: as many as the question has."))),
    h("fieldset", { "data-pointer": "/over" }, h("legend", {}, "Data sets"),
      h("p", { class: "help" }, `From ${VERDICT} on there is a verdict. Sizes that do not fit a data set are chosen for it.`),
      h("ul", { class: "choices" }, choices.map((one) => one.node))));
  const cost = h("div", { "aria-live": "polite" });
  const text = h("pre", { class: "code", tabindex: "0" });
  const start = h("button", { type: "button", class: "primary", disabled: true, on: { click: begin } }, "Start");

  let timer = 0;
  let asking = 0;
  /** @type {string | null} */
  let sent = null;
  /** @type {Question | null} */
  let question = null;
  signal.addEventListener("abort", () => clearTimeout(timer));

  /** @param {string} key */
  async function take(key) {
    unchecked();
    const turn = asking;
    const recipe = known.find((one) => one.name === key);
    const found = recipe ? ofRecipe(recipe) : ofExperiment(await call(`/v1/experiments/${encodeURIComponent(key)}`, { signal }));
    if (turn !== asking || signal.aborted) return;
    if (!name.value || name.value === question?.name) name.value = found.name;
    question = found;
    about.textContent = found.words;
    later();
  }

  function later() {
    unchecked();
    sent = null; // another body is another request
    timer = setTimeout(check, PAUSE);
  }

  /** Nothing can be started until what is chosen now was checked; a reply under way is of another. */
  function unchecked() {
    start.disabled = true;
    clearTimeout(timer);
    asking += 1;
  }

  /** The study as it is sent; null while something of it cannot be read. */
  function body() {
    if (!question) return null;
    const { own, spec } = question;
    const entries = choices.map((one) => one.entry()).filter((one) => one !== null);
    const over = entries.map((one) => (own?.dataset === one.dataset ? { ...own, ...one } : one));
    return { name: name.value, spec: seeds.value ? { ...spec, seeds: { count: Number(seeds.value) } } : spec, over };
  }

  async function check() {
    const turn = ++asking;
    const study = body();
    if (!study) return;
    text.textContent = JSON.stringify(study, null, 2);
    clearErrors(fields);
    mark(study.over);
    if (study.over.length < FEWEST) {
      fill(cost, h("p", { class: "help" }, `Choose ${FEWEST} data sets or more.`));
      return;
    }
    try {
      const found = await call("/v1/studies?dry_run=true", { method: "POST", body: study, signal });
      if (turn !== asking) return;
      fill(cost, costOf(found));
      start.disabled = false;
    } catch (error) {
      if (!wasStopped(error) && turn === asking) refuse(error);
    }
  }

  /**
   * Each chosen data set is known by its place in the study, as errors name it.
   * @param {Entry[]} over
   */
  function mark(over) {
    for (const one of choices) {
      const place = over.findIndex((entry) => entry.dataset === one.name);
      if (place < 0) delete one.node.dataset.pointer;
      else one.node.dataset.pointer = `/over/${place}`;
    }
  }

  /** @param {unknown} error */
  function refuse(error) {
    const elsewhere = showErrors(fields, fieldProblems(error));
    fill(cost, faultsOf(error, elsewhere, goTo));
  }

  /** @param {string} pointer */
  function goTo(pointer) {
    const [, top, place] = pointer.split("/");
    const nearest = fields.querySelector(`[data-pointer="/${top}/${place}"]`) ?? fields.querySelector(`[data-pointer="/${top}"]`);
    nearest?.scrollIntoView({ block: "center" });
    /** @type {HTMLElement | null | undefined} */ (nearest?.querySelector("input, select"))?.focus({ preventScroll: true });
  }

  async function begin() {
    start.disabled = true;
    sent ??= freshKey();
    try {
      const made = await call("/v1/studies", { method: "POST", body: body(), headers: { "Idempotency-Key": sent }, signal });
      toast("Queued.");
      location.hash = `#/studies/${made.id}`;
    } catch (error) {
      if (wasStopped(error)) return;
      refuse(error);
      start.disabled = false;
    }
  }

  fill(main, head(), h("div", { class: "new" },
    h("div", {}, fields, h("details", { class: "section" },
      h("summary", {}, "The whole study as JSON"),
      h("p", { class: "row" }, h("span", { class: "help" }, "As POST /v1/studies takes it."), copyButton(() => text.textContent ?? "")), text)),
    h("aside", { class: "card cost", "aria-label": "What it costs" }, cost, h("p", {}, start))));
  await take(first);
}

function head() {
  return h("div", { class: "page-head" }, h("div", {},
    h("p", { class: "crumbs" }, h("a", { href: "#/studies" }, "Studies")),
    h("h1", { tabindex: "-1" }, "New study"),
    h("p", { class: "muted" }, "One experiment for each data set, all of the same question: does the choice matter on data sets like these?")));
}

/** @param {number} there */
function tooFew(there) {
  return empty("A study needs two data sets",
    `${there ? "One is" : "None is"} there. Add your own; or make some with the command tripletlab datasets generate, which needs no data of yours.`,
    h("a", { class: "button primary", href: "#/datasets" }, "Add a data set"));
}

/**
 * A data set that can be chosen, and what may differ on it.
 * @param {Reply.DatasetView} one
 * @param {() => void} changed
 * @returns {Choice}
 */
function choice(one, changed) {
  const id = `over-${one.name}`;
  const own = h("input", { id: `${id}-own`, placeholder: '{"steps": 200}', spellcheck: "false", autocomplete: "off", on: { input: read } });
  const fault = h("p", { class: "help", role: "alert" });
  const differs = h("div", { class: "own" }, h("label", { for: `${id}-own`, class: "help" }, `What differs on ${one.name}, as JSON`), own, fault);
  const box = h("input", { type: "checkbox", id, on: { change: chosen } });
  const node = h("li", {}, h("div", { class: "check" }, box, h("label", { for: id }, one.name), h("span", { class: "muted number" }, plural(one.rows, "pair"))));
  /** @type {Record<string, unknown>} */
  let changes = {};

  function chosen() {
    if (box.checked) node.append(differs);
    else differs.remove();
    changed();
  }

  function read() {
    try {
      const found = own.value.trim() ? JSON.parse(own.value) : {};
      if (typeof found !== "object" || found === null || Array.isArray(found)) throw new SyntaxError("not an object");
      changes = found;
      fault.textContent = "";
      changed();
    } catch {
      fault.textContent = 'Not an object of JSON yet, as {"steps": 200} is; until then nothing differs.';
      changes = {};
      changed();
    }
  }

  return { node, name: one.name, entry: () => (box.checked ? { ...changes, dataset: one.name } : null) };
}

/**
 * @param {Reply.RecipeView} recipe
 * @returns {Question}
 */
function ofRecipe(recipe) {
  return { name: recipe.spec.name ?? recipe.name, words: recipe.about, spec: { recipe: recipe.name }, own: null };
}

/**
 * The question of an experiment: what belongs to its data set stays with that one.
 * @param {Reply.ExperimentView} experiment
 * @returns {Question}
 */
function ofExperiment(experiment) {
  const { name, ...rest } = structuredClone(experiment.spec);
  if (rest.tuning) delete rest.tuning.planned;
  const own = Object.fromEntries(OF_DATA.map((field) => [field, rest[field]]));
  const question = Object.fromEntries(Object.entries(rest).filter(([field]) => !Object.hasOwn(own, field)));
  const split = rest.split.kind === "connected_groups" ? { split: { kind: rest.split.kind } } : {};
  const words = `${plural(rest.arms.length, "arm")}: ${rest.arms.map((one) => one.name).join(", ")}; ${rest.decision.metric} decides.`;
  return { name: (name ?? "").slice(0, 100), words, spec: { ...question, ...split }, own: { ...own, dataset: rest.dataset } };
}

/** @param {Reply.StudyDryRun} found */
function costOf(found) {
  const atMost = found.runs > found.runs_at_least ? `${count(found.runs_at_least)} to ${count(found.runs)} runs` : plural(found.runs, "run");
  const warnings = new Set(found.experiments.flatMap((one) => one.warnings.map((warning) => warning.sentence)));
  return [
    h("span", { class: "big number" }, atMost),
    h("span", { class: "big number" }, `about ${duration(found.estimated_seconds)}`),
    h("dl", { class: "facts" }, found.experiments.map((one) => fact(one.spec.dataset, `${plural(one.runs, "run")}, ${duration(one.estimated_seconds)}`))),
    found.experiments.length < VERDICT && h("p", { class: "alert warn" }, `${plural(found.experiments.length, "data set")} give a mean and no verdict: that takes ${VERDICT}.`),
    [...warnings].map((sentence) => h("p", { class: "alert warn" }, sentence)),
    found.experiments.filter((one) => one.fitted.length).map((one) => h("p", { class: "help" }, `${one.spec.dataset}: ${one.fitted.map((size) => size.sentence).join(" ")}`)),
  ];
}
