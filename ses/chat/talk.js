/** The turns of the dialogue that is shown. */

import { el, icon } from "./dom.js";
import { shown } from "./thread.js";
import { TurnView } from "./turn.js";

/** @typedef {import("./types.d.ts").Dialogue} Dialogue */
/** @typedef {import("./words.js").Words} Words */
/** @typedef {import("./turn.js").TurnActions} TurnActions */

const NEAR = 48;
/** Pixels from the end at which the reader still follows the answer. */

export class Talk {
  /** @param {Words} words @param {TurnActions & {idea: (text: string) => void}} actions */
  constructor(words, actions) {
    this.words = words;
    this.actions = actions;
    /** @type {Map<string, TurnView>} */
    this.views = new Map();
    this.dialogue = "";
    this.follows = true;
    this.place = 0;
    this.turns = el("div", { class: "turns" });
    this.hello = el(
      "div",
      { class: "hello" },
      el("h2", {}, words.hello),
      el("p", {}, words.hello_hint),
      el("div", { class: "ideas" }, ...words.ideas.map(({ title, text }) => el("button", { type: "button", onclick: () => actions.idea(text) }, el("b", {}, title), el("span", {}, text.trim())))),
    );
    this.scroll = el("div", { class: "scroll", role: "region", "aria-label": words.messages, tabIndex: 0 }, this.hello, this.turns);
    this.down = el("button", { type: "button", class: "down", title: words.down, "aria-label": words.down, hidden: true, onclick: () => this.toEnd() }, icon("down"));
    this.element = el("section", { class: "talk" }, this.scroll, this.down);
    // The field below grows with what is typed: who follows goes on following.
    new ResizeObserver(() => this.follows && this.toEnd()).observe(this.scroll);
    this.scroll.addEventListener("scroll", () => this.#look(), { passive: true });
  }

  /** @param {Dialogue} dialogue @param {boolean} busy */
  show(dialogue, busy) {
    if (this.dialogue !== dialogue.id) {
      this.dialogue = dialogue.id;
      this.views.clear();
      this.follows = true;
    }
    const turns = shown(dialogue);
    const views = turns.map((turn) => {
      const view = this.views.get(turn.id) ?? new TurnView(turn, this.words, this.actions);
      this.views.set(turn.id, view);
      view.update(dialogue, turn, busy);
      return view.element;
    });
    this.hello.hidden = turns.length > 0;
    const there = [...this.turns.children];
    if (there.length !== views.length || there.some((element, at) => element !== views[at])) this.turns.replaceChildren(...views);
    if (this.follows) this.toEnd();
    this.#look();
  }

  toEnd() {
    this.follows = true;
    this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  /** Edit the last question. @param {Dialogue} dialogue */
  editLast(dialogue) {
    const last = shown(dialogue).findLast((turn) => turn.role === "user");
    if (last) this.views.get(last.id)?.edit();
  }

  /** Only the reader's own way up ends the following; that the place changes its size does not. */
  #look() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroll;
    if (scrollHeight - scrollTop - clientHeight < NEAR) this.follows = true;
    else if (scrollTop < this.place) this.follows = false;
    this.place = scrollTop;
    this.down.hidden = this.follows;
  }
}
