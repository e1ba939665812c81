/** A dialogue as a tree: to ask again or to put a question differently begins a new version, and the old one stays. */

/** @typedef {import("./types.d.ts").Dialogue} Dialogue */
/** @typedef {import("./types.d.ts").Turn} Turn */
/** @typedef {import("./types.d.ts").Parameters} Parameters */

const TITLE = 60;

/** 96 random bits; `crypto.randomUUID` is there only on safe origins. */
export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * @param {{model: string, system: string, parameters: Parameters}} with_
 * @param {number} now  Milliseconds.
 * @returns {Dialogue}
 */
export function begin(with_, now) {
  return {
    id: newId(),
    title: "",
    named: false,
    model: with_.model,
    system: with_.system,
    parameters: { ...with_.parameters },
    turns: [],
    leaf: null,
    draft: "",
    created: now,
    changed: now,
  };
}

/** The turns that are shown, the oldest first. @param {Dialogue} dialogue @param {string | null} [leaf] @returns {Turn[]} */
export function shown(dialogue, leaf = dialogue.leaf) {
  const known = new Map(dialogue.turns.map((turn) => [turn.id, turn]));
  const found = [];
  for (let turn = known.get(leaf ?? ""); turn; turn = known.get(turn.parent ?? "")) {
    found.push(turn);
    known.delete(turn.id);
  }
  return found.reverse();
}

/** A turn and its other versions, the oldest first. @param {Dialogue} dialogue @param {Turn} turn */
export function versions(dialogue, turn) {
  return dialogue.turns.filter((other) => other.parent === turn.parent && other.role === turn.role);
}

/** Show this version, and what came after it last. @param {Dialogue} dialogue @param {Turn} turn */
export function choose(dialogue, turn) {
  let last = turn;
  for (let next; (next = dialogue.turns.findLast((one) => one.parent === last.id)); ) last = next;
  dialogue.leaf = last.id;
}

/**
 * @param {Dialogue} dialogue
 * @param {{parent: string | null, role: "user" | "assistant", text: string, model?: string}} said
 * @param {number} now
 * @returns {Turn}
 */
export function add(dialogue, said, now) {
  /** @type {Turn} */
  const turn = { ...said, id: newId(), at: now, state: said.role === "user" ? "done" : "writing" };
  dialogue.turns.push(turn);
  dialogue.leaf = turn.id;
  dialogue.changed = now;
  if (said.role === "user" && !dialogue.named && said.parent === null) dialogue.title = titleOf(said.text);
  return turn;
}

/** Take back a turn that nothing follows. @param {Dialogue} dialogue @param {Turn} turn */
export function drop(dialogue, turn) {
  dialogue.turns = dialogue.turns.filter((one) => one !== turn);
  if (dialogue.leaf === turn.id) dialogue.leaf = turn.parent;
}

/** @param {string} text */
export function titleOf(text) {
  const line = text.trim().replace(/\s+/g, " ");
  if (line.length <= TITLE) return line;
  const cut = line.slice(0, TITLE);
  return `${cut.slice(0, cut.lastIndexOf(" ") > TITLE / 2 ? cut.lastIndexOf(" ") : TITLE)}…`;
}

/** Answers that nobody writes any more. @param {Dialogue} dialogue @returns {boolean} Whether there was one. */
export function settle(dialogue) {
  const left = dialogue.turns.filter((turn) => turn.state === "writing");
  for (const turn of left) turn.state = "broken";
  return left.length > 0;
}

/**
 * What the model is sent, up to a question.
 * @param {Dialogue} dialogue
 * @param {string | null} upto
 * @returns {{role: string, content: string}[]}
 */
export function messages(dialogue, upto) {
  const said = shown(dialogue, upto)
    .filter((turn) => turn.role === "user" || turn.text)
    .map((turn) => ({ role: /** @type {string} */ (turn.role), content: turn.text }));
  const system = dialogue.system.trim();
  return system ? [{ role: "system", content: system }, ...said] : said;
}

/** Tokens of the dialogue as the model last counted them. @param {Dialogue} dialogue */
export function spent(dialogue) {
  const usage = shown(dialogue).findLast((turn) => turn.usage)?.usage;
  return usage ? usage.prompt + usage.answer : 0;
}

/** Whether a dialogue has all of these words. @param {Dialogue} dialogue @param {string} query */
export function matches(dialogue, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return true;
  const text = [dialogue.title, ...dialogue.turns.map((turn) => turn.text)].join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}
