/** Puts the widget into the page. Its tag is found by address: `document.currentScript` is null in modules. */

import { SesWidget } from "./element.js";

const styles = new CSSStyleSheet();
const loaded = fetch(new URL("./styles.css", import.meta.url)).then(async (answer) => {
  if (!answer.ok) throw new Error(`SES widget: styles.css answered ${answer.status}`);
  styles.replaceSync(await answer.text());
});

/** @param {string} entry  `import.meta.url` of the script in the page. @param {Settings} settings */
export async function mount(entry, settings) {
  const tag = [...document.querySelectorAll("script")].find((script) => script.src === entry);
  const token = tag?.getAttribute("token");
  if (!tag || token == null) {
    console.error(`SES widget: the script tag of ${entry} needs the attribute token="…"`);
    return;
  }
  await loaded;
  if (!customElements.get("ses-widget")) customElements.define("ses-widget", SesWidget);
  const home = new URL(settings.host || entry);
  const query = `?${encodeURIComponent(settings.name)}&token=${encodeURIComponent(token)}`;
  const uploads = new URL(`/ses/upload${query}`, home);
  const socket = new URL(`/ses/ws${query}`, home);
  socket.protocol = home.protocol.replace("http", "ws");

  /** @type {World} */
  const world = {
    connect: () => new WebSocket(socket, "ses.v1"),
    files: async () => (await import("./files.js")).filesOf(uploads, settings.name),
    now: () => Date.now(),
    random: () => Math.random(),
    id: () => [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
    later: (milliseconds, work) => window.setTimeout(work, milliseconds),
    cancel: (timer) => clearTimeout(timer),
  };
  const widget = /** @type {SesWidget} */ (document.createElement("ses-widget"));
  widget.start({
    world,
    styles,
    place: `${home.host}/${settings.name}`,
    origin: new URL(entry).origin,
    settings,
    tag,
  });
  const container = document.getElementById(tag.getAttribute("container") ?? "");
  (container ?? document.body).append(widget);
}
