import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { inlines } from "../../ses/chat/inlines.js";
import { blocks } from "../../ses/chat/markdown.js";

/** Blocks as short texts: `h2(…)`, `ul[…|…]`. */
const brief = (text) => blocks(text).map(block).join(" ");
const block = (one) => {
  switch (one.kind) {
    case "paragraph":
      return `p(${line(one.parts)})`;
    case "heading":
      return `h${one.level}(${line(one.parts)})`;
    case "code":
      return `code:${one.language}(${one.text})`;
    case "list":
      return `${one.start === null ? "ul" : `ol${one.start}`}[${one.items.map((item) => item.map(block).join(" ")).join("|")}]`;
    case "quote":
      return `q{${one.blocks.map(block).join(" ")}}`;
    case "table":
      return `table[${[one.head, ...one.rows].map((row) => row.map(line).join(",")).join("|")}]`;
    default:
      return one.kind;
  }
};
const line = (parts) =>
  parts
    .map((part) => {
      if (typeof part === "string") return part;
      if (part.kind === "break") return "⏎";
      if (part.kind === "code") return `\`${part.text}\``;
      if (part.kind === "link") return `<${line(part.parts)}→${part.href}>`;
      return `${part.kind}(${line(part.parts)})`;
    })
    .join("");
const inner = (text) => line(inlines(text));

const cases = JSON.parse(readFileSync(new URL("../markdown_cases.json", import.meta.url), "utf8"));
for (const { name, markdown, blocks: read } of cases) {
  test(`as all channels read it: ${name}`, () => assert.deepEqual(blocks(markdown).map(block), read));
}

test("paragraphs, headings, rules and quotes", () => {
  assert.equal(brief("# One\ntext\nmore\n\n## Two ##\n\n---\n> a\n> b\n>\n> c"), "h1(One) p(text⏎more) h2(Two) rule q{p(a⏎b) p(c)}");
  assert.equal(brief("#tag is no heading"), "p(#tag is no heading)");
});

test("code keeps everything between its fences, and to the end while it is being written", () => {
  assert.equal(brief("```js\na **b**\n\n  c\n```\nafter"), "code:js(a **b**\n\n  c) p(after)");
  assert.equal(brief("~~~\n```\n~~~"), "code:(```)");
  assert.equal(brief("so:\n```python\nx = 1"), "p(so:) code:python(x = 1)");
  assert.equal(brief("- a\n  ```\n  b\n  ```\n- c"), "ul[p(a) code:(b)|p(c)]");
});

test("lists nest, go on and begin where they say", () => {
  assert.equal(brief("- a\n- b\n  - c\n  - d\n- e"), "ul[p(a)|p(b) ul[p(c)|p(d)]|p(e)]");
  assert.equal(brief("3. a\n4. b\n   more"), "ol3[p(a)|p(b⏎more)]");
  assert.equal(brief("1. a\n  - b\n2. c"), "ol1[p(a) ul[p(b)]|p(c)]");
  assert.equal(brief("1. a\n\n2. b\n\nafter"), "ol1[p(a)|p(b)] p(after)");
  assert.equal(brief("text\n- a\n- b\n\ntext"), "p(text) ul[p(a)|p(b)] p(text)");
  assert.equal(brief("born in\n1986. A good year"), "p(born in⏎1986. A good year)");
});

test("tables have as many cells in each row as in their head", () => {
  assert.equal(brief("| a | b |\n|:--|--:|\n| 1 | x \\| y |\n| 2 |\n\nafter"), "table[a,b|1,x | y|2,] p(after)");
  assert.equal(brief("a | b\nno delimiters"), "p(a | b⏎no delimiters)");
});

test("marks inside a line", () => {
  assert.equal(inner("**bold** *slant* ***both*** ~~gone~~ `a*b`"), "strong(bold) em(slant) strong(em(both)) del(gone) `a*b`");
  assert.equal(inner("*a **b** c* and **a *b***"), "em(a strong(b) c) and strong(a em(b))");
  assert.equal(inner("snake_case_name 2 * 3 * 4 **not closed"), "snake_case_name 2 * 3 * 4 **not closed");
  assert.equal(inner("\\*plain\\* ``a`b`` ****"), "*plain* `a`b` ****");
  assert.equal(inner("_a_ __b__ a<br>b"), "em(a) strong(b) a⏎b");
});

test("only http and https are links, and nothing is ever HTML", () => {
  assert.equal(inner("[a](https://x.example/a_(b)) (see http://y.example/z)."), "<a→https://x.example/a_(b)> (see <http://y.example/z→http://y.example/z>).");
  for (const bad of ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "//x.example", "JaVaScRiPt:x", " javascript:x"]) {
    assert.equal(inlines(`[click](${bad})`).some((part) => typeof part !== "string"), false, bad);
  }
  assert.equal(inner("![picture](https://x.example/p.png)"), "<picture→https://x.example/p.png>");
  assert.equal(inner("<script>alert(1)</script><img src=x onerror=y>"), "<script>alert(1)</script><img src=x onerror=y>");
  assert.equal(inner("<https://x.example>"), "<https://x.example→https://x.example/>");
});

test("whatever a model writes is read quickly, and every beginning of it too", () => {
  const nasty = ["*".repeat(5000), "[".repeat(5000), "`".repeat(4999) + "a", "> ".repeat(3000), "- ".repeat(3000), "_a".repeat(3000), "| a ".repeat(2000) + "\n" + "|-".repeat(2000), "**a ".repeat(3000), "\\".repeat(5001)];
  const began = performance.now();
  for (const text of nasty) assert.ok(Array.isArray(blocks(text)));
  const text = "# A\n\n1. **b** `c` [d](https://e.example)\n   - f\n\n```py\nx\n```\n| a | b |\n|---|---|\n| 1 | 2 |\n> q";
  for (let end = 0; end <= text.length; end += 1) assert.ok(Array.isArray(blocks(text.slice(0, end))));
  assert.ok(performance.now() - began < 20_000);
});
