// What the page promises whatever the network does, in a world where time and sockets are ours.

import assert from "node:assert/strict";
import { test } from "node:test";

import { MemoryShelf, Store } from "../../ses/widget/store.js";
import { Talk } from "../../ses/widget/talk.js";

/** A page: its sockets, its clock, what it drew. A second page over the same shelf is a reload or another tab. */
class Browser {
  sockets = [];
  timers = new Map();
  time = 1_000_000;
  #count = 0;
  static #ids = 0;
  drawn = new Map();
  order = [];
  links = [];
  dots = false;

  constructor(shelf = new MemoryShelf()) {
    this.shelf = shelf;
    const world = {
      connect: () => {
        const socket = { sent: [], send: (text) => socket.sent.push(JSON.parse(text)), close: () => (socket.gone = true) };
        this.sockets.push(socket);
        return socket;
      },
      upload: async (pair, file) => {
        if (file.name === "bad") throw new Error("403");
        return { id: `up-${file.name}`, kind: "image", name: file.name };
      },
      now: () => this.time++,
      random: () => 0.5,
      id: () => `v${++Browser.#ids}`,
      later: (milliseconds, work) => {
        this.timers.set(++this.#count, { due: this.time + milliseconds, work });
        return this.#count;
      },
      cancel: (timer) => this.timers.delete(timer),
    };
    const view = {
      reset: () => {
        this.drawn.clear();
        this.order = [];
      },
      show: (entry) => {
        if (!this.drawn.has(entry.id)) this.order.push(entry.id);
        this.drawn.set(entry.id, entry);
      },
      files: (largest) => (this.largest = largest),
      typing: (on) => (this.dots = on),
      link: (state) => this.links.push(state),
    };
    this.talk = new Talk(world, new Store(shelf, "host/site"), view, () => ({}));
  }

  get socket() {
    return this.sockets.at(-1);
  }

  /** The socket opens and the daemon welcomes. */
  welcome(messages = [], { session = "s1", key = null } = {}) {
    this.socket.onopen();
    this.get({ type: "welcome", session, key, settings: {}, messages });
  }

  get(frame) {
    this.socket.onmessage({ data: JSON.stringify(frame) });
  }

  lose(code = 1006) {
    this.socket.onclose({ code });
  }

  pass(milliseconds) {
    const until = this.time + milliseconds;
    for (;;) {
      const next = [...this.timers].filter(([, timer]) => timer.due <= until).sort((a, b) => a[1].due - b[1].due)[0];
      if (!next) break;
      this.timers.delete(next[0]);
      this.time = Math.max(this.time, next[1].due);
      next[1].work();
    }
    this.time = until;
  }

  get texts() {
    return this.order.map((id) => this.drawn.get(id).text);
  }

  get said() {
    return this.socket.sent.filter((frame) => frame.type === "message").map((frame) => frame.text ?? frame.button);
  }
}

const robot = (seq, text) => ({ type: "message", id: `s1/${seq}/1`, from: "robot", seq, text });

function connected(shelf) {
  const page = new Browser(shelf);
  page.talk.connect();
  page.welcome([], { key: "k1" });
  return page;
}

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

test("a file is brought up, then named in a message, and again after a break", async () => {
  const page = new Browser();
  page.talk.connect();
  page.socket.onopen();
  page.get({ type: "welcome", session: "s1", key: "k1", settings: { upload: 100 }, messages: [] });
  assert.equal(page.largest, 100);
  await page.talk.attach({ name: "cat.png", size: 50 });
  const [sent] = page.socket.sent.filter((frame) => frame.type === "message");
  assert.deepEqual(sent.attachments, [{ id: "up-cat.png" }]);
  assert.equal(page.drawn.get(sent.id).state, "waiting");
  page.lose();
  page.pass(1000);
  page.welcome();
  assert.deepEqual(page.socket.sent.at(-1), { type: "message", id: sent.id, attachments: [{ id: "up-cat.png" }] });
  page.get({ type: "ack", id: sent.id });
  assert.equal(page.drawn.get(sent.id).state, "sent");
});

test("a file that is too large, or that the daemon refuses, is told", async () => {
  const page = new Browser();
  page.talk.connect();
  page.socket.onopen();
  page.get({ type: "welcome", session: "s1", key: "k1", settings: { upload: 100 }, messages: [] });
  await page.talk.attach({ name: "big", size: 101 });
  await page.talk.attach({ name: "bad", size: 1 });
  assert.deepEqual(page.order.map((id) => [page.drawn.get(id).state, page.drawn.get(id).reason]), [["failed", "too_large"], ["failed", "upload"]]);
  assert.deepEqual(page.said, []);
});
