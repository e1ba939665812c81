/** `<ses-widget>`: the window, its button and its lines, in a shadow root. */

import { accent } from "./colors.js";
import { Composer } from "./composer.js";
import { Line } from "./line.js";
import { browserShelf, Store } from "./store.js";
import { Talk } from "./talk.js";
import { words } from "./words.js";

const FRAME = `
<button class="launcher" part="launcher" type="button" aria-expanded="false" aria-controls="window">
  <svg class="chat" viewBox="0 0 24 24" aria-hidden="true"><path d="M12 3.5c5 0 9 3.3 9 7.6s-4 7.6-9 7.6c-.9 0-1.8-.1-2.6-.3-1.2 1-2.9 1.8-5 2 .8-1 1.3-2.1 1.5-3.2C4.1 15.8 3 13.6 3 11.1c0-4.3 4-7.6 9-7.6Z"/></svg>
  <svg class="cross" viewBox="0 0 24 24" aria-hidden="true"><path d="m6 9.5 6 6 6-6"/></svg>
  <span class="badge" part="badge" hidden></span>
</button>
<section class="window" part="window" id="window" role="dialog" aria-labelledby="title" hidden>
  <div class="header" part="header">
    <span class="face" aria-hidden="true"></span>
    <div class="name"><h2 class="title" id="title" part="title"></h2><p class="status" part="status"></p></div>
    <button class="close" part="close" type="button"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6.5 6.5l11 11M17.5 6.5l-11 11"/></svg></button>
  </div>
  <div class="notice" part="notice" role="status"></div>
  <div class="log" part="log" role="log" aria-live="polite" aria-relevant="additions" tabindex="0">
    <div class="lines"></div>
    <div class="typing" part="typing" aria-hidden="true" hidden><i></i><i></i><i></i></div>
  </div>
  <button class="down" part="down" type="button" hidden><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 5.5v13M6.5 13l5.5 5.5L17.5 13"/></svg></button>
  <p class="hint" role="status"></p>
  <form class="composer" part="composer">
    <textarea class="input" part="input" rows="1" maxlength="4096" enterkeyhint="send"></textarea>
    <button class="attach" part="attach" type="button" hidden><svg viewBox="0 0 24 24" aria-hidden="true"><path d="m19.5 11-7.8 7.8a4.6 4.6 0 0 1-6.5-6.5l8-8a3 3 0 0 1 4.3 4.3l-8 8a1.5 1.5 0 0 1-2.1-2.1l7.2-7.3"/></svg></button>
    <input class="files" type="file" multiple hidden tabindex="-1">
    <button class="mic" part="mic" type="button" hidden><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 3.5a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0v-5a3 3 0 0 1 3-3ZM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3"/></svg></button>
    <button class="send" part="send" type="submit" disabled><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 19V5.5M6 11.5l6-6 6 6"/></svg></button>
  </form>
</section>`;

/** @typedef {{world: World, styles: CSSStyleSheet, place: string, origin: string, settings: Settings, tag: HTMLElement}} Start */

/** @implements {View} */
export class SesWidget extends HTMLElement {
  /** @type {Map<string, Line>} */
  #lines = new Map();
  #talk = /** @type {Talk} */ (/** @type {unknown} */ (null));
  #store = /** @type {Store} */ (/** @type {unknown} */ (null));
  #composer = /** @type {Composer} */ (/** @type {unknown} */ (null));
  #words = words("en");
  #page = false;
  #origin = "";
  /** @type {string | null | undefined} */
  #identity;
  /** @type {Line | null} */
  #last = null;
  #unread = 0;
  #typing = false;
  /** The reader looks at the end, so new lines may scroll. */
  #following = true;
  /** @type {Link} */
  #link = "idle";

