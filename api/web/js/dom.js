// Elements from functions. Every text becomes a text node, so nothing that a person wrote is markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element that index.html or the view has for certain.
 * @param {string} id
 */
export function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * An HTML element; `on` holds listeners, `style` custom properties and styles, null is left out.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Page.Attributes} [attributes]
 * @param {...Page.Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/**
 * An SVG element.
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Page.Attributes} [attributes]
 * @param {...Page.Child} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/**
 * @template {HTMLElement | SVGElement} Made
 * @param {Made} element
 * @param {Page.Attributes} attributes
 * @param {Page.Child[]} children
 * @returns {Made}
 */
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [kind, listener] of Object.entries(value)) element.addEventListener(kind, listener);
    else if (name === "style") for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
    else if (name === "value" || name === "checked") Object.assign(element, { [name]: value });
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

/**
 * @param {Element} element
 * @param {readonly Page.Child[]} children
 */
function append(element, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(element, child);
    else element.append(child instanceof Node ? child : String(child));
  }
}

/**
 * Put these children in the place of what is there.
 * @template {Element} Holder
 * @param {Holder} element
 * @param {...Page.Child} children
 * @returns {Holder}
 */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/**
 * As `fill`, for what is drawn again while someone may be on it: the focus stays where it was.
 * @template {Element} Holder
 * @param {Holder} element
 * @param {...Page.Child} children
 * @returns {Holder}
 */
export function refill(element, ...children) {
  /** @param {Element} one */
  const name = (one) => `${one.tagName} ${one.getAttribute("href")} ${one.textContent}`;
  const active = document.activeElement;
  const focused = active && element.contains(active) ? name(active) : null;
  fill(element, ...children);
  if (focused === null) return element;
  const places = /** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll("a, button, [tabindex]"));
  const same = [...places].find((one) => name(one) === focused);
  same?.focus({ preventScroll: true });
  return element;
}

/**
 * Call `draw(width)` now and whenever the element's width changes, until the signal aborts.
 * @param {Element} element
 * @param {AbortSignal} signal
 * @param {(width: number) => void} draw
 */
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

/**
 * Call `load` once the element comes near the window.
 * @param {Element} element
 * @param {AbortSignal} signal
 * @param {() => void} load
 */
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
