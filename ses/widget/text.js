/** Texts as DOM nodes, never parsed as HTML; links only to http and https. */

const LINK = /https?:\/\/[^\s<>"«»]+/;
const MARKS = /\*\*(?<bold>[^*\n]+)\*\*|`(?<code>[^`\n]+)`|\[(?<label>[^\]\n]+)\]\((?<target>https?:\/\/[^\s)]+)\)|\*(?<slant>[^*\s][^*\n]*)\*/;

/**
 * @param {string} address
 * @param {string} [base]
 * @returns {string | null}  The address if it may be opened or shown.
 */
export function safeUrl(address, base) {
  try {
    const url = new URL(address, base);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}

/** @param {string} href @param {string} label */
export function link(href, label) {
  const anchor = document.createElement("a");
  anchor.href = href;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  anchor.textContent = label;
  return anchor;
}

/**
 * A text with its links; with `format` markdown also bold, italic, code, named links and list dots.
 * @param {string} text
 * @param {"plain" | "markdown"} format
 */
export function rich(text, format) {
  const fragment = document.createDocumentFragment();
  if (format !== "markdown") {
    linked(fragment, text);
    return fragment;
  }
  let rest = text.replace(/^[-*] /gm, "• ").replace(/^#{1,6} +(.+)$/gm, "**$1**");
  for (let match = MARKS.exec(rest); match; match = MARKS.exec(rest)) {
    linked(fragment, rest.slice(0, match.index));
    const { bold, code, label, target, slant } = match.groups ?? {};
    if (label && target) fragment.append(safeUrl(target) ? link(target, label) : label);
    else if (code) fragment.append(marked("code", code));
    else if (bold) fragment.append(marked("strong", bold));
    else if (slant) fragment.append(marked("em", slant));
    rest = rest.slice(match.index + match[0].length);
  }
  linked(fragment, rest);
  return fragment;
}

/** @param {string} tag @param {string} text */
function marked(tag, text) {
  const element = document.createElement(tag);
  if (tag === "code") element.textContent = text;
  else linked(element, text);
  return element;
}

/** @param {Node & ParentNode} parent @param {string} text */
function linked(parent, text) {
  let rest = text;
  for (let match = LINK.exec(rest); match; match = LINK.exec(rest)) {
    const address = match[0].replace(/[.,;:!?)\]'*_]+$/, "");
    parent.append(rest.slice(0, match.index), safeUrl(address) ? link(address, address) : address);
    rest = rest.slice(match.index + address.length);
  }
  parent.append(rest);
}
