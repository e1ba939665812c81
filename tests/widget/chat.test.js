import assert from "node:assert/strict";
import { test } from "node:test";

import ru from "../../ses/chat/ru.js";
import en from "../../ses/chat/en.js";
import { events, piece } from "../../ses/chat/events.js";
import { asJson, asMarkdown, fileName } from "../../ses/chat/exporting.js";
import { explained, failure } from "../../ses/chat/failures.js";
import { RANGES, read, readStops, sound } from "../../ses/chat/parameters.js";
import { add, begin, choose, drop, matches, messages, settle, shown, spent, titleOf, versions } from "../../ses/chat/thread.js";

const NOW = Date.UTC(2026, 10, 28);
const fresh = () => begin({ model: "m", system: "", parameters: {} }, NOW);
const say = (dialogue, role, text, parent = dialogue.leaf) => Object.assign(add(dialogue, { parent, role, text }, NOW), { state: "done" });
const texts = (dialogue) => shown(dialogue).map((turn) => turn.text);

test("a question put differently begins a version, and both stay with what followed them", () => {
  const dialogue = fresh();
  const first = say(dialogue, "user", "one");
  say(dialogue, "assistant", "answer to one");
  say(dialogue, "user", "and then?");
  const other = say(dialogue, "user", "uno", null);
  assert.deepEqual(texts(dialogue), ["uno"]);
  assert.deepEqual(versions(dialogue, other).map((turn) => turn.text), ["one", "uno"]);
  choose(dialogue, first);
  assert.deepEqual(texts(dialogue), ["one", "answer to one", "and then?"]);
});

test("another answer is a version of the answer", () => {
  const dialogue = fresh();
  const question = say(dialogue, "user", "q");
  const first = say(dialogue, "assistant", "a");
  const second = say(dialogue, "assistant", "b", question.id);
  assert.deepEqual(texts(dialogue), ["q", "b"]);
  drop(dialogue, second);
  assert.deepEqual(shown(dialogue), [question]);
  choose(dialogue, question);
  assert.deepEqual(shown(dialogue), [question, first]);
});

test("the model is sent the system prompt and what is shown, up to the question", () => {
  const dialogue = fresh();
  dialogue.system = "  Be brief. ";
  const question = say(dialogue, "user", "q");
  say(dialogue, "assistant", "", question.id);
  assert.deepEqual(messages(dialogue, question.id), [
    { role: "system", content: "Be brief." },
    { role: "user", content: "q" },
  ]);
  assert.deepEqual(messages(dialogue, dialogue.leaf).length, 2, "an answer without a word is not sent");
});

test("a dialogue is called after its first question until somebody names it", () => {
  const dialogue = fresh();
  say(dialogue, "user", `${"word ".repeat(30)}`);
  assert.ok(dialogue.title.length <= 61 && dialogue.title.endsWith("word…"), dialogue.title);
  Object.assign(dialogue, { title: "Mine", named: true });
  say(dialogue, "user", "other", null);
  assert.equal(dialogue.title, "Mine");
  assert.equal(titleOf("x".repeat(100)), `${"x".repeat(60)}…`);
});

test("answers that nobody writes any more are told as broken off", () => {
  const dialogue = fresh();
  const answer = say(dialogue, "assistant", "half");
  assert.equal(settle(dialogue), false);
  answer.state = "writing";
  assert.equal(settle(dialogue), true);
  assert.equal(answer.state, "broken");
});

test("tokens are those of the last answer that is shown, and a search looks for all words", () => {
  const dialogue = fresh();
  say(dialogue, "user", "Pizza with olives");
  assert.equal(spent(dialogue), 0);
  say(dialogue, "assistant", "Yes").usage = { prompt: 5, answer: 2 };
  assert.equal(spent(dialogue), 7);
  assert.ok(matches(dialogue, "OLIVES pizza") && matches(dialogue, "yes") && matches(dialogue, " "));
  assert.ok(!matches(dialogue, "pizza ham"));
});

test("a damaged tree is shown without end only as far as it goes", () => {
  const dialogue = fresh();
  const one = say(dialogue, "user", "a");
  one.parent = one.id;
  assert.deepEqual(texts(dialogue), ["a"]);
});

