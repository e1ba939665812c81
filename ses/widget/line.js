/** One line of the dialogue: bubble, attachments, buttons, time. */

import { link, rich, safeUrl } from "./text.js";

/** @typedef {import("./words.js").Words} Words */

/** What a line asks for. @typedef {{press: (button: Button) => void, cancel: (id: string) => void, retry: (id: string) => void, media: () => Promise<typeof import("./media.js")>}} Hands */

const SOON = 180_000;
/** Of a file that failed so another attempt would fail too. */
const FINAL = ["too_large", "gone"];

export class Line {
  root = make("div", "line");
  #words;
  #origin;
  #hands;
  #id = "";
  #retired = false;
  /** As drawn last. */
  text = "";
  #at = 0;
  #timed = true;

  /** @param {Words} words @param {string} origin  Of the daemon. @param {Hands} hands */
  constructor(words, origin, hands) {
    this.#words = words;
    this.#origin = origin;
    this.#hands = hands;
  }

  /** @param {Entry} entry */
  draw(entry) {
    const mine = entry.from === "visitor";
    this.#at = entry.at;
    this.#id = entry.id;
    this.root.className = `line ${mine ? "mine" : "theirs"} ${entry.state}`;
    this.root.setAttribute("part", `line ${mine ? "line-visitor" : "line-robot"}`);
    if (mine && this.root.firstChild && this.text === entry.text) {
      // Only its state has changed: a screen reader shall not hear it again.
      this.root.querySelector(".meta")?.replaceWith(this.#meta(entry));
      return;
    }
    this.text = entry.text;
    const speaker = make("span", "unseen", mine ? this.#words.you : this.#words.robot);
    const parts = [];
    if (entry.text) {
      const bubble = make("div", "bubble");
      bubble.setAttribute("part", `bubble ${mine ? "bubble-visitor" : "bubble-robot"}`);
      bubble.append(rich(entry.text, entry.format));
      parts.push(bubble);
    }
    parts.push(...entry.attachments.map((attachment) => this.#attached(attachment, entry)));
    const options = this.#options(entry.buttons);
    if (options) parts.push(options);
    this.root.replaceChildren(speaker, ...parts, this.#meta(entry));
    if (entry.transcript) this.heard(entry.transcript);
  }

  /** How much of the visitor's file has gone up. @param {number} share */
  share(share) {
    const progress = this.root.querySelector("progress");
    if (progress) progress.value = share;
  }

  /** What was recognised in the visitor's voice stands under it. @param {string} text */
  heard(text) {
    this.root.querySelector(".heard")?.remove();
    const heard = make("p", "heard", text);
    heard.prepend(make("span", "unseen", this.#words.heard));
    this.root.querySelector(".meta")?.before(heard);
  }

  /** The line after this one: when it came soon after, one time for both is enough. @param {Entry} next */
  follow(next) {
    this.#timed = Math.abs(next.at - this.#at) > SOON;
    if (!this.#timed) this.root.querySelector("time")?.remove();
  }

  /** Close the buttons: the dialogue has gone on. Links stay. */
  retire() {
    this.#retired = true;
    for (const button of this.root.querySelectorAll(".options button")) /** @type {HTMLButtonElement} */ (button).disabled = true;
    this.root.querySelector(".options")?.classList.add("retired");
  }

  /** @param {Entry} entry */
  #meta({ state, reason = "", at, coming, attachments }) {
    const meta = make("div", "meta");
    const said = this.#words;
    meta.setAttribute("aria-live", state === "failed" ? "assertive" : "off");
    if (state === "waiting") meta.textContent = said.waiting;
    if (coming) {
      const progress = document.createElement("progress");
      progress.value = 0;
      progress.setAttribute("aria-label", said.waiting);
      meta.append(progress, this.#act(said.cancel, () => this.#hands.cancel(this.#id)));
    } else if (state === "failed") {
      const why = said.reasons[reason];
      meta.textContent = why ? `${said.failed}: ${why}` : said.failed;
      if (attachments.length && !FINAL.includes(reason)) meta.append(this.#act(said.again, () => this.#hands.retry(this.#id)));
    } else if (state !== "waiting" && at > 0 && this.#timed) {
      const time = document.createElement("time");
      time.dateTime = new Date(at).toISOString();
      time.textContent = new Date(at).toLocaleTimeString(navigator.language.startsWith(said.tag) ? [] : said.tag, { hour: "2-digit", minute: "2-digit" });
      meta.append(time);
    }
    return meta;
  }

  /** @param {string} label @param {() => void} act */
  #act(label, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", act);
    return button;
  }

  /** @param {Button[]} buttons */
  #options(buttons) {
    if (!buttons.length) return null;
    const group = make("div", "options");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", this.#words.options);
    group.setAttribute("part", "options");
    let number = 0;
    for (const button of buttons) {
      const address = button.url ? safeUrl(button.url) : null;
      if (address) {
        const anchor = link(address, button.text);
        anchor.className = "option";
        anchor.setAttribute("part", "option");
        group.append(anchor);
      } else {
        group.append(this.#option(button, ++number));
      }
    }
    group.addEventListener("keydown", walk);
    group.classList.toggle("retired", this.#retired);
    return group;
  }

  /** @param {Button} button @param {number} number */
  #option(button, number) {
    const option = document.createElement("button");
    option.type = "button";
    option.className = "option";
    option.setAttribute("part", "option");
    option.textContent = button.text;
    option.disabled = this.#retired;
    if (number <= 9) {
      option.setAttribute("aria-keyshortcuts", `Alt+${number}`);
      option.title = `Alt+${number}`;
    }
    option.addEventListener("click", () => {
      option.classList.add("chosen");
      this.#hands.press(button);
    });
    return option;
  }

  /** @param {Uploaded} attachment @param {Entry} entry @returns {HTMLElement} */
  #attached(attachment, { content, coming }) {
    const { kind, name, url, size, value, upload, seconds } = attachment;
    const address = url ? safeUrl(url, this.#origin) : null;
    const voice = kind === "voice";
    const label = voice ? this.#words.voice : name || this.#words.file;
    const own = content && (upload || coming) ? () => content(attachment) : null;
    if (address && (kind === "image" || kind === "sticker")) {
      const anchor = link(address, "");
      const image = document.createElement("img");
      image.src = address;
      image.alt = name || "";
      if (!name) anchor.setAttribute("aria-label", label);
      anchor.className = "picture";
      anchor.append(image);
      return anchor;
    }
    if (address && kind === "video") {
      const player = document.createElement("video");
      player.controls = true;
      player.preload = "metadata";
      player.src = address;
      player.setAttribute("aria-label", label);
      return player;
    }
    // What stands here until more is loaded, or for good.
    const file = address ? link(address, label) : make("div", "", kind === "contact" || kind === "location" ? plain(value) || label : label);
    file.className = "file";
    if (size && !voice) file.append(make("small", "", sized(size, this.#words)));
    const source = address ?? own;
    if (source && (voice || (address && kind === "audio"))) {
      this.#later(file, ({ player }) => player(source, label, this.#words.tag, seconds));
    } else if (own && kind === "image") {
      this.#later(file, async ({ picture, seen }) => {
        if (upload) await seen(file);
        return picture(own, label);
      });
    }
    return file;
  }

  /**
   * Put something in the place of another when its module has come; if it never does, that stays.
   * @param {HTMLElement} place @param {(media: typeof import("./media.js")) => HTMLElement | Promise<HTMLElement>} make
   */
  async #later(place, make) {
    try {
      const made = await make(await this.#hands.media());
      place.replaceWith(made);
      made.dispatchEvent(new Event("load")); // as a picture does that makes the log longer
    } catch {
      // no connection, or nothing that this browser can show
    }
  }
}

/** Arrow keys go from button to button. @param {KeyboardEvent} event */
function walk(event) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const group = /** @type {HTMLElement} */ (event.currentTarget);
  const stops = /** @type {HTMLElement[]} */ ([...group.querySelectorAll("button:enabled, a")]);
  const at = stops.indexOf(/** @type {HTMLElement} */ (event.target));
  if (!step || at < 0) return;
  event.preventDefault();
  stops[(at + step + stops.length) % stops.length]?.focus();
}

/** @param {number} bytes @param {Words} words */
export function sized(bytes, { units, tag }) {
  const step = bytes < 1024 ? 0 : bytes < 1048576 ? 1 : 2;
  return `${(bytes / 1024 ** step).toLocaleString(tag, { maximumSignificantDigits: 3 })} ${units[step]}`;
}

/** @param {unknown} value  `{lat, lon}` or `{phone, name}`. */
function plain(value) {
  return value && typeof value === "object" ? Object.values(value).join(", ") : "";
}

/** @param {string} tag @param {string} className @param {string} [text] */
function make(tag, className, text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}
