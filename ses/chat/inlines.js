/** What stands inside a line of Markdown. */

/** @typedef {import("./types.d.ts").Inline} Inline */

const DEEPEST = 8;
const FARTHEST = 4000;
const PUNCTUATION = /[!-/:-@[-`{-~]/;
const ADDRESS = /^https?:\/\/[^\s<>"«»`|\\]+/i;
const SPECIAL = /[\\`*_~[<!\n]|https?:\/\//gi;

/** @param {string} text @param {number} [depth] @returns {Inline[]} */
export function inlines(text, depth = 0) {
  /** @type {Inline[]} */
  const found = [];
  let plain = "";
  let at = 0;
  /** @param {Inline} part */
  const take = (part) => {
    if (plain) found.push(plain);
    plain = "";
    found.push(part);
  };
  while (at < text.length) {
    SPECIAL.lastIndex = at;
    const next = SPECIAL.exec(text)?.index ?? text.length;
    plain += text.slice(at, next);
    at = next;
    if (at >= text.length) break;
    const step = depth < DEEPEST ? special(text, at, depth) : null;
    if (!step) plain += text[at++];
    else {
      if (typeof step.part === "string") plain += step.part;
      else take(step.part);
      at = step.end;
    }
  }
  if (plain) found.push(plain);
  return found;
}

/** @typedef {{part: Inline, end: number} | null} Step */

/** @param {string} text @param {number} at @param {number} depth @returns {Step} */
function special(text, at, depth) {
  switch (text[at]) {
    case "\\":
      return PUNCTUATION.test(text[at + 1] ?? "") ? { part: text[at + 1] ?? "", end: at + 2 } : null;
    case "\n":
      return { part: { kind: "break" }, end: at + 1 };
    case "`":
      return code(text, at);
    case "*":
    case "_":
    case "~":
      return emphasis(text, at, depth);
    case "!":
      return text[at + 1] === "[" ? link(text, at + 1, depth) : null; // pictures are not fetched: a link to each
    case "[":
      return link(text, at, depth);
    case "<":
      return angled(text, at);
    default:
      return bare(text, at);
  }
}

/** @param {string} text @param {number} at @returns {Step} */
function code(text, at) {
  const marks = /^`+/.exec(text.slice(at, at + 100))?.[0] ?? "`";
  const closing = new RegExp(`(?<!\`)${marks}(?!\`)`, "g");
  closing.lastIndex = at + marks.length;
  const end = closing.exec(text)?.index;
  if (end === undefined) return { part: marks, end: at + marks.length };
  const inner = text.slice(at + marks.length, end).replace(/\n/g, " ");
  return { part: { kind: "code", text: /^ .*[^ ].* $/.test(inner) ? inner.slice(1, -1) : inner }, end: end + marks.length };
}

/** @param {string} text @param {number} at @param {number} depth @returns {Step} */
function emphasis(text, at, depth) {
  const mark = text[at] ?? "";
  const run = (/^(\*+|_+|~+)/.exec(text.slice(at, at + 20))?.[0] ?? mark).length;
  const literal = { part: mark.repeat(run), end: at + run };
  if (/\s|^$/.test(text[at + run] ?? "")) return literal;
  if (mark === "_" && /[\p{L}\p{N}]/u.test(text[at - 1] ?? "")) return literal;
  for (const size of mark === "~" ? [2] : run >= 2 ? [2, 1] : [1]) {
    if (size > run) continue;
    const end = closing(text, at + size, mark, size);
    if (end < 0) continue;
    const parts = inlines(text.slice(at + size, end), depth + 1);
    const kind = mark === "~" ? "del" : size === 2 ? "strong" : "em";
    return { part: { kind, parts }, end: end + size };
  }
  return literal;
}

/** Where a mark of this size closes; below 0: nowhere. @param {string} text @param {number} from @param {string} mark @param {number} size */
function closing(text, from, mark, size) {
  const limit = Math.min(text.length, from + FARTHEST);
  for (let at = from; at < limit; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "`") at = (code(text, at)?.end ?? at + 1) - 1;
    else if (text[at] === mark) {
      let run = 1;
      while (text[at + run] === mark) run += 1;
      const after = text[at + run] ?? "";
      const closes = !/\s/.test(text[at - 1] ?? " ") && (mark !== "_" || !/[\p{L}\p{N}]/u.test(after));
      const place = run === 3 && size === 1 ? at + 2 : at + run - size;
      if (closes && place > from && (run === size || run === 3)) return place;
      at += run - 1;
    }
  }
  return -1;
}

/** @param {string} text @param {number} at @param {number} depth @returns {Step} */
function link(text, at, depth) {
  let level = 0;
  let end = at;
  for (const limit = Math.min(text.length, at + FARTHEST); end < limit; end += 1) {
    if (text[end] === "\\") end += 1;
    else if (text[end] === "[") level += 1;
    else if (text[end] === "]" && --level === 0) break;
  }
  const target = level === 0 ? /^\]\(\s*<?((?:[^\s()<>]|\([^\s()<>]*\))*)>?(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)/.exec(text.slice(end, end + FARTHEST)) : null;
  if (!target) return null;
  const href = safeAddress(target[1] ?? "");
  if (!href) return null;
  const parts = inlines(text.slice(at + 1, end), depth + 1);
  return { part: { kind: "link", href, parts: parts.length ? parts : [href] }, end: end + target[0].length };
}

/** `<https://…>` and `<br>`; other tags are text. @param {string} text @param {number} at @returns {Step} */
function angled(text, at) {
  const rest = text.slice(at, at + FARTHEST);
  const line = /^<br\s*\/?>/i.exec(rest);
  if (line) return { part: { kind: "break" }, end: at + line[0].length };
  const address = /^<(https?:\/\/[^\s<>]+)>/i.exec(rest);
  const href = address && safeAddress(address[1] ?? "");
  return address && href ? { part: { kind: "link", href, parts: [address[1] ?? ""] }, end: at + address[0].length } : null;
}

/** An address in the text, without the sentence's own marks at its end. @param {string} text @param {number} at @returns {Step} */
function bare(text, at) {
  let address = (ADDRESS.exec(text.slice(at, at + FARTHEST))?.[0] ?? "").replace(/[.,;:!?'*_~\]]+$/, "");
  while (address.endsWith(")") && address.split(")").length > address.split("(").length) address = address.slice(0, -1);
  const href = safeAddress(address);
  return href ? { part: { kind: "link", href, parts: [address] }, end: at + address.length } : null;
}

/** The address if it may be opened: http and https only. @param {string} address @returns {string | null} */
export function safeAddress(address) {
  try {
    const url = new URL(address);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}
