/** One question or answer on the page. */

import { copy, el, icon, iconButton } from "./dom.js";
import { explained } from "./failures.js";
import { Prose } from "./render.js";
import { versions } from "./thread.js";

/** @typedef {import("./types.d.ts").Dialogue} Dialogue */
/** @typedef {import("./types.d.ts").Turn} Turn */
/** @typedef {import("./words.js").Words} Words */
/**
 * @typedef {object} TurnActions
 * @property {(turn: Turn) => void} again  Another answer to the same question.
 * @property {(turn: Turn) => void} retry
 * @property {(turn: Turn, text: string) => void} resend  The question put differently.
 * @property {(turn: Turn) => void} choose  Show this version.
 * @property {(model: string) => string} nameOf
 */

export class TurnView {
  /** @param {Turn} turn @param {Words} words @param {TurnActions} actions */
  constructor(turn, words, actions) {
    this.turn = turn;
    this.words = words;
    this.actions = actions;
    this.prose = turn.role === "assistant" ? new Prose(words) : null;
    this.body = this.prose ? this.prose.element : el("div", { class: "bubble" });
    this.before = el("div", { class: "reasoning" });
    this.after = el("div", { class: "after" });
    const name = turn.role === "user" ? words.you : actions.nameOf(turn.model ?? "") || words.answer;
    this.element = el("article", { class: `turn ${turn.role}`, "data-turn": turn.id }, el("h2", { class: turn.role === "user" ? "hidden" : "who" }, name), this.before, this.body, this.after);
    this.signature = "";
  }

  /** @param {Dialogue} dialogue @param {Turn} turn @param {boolean} busy  An answer is being written in this dialogue. */
  update(dialogue, turn, busy) {
    this.turn = turn;
    if (this.prose) this.prose.show(turn.text);
    else if (this.body.textContent !== turn.text && !this.element.classList.contains("editing")) this.body.textContent = turn.text;
    this.#reason();
    const all = versions(dialogue, turn);
    const signature = JSON.stringify([turn.state, turn.failure, turn.usage, busy, all.map((one) => one.id), turn.state === "writing" && !turn.text]);
    if (signature === this.signature) return;
    this.signature = signature;
    this.element.setAttribute("aria-busy", String(turn.state === "writing"));
    this.element.classList.toggle("writing", turn.state === "writing");
    const waiting = turn.state === "writing" && !turn.text;
    this.after.replaceChildren(
      ...[waiting ? el("p", { class: "dots" }, el("span", { class: "hidden" }, this.words.thinking), el("i"), el("i"), el("i")) : null, this.#note(busy), turn.state === "writing" ? null : this.#tools(all, busy)].filter((one) => one !== null),
    );
  }

  #reason() {
    const { reasoning } = this.turn;
    if (!reasoning) return;
    if (!this.before.firstChild) {
      this.before.append(el("details", {}, el("summary", {}, this.words.reasoning), el("p")));
    }
    const place = this.before.querySelector("p");
    if (place && place.textContent !== reasoning) place.textContent = reasoning;
  }

  /** Why it is not whole. @param {boolean} busy */
  #note(busy) {
    const { state, failure } = this.turn;
    if (state === "writing" || state === "done") return null;
    const words = this.words;
    const { title, detail } = failure ? explained(failure, words) : { title: words.notes[state], detail: "" };
    const retry = state === "broken" && !busy && el("button", { type: "button", class: "plain", onclick: () => this.actions.retry(this.turn) }, icon("again"), words.retry);
    return el("div", { class: `note ${state}` }, state === "broken" && icon("alert"), el("div", {}, el("p", {}, title), detail && el("p", { class: "detail" }, detail)), retry);
  }

  /** @param {Turn[]} all @param {boolean} busy */
  #tools(all, busy) {
    const { turn, words, actions } = this;
    if (turn.role === "assistant" && !turn.text) return all.length > 1 ? el("div", { class: "tools" }, this.#versions(all, busy)) : null;
    const copying = iconButton("copy", words.copy, async () => {
      const done = await copy(this.turn.text);
      copying.replaceChildren(icon(done ? "check" : "alert"));
      copying.title = done ? words.copied : words.copy_failed;
      copying.setAttribute("aria-label", copying.title);
      setTimeout(() => {
        copying.replaceChildren(icon("copy"));
        copying.title = words.copy;
        copying.setAttribute("aria-label", words.copy);
      }, 2000);
    });
    return el(
      "div",
      { class: "tools" },
      all.length > 1 && this.#versions(all, busy),
      turn.text && copying,
      turn.role === "user"
        ? iconButton("pencil", words.edit, () => this.edit(), { disabled: busy })
        : iconButton("again", words.again, () => actions.again(this.turn), { disabled: busy }),
      turn.role === "assistant" && this.#meta(),
    );
  }

  /** @param {Turn[]} all @param {boolean} busy */
  #versions(all, busy) {
    const at = all.findIndex((one) => one.id === this.turn.id);
    const words = this.words;
    /** @param {string} name @param {string} label @param {Turn | undefined} target */
    const step = (name, label, target) => iconButton(name, label, () => target && this.actions.choose(target), { disabled: busy || !target });
    return el(
      "span",
      { class: "versions", role: "group", "aria-label": words.version(at + 1, all.length) },
      step("left", words.earlier, all[at - 1]),
      el("span", { "aria-hidden": "true" }, `${at + 1}/${all.length}`),
      step("right", words.later, all[at + 1]),
    );
  }

  #meta() {
    const { usage, seconds } = this.turn;
    const { words } = this;
    return el(
      "span",
      { class: "meta" },
      usage && el("span", { title: words.tokens_long }, words.tokens(usage.prompt, usage.answer)),
      seconds !== undefined && el("span", {}, words.seconds(seconds)),
    );
  }

  /** Put a form in the place of the question. */
  edit() {
    const { words } = this;
    const field = el("textarea", { value: this.turn.text, "aria-label": words.edit, rows: 3 });
    const end = () => {
      this.element.classList.remove("editing");
      form.replaceWith(this.body);
      this.element.querySelector(/** @type {"button"} */ (".tools button"))?.focus();
    };
    const send = () => {
      const text = field.value.trim();
      end();
      if (text) this.actions.resend(this.turn, text);
    };
    const form = el(
      "form",
      { class: "editor", onsubmit: (/** @type {Event} */ event) => (event.preventDefault(), send()) },
      field,
      el("div", {}, el("button", { type: "button", class: "plain", onclick: end }, words.cancel), el("button", { type: "submit", class: "strong" }, words.resend)),
    );
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") end();
      else if (event.key === "Enter" && event.target === field && !event.shiftKey && !event.isComposing) send();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    this.element.classList.add("editing");
    this.body.replaceWith(form);
    field.focus();
    field.selectionStart = field.value.length;
  }
}
