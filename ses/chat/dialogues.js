/** All dialogues of this browser: which there are, which is shown, and that each is kept. */

import { remembered } from "./memory.js";
import { sound } from "./parameters.js";
import { begin, settle } from "./thread.js";

/** @typedef {import("./types.d.ts").Dialogue} Dialogue */
/** @typedef {import("./memory.js").Memory} Memory */

const SOON = 400;
/** Milliseconds between two savings of a dialogue that grows. */
const LEFT = "left";

export class Dialogues {
  /** @param {Memory} memory */
  constructor(memory) {
    this.memory = memory;
    /** @type {Map<string, Dialogue>} */
    this.known = new Map();
    /** @type {Map<string, number>} */
    this.waiting = new Map();
    /** Told when something was not kept, and when another tab changed a dialogue. */
    this.onFull = () => {};
    /** @type {(id: string) => void} */
    this.onForeign = () => {};
    /** Dialogues that this tab writes into. @type {(id: string) => boolean} */
    this.isBusy = () => false;
    memory.onChange = (id) => void this.#take(id);
  }

  /** Read them all. Answers that no tab writes any more are settled. */
  async load() {
    const written = await heldByTabs();
    const kept = await this.memory.all().catch(() => {
      this.memory.database = null; // a database that cannot be read is none
      return [];
    });
    for (const dialogue of [...kept, ...takeLeft()]) {
      const known = this.known.get(dialogue.id);
      if (known && known.changed > dialogue.changed) continue;
      dialogue.parameters = sound(dialogue.parameters ?? {});
      this.known.set(dialogue.id, dialogue);
      if (!written.has(dialogue.id) && settle(dialogue)) this.keep(dialogue);
    }
  }

  /** Those with something in them, the newest first. */
  get list() {
    return [...this.known.values()].filter((one) => one.turns.length || one.draft).sort((a, b) => b.changed - a.changed);
  }

  /** @param {Parameters<typeof begin>[0]} with_ */
  begin(with_) {
    const dialogue = begin(with_, Date.now());
    this.known.set(dialogue.id, dialogue);
    return dialogue;
  }

  /** Save now. @param {Dialogue} dialogue */
  keep(dialogue) {
    clearTimeout(this.waiting.get(dialogue.id));
    this.waiting.delete(dialogue.id);
    if (!this.known.has(dialogue.id) || !(dialogue.turns.length || dialogue.draft)) return;
    this.memory.put(dialogue).catch(() => this.onFull());
  }

  /** Save within a moment, once for many changes. @param {Dialogue} dialogue */
  keepSoon(dialogue) {
    if (!this.waiting.has(dialogue.id)) this.waiting.set(dialogue.id, setTimeout(() => this.keep(dialogue), SOON));
  }

  /** The page may be about to go, and the database then takes nothing for sure: what waits is left where it can be written at once. */
  leave() {
    const waiting = [...this.waiting.keys()].map((id) => this.known.get(id)).filter((one) => one !== undefined);
    if (waiting.length) remembered.set(LEFT, JSON.stringify([...takeLeft(), ...waiting]));
    for (const dialogue of waiting) this.keep(dialogue);
  }

  /** @param {Dialogue} dialogue */
  remove(dialogue) {
    clearTimeout(this.waiting.get(dialogue.id));
    this.waiting.delete(dialogue.id);
    this.known.delete(dialogue.id);
    this.memory.remove(dialogue.id).catch(() => this.onFull());
  }

  /** Bring back what was removed. @param {Dialogue} dialogue */
  restore(dialogue) {
    this.known.set(dialogue.id, dialogue);
    this.keep(dialogue);
  }

  async clear() {
    for (const timer of this.waiting.values()) clearTimeout(timer);
    this.waiting.clear();
    this.known.clear();
    await this.memory.clear().catch(() => this.onFull());
  }

  /** Another tab changed a dialogue, or all. @param {string} id */
  async #take(id) {
    if (this.isBusy(id)) return;
    if (!id) this.known.clear();
    else {
      const dialogue = await this.memory.get(id);
      if (this.isBusy(id)) return;
      if (dialogue) this.known.set(id, dialogue);
      else this.known.delete(id);
    }
    this.onForeign(id);
  }
}

/** Dialogues that a page left behind as it went. @returns {Dialogue[]} */
function takeLeft() {
  const text = remembered.get(LEFT);
  if (text) remembered.set(LEFT, "");
  return text ? JSON.parse(text) : [];
}

/** Hold a dialogue for as long as its answer is written, so that other tabs know. @param {string} id @param {() => Promise<void>} work */
export function holding(id, work) {
  return navigator.locks ? navigator.locks.request(`ses-chat ${id}`, work) : work();
}

/** @returns {Promise<Set<string>>}  Ids of dialogues; none where the browser has no locks. */
async function heldByTabs() {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return new Set(held.map((lock) => (lock.name ?? "").replace(/^ses-chat /, "")));
}
