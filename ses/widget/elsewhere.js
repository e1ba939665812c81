/** "Continue in Telegram": a button in the header and what it opens. Loaded only where a site offers it. */

const ru = {
  title: "Продолжить в мессенджере",
  open: "Открыть ",
  scan: "Или наведите камеру телефона:",
  code: "QR-код ссылки",
  once: "Ссылка действует 10 минут, один раз. Разговор перейдёт туда, когда вы там согласитесь.",
  failed: "Не получилось. Попробуйте чуть позже.",
  vk: "ВКонтакте",
};

/** @type {typeof ru} */
const en = {
  title: "Continue in a messenger",
  open: "Open ",
  scan: "Or point your phone’s camera here:",
  code: "QR code of the link",
  once: "The link works once, for 10 minutes. The conversation moves there when you say yes there.",
  failed: "That did not work. Please try again a little later.",
  vk: "VK",
};

const STYLES = `
.elsewhere { display: grid; flex: none; place-items: center; width: 40px; height: 40px; border: 0; border-radius: 50%; background: none; }
.elsewhere:hover { background: color-mix(in srgb, var(--on-accent) 16%, transparent); }
.elsewhere:focus-visible { outline-color: var(--on-accent); outline-offset: -3px; }
.elsewhere svg { width: 22px; height: 22px; }
.ways { display: flex; flex-direction: column; gap: 10px; align-items: center; padding: 14px 16px; overflow: auto; border-bottom: 1px solid var(--line); text-align: center; }
.ways .way { display: contents; }
.ways p { margin: 0; color: var(--soft); font-size: 13px; }
.ways .kinds { display: flex; flex-wrap: wrap; gap: 8px; justify-content: center; }
.ways button, .ways a { padding: 8px 16px; border: 1px solid var(--line); border-radius: 999px; background: var(--raised); color: var(--ink); text-decoration: none; }
.ways a { border-color: transparent; background: var(--accent); color: var(--on-accent); }
.ways button[aria-pressed="true"] { border-color: var(--ink-accent); color: var(--ink-accent); }
.ways .qr { flex: none; width: 164px; height: 164px; border-radius: 10px; background: #fff; fill: #000; stroke: none; }
`;

/**
 * Put the button into the header.
 * @param {ShadowRoot} root
 * @param {string} language  `ru` or `en`.
 * @param {string[]} names  Connectors: `telegram.shop`.
 * @param {(to: string) => Promise<Way | null>} ask  For a fresh link; null: there is none now.
 */
export function offer(root, language, names, ask) {
  const said = language === "ru" ? ru : en;
  root.querySelector(".elsewhere")?.remove();
  root.querySelector(".ways")?.remove();
  const styles = new CSSStyleSheet();
  styles.replaceSync(STYLES);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, styles];

  const button = make("button", { type: "button", class: "elsewhere", part: "elsewhere", "aria-label": said.title, title: said.title, "aria-expanded": "false", "aria-controls": "ways" });
  button.append(drawing("0 0 24 24", "M8 3.5h8a2 2 0 0 1 2 2v13a2 2 0 0 1-2 2H8a2 2 0 0 1-2-2v-13a2 2 0 0 1 2-2ZM10.5 17.5h3M9.5 10.5h5M12.5 8.2l2.3 2.3-2.3 2.3"));
  const ways = make("div", { class: "ways", part: "ways", id: "ways", role: "group", "aria-label": said.title, hidden: "" });
  const kinds = make("div", { class: "kinds" });
  const way = make("div", { class: "way", "aria-live": "polite" });
  if (names.length > 1) ways.append(make("p", {}, said.title), kinds);
  ways.append(way);

  /** @param {boolean} on */
  const show = (on) => {
    ways.hidden = !on;
    button.setAttribute("aria-expanded", String(on));
    way.replaceChildren();
    for (const kind of kinds.children) kind.setAttribute("aria-pressed", "false");
    if (on && names.length === 1) go(/** @type {string} */ (names[0]));
  };
  let asked = 0;
  /** @param {string} name */
  const go = async (name) => {
    const number = ++asked;
    const found = await ask(name);
    if (ways.hidden || number !== asked) return;
    if (!found || !/^https:/.test(found.url)) {
      way.replaceChildren(make("p", {}, said.failed));
      return;
    }
    const link = make("a", { href: found.url, target: "_blank", rel: "noopener noreferrer" }, said.open + label(name, names, said.vk));
    link.addEventListener("click", () => show(false));
    const { size, path } = found.qr;
    const code = drawing(`-4 -4 ${size + 8} ${size + 8}`, path);
    code.setAttribute("class", "qr");
    code.setAttribute("role", "img");
    code.setAttribute("aria-label", said.code);
    code.removeAttribute("aria-hidden");
    way.replaceChildren(link, make("p", {}, said.scan), code, make("p", {}, said.once));
  };
  for (const name of names) {
    const kind = make("button", { type: "button", "aria-pressed": "false" }, label(name, names, said.vk));
    kind.addEventListener("click", () => {
      for (const one of kinds.children) one.setAttribute("aria-pressed", String(one === kind));
      go(name);
    });
    kinds.append(kind);
  }
  button.addEventListener("click", () => show(ways.hidden));
  ways.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    show(false);
    button.focus();
  });
  root.querySelector(".close")?.before(button);
  root.querySelector(".notice")?.before(ways);
}

/** What people call a connector; with its name where there are two of a kind. @param {string} name @param {string[]} names @param {string} vk */
function label(name, names, vk) {
  const [kind = "", own = ""] = name.split(".");
  const called = kind === "vk" ? vk : kind === "max" ? "MAX" : kind.charAt(0).toUpperCase() + kind.slice(1);
  return names.filter((other) => other.startsWith(`${kind}.`)).length > 1 ? `${called} (${own})` : called;
}

/** @param {string} tag @param {Record<string, string>} attributes @param {string} [text] */
function make(tag, attributes, text) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  return made;
}

/** @param {string} box @param {string} path */
function drawing(box, path) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", box);
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS(space, "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}
