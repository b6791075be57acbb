// Puts the page together: theme, key, connection, and the view that the address names.

import { watchConnection } from "./connection.js";
import { byId } from "./dom.js";
import { installKeyButton } from "./key.js";
import { show } from "./router.js";
import { installTheme } from "./theme.js";

installTheme();
installKeyButton(show);
watchConnection(show);

document.querySelector(".skip")?.addEventListener("click", (event) => {
  event.preventDefault(); // the part after # names a view here, not a place in it
  byId("main").focus();
});

addEventListener("hashchange", async () => {
  await show();
  if (document.activeElement?.closest("#main .section")) return; // the address named one, and it is there
  scrollTo(0, 0);
  /** @type {HTMLElement | null} */ (document.querySelector("#main h1"))?.focus({ preventScroll: true });
});

show();
