import assert from "node:assert/strict";
import { test } from "node:test";

import { accent } from "../../ses/widget/colors.js";

const rgb = (css) => css.match(/\d+/g).map(Number);
const light = (color) => {
  const [r, g, b] = color.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a, b) => {
  const [dark, bright] = [light(a), light(b)].sort((x, y) => x - y);
  return (bright + 0.05) / (dark + 0.05);
};

test("whatever colour a site has, texts on it and in it can be read", () => {
  const steps = ["00", "33", "80", "cc", "ff"];
  for (const r of steps)
    for (const g of steps)
      for (const b of steps) {
        const { "--ses-brand": brand, "--ses-on-brand": on, "--ses-brand-light": day, "--ses-brand-dark": night } = accent(`#${r}${g}${b}`);
        assert.ok(contrast(rgb(brand), rgb(on)) >= 4.5, `#${r}${g}${b} ${brand} ${on}`);
        assert.ok(contrast(rgb(day), [244, 245, 248]) >= 4.5);
        assert.ok(contrast(rgb(night), [38, 41, 51]) >= 4.5);
      }
});

test("what is no colour changes nothing", () => {
  for (const wrong of ["", "red", "#12", "#1234567", "url(x)", "#12345g"]) assert.deepEqual(accent(wrong), {});
});
