/** The site's colour, made readable: text on it and text in it keep a contrast of 4.5 to 1 (WCAG AA). */

/** @typedef {[number, number, number]} Rgb */

/** @param {string} hex  `#rgb` or `#rrggbb`. @returns {Rgb | null} */
function parsed(hex) {
  const digits = /^#(?:[0-9a-f]{3}){1,2}$/i.test(hex) ? hex.slice(1) : "";
  if (!digits) return null;
  const wide = digits.length === 3 ? [...digits].map((digit) => digit + digit).join("") : digits;
  return /** @type {Rgb} */ ([0, 2, 4].map((start) => parseInt(wide.slice(start, start + 2), 16)));
}

/** @param {Rgb} rgb */
function luminance(rgb) {
  const [red = 0, green = 0, blue = 0] = rgb.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** @param {Rgb} one @param {Rgb} other */
function contrast(one, other) {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/** @param {Rgb} color @param {Rgb} background  Mixed towards black or white until it can be read there. */
function readable(color, background) {
  const towards = luminance(background) > 0.4 ? 0 : 255;
  for (let part = 0; part <= 1; part += 0.05) {
    const mixed = /** @type {Rgb} */ (color.map((value) => Math.round(value + (towards - value) * part)));
    if (contrast(mixed, background) >= 4.7) return mixed;
  }
  return /** @type {Rgb} */ ([towards, towards, towards]);
}

/** @param {Rgb} rgb */
const css = (rgb) => `rgb(${rgb.join(" ")})`;

/**
 * The custom properties for an accent colour; none for what is no `#rrggbb`.
 * @param {string} hex
 * @returns {Record<string, string>}
 */
export function accent(hex) {
  const color = parsed(hex);
  if (!color) return {};
  const white = /** @type {Rgb} */ ([255, 255, 255]);
  const black = /** @type {Rgb} */ ([16, 18, 24]);
  // White suits most brands: darken a little for it, and give up only for light ones.
  const onWhite = contrast(color, white) >= 2.6;
  const base = onWhite ? readable(color, white) : readable(color, black);
  return {
    "--ses-brand": css(base),
    "--ses-on-brand": css(onWhite ? white : black),
    "--ses-brand-light": css(readable(color, [244, 245, 248])),
    "--ses-brand-dark": css(readable(color, [38, 41, 51])),
  };
}
