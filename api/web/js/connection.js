// A line at the top while the service does not answer, and the view again once it does.

import { onConnection, tellConnection } from "./api.js";
import { byId, fill, h } from "./dom.js";

const PAUSE = 3000;

/** @param {() => void} again */
export function watchConnection(again) {
  const banner = byId("banner");
  let away = false;
  let timer = 0;

  const look = async () => {
    try {
      const reply = await fetch("/healthz", { cache: "no-store" });
      tellConnection(reply.ok);
    } catch {
      tellConnection(false);
    }
  };

  onConnection((here) => {
    clearTimeout(timer);
    if (!here) {
      if (!away) fill(banner, h("div", {}, "The service does not answer. Trying again every few seconds…"));
      away = true;
      timer = setTimeout(look, PAUSE);
    } else if (away) {
      away = false;
      fill(banner);
      again();
    }
  });
  addEventListener("offline", () => tellConnection(false));
  addEventListener("online", look);
}
