/** Server-sent events of `/v1/chat/completions`. */

/** @typedef {import("./types.d.ts").Piece} Piece */

/**
 * The data of each event. A line that is not whole yet waits for its rest.
 * @param {ReadableStream<Uint8Array>} stream
 * @returns {AsyncGenerator<string, void>}
 */
export async function* events(stream) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += done ? decoder.decode() + "\n" : decoder.decode(value, { stream: true });
      const lines = rest.split(/\r?\n/);
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.startsWith("data:")) yield line.slice(5).trim();
      if (done) return;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** @param {any} chunk @returns {Piece} */
export function piece(chunk) {
  const choice = chunk?.choices?.[0];
  const delta = choice?.delta ?? {};
  const usage = chunk?.usage;
  return {
    text: typeof delta.content === "string" ? delta.content : "",
    reasoning: text(delta.reasoning_content) || text(delta.reasoning),
    finish: choice?.finish_reason ?? null,
    usage: usage ? { prompt: usage.prompt_tokens ?? 0, answer: usage.completion_tokens ?? 0 } : null,
  };
}

/** @param {unknown} value */
const text = (value) => (typeof value === "string" ? value : "");
