/** Blocks of Markdown as elements. What did not change stays, so that a selection lives while an answer grows. */

import { copy, el, icon } from "./dom.js";
import { blocks } from "./markdown.js";

/** @typedef {import("./types.d.ts").Block} Block */
/** @typedef {import("./types.d.ts").Inline} Inline */
/** @typedef {import("./words.js").Words} Words */

/** An element that shows a text and can be given a longer one. */
export class Prose {
  /** @param {Words} words */
  constructor(words) {
    this.words = words;
    this.element = el("div", { class: "prose" });
    /** What stands in the element, block by block. @type {string[]} */
    this.keys = [];
    this.text = "";
  }

  /** @param {string} text */
  show(text) {
    if (text === this.text) return;
    this.text = text;
    const wanted = blocks(text);
    const keys = wanted.map((block) => JSON.stringify(block));
    let same = 0;
    while (same < keys.length && keys[same] === this.keys[same]) same += 1;
    while (this.element.children.length > same) this.element.lastChild?.remove();
    this.element.append(...wanted.slice(same).map((block) => shown(block, this.words)));
    this.keys = keys;
  }
}

/** @param {Block} block @param {Words} words @returns {HTMLElement} */
function shown(block, words) {
  switch (block.kind) {
    case "paragraph":
      return el("p", {}, ...parts(block.parts));
    case "heading": // the page's own headings come first
      return el(/** @type {"h3"} */ (`h${Math.min(block.level + 2, 6)}`), {}, ...parts(block.parts));
    case "rule":
      return el("hr");
    case "quote":
      return el("blockquote", {}, ...block.blocks.map((one) => shown(one, words)));
    case "list": {
      const items = block.items.map((item) => el("li", {}, ...(loose(item) ? item.map((one) => shown(one, words)) : tight(item, words))));
      return block.start === null ? el("ul", {}, ...items) : el("ol", { start: block.start }, ...items);
    }
    case "code":
      return code(block, words);
    case "table": {
      /** @param {"th" | "td"} tag @param {Inline[][]} row */
      const cells = (tag, row) => row.map((cell, at) => el(tag, { class: block.align[at] || null, ...(tag === "th" ? { scope: "col" } : {}) }, ...parts(cell)));
      const table = el("table", {}, el("thead", {}, el("tr", {}, ...cells("th", block.head))), el("tbody", {}, ...block.rows.map((row) => el("tr", {}, ...cells("td", row)))));
      return el("div", { class: "wide", tabIndex: 0, role: "group", "aria-label": words.table }, table);
    }
  }
}

/** Whether an item has more than one paragraph. @param {Block[]} item */
const loose = (item) => item.filter((block) => block.kind === "paragraph").length > 1;

/** @param {Block[]} item @param {Words} words */
function tight(item, words) {
  return item.flatMap((block) => (block.kind === "paragraph" ? parts(block.parts) : [shown(block, words)]));
}

/** @param {{language: string, text: string}} block @param {Words} words */
function code({ language, text }, words) {
  const label = el("span", {}, words.copy);
  const button = el("button", { type: "button", class: "quiet", onclick: press }, icon("copy"), label);
  async function press() {
    label.textContent = (await copy(text)) ? words.copied : words.copy_failed;
    setTimeout(() => (label.textContent = words.copy), 2000);
  }
  return el(
    "figure",
    { class: "code" },
    el("figcaption", {}, el("span", {}, language || words.code), button),
    el("pre", { tabIndex: 0, "aria-label": `${words.code} ${language}`.trim(), role: "group" }, el("code", {}, text)),
  );
}

/** @param {Inline[]} inlines @returns {(Node | string)[]} */
function parts(inlines) {
  return inlines.map((part) => {
    if (typeof part === "string") return part;
    if (part.kind === "code") return el("code", {}, part.text);
    if (part.kind === "break") return el("br");
    if (part.kind === "link") return el("a", { href: part.href, target: "_blank", rel: "noopener noreferrer" }, ...parts(part.parts));
    return el(part.kind, {}, ...parts(part.parts));
  });
}
