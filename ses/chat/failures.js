/** What went wrong with a request, told in the reader's words. */

/** @typedef {import("./types.d.ts").Failure} Failure */
/** @typedef {import("./words.js").Words} Words */

const SOON = 300;
/** Seconds that are worth telling. */

/** A request that failed. */
export class Failed extends Error {
  /** @param {Failure} failure */
  constructor(failure) {
    super(failure.message || failure.kind);
    this.failure = failure;
  }
}

/**
 * @param {number} status
 * @param {any} body  The API's flat object, OpenAI's nested one, or anything.
 * @param {string | null} retryAfter
 * @returns {Failure}
 */
export function failure(status, body, retryAfter = null) {
  const told = body?.error?.message ?? body?.message;
  const message = typeof told === "string" ? told.slice(0, 2000) : "";
  const seconds = Number(retryAfter);
  const wait = retryAfter && Number.isFinite(seconds) ? { wait: seconds } : {};
  return { kind: kindOf(status, message), message, ...wait };
}

/** @param {number} status @param {string} message @returns {Failure["kind"]} */
function kindOf(status, message) {
  if (status === 401) return "signed_out";
  if (status === 403) return "forbidden";
  if (status === 404 || /^The model ".*" does not exist/.test(message)) return "model";
  if (status === 413) return "too_large";
  if (status === 429) return "often";
  if (status === 503) return "busy";
  if (status === 400 && /context length/.test(message)) return "too_long";
  return status >= 500 ? "server" : "request";
}

/** A heading and, where the API's own words help, those. @param {Failure} failure @param {Words} words */
export function explained(failure, words) {
  const title = words.failures[failure.kind];
  const useful = ["forbidden", "model", "too_long", "request"].includes(failure.kind) && failure.message;
  const soon = failure.wait !== undefined && failure.wait <= SOON ? ` ${words.again_in(failure.wait)}` : "";
  return { title: title + soon, detail: useful || "" };
}
