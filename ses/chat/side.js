/** The list of dialogues. */

import { el, icon, iconButton } from "./dom.js";
import { matches } from "./thread.js";

/** @typedef {import("./types.d.ts").Dialogue} Dialogue */
/** @typedef {import("./words.js").Words} Words */
/**
 * @typedef {object} SideActions
 * @property {() => void} begin
 * @property {(dialogue: Dialogue) => void} open
 * @property {(dialogue: Dialogue, title: string) => void} rename
 * @property {(dialogue: Dialogue) => void} remove
 * @property {() => void} hide
 */

const DAY = 86_400_000;

export class Side {
  /** @param {Words} words @param {SideActions} actions */
  constructor(words, actions) {
    this.words = words;
    this.actions = actions;
    /** @type {{dialogues: Dialogue[], current: string, busy: (dialogue: Dialogue) => boolean}} */
    this.state = { dialogues: [], current: "", busy: () => false };
    this.renaming = "";
    this.search = el("input", { type: "search", placeholder: words.search, "aria-label": words.search_dialogues, oninput: () => this.#draw() });
    this.list = el("div", { class: "list" });
    this.begin = el("button", { type: "button", class: "begin", onclick: actions.begin }, icon("plus"), words.new_dialogue);
    this.nothing = el("p", { class: "nothing", role: "status" });
    this.element = el(
      "nav",
      { class: "side", "aria-label": words.dialogues },
      el("div", { class: "top" }, this.begin, iconButton("panel", words.hide_dialogues, actions.hide, { class: "quiet fold" })),
      el("label", { class: "search" }, icon("search"), this.search),
      this.list,
      this.nothing,
    );
  }

  /** @param {Side["state"]} state */
  show(state) {
    this.state = state;
    if (!this.renaming) this.#draw();
  }

  #draw() {
    const { dialogues, current, busy } = this.state;
    const found = dialogues.filter((one) => matches(one, this.search.value));
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.["key"];
    const midnight = new Date().setHours(0, 0, 0, 0);
    const ages = found.map((one) => (one.changed >= midnight ? 0 : one.changed >= midnight - DAY ? 1 : 2));
    this.list.replaceChildren(
      ...[0, 1, 2].flatMap((age) => {
        const group = found.filter((_, at) => ages[at] === age);
        if (!group.length) return [];
        const items = group.map((one) => el("li", { class: one.id === current ? "current" : null }, ...this.#item(one, one.id === current, busy(one))));
        return [el("h2", { id: `age${age}` }, this.words.days[age] ?? ""), el("ul", { "aria-labelledby": `age${age}` }, ...items)];
      }),
    );
    this.nothing.textContent = found.length ? "" : dialogues.length ? this.words.none_found : this.words.no_dialogues;
    if (focused) this.list.querySelector(/** @type {"button"} */ (`[data-key="${focused}"]`))?.focus();
  }

  /** @param {Dialogue} dialogue @param {boolean} current @param {boolean} busy */
  #item(dialogue, current, busy) {
    const { words, actions } = this;
    const title = dialogue.title || words.untitled;
    if (this.renaming === dialogue.id) return [this.#field(dialogue)];
    return [
      el(
        "button",
        { type: "button", class: "open", title, "aria-current": current ? "true" : null, "data-key": `open${dialogue.id}`, onclick: () => actions.open(dialogue) },
        el("span", {}, title),
        busy && el("span", { class: "busy" }, el("span", { class: "hidden" }, words.writing_now)),
      ),
      iconButton("pencil", `${words.rename}: ${title}`, () => this.#rename(dialogue), { "data-key": `name${dialogue.id}` }),
      iconButton("bin", `${words.remove}: ${title}`, () => actions.remove(dialogue)),
    ];
  }

  /** @param {Dialogue} dialogue */
  #rename(dialogue) {
    this.renaming = dialogue.id;
    this.#draw();
  }

  /** @param {Dialogue} dialogue */
  #field(dialogue) {
    const field = el("input", { type: "text", value: dialogue.title, maxLength: 120, "aria-label": this.words.title, class: "name" });
    /** @param {boolean} keep @param {boolean} back  The keyboard goes on where it began. */
    const end = (keep, back) => {
      if (this.renaming !== dialogue.id) return;
      this.renaming = "";
      if (keep && field.value.trim()) this.actions.rename(dialogue, field.value.trim());
      this.#draw();
      if (back) this.list.querySelector(/** @type {"button"} */ (`[data-key="name${dialogue.id}"]`))?.focus();
    };
    field.addEventListener("keydown", (event) => {
      if (event.isComposing || (event.key !== "Enter" && event.key !== "Escape")) return;
      event.preventDefault();
      event.stopPropagation();
      end(event.key === "Enter", true);
    });
    field.addEventListener("blur", () => end(true, false));
    queueMicrotask(() => field.select());
    return field;
  }
}
