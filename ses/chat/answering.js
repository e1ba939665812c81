/** Answers that are being written, in as many dialogues at once as the person likes. */

import { answer } from "./api.js";
import { holding } from "./dialogues.js";
import { Failed } from "./failures.js";
import { add, messages } from "./thread.js";

/** @typedef {import("./types.d.ts").Dialogue} Dialogue */
/** @typedef {import("./types.d.ts").Turn} Turn */
/** @typedef {import("./dialogues.js").Dialogues} Dialogues */

export class Answering {
  /** @param {Dialogues} dialogues @param {() => string} token */
  constructor(dialogues, token) {
    this.dialogues = dialogues;
    this.token = token;
    /** @type {Map<string, AbortController>} */
    this.running = new Map();
    /** Told of each piece, and once when an answer has ended. @type {(dialogue: Dialogue, turn: Turn) => void} */
    this.onPiece = () => {};
    /** @type {(dialogue: Dialogue, turn: Turn) => void} */
    this.onEnd = () => {};
    dialogues.isBusy = (id) => this.running.has(id);
  }

  /** @param {Dialogue} dialogue */
  isRunning(dialogue) {
    return this.running.has(dialogue.id);
  }

  /** End the answer, here and on the server. @param {Dialogue} dialogue */
  stop(dialogue) {
    this.running.get(dialogue.id)?.abort();
  }

  stopAll() {
    for (const controller of this.running.values()) controller.abort();
  }

  /** Answer a question. @param {Dialogue} dialogue @param {string | null} question  Id of the turn. */
  async answer(dialogue, question) {
    if (this.running.has(dialogue.id)) return;
    const body = {
      model: dialogue.model,
      messages: messages(dialogue, question),
      stream: true,
      stream_options: { include_usage: true },
      ...dialogue.parameters,
    };
    const turn = add(dialogue, { parent: question, role: "assistant", text: "", model: dialogue.model }, Date.now());
    const controller = new AbortController();
    this.running.set(dialogue.id, controller);
    this.dialogues.keep(dialogue);
    this.onPiece(dialogue, turn);
    await holding(dialogue.id, () => this.#write(dialogue, turn, body, controller.signal));
    this.running.delete(dialogue.id);
    dialogue.changed = Date.now();
    this.dialogues.keep(dialogue);
    this.onEnd(dialogue, turn);
  }

  /** @param {Dialogue} dialogue @param {Turn} turn @param {object} body @param {AbortSignal} signal */
  async #write(dialogue, turn, body, signal) {
    const began = performance.now();
    let finish = "";
    try {
      for await (const piece of answer(body, this.token(), signal)) {
        turn.text += piece.text;
        if (piece.reasoning) turn.reasoning = (turn.reasoning ?? "") + piece.reasoning;
        if (piece.usage) turn.usage = piece.usage;
        finish = piece.finish ?? finish;
        this.dialogues.keepSoon(dialogue);
        this.onPiece(dialogue, turn);
      }
      turn.state = finish === "length" ? "cut" : finish === "content_filter" ? "filtered" : "done";
    } catch (error) {
      turn.state = signal.aborted ? "stopped" : "broken";
      if (error instanceof Failed) turn.failure = error.failure;
      else if (!signal.aborted) throw error;
    } finally {
      turn.seconds = (performance.now() - began) / 1000;
    }
  }
}
