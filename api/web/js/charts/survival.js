// Kaplan-Meier curves: the share of an arm's runs that still wait after each step.

import { percent } from "../format.js";
import { armColour, armDash, colour } from "../theme.js";
import { union } from "./numbers.js";
import { plot } from "./plot.js";

/** @typedef {Page.Arm & { curve: Reply.SurvivalCurve | null, censored: number[] }} Waits */

/**
 * `arms()`: [{ name, index, curve: { step, still_waiting }, censored: [step] }]; `end()` the last step.
 * @param {AbortSignal} signal
 * @param {{ label: string, arms: () => Waits[], end: () => number }} chart
 */
export function survival(signal, { label, arms, end }) {
  return plot(signal, {
    label, height: 240,
    cursorX: (x) => `after step ${Math.round(x)}`,
    make() {
      const now = arms().flatMap((arm) => (arm.curve ? [{ ...arm, curve: arm.curve }] : []));
      const x = union([[0, end()], ...now.map((arm) => arm.curve.step)]);
      const stepped = uPlot.paths.stepped?.({ align: 1 });
      return {
        data: [x, ...now.map((arm) => held(x, arm.curve))],
        series: now.map((arm) => ({
          stroke: colour(armColour(arm.index)), width: 2.25, dash: armDash(arm.index), paths: stepped, points: { show: false },
        })),
        legend: now.map((arm, at) => ({ label: arm.name, arm: armColour(arm.index), dashed: arm.index >= 8, series: at + 1, format: percent })),
        scales: { y: { range: [-0.02, 1.04] } },
        axes: { y: { values: (_, values) => values.map((value) => (value < 0 || value > 1 ? "" : percent(value))), space: 40 } },
        hooks: { draw: [(u) => drawCensored(u, now)] },
      };
    },
  });
}

/**
 * @param {number[]} x
 * @param {Reply.SurvivalCurve} curve
 */
function held(x, curve) {
  let at = 0;
  return x.map((step) => {
    while (at + 1 < curve.step.length && curve.step[at + 1] <= step) at += 1;
    return curve.still_waiting[at];
  });
}

/**
 * A small upright stroke where a run ended without having got there.
 * @param {uPlot} u
 * @param {(Page.Arm & { curve: Reply.SurvivalCurve, censored: number[] })[]} arms
 */
function drawCensored(u, arms) {
  const reach = 6 * devicePixelRatio;
  for (const arm of arms) {
    const steps = [...new Set(arm.censored)];
    const shares = held(steps, arm.curve);
    u.ctx.save();
    u.ctx.strokeStyle = colour(armColour(arm.index));
    u.ctx.lineWidth = 2 * devicePixelRatio;
    steps.forEach((step, index) => {
      const x = u.valToPos(step, "x", true);
      const y = u.valToPos(shares[index], "y", true);
      u.ctx.beginPath();
      u.ctx.moveTo(x, y - reach);
      u.ctx.lineTo(x, y + reach);
      u.ctx.stroke();
    });
    u.ctx.restore();
  }
}
