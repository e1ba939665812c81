// What the page promises whatever the network does.

import assert from "node:assert/strict";
import { test } from "node:test";

import { MemoryShelf, Store } from "../../ses/widget/store.js";
import { Browser, connected, robot } from "./browser.js";

test("a message waits in the storage until it is acknowledged, and survives a reload", () => {
  const shelf = new MemoryShelf();
  const page = connected(shelf);
  page.talk.say("раз");
  page.talk.say("два");
  page.get({ type: "ack", id: page.socket.sent[1].id });
  assert.deepEqual(page.order.map((id) => page.drawn.get(id).state), ["sent", "waiting"]);

  const reloaded = new Browser(shelf);
  reloaded.talk.connect();
  reloaded.socket.onopen();
  assert.deepEqual(reloaded.socket.sent[0], { type: "hello", session: "s1", key: "k1" });
  const once = { type: "message", id: page.socket.sent[1].id, from: "visitor", text: "раз" };
  reloaded.get({ type: "welcome", session: "s1", key: null, settings: {}, messages: [once, robot(1, "ответ")] });
  assert.deepEqual(reloaded.texts, ["раз", "ответ", "два"]);
  assert.deepEqual(reloaded.said, ["два"]);
});

test("a message that the history shows is not sent again", () => {
  const shelf = new MemoryShelf();
  const page = connected(shelf);
  page.talk.say("раз");
  const { id } = page.socket.sent[1];
  const reloaded = new Browser(shelf);
  reloaded.talk.connect();
  reloaded.welcome([{ type: "message", id, from: "visitor", text: "раз" }]);
  assert.deepEqual(reloaded.said, []);
  assert.deepEqual(new Browser(shelf).talk.returning, true);
  assert.deepEqual(new Store(shelf, "host/site").unsent(), []);
});

test("after a break it asks for what follows the last seq and shows nothing twice", () => {
  const page = connected();
  page.get(robot(1, "раз"));
  page.get(robot(2, "два"));
  page.lose();
  page.pass(1000);
  page.socket.onopen();
  assert.equal(page.socket.sent[0].after, 2);
  page.get({ type: "welcome", session: "s1", key: null, settings: {}, messages: [robot(2, "два"), robot(3, "три")] });
  page.get(robot(3, "три"));
  page.get(robot(4, "четыре"));
  assert.deepEqual(page.texts, ["раз", "два", "три", "четыре"]);
});

test("what was written without a connection is sent in order when it is back", () => {
  const page = connected();
  page.lose();
  for (const text of ["раз", "два", "три"]) page.talk.say(text);
  page.welcome();
  assert.deepEqual(page.said, ["раз", "два", "три"]);
});

test("an unknown pair: the fresh one is taken and the unsent go there", () => {
  const shelf = new MemoryShelf();
  const page = connected(shelf);
  page.get(robot(1, "старое"));
  page.lose();
  page.talk.say("новое");
  page.welcome([], { session: "s2", key: "k2" });
  assert.deepEqual(page.texts, ["новое"]);
  assert.deepEqual(page.said, ["новое"]);
  assert.deepEqual(new Store(shelf, "host/site").pair, { session: "s2", key: "k2" });
  page.get({ ...robot(1, "ответ"), id: "s2/1/1" });
  assert.deepEqual(page.texts, ["новое", "ответ"]);
});

test("what another person left unsent is neither said nor kept", () => {
  const shelf = new MemoryShelf();
  const page = connected(shelf);
  page.lose();
  page.talk.say("её слова");
  const later = new Browser(shelf);
  later.talk.connect();
  later.welcome([], { session: "s2", key: "k2", another: true });
  assert.deepEqual(later.said, []);
  assert.deepEqual(later.texts, []);
  assert.deepEqual(new Store(shelf, "host/site").unsent(), []);
  later.talk.say("его слова");
  assert.deepEqual(later.said, ["его слова"]);
});

test("when the visitor signs in hello is said anew on another socket, and not before the page wants one", () => {
  const page = new Browser();
  page.talk.renew();
  assert.equal(page.sockets.length, 0);
  page.talk.connect();
  page.welcome([], { key: "k1" });
  const [first] = page.sockets;
  page.talk.renew();
  assert.equal(first.gone, true);
  assert.equal(page.sockets.length, 2);
  first.onclose({ code: 1005 });
  page.welcome();
  assert.deepEqual(page.socket.sent[0], { type: "hello", session: "s1", key: "k1", after: 0 });
  assert.equal(page.talk.link, "open");
});

test("a refused identity is told to the page", () => {
  const page = new Browser();
  page.talk.connect();
  page.socket.onopen();
  page.get({ type: "error", code: "identity", message: "The token has expired" });
  assert.deepEqual(page.refusals, ["The token has expired"]);
});

