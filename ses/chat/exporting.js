/** A dialogue as a file. */

import { shown } from "./thread.js";

/** @typedef {import("./types.d.ts").Dialogue} Dialogue */
/** @typedef {import("./words.js").Words} Words */

/** The version that is shown, as Markdown. @param {Dialogue} dialogue @param {Words} words */
export function asMarkdown(dialogue, words) {
  const parts = [`# ${dialogue.title || words.untitled}`, `${words.model}: ${dialogue.model} · ${new Date(dialogue.created).toISOString().slice(0, 10)}`];
  if (dialogue.system.trim()) parts.push(`## ${words.system}`, dialogue.system.trim());
  for (const turn of shown(dialogue)) parts.push(`## ${turn.role === "user" ? words.you : turn.model || words.answer}`, turn.text.trim());
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}

/** All versions, for programs. @param {Dialogue} dialogue */
export function asJson(dialogue) {
  const { draft: _, ...kept } = dialogue;
  return `${JSON.stringify(kept, null, 2)}\n`;
}

/** A name that every file system takes. @param {Dialogue} dialogue @param {string} extension */
export function fileName(dialogue, extension) {
  const title = dialogue.title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 60);
  return `${title || "dialogue"}.${extension}`;
}

/** @param {string} name @param {string} text @param {string} type */
export function save(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
