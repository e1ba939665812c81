/** The parameters of the model, with the ranges that the API takes. */

/** @typedef {import("./types.d.ts").Parameters} Parameters */
/** @typedef {{name: "temperature" | "top_p" | "max_tokens" | "frequency_penalty" | "presence_penalty" | "seed", low: number, high: number, step: number, usual: number | null, whole?: boolean, above?: boolean}} Range */

/** @type {Range[]}  `usual`: where a slider stands that nobody moved; none: no slider. `above`: `low` itself is too low. */
export const RANGES = [
  { name: "temperature", low: 0, high: 2, step: 0.05, usual: 1 },
  { name: "top_p", low: 0, high: 1, step: 0.01, usual: 1, above: true },
  { name: "max_tokens", low: 1, high: 1_000_000_000, step: 1, usual: null, whole: true },
  { name: "frequency_penalty", low: -2, high: 2, step: 0.1, usual: 0 },
  { name: "presence_penalty", low: -2, high: 2, step: 0.1, usual: 0 },
  { name: "seed", low: -9_007_199_254_740_991, high: 9_007_199_254_740_991, step: 1, usual: null, whole: true },
];
const STOPS = 4;

/**
 * A number as it was typed; a comma is a point.
 * @param {Range} range
 * @param {string} typed
 * @returns {{value?: number, fault?: true}}  Neither: nothing was typed.
 */
export function read(range, typed) {
  const text = typed.trim().replace(",", ".");
  if (!text) return {};
  const value = Number(text);
  const outside = value < range.low || value > range.high || (range.above && value === range.low);
  return !Number.isFinite(value) || outside || (range.whole && !Number.isInteger(value)) ? { fault: true } : { value };
}

/** Texts at which the model stops, a line each; four at most. @param {string} typed */
export function readStops(typed) {
  return typed.split("\n").filter(Boolean).slice(0, STOPS);
}

/** What can be sent; anything else, as from an older page, is left out. @param {Partial<Record<keyof Parameters, unknown>>} given @returns {Parameters} */
export function sound(given) {
  /** @type {Parameters} */
  const kept = {};
  for (const range of RANGES) {
    const { value } = read(range, given[range.name] == null ? "" : String(given[range.name]));
    if (value !== undefined) kept[range.name] = value;
  }
  if (Array.isArray(given.stop)) {
    const stop = readStops(given.stop.filter((one) => typeof one === "string").join("\n"));
    if (stop.length) kept.stop = stop;
  }
  return kept;
}