test("a displaced page stays away until its visitor acts, and then fetches all", () => {
  const page = connected();
  page.get(robot(1, "раз"));
  page.lose(4001);
  page.pass(600_000);
  page.talk.nudge();
  assert.equal(page.sockets.length, 1);
  assert.equal(page.talk.link, "displaced");
  page.talk.connect();
  page.socket.onopen();
  assert.equal("after" in page.socket.sent[0], false);
  page.get({ type: "welcome", session: "s1", key: null, settings: {}, messages: [robot(1, "раз"), robot(2, "два")] });
  assert.deepEqual(page.texts, ["раз", "два"]);
});

test("refused for a while: nothing is sent until then, and after that one at a time", () => {
  const page = connected();
  for (const text of ["раз", "два", "три"]) page.talk.say(text);
  const ids = page.socket.sent.slice(1).map((frame) => frame.id);
  for (const id of ids) page.get({ type: "error", code: "flood", message: "", id, retry_after: 3 });
  page.talk.say("четыре");
  page.pass(2900);
  assert.equal(page.said.length, 3);
  page.pass(200);
  assert.deepEqual(page.said.slice(3), ["раз"]);
  page.get({ type: "ack", id: ids[0] });
  assert.deepEqual(page.said.slice(3), ["раз", "два"]);
  page.get({ type: "ack", id: ids[1] });
  page.get({ type: "ack", id: ids[2] });
  const last = page.socket.sent.at(-1);
  assert.equal(last.text, "четыре");
  page.get({ type: "ack", id: last.id });
  page.talk.say("пять");
  page.talk.say("шесть");
  assert.deepEqual(page.said.slice(-2), ["пять", "шесть"]);
});

test("refused for good: it is marked, forgotten and never sent again", () => {
  const shelf = new MemoryShelf();
  const page = connected(shelf);
  page.talk.say("нет");
  const { id } = page.socket.sent[1];
  page.get({ type: "error", code: "too_long", message: "", id });
  assert.equal(page.drawn.get(id).state, "failed");
  assert.deepEqual(new Store(shelf, "host/site").unsent(), []);
});

test("open is said until something was shown, and again after a break", () => {
  const page = new Browser();
  page.talk.open();
  page.welcome([], { key: "k" });
  assert.equal(page.socket.sent.at(-1).type, "open");
  page.lose();
  page.pass(1000);
  page.welcome();
  assert.equal(page.socket.sent.at(-1).type, "open");
  page.get(robot(1, "Здравствуйте"));
  page.lose();
  page.pass(1000);
  page.welcome();
  assert.deepEqual(page.socket.sent.map((frame) => frame.type), ["hello"]);
});

test("a text streams in, a gap waits for the whole, a new attempt starts over", () => {
  const page = connected();
  const delta = (attempt, at, text) => page.get({ type: "delta", id: "s1/1/1", attempt, at, text });
  const drawn = () => page.drawn.get("s1/1/1")?.text;
  delta(1, 0, "😀 При");
  delta(1, 5, "вет");
  assert.equal(drawn(), "😀 Привет");
  delta(1, 5, "вет");
  assert.equal(drawn(), "😀 Привет");
  delta(1, 12, "дальше");
  delta(1, 8, "!");
  assert.equal(drawn(), "😀 Привет");
  delta(2, 0, "Снова");
  delta(1, 8, "поздно");
  assert.equal(drawn(), "Снова");
  page.get({ ...robot(1, "Снова и целиком") });
  assert.equal(drawn(), "Снова и целиком");
  assert.equal(page.drawn.get("s1/1/1").state, "sent");
  assert.equal(page.order.length, 1);
});

test("a socket that says nothing is given up, and the pauses between attempts grow to half a minute", () => {
  const page = connected();
  page.pass(17_500);
  assert.equal(page.socket.sent.at(-1).type, "ping");
  page.get({ type: "pong" });
  page.pass(17_500);
  page.pass(10_000);
  assert.equal(page.talk.link, "offline");
  const waits = [];
  for (let attempt = 0; attempt < 9; attempt++) {
    const before = page.sockets.length;
    let waited = 0;
    while (page.sockets.length === before) {
      page.pass(100);
      waited += 100;
    }
    waits.push(waited);
    page.lose();
  }
  assert.deepEqual([...waits].sort((a, b) => a - b), waits);
  assert.ok(waits[0] <= 500 && waits.at(-1) <= 30_000 && waits.at(-1) >= 15_000, String(waits));
});

test("when the network is back it tries at once", () => {
  const page = connected();
  page.lose();
  page.talk.nudge();
  assert.equal(page.sockets.length, 2);
});

test("frames of a socket that was given up change nothing", () => {
  const page = connected();
  const old = page.socket;
  page.lose();
  page.talk.nudge();
  page.welcome();
  old.onmessage({ data: JSON.stringify(robot(9, "призрак")) });
  old.onclose({ code: 1000 });
  assert.deepEqual(page.texts, []);
  assert.equal(page.talk.link, "open");
});

