/** What the page is made of, and where: the list, the talk, the field, the settings. */

import { Composer } from "./composer.js";
import { el, iconButton } from "./dom.js";
import { remembered } from "./memory.js";
import { Panel } from "./panel.js";
import { Side } from "./side.js";
import { Talk } from "./talk.js";

/** @typedef {import("./words.js").Words} Words */
/**
 * @typedef {Omit<import("./side.js").SideActions, "hide"> & import("./turn.js").TurnActions & import("./composer.js").ComposerActions
 *   & import("./panel.js").PanelActions & {settings: () => void, model: (id: string) => void}} Actions
 */

const NARROW = matchMedia("(max-width: 760px)");
const UNDO = 15_000;
/** Milliseconds that an undo is offered. */

export class Frame {
  /** @param {Words} words @param {Actions} actions @param {string} theme */
  constructor(words, actions, theme) {
    this.words = words;
    this.side = new Side(words, { ...actions, hide: () => this.fold(true) });
    this.composer = new Composer(words, actions);
    this.talk = new Talk(words, { ...actions, idea: (text) => this.composer.begin(text) });
    this.panel = new Panel(words, actions, theme);
    this.title = el("h1");
    this.model = el("select", { id: "model", "aria-label": words.model, onchange: () => actions.model(this.model.value) });
    this.said = el("p", { class: "hidden", role: "status" });
    this.notices = el("div", { class: "notices", role: "status" });
    this.unfold = iconButton("panel", words.show_dialogues, () => this.fold(false), { class: "quiet unfold" });
    this.main = el(
      "main",
      { class: "stage" },
      el(
        "header",
        { class: "bar" },
        this.unfold,
        this.title,
        this.model,
        iconButton("save", `${words.export}: Markdown`, () => actions.save("markdown")),
        iconButton("sliders", words.settings, actions.settings),
      ),
      this.talk.element,
      this.composer.element,
      this.notices,
    );
    const skip = el("a", { class: "skip", href: "#message" }, words.skip);
    skip.addEventListener("click", (event) => {
      event.preventDefault();
      this.composer.field.focus();
    });
    const shade = el("div", { class: "shade", onclick: () => this.fold(true) });
    document.body.classList.add("app");
    document.body.replaceChildren(skip, this.side.element, shade, this.main, this.panel.element, this.said);
    NARROW.onchange = () => this.fold(NARROW.matches, false);
    this.fold(NARROW.matches || remembered.get("folded") === "yes", false);
  }

  /** A dialogue was chosen: on a phone the list makes room for it. */
  opened() {
    if (NARROW.matches) this.fold(true);
  }

  /** @param {boolean} folded  The list is not seen. @param {boolean} [asked]  The person did it. */
  fold(folded, asked = true) {
    document.body.classList.toggle("folded", folded);
    this.side.element.inert = folded;
    this.main.inert = !folded && NARROW.matches;
    this.unfold.setAttribute("aria-expanded", String(!folded));
    if (!asked) return;
    if (!NARROW.matches) remembered.set("folded", folded ? "yes" : "");
    if (folded) this.unfold.focus();
    else this.side.begin.focus(); // not the search: on a phone it would bring up the keyboard
  }

  /** One notice at a time. @param {string} text @param {string} [label] @param {() => void} [act] */
  tell(text, label, act) {
    const notice = el(
      "div",
      { class: "notice" },
      el("p", {}, text),
      label && el("button", { type: "button", class: "plain", onclick: () => (notice.remove(), act?.()) }, label),
      iconButton("cross", this.words.close, () => notice.remove()),
    );
    this.notices.replaceChildren(notice);
    if (label === this.words.undo) setTimeout(() => notice.remove(), UNDO);
  }
}
