// Two questions of your own, and what the run's network says of them.

import { call, wasStopped } from "../../api.js";
import { fill, h } from "../../dom.js";
import { alertOf, loading } from "../../parts/notices.js";
import { section } from "../../parts/small.js";

const WAIT = 30;
const TRIES = 4;

/** @param {Page.RunModel} model */
export function askSection(model) {
  const { node, body } = section("ask", "Try your own questions");
  const first = h("input", { id: "question1", required: true, maxlength: 5000, });
  const second = h("input", { id: "question2", required: true, maxlength: 5000, });
  const answer = h("div", { "aria-live": "polite" });
  const button = h("button", { class: "primary" }, "Are they duplicates?");
  const form = h("form", { class: "card", on: { submit: asked } },
    h("div", { class: "two" },
      h("div", {}, h("label", { for: "question1" }, "One question"), first),
      h("div", {}, h("label", { for: "question2" }, "Another"), second)),
    h("p", {}, button), answer);
  body.append(form);

  /** @param {SubmitEvent} event */
  async function asked(event) {
    event.preventDefault();
    button.disabled = true;
    fill(answer, loading("A worker is asked; the first question takes some seconds."));
    try {
      const questions = { question1: first.value, question2: second.value };
      fill(answer, shown(await answered(questions), `${first.value} ${second.value}`));
    } catch (error) {
      if (!wasStopped(error)) fill(answer, alertOf(error));
    } finally {
      button.disabled = false;
    }
  }

  /** @param {{ question1: string, question2: string }} questions */
  async function answered(questions) {
    const { signal } = model;
    let view = await call(`/v1/runs/${model.run.id}/predict?wait=${WAIT}`, { method: "POST", body: questions, signal });
    for (let tried = 0; view.state === "queued" && tried < TRIES; tried += 1) {
      fill(answer, loading("No worker has answered yet; still waiting."));
      view = await call(`/v1/predictions/${view.id}?wait=${WAIT}`, { signal });
    }
    return view;
  }

  example(model).then((pair) => {
    if (!pair || first.value || second.value) return;
    [first.value, second.value] = [pair.question1, pair.question2];
  }, () => {}); // without an example the person writes both
  return node;
}

/**
 * A pair of the run's own data set, whose words the network knows.
 * @param {Page.RunModel} model
 */
async function example({ experiment, signal }) {
  const found = await call(`/v1/datasets/${encodeURIComponent(experiment.dataset)}/pairs?limit=1`, { signal });
  return found.items[0];
}

/**
 * @param {Reply.PredictionView} view
 * @param {string} texts
 */
function shown(view, texts) {
  if (view.state === "failed") return alertOf(new Error(String(view.reason)));
  if (view.state === "queued") return alertOf(new Error("No worker has answered. Is one alive? Start one with `tripletlab worker`, and ask again."));
  const [one] = view.predictions ?? [];
  return h("p", { class: "answer", "data-duplicate": String(one.duplicate) },
    `${one.duplicate ? "Duplicates" : "Different"}: similarity ${one.similarity.toFixed(3)}, `,
    h("span", { class: "muted" }, `${one.duplicate ? "above" : "not above"} the threshold ${view.threshold?.toFixed(3)}`),
    one.unknown_words.length ? h("span", { class: "doubt" }, `⚠ not in the training data: ${one.unknown_words.join(", ")}${nothingKnown(one, texts) ? ". No word was seen, so the similarity says nothing" : ""}`) : null);
}

/**
 * @param {Reply.PairView} one
 * @param {string} texts
 */
function nothingKnown({ unknown_words: unknown }, texts) {
  return (texts.match(/[\p{L}\p{N}_]+/gu) ?? []).every((word) => unknown.includes(word));
}
