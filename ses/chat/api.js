/** The daemon's side of the page: sign-in, models, answers. Addresses are relative, so a proxy may put the page anywhere. */

import { events, piece } from "./events.js";
import { Failed, failure } from "./failures.js";

/** @typedef {import("./types.d.ts").Piece} Piece */
/** @typedef {import("./types.d.ts").Settings} Settings */
/** @typedef {import("./types.d.ts").Model} Model */

/** @returns {Promise<Settings>} */
export const settings = async () => (await sent("chat/settings")).json();

/** @param {string} token @param {Record<string, string>} names @returns {Promise<Model[]>} */
export async function models(token, names) {
  const listed = await (await sent("chat/v1/models", { token })).json();
  return listed.data.map((/** @type {any} */ one) => ({
    id: one.id,
    name: names[one.id] ?? one.id,
    context: one.max_model_len ?? null,
  }));
}

/** The session is the browser's cookie. @param {string} code */
export const signInByCode = (code) => sent("chat/session", { method: "POST", json: { code } });

export const endSession = () => sent("chat/session", { method: "DELETE" });

/** @param {string} username @param {string} password @returns {Promise<string>}  A token. */
export async function logIn(username, password) {
  const response = await sent("token", { method: "POST", body: new URLSearchParams({ username, password }) });
  return (await response.json()).access_token;
}

/**
 * An answer, piece by piece. Raises `Failed`; an abort ends it, here and on the server.
 * @param {object} body
 * @param {string} token
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<Piece, void>}
 */
export async function* answer(body, token, signal) {
  const response = await sent("chat/v1/chat/completions", { method: "POST", json: body, token, signal });
  let whole = false;
  try {
    for await (const data of events(/** @type {ReadableStream<Uint8Array>} */ (response.body))) {
      if (data === "[DONE]") {
        whole = true;
        break;
      }
      const chunk = JSON.parse(data);
      if (chunk.error) throw new Failed(failure(chunk.error.code ?? 500, chunk));
      yield piece(chunk);
    }
  } catch (error) {
    if (error instanceof Failed || signal.aborted) throw error;
    throw new Failed({ kind: "broken", message: "" });
  }
  if (!whole && !signal.aborted) throw new Failed({ kind: "broken", message: "" });
}

/**
 * @param {string} address
 * @param {{method?: string, json?: object, body?: BodyInit, token?: string, signal?: AbortSignal}} [options]
 */
async function sent(address, { method = "GET", json, body, token, signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (json) headers["Content-Type"] = "application/json";
  if (token) headers["Authorization"] = `Bearer ${token}`;
  let response;
  try {
    response = await fetch(address, { method, headers, body: json ? JSON.stringify(json) : body, signal, cache: "no-store" });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Failed({ kind: "offline", message: "" });
  }
  if (response.ok) return response;
  const told = await response.json().catch(() => null);
  throw new Failed(failure(response.status, told, response.headers.get("Retry-After")));
}
