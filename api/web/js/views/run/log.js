// What the run tells of itself: the lines of its log, which go on as the run does.

import { call, wasStopped } from "../../api.js";
import { fill, h } from "../../dom.js";
import { count, exact } from "../../format.js";
import { alertOf, loading } from "../../parts/notices.js";
import { ACTIVE, section } from "../../parts/small.js";

/** @param {Page.RunModel} model */
export function logSection(model) {
  const { node, body } = section("log", "Log");
  const list = h("ol", { class: "log", tabindex: "0", "aria-label": "Log of the run, the newest line last" });
  let last = 0;
  let attempt = 0;
  let busy = false;

  async function load() {
    if (busy) return;
    busy = true;
    try {
      for (let more = true; more;) {
        const found = await call(`/v1/runs/${model.run.id}/log?after=${last}`, { signal: model.signal });
        if (found.items.length) add(found.items);
        more = found.next !== null;
      }
      if (!last) fill(body, loading(ACTIVE.has(model.run.state) ? "Nothing yet: the run has not begun." : "It has none: it ended before it began, or before logs were kept."));
    } catch (error) {
      if (!wasStopped(error)) fill(body, alertOf(error));
    } finally {
      busy = false;
    }
  }

  /** @param {Reply.LogLineView[]} items */
  function add(items) {
    const atEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 4;
    for (const one of items) {
      const missing = one.number - last - 1;
      if (last && missing) list.append(h("li", { class: "gap" }, `${count(missing)} lines in between are no longer kept`));
      if (one.attempt !== attempt && one.attempt > 1) list.append(h("li", { class: "gap" }, `Attempt ${one.attempt}`));
      [last, attempt] = [one.number, one.attempt];
      list.append(line(one));
    }
    if (!list.isConnected) fill(body, list);
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  fill(body, loading());
  load();
  model.listeners.add(load);
  return node;
}

/** @param {Reply.LogLineView} one */
function line(one) {
  const told = one.level === "info" ? null : h("strong", {}, one.level === "error" ? "Error " : "Warning ");
  return h("li", { class: one.level },
    h("time", { datetime: one.at, title: `${exact(one.at)}, after step ${count(one.step)}` }, one.at.slice(11, 19)),
    h("span", {}, told, one.message));
}
