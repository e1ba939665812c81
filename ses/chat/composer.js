/** The field in which one writes, with the button that sends, or stops. */

import { el, icon } from "./dom.js";

/** @typedef {import("./words.js").Words} Words */
/** @typedef {{send: (text: string) => void, stop: () => void, typed: (text: string) => void, editLast: () => void}} ComposerActions */

const TALLEST = 0.4;
/** Part of the window that the field may take. */

export class Composer {
  /** @param {Words} words @param {ComposerActions} actions */
  constructor(words, actions) {
    this.words = words;
    this.actions = actions;
    this.busy = false;
    this.ready = true;
    this.field = el("textarea", { id: "message", rows: 1, placeholder: words.write, "aria-label": words.write, "aria-describedby": "keys", enterkeyhint: "send" });
    this.button = el("button", { type: "submit", class: "go" });
    this.context = el("span", { class: "context" });
    this.element = el(
      "form",
      { class: "composer" },
      el("div", { class: "box" }, this.field, this.button),
      el("div", { class: "under" }, el("span", { id: "keys" }, words.keys), this.context),
    );
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.busy) actions.stop();
      else this.#send();
    });
    this.field.addEventListener("input", () => {
      this.#fit();
      actions.typed(this.field.value);
    });
    this.field.addEventListener("keydown", (event) => this.#key(event));
    this.update(false, true, "");
  }

  get text() {
    return this.field.value;
  }

  set text(text) {
    this.field.value = text;
    this.#fit();
  }

  /** @param {boolean} busy  An answer is being written here. @param {boolean} ready  There is a model to be asked. @param {string} context */
  update(busy, ready, context) {
    this.busy = busy;
    this.ready = ready;
    const label = busy ? this.words.stop : this.words.send;
    if (this.button.title !== label) {
      this.button.title = label;
      this.button.setAttribute("aria-label", label);
      this.button.classList.toggle("stop", busy);
      this.button.replaceChildren(icon(busy ? "stop" : "send"));
    }
    this.context.textContent = context;
    this.#fit();
  }

  /** Write after what stands there. @param {string} text */
  begin(text) {
    this.text = text + this.text;
    this.field.focus();
    this.field.selectionStart = this.field.selectionEnd = text.length;
    this.actions.typed(this.text);
  }

  #send() {
    const text = this.text.trim();
    if (!text || !this.ready) return;
    this.text = "";
    this.actions.send(text);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const fingers = matchMedia("(pointer: coarse)").matches;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && (!fingers || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (!this.busy) this.#send();
    } else if (event.key === "ArrowUp" && !this.text && !this.busy) {
      event.preventDefault();
      this.actions.editLast();
    }
  }

  /** As tall as the text, and no button that could do nothing. */
  #fit() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, innerHeight * TALLEST)}px`;
    this.button.disabled = !this.busy && (!this.ready || !this.text.trim());
  }
}
