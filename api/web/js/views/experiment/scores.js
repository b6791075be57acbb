// The similarities of the test pairs under one run of the experiment.

/** @import { Model } from "./model.js" */

import { call, wasStopped } from "../../api.js";
import { thresholdChart } from "../../charts/threshold.js";
import { fill, h, whenSeen } from "../../dom.js";
import { valueIn } from "../../metrics.js";
import { alertOf, loading } from "../../parts/notices.js";
import { foldedSection, select } from "../../parts/small.js";

/**
 * @param {Model} model
 * @param {AbortSignal} signal
 */
export function scoresSection(model, signal) {
  let asked = "";
  let known = "";
  let stop = new AbortController();
  signal.addEventListener("abort", () => stop.abort());
  const choose = select("Run", [], "", (value) => {
    asked = value;
    load();
  });
  const { node, body } = foldedSection("scores", "Similarities of the test pairs", "of one run, with a threshold to be dragged", choose);

  function draw() {
    const ended = model.compared.filter((run) => run.state === "succeeded");
    const ids = ended.map((run) => run.id).join();
    if (ids === known) return;
    known = ids;
    fill(choose, ended.map((run) => h("option", { value: run.id }, `${run.arm}, seed ${run.seed}`)));
    choose.hidden = !ended.length;
    if (!ended.length) return fill(body, loading("Scores are written when a run succeeds."));
    if (asked) choose.value = asked;
    else {
      asked = ended[0].id;
      fill(body, loading());
      whenSeen(body, signal, load);
    }
  }

  async function load() {
    stop.abort();
    const here = new AbortController();
    stop = here;
    try {
      fill(body, await scoresOf(asked, here.signal));
    } catch (error) {
      if (!wasStopped(error)) fill(body, alertOf(error));
    }
  }

  fill(body, loading("Scores are written when a run succeeds."));
  draw();
  model.listen(draw);
  return node;
}

/**
 * The chart of one run, with the threshold that its test pairs met.
 * @param {string} run
 * @param {AbortSignal} signal
 */
export async function scoresOf(run, signal) {
  const [scores, evaluations] = await Promise.all([
    call(`/v1/runs/${run}/scores`, { signal }), call(`/v1/runs/${run}/evaluations`, { signal }),
  ]);
  const test = evaluations.items.find((one) => one.split === "test");
  return thresholdChart(signal, scores, test ? valueIn(test, "threshold") : null);
}