test("rubbish in the storage is as good as nothing", () => {
  for (const [key, value] of [["pair", "{"], ["pair", "7"], ["unsent:x", "null"], ["unsent:y", "[]"], ["seen", "{}"]]) {
    const shelf = new MemoryShelf();
    shelf.setItem(`ses:host/site:${key}`, value);
    const page = connected(shelf);
    page.talk.say("живёт");
    assert.deepEqual(page.said, ["живёт"]);
  }
});

test("a correction replaces what it corrects, and waits like any message", () => {
  const shelf = new MemoryShelf();
  const page = connected(shelf);
  const first = page.talk.say("пеперони");
  page.get({ type: "ack", id: first });
  page.lose();
  const edit = page.talk.say("маргариту", { of: first });
  assert.deepEqual(page.texts, ["маргариту"]);
  const reloaded = new Browser(shelf);
  reloaded.talk.connect();
  reloaded.welcome([{ type: "message", id: first, from: "visitor", text: "пеперони" }]);
  assert.deepEqual(reloaded.texts, ["маргариту"]);
  assert.deepEqual(reloaded.socket.sent.at(-1), { type: "edit", id: edit, of: first, text: "маргариту" });
  reloaded.get({ type: "ack", id: edit });
  assert.equal(reloaded.drawn.get(first).state, "sent");
  assert.deepEqual(new Store(shelf, "host/site").unsent(), []);
});

test("a press without an id is said as its label", () => {
  const page = connected();
  page.talk.say("Отправить телефон", {});
  assert.deepEqual(page.said, ["Отправить телефон"]);
});

test("the visitor's own words stand unmasked after a reload in the same tab, and for a moment only", () => {
  const shelf = new MemoryShelf();
  const tab = new MemoryShelf();
  const page = connected(shelf, { tab });
  const id = page.talk.say("мой номер 1234");
  page.get({ type: "ack", id });
  assert.equal(tab.length, 0); // nothing lies there while the page lives
  const masked = { type: "message", id, from: "visitor", text: "‹card›" };
  const next = (tab) => {
    page.talk.leave();
    const reloaded = new Browser(shelf, { tab, time: page.time });
    reloaded.talk.connect();
    reloaded.welcome([masked]);
    return reloaded.texts;
  };
  assert.deepEqual(next(tab), ["мой номер 1234"]);
  assert.equal(tab.length, 0);
  assert.deepEqual(next(new MemoryShelf()), ["‹card›"]); // another tab
});

test("a tab that is opened again later shows the masked words", () => {
  const shelf = new MemoryShelf();
  const tab = new MemoryShelf();
  const page = connected(shelf, { tab });
  const id = page.talk.say("мой номер 1234");
  page.get({ type: "ack", id });
  page.talk.leave();
  const later = new Browser(shelf, { tab, time: page.time + 20_000 });
  later.talk.connect();
  later.welcome([{ type: "message", id, from: "visitor", text: "‹card›" }]);
  assert.deepEqual(later.texts, ["‹card›"]);
  assert.equal(tab.length, 0);
});

test("what was recognised in a voice is told live and by the history", () => {
  const page = connected();
  page.get({ type: "transcript", of: "v1", text: "две пиццы" });
  assert.deepEqual(page.heard, [["v1", "две пиццы"]]);
  const voice = { type: "message", id: "v1", from: "visitor", attachments: [{ kind: "voice", upload: "u1" }], transcript: "две пиццы" };
  const reloaded = new Browser(page.shelf);
  reloaded.talk.connect();
  reloaded.welcome([voice]);
  assert.equal(reloaded.drawn.get("v1").transcript, "две пиццы");
});

test("a link to a messenger is asked for under an id of its own, and a refusal or silence means there is none", async () => {
  const page = new Browser();
  page.talk.open();
  page.socket.onopen();
  page.get({ type: "welcome", session: "s1", key: null, settings: { elsewhere: ["telegram.shop"] }, messages: [] });
  assert.deepEqual(page.ways.names, ["telegram.shop"]);
  const found = page.ways.ask("telegram.shop");
  const asked = page.socket.sent.at(-1);
  assert.deepEqual([asked.type, asked.to], ["continue", "telegram.shop"]);
  page.get({ type: "elsewhere", id: asked.id, url: "https://t.me/shop?start=x", qr: { size: 1, path: "M0 0h1v1H0z" } });
  assert.equal((await found).url, "https://t.me/shop?start=x");
  const refused = page.ways.ask("telegram.shop");
  page.get({ type: "error", code: "busy", message: "not connected", id: page.socket.sent.at(-1).id });
  assert.equal(await refused, null);
  const late = page.ways.ask("telegram.shop");
  [...page.timers.values()].filter((timer) => timer.due <= page.time + 10_000).forEach((timer) => timer.work());
  assert.equal(await late, null);
});
