/** Elements without HTML: everything is built of nodes and texts. */

const SVG = "http://www.w3.org/2000/svg";

/** Strokes of 24 by 24. @type {Record<string, string>} */
const ICONS = {
  chat: "M5 5h14a1.5 1.5 0 0 1 1.5 1.5V15a1.5 1.5 0 0 1-1.5 1.5h-7L7.5 20v-3.5H5A1.5 1.5 0 0 1 3.5 15V6.5A1.5 1.5 0 0 1 5 5Z",
  panel: "M5 5h14a1.5 1.5 0 0 1 1.5 1.5v11A1.5 1.5 0 0 1 19 19H5a1.5 1.5 0 0 1-1.5-1.5v-11A1.5 1.5 0 0 1 5 5ZM9.5 5v14",
  plus: "M12 5v14M5 12h14",
    search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM16 16l4.5 4.5",
  pencil: "M4 20l1-4.5L16 4.5a2.1 2.1 0 0 1 3 3L8 19l-4 1ZM14 6.5l3 3",
  bin: "M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.5 11v5M13.5 11v5",
  sliders: "M4 8h9M19 8h1M4 16h1M11 16h9M16 8m-2.2 0a2.2 2.2 0 1 0 4.4 0 2.2 2.2 0 1 0-4.4 0M8 16m-2.2 0a2.2 2.2 0 1 0 4.4 0 2.2 2.2 0 1 0-4.4 0",
  save: "M12 4v11M7.5 11 12 15.5 16.5 11M5 19.5h14",
  send: "M12 19.5V5M5.5 11.5 12 5l6.5 6.5",
  stop: "M8 7h8a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1Z",
  copy: "M9 9h10v10.5H9ZM15 9V5H5v10.5h4",
  check: "M5 12.5l4.5 4.5L19 7",
  again: "M19 12a7 7 0 1 1-2.2-5.1M19 4v4.5h-4.5",
  left: "M14.5 6l-6 6 6 6",
  right: "M9.5 6l6 6-6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  cross: "M6 6l12 12M18 6 6 18",
  alert: "M12 8.5v4.5M12 16.4v.1M12 3.5 2.8 19.5h18.4Z",
};

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} [properties]  `class`, `data-…`, `aria-…`, `role`, `for` become attributes, `on…` listeners, the rest properties.
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (/^(class|for|role|type|autocomplete|enterkeyhint|aria-.*|data-.*)$/.test(name)) element.setAttribute(name, String(value));
    else Object.assign(element, { [name]: value });
  }
  element.append(.../** @type {(Node | string)[]} */ (children.filter((child) => child !== null && child !== undefined && child !== false)));
  return element;
}

/** @param {string} name  One of ICONS. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name] ?? "");
  svg.append(path);
  return svg;
}

/** A button that is an icon, with a name for everybody. @param {string} name @param {string} label @param {() => void} act @param {Record<string, any>} [properties] */
export function iconButton(name, label, act, properties = {}) {
  return el("button", { type: "button", class: "quiet", title: label, "aria-label": label, onclick: act, ...properties }, icon(name));
}

/** Copies also where the page is not on a safe origin. @param {string} text @returns {Promise<boolean>} */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = el("textarea", { value: text, class: "hidden" });
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    (before?.closest("dialog") ?? document.body).append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    before?.focus();
    return done;
  }
}
