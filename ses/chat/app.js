/** The page as a whole: what the person does, and what is seen of it. */

import * as api from "./api.js";
import { Answering } from "./answering.js";
import { el } from "./dom.js";
import { asJson, asMarkdown, fileName, save } from "./exporting.js";
import { explained, Failed } from "./failures.js";
import { Frame } from "./frame.js";
import { remembered } from "./memory.js";
import { confirmed } from "./panel.js";
import { sound } from "./parameters.js";
import { signIn } from "./signin.js";
import { add, choose, drop, spent } from "./thread.js";
import { words } from "./words.js";

/** @typedef {import("./types.d.ts").Dialogue} Dialogue */
/** @typedef {import("./types.d.ts").Turn} Turn */
/** @typedef {import("./types.d.ts").Model} Model */
/** @typedef {import("./types.d.ts").Settings} Settings */
/** @typedef {import("./words.js").Words} Words */
/** @typedef {import("./dialogues.js").Dialogues} Dialogues */

const ANNOUNCED = 1000;
/** Characters of an answer that a screen reader is told at once. */

export class App {
  /** @param {Settings} settings @param {Dialogues} dialogues @param {string} token @param {Model[]} models @param {Words} w */
  constructor(settings, dialogues, token, models, w) {
    this.settings = settings;
    this.dialogues = dialogues;
    this.token = token;
    this.models = models;
    this.words = w;
    this.answering = new Answering(dialogues, () => this.token);
    this.painting = 0;
    this.current = dialogues.known.get(remembered.get("current")) ?? dialogues.begin(this.#defaults());
    dialogues.onFull = () => this.frame.tell(this.words.no_room);
    dialogues.onForeign = () => this.#foreign();
    this.answering.onPiece = (dialogue, turn) => this.#piece(dialogue, turn);
    this.answering.onEnd = (dialogue, turn) => this.#ended(dialogue, turn);
    this.frame = this.#framed();
    this.#opened();
    addEventListener("pagehide", () => dialogues.leave());
    document.addEventListener("keydown", (event) => {
      const elsewhere = /** @type {Element} */ (event.target).matches("input") || document.querySelector("dialog[open]");
      if (event.key === "Escape" && !elsewhere) this.answering.stop(this.current);
    });
  }

  #opened() {
    document.documentElement.lang = this.words.tag;
    this.open(this.current);
    if (!this.dialogues.memory.keeps) this.frame.tell(this.words.not_kept);
  }

