// Before the first comparison on a data set: the proposal to measure what the seed alone does.

import { call, messageOf, wasStopped } from "../api.js";
import { fill, h } from "../dom.js";

const SEEDS = 12;

/**
 * What stands in the form as long as nothing was asked on its data set; `measure` is given the spec
 * of the noise floor. The service is asked once for each data set.
 * @param {AbortSignal} signal
 * @param {(spec: Reply.Spec) => void} measure
 */
export function noiseProposal(signal, measure) {
  const node = h("div", {});
  /** @type {Map<string, boolean>} */
  const known = new Map();
  /** @type {Reply.Spec | null} */
  let latest = null;

  /** @param {Reply.Spec} spec */
  async function show(spec) {
    latest = spec;
    const { dataset } = spec;
    try {
      if (!known.has(dataset)) {
        const found = await call(`/v1/experiments?${new URLSearchParams({ dataset, limit: "1" })}`, { signal });
        known.set(dataset, found.items.length > 0);
      }
    } catch (error) {
      if (!wasStopped(error)) console.info(`no proposal: ${messageOf(error)}`);
      return;
    }
    if (latest === spec) fill(node, known.get(dataset) || spec.arms.length < 2 ? null : proposal(spec));
  }

  /** @param {Reply.Spec} spec */
  function proposal(spec) {
    return h("div", { class: "proposal" },
      h("p", { class: "help" }, `Nothing was asked on ${spec.dataset} yet. Two runs that differ in the seed alone differ too; with one arm you see by how much, and how many seeds a comparison takes.`),
      h("button", { type: "button", on: { click: () => measure(oneArm(spec)) } }, "Measure the noise floor first"));
  }

  return { node, show };
}

/**
 * The same question with the baseline alone.
 * @param {Reply.Spec} spec
 * @returns {Reply.Spec}
 */
export function oneArm(spec) {
  const arm = spec.arms.find((one) => one.name === spec.decision.baseline) ?? spec.arms[0];
  const { factors: _, design: __, effects: ___, loss: ____, ...rest } = structuredClone(spec);
  return {
    ...rest, name: `Noise floor of ${arm.name} on ${spec.dataset}`,
    arms: [structuredClone(arm)], seeds: { count: SEEDS }, decision: { ...spec.decision, baseline: arm.name },
  };
}
