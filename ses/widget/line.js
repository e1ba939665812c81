/** One line of the dialogue: bubble, attachments, buttons, time. */

import { link, rich, safeUrl } from "./text.js";

/** @typedef {import("./words.js").Words} Words */

const SOON = 180_000;

export class Line {
  root = make("div", "line");
  #words;
  #origin;
  #press;
  #retired = false;
  /** As drawn last. */
  text = "";
  #at = 0;
  #timed = true;

  /** @param {Words} words @param {string} origin  Of the daemon. @param {(button: Button) => void} press */
  constructor(words, origin, press) {
    this.#words = words;
    this.#origin = origin;
    this.#press = press;
  }

  /** @param {Entry} entry */
  draw(entry) {
    const mine = entry.from === "visitor";
    this.#at = entry.at;
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
    parts.push(...entry.attachments.map((attachment) => this.#attached(attachment)));
    const options = this.#options(entry.buttons);
    if (options) parts.push(options);
    this.root.replaceChildren(speaker, ...parts, this.#meta(entry));
  }

  /** The line after this one: when it came soon after, one time for both is enough. @param {Entry} next */
  follow(next) {
    this.#timed = Math.abs(next.at - this.#at) > SOON;
    if (!this.#timed) this.root.querySelector("time")?.remove();
  }

  /** Close the buttons: the dialogue has gone on. Links stay. */
  retire() {
    this.#retired = true;
    for (const button of this.root.querySelectorAll("button")) button.disabled = true;
    this.root.querySelector(".options")?.classList.add("retired");
  }

  /** @param {Entry} entry */
  #meta({ state, reason, at }) {
    const meta = make("div", "meta");
    const said = this.#words;
    meta.setAttribute("aria-live", state === "failed" ? "assertive" : "off");
    if (state === "waiting") meta.textContent = said.waiting;
    else if (state === "failed") meta.textContent = reason === "too_long" || reason === "too_large" ? `${said.failed}: ${said[reason]}` : said.failed;
    else if (at > 0 && this.#timed) {
      const time = document.createElement("time");
      time.dateTime = new Date(at).toISOString();
      time.textContent = new Date(at).toLocaleTimeString(navigator.language.startsWith(said.tag) ? [] : said.tag, { hour: "2-digit", minute: "2-digit" });
      meta.append(time);
    }
    return meta;
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
      this.#press(button);
    });
    return option;
  }

  /** @param {Attachment} attachment */
  #attached({ kind, name, url, size, value }) {
    const address = url ? safeUrl(url, this.#origin) : null;
    const label = name || this.#words.file;
    if (!address) return make("div", "file", kind === "contact" || kind === "location" ? plain(value) || label : label);
    if (kind === "image" || kind === "sticker") {
      const anchor = link(address, "");
      const image = document.createElement("img");
      image.src = address;
      image.alt = name || "";
      if (!name) anchor.setAttribute("aria-label", label);
      anchor.className = "picture";
      anchor.append(image);
      return anchor;
    }
    if (kind === "audio" || kind === "voice" || kind === "video") {
      const player = document.createElement(kind === "video" ? "video" : "audio");
      player.controls = true;
      player.preload = "metadata";
      player.src = address;
      player.setAttribute("aria-label", label);
      return player;
    }
    const anchor = link(address, label);
    anchor.className = "file";
    if (size) anchor.append(make("small", "", sized(size, this.#words)));
    return anchor;
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
function sized(bytes, { units, tag }) {
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