  #framed() {
    return new Frame(
      this.words,
      {
        begin: () => this.begin(),
        open: (dialogue) => this.open(dialogue),
        rename: (dialogue, title) => {
          Object.assign(dialogue, { title, named: true });
          this.dialogues.keep(dialogue);
          this.show();
        },
        remove: (dialogue) => this.remove(dialogue),
        again: (turn) => this.answer(turn.parent),
        retry: (turn) => {
          if (!turn.text && !turn.reasoning) drop(this.current, turn);
          this.answer(turn.parent);
        },
        resend: (turn, text) => this.ask(text, turn.parent),
        choose: (turn) => {
          choose(this.current, turn);
          this.dialogues.keep(this.current);
          this.show();
          this.frame.composer.field.focus();
        },
        nameOf: (model) => this.models.find((one) => one.id === model)?.name ?? model,
        send: (text) => this.ask(text, this.current.leaf),
        stop: () => this.answering.stop(this.current),
        typed: (text) => {
          this.current.draft = text;
          this.dialogues.keepSoon(this.current);
        },
        editLast: () => this.frame.talk.editLast(this.current),
        changed: (dialogue) => this.dialogues.keepSoon(dialogue),
        asDefault: (dialogue) => remembered.set("defaults", JSON.stringify({ system: dialogue.system, parameters: dialogue.parameters })),
        save: (kind) => this.save(kind),
        settings: () => this.frame.panel.open(this.current),
        model: (model) => this.#choose(model),
        language: (language) => void this.#speak(language),
        theme: (theme) => {
          remembered.set("theme", theme);
          applyTheme(theme);
        },
        removeAll: () => void this.removeAll(),
        signOut: this.settings.ways.length ? () => void this.signOut() : null,
      },
      remembered.get("theme"),
    );
  }

  // --- what the person does ---------------------------------------------------------------------------

  begin() {
    if (this.current.turns.length || this.current.draft) this.current = this.dialogues.begin(this.#defaults());
    this.open(this.current);
  }

  /** @param {Dialogue} dialogue */
  open(dialogue) {
    this.current = dialogue;
    remembered.set("current", dialogue.id);
    this.frame.composer.text = dialogue.draft ?? "";
    this.frame.opened();
    this.show();
    if (!matchMedia("(pointer: coarse)").matches) this.frame.composer.field.focus();
  }

  /** @param {string} text @param {string | null} parent */
  ask(text, parent) {
    const turn = add(this.current, { parent, role: "user", text }, Date.now());
    this.current.draft = "";
    this.frame.talk.follows = true;
    this.answer(turn.id);
    this.frame.composer.field.focus();
  }

  /** @param {string | null} question */
  answer(question) {
    this.frame.said.textContent = this.words.generating;
    void this.answering.answer(this.current, question);
    this.frame.composer.field.focus();
  }

  /** @param {Dialogue} dialogue */
  remove(dialogue) {
    this.answering.stop(dialogue);
    this.dialogues.remove(dialogue);
    if (dialogue === this.current) this.open(this.dialogues.list[0] ?? this.dialogues.begin(this.#defaults()));
    else this.show();
    this.frame.tell(this.words.removed, this.words.undo, () => {
      this.dialogues.restore(dialogue);
      this.open(dialogue);
    });
  }

  async removeAll() {
    const sure = await confirmed(this.words, { title: this.words.remove_all_sure, act: this.words.remove });
    if (!sure) return;
    this.answering.stopAll();
    await this.dialogues.clear();
    this.frame.panel.element.close();
    this.open(this.dialogues.begin(this.#defaults()));
  }

  /** @param {"markdown" | "json"} kind */
  save(kind) {
    if (kind === "json") save(fileName(this.current, "json"), asJson(this.current), "application/json");
    else save(fileName(this.current, "md"), asMarkdown(this.current, this.words), "text/markdown");
  }

  async signOut() {
    const { words: w } = this;
    const sure = await confirmed(w, { title: w.sign_out_sure, hint: w.sign_out_hint, act: w.sign_out, also: w.sign_out_remove });
    if (!sure) return;
    this.answering.stopAll();
    if (sure.also) await this.dialogues.clear();
    remembered.set("token", "");
    await api.endSession().catch(() => {}); // the page forgets in any case
    location.reload();
  }

  async signInAgain() {
    const entered = await signIn(this.words, this.settings, true);
    if (!entered) return;
    this.token = entered.token;
    remembered.set("token", entered.token, entered.stay);
    await this.#lookForModels();
  }

  // --- what is seen of it -----------------------------------------------------------------------------

  show() {
    const { current, words: w } = this;
    const busy = this.answering.isRunning(current);
    this.frame.title.textContent = current.title || w.untitled;
    document.title = current.title ? `${current.title} · ${w.app}` : w.app;
    this.#showModels();
    this.frame.talk.show(current, busy);
    const used = spent(current);
    const model = this.models.find((one) => one.id === current.model);
    this.frame.composer.update(busy, this.models.length > 0, used ? w.context(used, model?.context ?? null) : "");
    this.frame.side.show({ dialogues: this.dialogues.list, current: current.id, busy: (one) => this.answering.isRunning(one) });
  }

  #showModels() {
    const { current, models, words: w } = this;
    if (!current.model) current.model = this.#usual();
    const known = models.some((one) => one.id === current.model);
    const gone = known || !current.model ? [] : [el("option", { value: current.model }, `${current.model} (${w.model_gone})`)];
    this.frame.model.replaceChildren(...gone, ...models.map((one) => el("option", { value: one.id }, one.name)));
    this.frame.model.value = current.model;
    this.frame.model.hidden = !models.length && !current.model;
    if (!models.length && !this.frame.notices.childElementCount) this.frame.tell(w.no_models, w.retry, () => void this.#lookForModels());
  }

  /** @param {Dialogue} dialogue @param {Turn} turn */
  #piece(dialogue, turn) {
    if (dialogue !== this.current) {
      if (!turn.text) this.show();
    } else if (!turn.text && !turn.reasoning) this.show();
    else if (!this.painting) {
      // Hidden pages get no frames, and need none: the answer is shown when they come back.
      this.painting = requestAnimationFrame(() => {
        this.painting = 0;
        this.frame.talk.show(this.current, this.answering.isRunning(this.current));
      });
    }
  }

  /** @param {Dialogue} dialogue @param {Turn} turn */
  #ended(dialogue, turn) {
    const { words: w } = this;
    this.show();
    if (turn.failure?.kind === "signed_out" && this.settings.ways.length) void this.signInAgain();
    if (turn.failure?.kind === "model") void this.#lookForModels();
    if (dialogue !== this.current) return;
    const told = turn.failure ? explained(turn.failure, w).title : turn.state === "done" ? "" : w.notes[/** @type {keyof typeof w.notes} */ (turn.state)];
    this.frame.said.textContent = [turn.text && `${w.finished} ${turn.text.slice(0, ANNOUNCED)}`, told].filter(Boolean).join(" ");
  }

  #foreign() {
    const now = this.dialogues.known.get(this.current.id);
    if (now && now !== this.current) {
      const typed = this.frame.composer.text;
      this.current = now;
      this.frame.composer.text = typed;
    } else if (!now && this.current.turns.length) this.current = this.dialogues.begin(this.#defaults());
    this.show();
  }

  /** @param {string} language */
  async #speak(language) {
    remembered.set("language", language);
    this.words = await words(language);
    this.frame.panel.element.close();
    this.frame = this.#framed();
    this.#opened();
    this.frame.panel.open(this.current);
    this.frame.panel.element.querySelector(/** @type {"select"} */ ("#language"))?.focus();
  }

  // --- models -----------------------------------------------------------------------------------------

  /** @param {string} model */
  #choose(model) {
    this.current.model = model;
    remembered.set("model", model);
    this.dialogues.keep(this.current);
    this.show();
  }

  /** The model of a new dialogue: the person's last choice, the administrator's, the first. */
  #usual() {
    const wanted = [remembered.get("model"), this.settings.default ?? ""];
    return wanted.find((id) => this.models.some((one) => one.id === id)) ?? this.models[0]?.id ?? "";
  }

  #defaults() {
    let kept;
    try {
      kept = JSON.parse(remembered.get("defaults") || "{}");
    } catch {
      kept = {};
    }
    return { model: this.#usual(), system: typeof kept.system === "string" ? kept.system : "", parameters: sound(kept.parameters ?? {}) };
  }

  async #lookForModels() {
    try {
      this.models = await api.models(this.token, this.settings.names);
      this.frame.notices.replaceChildren();
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      this.frame.tell(explained(error.failure, this.words).title, this.words.retry, () => void this.#lookForModels());
    }
    this.show();
  }
}

/** @param {string} theme  Empty: as the system. */
export function applyTheme(theme) {
  if (theme) document.documentElement.dataset["theme"] = theme;
  else delete document.documentElement.dataset["theme"];
}
