/** Markdown as models write it, read into blocks; nothing in it is ever taken for HTML. */

import { inlines } from "./inlines.js";

/** @typedef {import("./types.d.ts").Block} Block */
/** @typedef {import("./types.d.ts").Inline} Inline */

const DEEPEST = 12;
const FENCE = /^( {0,3})(`{3,}|~{3,})[ \t]*([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/;
const RULE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( *)([-*+]|\d{1,9}[.)])(?:( +)(.*)|[ \t]*)$/;
const DELIMITERS = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;

/** @param {string} text @returns {Block[]} */
export function blocks(text) {
  return parsed(text.replace(/\r\n?/g, "\n").replace(/\t/g, "    ").split("\n"), 0);
}

/** @param {string[]} lines @param {number} depth @returns {Block[]} */
function parsed(lines, depth) {
  /** @type {Block[]} */
  const found = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? "";
    const left = lines.slice(at);
    const step = line.trim() ? (code(left) ?? single(line) ?? (depth < DEEPEST ? (quote(left, depth) ?? list(left, depth)) : null) ?? table(left) ?? paragraph(left)) : null;
    if (step?.block) found.push(step.block);
    at += step?.lines ?? 1;
  }
  return found;
}

/** @typedef {{block: Block, lines: number} | null} Step  What was read, and from how many lines. */

/** Code between fences; without the second one it goes to the end. @param {string[]} lines @returns {Step} */
function code(lines) {
  const fence = FENCE.exec(lines[0] ?? "");
  if (!fence) return null;
  const [, indent = "", marks = "", info = ""] = fence;
  const closing = new RegExp(`^ {0,3}${marks[0] === "~" ? "~" : "`"}{${marks.length},} *$`);
  let end = 1;
  while (end < lines.length && !closing.test(lines[end] ?? "")) end += 1;
  const text = lines.slice(1, end).map((line) => unindented(line, indent.length)).join("\n");
  return { block: { kind: "code", language: info.trim().split(/\s/)[0] ?? "", text }, lines: Math.min(end + 1, lines.length) };
}

/** What is one line: a heading, a rule. @param {string} line @returns {Step} */
function single(line) {
  const heading = HEADING.exec(line);
  if (heading) return { block: { kind: "heading", level: (heading[1] ?? "").length, parts: inlines(heading[2] ?? "") }, lines: 1 };
  return RULE.test(line) ? { block: { kind: "rule" }, lines: 1 } : null;
}

/** @param {string[]} lines @param {number} depth @returns {Step} */
function quote(lines, depth) {
  let end = 0;
  while (end < lines.length && QUOTE.test(lines[end] ?? "")) end += 1;
  if (!end) return null;
  const inner = lines.slice(0, end).map((line) => line.replace(QUOTE, ""));
  return { block: { kind: "quote", blocks: parsed(inner, depth + 1) }, lines: end };
}

/**
 * Items of one kind of mark. What is set in by two characters or more belongs to the item: models do not count exactly.
 * @param {string[]} lines @param {number} depth @returns {Step}
 */
function list(lines, depth) {
  const first = ITEM.exec(lines[0] ?? "");
  if (!first) return null;
  const kind = (first[2] ?? "").at(-1);
  const numbered = /\d/.test(first[2] ?? "");
  const margin = (first[1] ?? "").length;
  /** @type {string[][]} */
  const items = [];
  let at = 0;
  for (; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const indent = line.length - line.trimStart().length;
    const item = indent < margin + 2 ? ITEM.exec(line) : null;
    const current = items.at(-1);
    if (item && (item[2] ?? "").at(-1) === kind && !RULE.test(line)) {
      items.push([item[4] ?? ""]);
    } else if (current && (!line.trim() || indent >= margin + 2)) {
      const width = (ITEM.exec(lines[at - current.length] ?? "")?.[2]?.length ?? 1) + margin + 1;
      current.push(unindented(line, Math.min(width, indent)));
    } else if (current && current.at(-1)?.trim() && !starts(line)) {
      current.push(line.trim()); // a paragraph that goes on without being set in
    } else break;
  }
  while (items.at(-1)?.at(-1) === "" && (items.at(-1)?.length ?? 0) > 1) {
    items.at(-1)?.pop();
    at -= 1;
  }
  const start = numbered ? parseInt(first[2] ?? "1", 10) : null;
  return { block: { kind: "list", start, items: items.map((item) => parsed(item, depth + 1)) }, lines: at };
}

/** @param {string[]} lines @returns {Step} */
function table(lines) {
  const [head = "", delimiters = ""] = lines;
  if (!head.includes("|") || !delimiters.includes("-") || !DELIMITERS.test(delimiters)) return null;
  const names = cells(head);
  const align = cells(delimiters).map(alignment);
  if (names.length !== align.length) return null;
  let end = 2;
  while (end < lines.length && (lines[end] ?? "").includes("|")) end += 1;
  const rows = lines.slice(2, end).map((line) => {
    const row = cells(line);
    return names.map((_, column) => inlines(row[column] ?? ""));
  });
  return { block: { kind: "table", align, head: names.map(inlines), rows }, lines: end };
}

/** @param {string} delimiter @returns {"left" | "center" | "right" | ""} */
function alignment(delimiter) {
  if (delimiter.endsWith(":")) return delimiter.startsWith(":") ? "center" : "right";
  return delimiter.startsWith(":") ? "left" : "";
}

/** @param {string} line */
function cells(line) {
  const inner = line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "");
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replace(/\\\|/g, "|"));
}

/** @param {string[]} lines @returns {Step} */
function paragraph(lines) {
  let end = 1;
  while (end < lines.length && (lines[end] ?? "").trim() && !starts(lines[end] ?? "") && !table(lines.slice(end, end + 2))) end += 1;
  return { block: { kind: "paragraph", parts: inlines(lines.slice(0, end).map((line) => line.trim()).join("\n")) }, lines: end };
}

/** Whether a line begins something that is no paragraph. @param {string} line */
function starts(line) {
  const item = ITEM.exec(line);
  const interrupts = item !== null && (!/\d/.test(item[2] ?? "") || parseInt(item[2] ?? "", 10) === 1) && Boolean(item[4]);
  return interrupts || FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line);
}

/** @param {string} line @param {number} most */
function unindented(line, most) {
  const indent = line.length - line.trimStart().length;
  return line.slice(Math.min(most, indent));
}
