// Elements from functions. Every text becomes a text node, so nothing that a person wrote is markup.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element; `on` holds listeners, `style` custom properties and styles, null is left out. */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [kind, listener] of Object.entries(value)) element.addEventListener(kind, listener);
    else if (name === "style") for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
    else if (name === "value") element.value = value;
    else if (name === "checked") element.checked = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(element, child);
    else element.append(child instanceof Node ? child : String(child));
  }
}

/** Put these children in the place of what is there. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/** As `fill`, for what is drawn again while someone may be on it: the focus stays where it was. */
export function refill(element, ...children) {
  const name = (one) => `${one.tagName} ${one.getAttribute("href")} ${one.textContent}`;
  const active = document.activeElement;
  const focused = element.contains(active) ? name(active) : null;
  fill(element, ...children);
  if (focused === null) return element;
  const same = [...element.querySelectorAll("a, button, [tabindex]")].find((one) => name(one) === focused);
  same?.focus({ preventScroll: true });
  return element;
}

/** Call `draw(width)` now and whenever the element's width changes, until the signal aborts. */
export function drawnToWidth(element, signal, draw) {
  let last = 0;
  const watcher = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (width <= 0 || width === last) return;
    last = width;
    draw(width);
  });
  watcher.observe(element);
  signal.addEventListener("abort", () => watcher.disconnect());
}

/** Call `load` once the element comes near the window. */
export function whenSeen(element, signal, load) {
  const watcher = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watcher.disconnect();
      load();
    },
    { rootMargin: "400px" },
  );
  watcher.observe(element);
  signal.addEventListener("abort", () => watcher.disconnect());
}