test("parameters are taken within the API's ranges, and nothing else is sent", () => {
  const range = Object.fromEntries(RANGES.map((one) => [one.name, one]));
  assert.deepEqual(read(range.temperature, " 0,7 "), { value: 0.7 });
  assert.deepEqual(read(range.temperature, ""), {});
  for (const [name, wrong] of [["temperature", "2.1"], ["temperature", "-1"], ["temperature", "hot"], ["top_p", "0"], ["top_p", "1.01"], ["max_tokens", "0"], ["max_tokens", "1.5"], ["frequency_penalty", "-2.1"], ["presence_penalty", "3"], ["seed", "1e400"]])
    assert.deepEqual(read(range[name], wrong), { fault: true }, `${name} ${wrong}`);
  assert.deepEqual(readStops("a\n\n b\nc\nd\ne"), ["a", " b", "c", "d"]);
  assert.deepEqual(sound({ temperature: 0, top_p: 7, seed: 3, stop: ["x", 1, ""], other: 1, max_tokens: null }), { temperature: 0, seed: 3, stop: ["x"] });
});

test("events arrive whole however the network cuts them", async () => {
  const bytes = new TextEncoder().encode('data: {"a":"ё"}\r\n\r\n: note\n\ndata:{"b":1}\n\ndata: [DONE]');
  for (const size of [1, 2, 3, 7, 1000]) {
    const stream = new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
        controller.close();
      },
    });
    const found = [];
    for await (const data of events(stream)) found.push(data);
    assert.deepEqual(found, ['{"a":"ё"}', '{"b":1}', "[DONE]"]);
  }
});

test("a piece has text, reasoning, the reason of the end and the usage, whoever sends it", () => {
  assert.deepEqual(piece({ choices: [{ delta: { content: "a", reasoning_content: "b" }, finish_reason: null }], usage: null }), { text: "a", reasoning: "b", finish: null, usage: null });
  assert.deepEqual(piece({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } }), { text: "", reasoning: "", finish: null, usage: { prompt: 1, answer: 2 } });
  assert.deepEqual(piece(null), { text: "", reasoning: "", finish: null, usage: null });
});

test("failures are told in plain words, with the API's own where they help", () => {
  const flat = (code, message) => ({ object: "error", message, type: "E", param: null, code });
  assert.equal(failure(401, flat(401, "UnauthorizedError: Wrong token")).kind, "signed_out");
  assert.equal(failure(404, flat(404, 'The model "x" does not exist.')).kind, "model");
  assert.equal(failure(400, flat(400, "This model's maximum context length is 4096 tokens. However…")).kind, "too_long");
  assert.deepEqual(failure(503, null, "5"), { kind: "busy", message: "", wait: 5 });
  assert.equal(failure(500, "nonsense").kind, "server");
  assert.equal(failure(400, { error: { message: "nested" } }).message, "nested");
  assert.deepEqual(explained(failure(400, flat(400, "temperature must be …")), en), { title: en.failures.request, detail: "temperature must be …" });
  assert.equal(explained(failure(503, null, "5"), ru).title, `${ru.failures.busy} Повторите через 5 с.`);
  assert.equal(explained(failure(503, null, "3600"), en).title, en.failures.busy);
  assert.equal(explained(failure(500, flat(500, "Internal Server Error")), en).detail, "");
});

test("a dialogue goes out as Markdown as it is shown, and as JSON with all versions", () => {
  const dialogue = fresh();
  dialogue.system = "Be brief.";
  dialogue.draft = "unsent";
  say(dialogue, "user", "Hi: a/b?");
  Object.assign(say(dialogue, "assistant", "Hello **you**"), { model: "m" });
  assert.equal(asMarkdown(dialogue, en), "# Hi: a/b?\n\nModel: m · 2026-11-28\n\n## System prompt\n\nBe brief.\n\n## You\n\nHi: a/b?\n\n## m\n\nHello **you**\n");
  const { turns, draft } = JSON.parse(asJson(dialogue));
  assert.equal(turns.length, 2);
  assert.equal(draft, undefined);
  assert.equal(fileName(dialogue, "md"), "Hi-a-b.md");
  assert.equal(fileName(fresh(), "md"), "dialogue.md");
});

test("both languages say the same things", () => {
  const shape = (value) => (value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shape(inner)])) : typeof value);
  assert.deepEqual(shape(ru), shape(en));
});
