/** The settings: of the dialogue that is shown, and of the page. */

import { el, iconButton } from "./dom.js";
import { RANGES, read, readStops } from "./parameters.js";

/** @typedef {import("./types.d.ts").Dialogue} Dialogue */
/** @typedef {import("./parameters.js").Range} Range */
/** @typedef {import("./words.js").Words} Words */
/**
 * @typedef {object} PanelActions
 * @property {(dialogue: Dialogue) => void} changed
 * @property {(dialogue: Dialogue) => void} asDefault
 * @property {(kind: "markdown" | "json") => void} save
 * @property {(language: string) => void} language
 * @property {(theme: string) => void} theme
 * @property {() => void} removeAll
 * @property {(() => void) | null} signOut  None where nobody signs in.
 */

export class Panel {
  /** @param {Words} words @param {PanelActions} actions @param {string} theme */
  constructor(words, actions, theme) {
    this.words = words;
    this.actions = actions;
    this.theme = theme;
    this.element = el("dialog", { class: "drawer", "aria-labelledby": "settings" });
    this.element.addEventListener("click", (event) => event.target === this.element && this.element.close());
  }

  /** @param {Dialogue} dialogue */
  open(dialogue) {
    this.#draw(dialogue);
    this.element.showModal();
  }

  /** @param {Dialogue} dialogue */
  #draw(dialogue) {
    const { words, actions } = this;
    const system = el("textarea", { id: "system", rows: 5, value: dialogue.system, "aria-describedby": "system-hint" });
    system.addEventListener("input", () => {
      dialogue.system = system.value;
      actions.changed(dialogue);
    });
    const done = el("span", { role: "status", class: "done" });
    const reset = () => {
      dialogue.parameters = {};
      actions.changed(dialogue);
      this.#draw(dialogue);
      this.element.querySelector(/** @type {"button"} */ ("#reset"))?.focus();
    };
    const keep = () => {
      actions.asDefault(dialogue);
      done.textContent = words.as_default_done;
    };
    this.element.replaceChildren(
      el("header", {}, el("h2", { id: "settings" }, words.settings), iconButton("cross", words.close, () => this.element.close())),
      el(
        "div",
        { class: "inner" },
        el("h3", {}, words.this_dialogue),
        el("div", { class: "field" }, el("label", { for: "system" }, words.system), system, el("p", { class: "hint", id: "system-hint" }, words.system_hint)),
        ...RANGES.map((range) => this.#number(dialogue, range)),
        this.#stops(dialogue),
        el("div", { class: "row" }, el("button", { type: "button", class: "plain", id: "reset", onclick: reset }, words.reset), el("button", { type: "button", class: "plain", onclick: keep }, words.as_default)),
        done,
        el("h3", {}, words.export),
        el(
          "div",
          { class: "row" },
          el("button", { type: "button", class: "plain", onclick: () => actions.save("markdown") }, words.export_markdown),
          el("button", { type: "button", class: "plain", onclick: () => actions.save("json") }, words.export_json),
        ),
        el("h3", {}, words.page),
        this.#choice("language", words.language, [["ru", "Русский"], ["en", "English"]], words.tag, actions.language),
        this.#choice("theme", words.theme, Object.entries(words.themes), this.theme, (theme) => {
          this.theme = theme;
          actions.theme(theme);
        }),
        el(
          "div",
          { class: "row" },
          el("button", { type: "button", class: "plain danger", onclick: actions.removeAll }, words.remove_all),
          actions.signOut && el("button", { type: "button", class: "plain", onclick: actions.signOut }, words.sign_out),
        ),
      ),
    );
  }

  /** A parameter: a slider where it has two ends, and always a field. @param {Dialogue} dialogue @param {Range} range */
  #number(dialogue, range) {
    const { words } = this;
    const { name, hint } = words.parameter[range.name] ?? { name: range.name, hint: "" };
    const id = `p-${range.name}`;
    const value = dialogue.parameters[range.name];
    const field = el("input", { id, type: "text", inputMode: range.whole ? "numeric" : "decimal", value: value ?? "", placeholder: words.unset, "aria-describedby": `${id}-hint`, autocomplete: "off" });
    const slider = range.usual === null ? null : el("input", { type: "range", tabIndex: -1, "aria-hidden": "true" });
    if (slider && range.usual !== null) {
      Object.assign(slider, { min: range.low, max: range.high, step: range.step, value: value ?? range.usual });
      slider.classList.toggle("unset", value === undefined);
      slider.addEventListener("input", () => {
        field.value = String(Math.max(Number(slider.value), range.above ? range.low + range.step : range.low));
        take();
      });
    }
    const take = () => {
      const { value: typed, fault } = read(range, field.value);
      if (fault) {
        field.setAttribute("aria-invalid", "true");
        return;
      }
      field.removeAttribute("aria-invalid");
      if (slider && range.usual !== null) {
        slider.value = String(typed ?? range.usual);
        slider.classList.toggle("unset", typed === undefined);
      }
      if (typed === undefined) delete dialogue.parameters[range.name];
      else dialogue.parameters[range.name] = typed;
      this.actions.changed(dialogue);
    };
    field.addEventListener("input", take);
    return el("div", { class: "field number" }, el("label", { for: id }, name), slider, field, el("p", { class: "hint", id: `${id}-hint` }, hint));
  }

  /** @param {Dialogue} dialogue */
  #stops(dialogue) {
    const { name, hint } = this.words.parameter["stop"] ?? { name: "", hint: "" };
    const field = el("textarea", { id: "p-stop", rows: 2, value: (dialogue.parameters.stop ?? []).join("\n"), "aria-describedby": "p-stop-hint" });
    field.addEventListener("input", () => {
      const stops = readStops(field.value);
      if (stops.length) dialogue.parameters.stop = stops;
      else delete dialogue.parameters.stop;
      this.actions.changed(dialogue);
    });
    return el("div", { class: "field" }, el("label", { for: "p-stop" }, name), field, el("p", { class: "hint", id: "p-stop-hint" }, hint));
  }

  /** @param {string} id @param {string} name @param {[string, string][]} options @param {string} chosen @param {(value: string) => void} act */
  #choice(id, name, options, chosen, act) {
    const select = el("select", { id }, ...options.map(([value, label]) => el("option", { value, selected: value === chosen }, label)));
    select.addEventListener("change", () => act(select.value));
    return el("div", { class: "field inline" }, el("label", { for: id }, name), select);
  }
}

/**
 * Ask before something that cannot be undone.
 * @param {Words} words
 * @param {{title: string, hint?: string, act: string, also?: string}} asked  `also`: something to be ticked.
 * @returns {Promise<{also: boolean} | null>}  None: the person thought better of it.
 */
export function confirmed(words, { title, hint, act, also }) {
  return new Promise((resolve) => {
    const tick = el("input", { type: "checkbox", id: "also" });
    const dialog = el(
      "dialog",
      { class: "card", "aria-labelledby": "sure" },
      el("h2", { id: "sure" }, title),
      hint && el("p", {}, hint),
      also && el("label", { class: "tick" }, tick, also),
      el(
        "div",
        { class: "row end" },
        el("button", { type: "button", class: "plain", onclick: () => dialog.close() }, words.cancel),
        el("button", { type: "button", class: "strong", onclick: () => dialog.close("yes") }, act),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? { also: tick.checked } : null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