  /** @param {Start} start */
  start({ world, styles, place, origin, settings, tag }) {
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [styles];
    root.append(document.createRange().createContextualFragment(trusted(FRAME)));
    const language = tag.getAttribute("lang") || document.documentElement.lang || navigator.language;
    this.#words = words(language);
    this.#page = settings.type === "assistant";
    this.#origin = origin;
    this.lang = this.#words.tag;
    this.dataset.type = settings.type;
    if (this.#page) this.#find(".window").setAttribute("role", "region");
    const theme = tag.getAttribute("theme");
    if (theme) this.dataset.theme = theme;
    for (const [name, value] of Object.entries(accent(tag.getAttribute("color") || settings.color))) {
      this.style.setProperty(name, value);
    }
    this.#label(tag.getAttribute("title") || titleOf(settings.title, language) || this.#words.title);
    this.#store = new Store(browserShelf("localStorage"), place, browserShelf("sessionStorage"));
    this.#identity = tag.getAttribute("identity");
    const variables = readVariables(tag.getAttribute("variables"));
    this.#talk = new Talk(world, this.#store, this, () => ({
      variables,
      identity: this.#identity || undefined,
      page: {
        url: location.href.slice(0, 1024),
        title: document.title.slice(0, 256),
        referrer: document.referrer.slice(0, 1024),
        language: language.slice(0, 35),
      },
    }));
    this.#listen();
  }

  connectedCallback() {
    if (this.#page || (this.#store.open && !this.#full)) this.#open(false);
    else if (this.#talk.returning) this.#talk.connect();
    window.addEventListener("online", this.#nudge);
    document.addEventListener("visibilitychange", this.#nudge);
    window.addEventListener("pagehide", this.#leave);
  }

  disconnectedCallback() {
    window.removeEventListener("online", this.#nudge);
    document.removeEventListener("visibilitychange", this.#nudge);
    window.removeEventListener("pagehide", this.#leave);
    this.#composer.drop();
    this.#talk.stop();
  }

  /** Who the visitor is: a token that the site's server signed; without one he is nobody. @param {string} [token] */
  identify(token) {
    this.#identity = token;
    this.#talk.renew();
  }

  // What the dialogue shows

  /** @param {string} reason */
  unidentified(reason) {
    console.error("SES widget: " + reason);
    if (this.dispatchEvent(new Event("ses-identity", { bubbles: true, cancelable: true }))) this.identify();
  }

  reset() {
    this.#lines.clear();
    this.#last = null;
    this.#find(".lines").replaceChildren();
    this.#unread = 0;
    this.#badge();
  }

  /** @param {Entry} entry @param {boolean} live */
  show(entry, live) {
    const log = this.#find(".log");
    log.setAttribute("aria-busy", String(entry.state === "streaming"));
    let line = this.#lines.get(entry.id);
    if (!line) {
      // History is not read out; what is said now is.
      log.setAttribute("aria-live", live ? "polite" : "off");
      if (entry.from === "visitor") this.#retire();
      line = new Line(this.#words, this.#origin, this.#hands);
      this.#last?.follow(entry);
      this.#last = line;
      this.#lines.set(entry.id, line);
      this.#find(".lines").append(line.root);
      if (entry.from === "visitor" && live) this.#following = true;
      this.#count(entry);
    }
    line.draw(entry);
    if (this.#following) this.#toEnd();
    else if (entry.from !== "visitor") this.#find(".down").hidden = false;
    if (this.#seen) this.#talk.read();
  }

  /** @param {string} id */
  forget(id) {
    const line = this.#lines.get(id);
    this.#lines.delete(id);
    line?.root.remove();
    if (line === this.#last) this.#last = null;
    this.#composer.focus();
  }

  /** @param {Offer} settings */
  offer(settings) {
    this.#composer.offer(settings);
  }

  /** @param {string} id @param {number} share */
  share(id, share) {
    this.#lines.get(id)?.share(share);
  }

  /** @param {string} id @param {string} text */
  heard(id, text) {
    this.#lines.get(id)?.heard(text);
    if (this.#following) this.#toEnd();
  }

  /** @param {string[]} names @param {(to: string) => Promise<Way | null>} ask */
  async elsewhere(names, ask) {
    (await import("./elsewhere.js")).offer(this.#root, this.#words.tag, names, ask);
  }

  /** @param {boolean} on */
  typing(on) {
    this.#typing = on;
    this.#find(".typing").hidden = !on;
    this.#status();
    if (on && this.#following) this.#toEnd();
  }

  /** @param {Link} state */
  link(state) {
    const before = this.#link;
    this.#link = state;
    this.#status();
    const notice = this.#find(".notice");
    notice.replaceChildren();
    notice.classList.toggle("shown", state === "offline" || state === "displaced");
    if (state === "displaced") {
      const here = document.createElement("button");
      here.type = "button";
      here.textContent = this.#words.here;
      here.addEventListener("click", () => {
        this.#talk.connect();
        this.#input.focus();
      });
      notice.append(`${this.#words.displaced} `, here);
    } else if (state === "offline" || (state === "connecting" && before === "offline")) {
      notice.classList.add("shown");
      notice.append(this.#words.offline);
    }
  }

  // What the visitor does

  #listen() {
    const log = this.#find(".log");
    this.#find(".launcher").addEventListener("click", () => (this.#opened ? this.#close() : this.#open(true)));
    this.#find(".close").addEventListener("click", () => this.#close());
    this.#find(".down").addEventListener("click", () => {
      this.#toEnd();
      this.#input.focus();
    });
    this.#composer = new Composer(this.#root, {
      words: this.#words,
      send: (text, of) => {
        if (of) this.#retire();
        return this.#talk.say(text, of ? { of } : {});
      },
      attach: async (file, how) => {
        try {
          (await this.#talk.parcels()).attach(file, how);
        } catch {
          this.#tell(this.#words.unloaded);
        }
      },
      text: (id) => this.#lines.get(id)?.text ?? "",
      tell: (text) => this.#tell(text),
      late: () => Promise.all([this.#hands.media(), this.#talk.parcels()]),
    });
    log.addEventListener("scroll", () => {
      this.#following = log.scrollHeight - log.scrollTop - log.clientHeight < 48;
      if (this.#following) this.#find(".down").hidden = true;
    });
    // A picture that arrives late makes the log longer.
    log.addEventListener("load", () => this.#following && this.#toEnd(), true);
    this.#find(".window").addEventListener("keydown", (event) => this.#key(/** @type {KeyboardEvent} */ (event)));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "Escape" && this.#composer.escape()) {
      event.preventDefault();
    } else if (event.key === "Escape" && !this.#page && !event.isComposing) {
      event.preventDefault();
      this.#close();
    } else if (event.altKey && !event.ctrlKey && /^Digit[1-9]$/.test(event.code)) {
      const button = this.#openButtons()[Number(event.code.slice(5)) - 1];
      if (button) {
        event.preventDefault();
        button.click();
      }
    } else if (event.key === "Tab" && this.#full) {
      this.#keepInside(event);
    }
  }

  /** On a phone the window covers the page, so focus stays in it. @param {KeyboardEvent} event */
  #keepInside(event) {
    const stops = [...this.#find(".window").querySelectorAll("button, a[href], textarea, [tabindex='0'], input, video")].filter(
      (stop) => !stop.matches(":disabled") && stop.getClientRects().length > 0,
    );
    const edge = event.shiftKey ? stops[0] : stops.at(-1);
    const other = event.shiftKey ? stops.at(-1) : stops[0];
    if (this.#root.activeElement === edge) {
      event.preventDefault();
      /** @type {HTMLElement | undefined} */ (other)?.focus();
    }
  }

  /** @param {Button} button */
  #press(button) {
    this.#composer.pressed();
    this.#talk.say(button.text, button.id ? { button: button.id } : {});
    this.#composer.focus();
  }

  /** @param {boolean} byVisitor */
  #open(byVisitor) {
    this.#find(".window").hidden = false;
    if (this.#full) this.#find(".window").setAttribute("aria-modal", "true");
    else this.#find(".window").removeAttribute("aria-modal");
    this.#find(".launcher").setAttribute("aria-expanded", "true");
    this.toggleAttribute("open", true);
    this.#store.open = true;
    this.#unread = 0;
    this.#badge();
    this.#toEnd();
    if (byVisitor) this.#composer.focus();
    this.#talk.open();
    if (this.#seen) this.#talk.read();
  }

  #close() {
    this.#composer.drop();
    this.#find(".window").hidden = true;
    this.#find(".launcher").setAttribute("aria-expanded", "false");
    this.toggleAttribute("open", false);
    this.#store.open = false;
    this.#badge();
    this.#find(".launcher").focus();
  }

  #nudge = () => {
    if (document.visibilityState !== "visible") return;
    this.#talk.nudge();
    if (this.#seen) this.#talk.read();
  };

  #leave = () => this.#talk.leave();

  /** @type {import("./line.js").Hands} */
  #hands = {
    press: (button) => this.#press(button),
    cancel: async (id) => (await this.#talk.parcels()).cancel(id),
    retry: async (id) => (await this.#talk.parcels()).retry(id),
    media: async () => {
      const media = await import("./media.js");
      const sheets = this.#root.adoptedStyleSheets;
      if (!sheets.includes(media.styles)) this.#root.adoptedStyleSheets = [...sheets, media.styles];
      return media;
    },
  };

  // Small things

  get #root() {
    return /** @type {ShadowRoot} */ (this.shadowRoot);
  }

  get #opened() {
    return this.hasAttribute("open");
  }

  /** The visitor can see new lines. */
  get #seen() {
    return this.#opened && document.visibilityState === "visible";
  }

  /** The window fills a phone's screen. */
  get #full() {
    return !this.#page && matchMedia("(max-width: 520px)").matches;
  }

  get #input() {
    return /** @type {HTMLTextAreaElement} */ (this.#find(".input"));
  }

  /** @param {string} selector @returns {HTMLElement} */
  #find(selector) {
    return /** @type {HTMLElement} */ (this.#root.querySelector(selector));
  }

  /** @param {string} title */
  #label(title) {
    const said = this.#words;
    this.#find(".title").textContent = title;
    this.#find(".face").textContent = [...title.replace(/[^\p{L}\p{N}]/gu, "")][0]?.toUpperCase() ?? "";
    this.#find(".close").setAttribute("aria-label", said.close);
    this.#find(".log").setAttribute("aria-label", said.log);
    this.#find(".down").setAttribute("aria-label", said.down);
    this.#find(".send").setAttribute("aria-label", said.send);
    this.#find(".mic").setAttribute("aria-label", said.microphone);
    this.#find(".mic").title = said.microphone;
    this.#input.setAttribute("aria-label", said.write);
    this.#input.placeholder = said.write;
    this.#badge();
    this.#status();
  }

  #status() {
    const said = this.#words;
    const line = this.#find(".status");
    if (this.#typing) line.textContent = said.typing;
    else line.textContent = this.#link === "open" ? said.online : this.#link === "idle" ? "" : said.connecting;
    line.dataset.link = this.#link;
    if (this.#link === "displaced" || this.#link === "offline") line.textContent = "";
  }

  /** A new line of the robot that the visitor has not seen yet. @param {Entry} entry */
  #count(entry) {
    if (entry.from === "visitor" || this.#opened || this.#talk.seq <= this.#store.seen) return;
    this.#unread++;
    this.#badge();
  }

  #badge() {
    const badge = this.#find(".badge");
    badge.hidden = this.#unread === 0;
    badge.textContent = this.#unread > 9 ? "9+" : String(this.#unread);
    const said = this.#words;
    const label = this.#opened ? said.close : this.#unread ? said.unread + this.#unread : said.open;
    this.#find(".launcher").setAttribute("aria-label", label);
  }

  /** Buttons of earlier questions answer nothing any more. */
  #retire() {
    for (const line of this.#lines.values()) line.retire();
  }

  /** A hint over the field: it makes the log shorter. @param {string} text */
  #tell(text) {
    this.#find(".hint").textContent = text;
    if (this.#following) this.#toEnd();
  }

  #openButtons() {
    return /** @type {HTMLButtonElement[]} */ ([...this.#root.querySelectorAll(".options button:enabled")]);
  }

  #toEnd() {
    const log = this.#find(".log");
    log.scrollTop = log.scrollHeight;
    this.#following = true;
    this.#find(".down").hidden = true;
  }
}

/** For sites that require Trusted Types: `trusted-types ses-widget`. @param {string} html @returns {string} */
function trusted(html) {
  const policies = /** @type {any} */ (globalThis).trustedTypes;
  return policies?.createPolicy("ses-widget", { createHTML: (/** @type {string} */ text) => text }).createHTML(html) ?? html;
}

/** @param {Settings["title"]} title @param {string} language */
function titleOf(title, language) {
  if (typeof title === "string") return title;
  return title[language.slice(0, 2).toLowerCase()] ?? Object.values(title)[0] ?? "";
}

/** @param {string | null} text  JSON of the tag's attribute `variables`. @returns {object} */
function readVariables(text) {
  if (!text) return {};
  try {
    const value = JSON.parse(text);
    if (value && typeof value === "object" && !Array.isArray(value)) return value;
  } catch {
    // told below, like any other value that is no object
  }
  console.error("SES widget: the attribute `variables` must be a JSON object");
  return {};
}
