// Messages with files: once, whatever becomes of uploads, sockets, reloads and sessions.

import assert from "node:assert/strict";
import { test } from "node:test";

import { MemoryShelf } from "../../ses/widget/store.js";
import { Browser, connected, settled } from "./browser.js";

const CAT = { name: "cat.png", size: 50, type: "image/png" };
const VOICE = { name: "voice.webm", size: 40, type: "audio/webm" };
const OFFER = { upload: 100, microphone: true };

async function attach(page, file, how) {
  (await page.talk.parcels()).attach(file, how);
  await settled();
  return page.order.at(-1);
}

const named = (page) => page.socket.sent.filter((frame) => frame.attachments);
const look = (page, id) => [page.drawn.get(id)?.state, page.drawn.get(id)?.coming];

test("a file is shown at once, brought up with its progress, then named in a message", async () => {
  const page = connected(undefined, {}, OFFER);
  assert.deepEqual(page.offered, OFFER);
  const id = await attach(page, CAT);
  assert.deepEqual(look(page, id), ["waiting", true]);
  page.uploads[0].progress(0.5);
  assert.deepEqual(page.shares, [[id, 0.5]]);
  assert.deepEqual(named(page), []);
  page.uploads[0].take();
  await settled();
  assert.deepEqual(named(page), [{ type: "message", id, attachments: [{ id: "up-cat.png" }] }]);
  assert.deepEqual(look(page, id), ["waiting", false]);
  assert.ok(page.disk.has(id));
  page.get({ type: "ack", id });
  await settled();
  assert.equal(page.drawn.get(id).state, "sent");
  assert.equal(page.disk.size, 0);
  assert.equal(page.uploads.length, 1);
});

test("a recording is named as a voice", async () => {
  const page = connected(undefined, {}, OFFER);
  const id = await attach(page, VOICE, { kind: "voice", seconds: 3 });
  page.uploads[0].take("u1");
  await settled();
  assert.deepEqual(named(page), [{ type: "message", id, attachments: [{ id: "u1", kind: "voice" }] }]);
  assert.deepEqual(page.drawn.get(id).attachments, [{ kind: "voice", name: "voice.webm", size: 40, seconds: 3, id: "u1" }]);
});

test("texts do not wait for a file under way", async () => {
  const page = connected(undefined, {}, OFFER);
  await attach(page, CAT);
  page.talk.say("привет");
  assert.deepEqual(page.said, ["привет"]);
});

test("recorded without a connection, it survives a reload and is sent once the daemon is back", async () => {
  const shelf = new MemoryShelf();
  const page = connected(shelf, {}, OFFER);
  page.lose();
  const id = await attach(page, VOICE, { kind: "voice" });
  page.uploads[0]?.refuse(0);
  const reloaded = new Browser(shelf, { disk: page.disk });
  reloaded.talk.connect();
  reloaded.welcome([], { settings: OFFER });
  await settled();
  assert.deepEqual(look(reloaded, id), ["waiting", true]);
  assert.equal(reloaded.uploads[0].file, VOICE);
  reloaded.uploads[0].take("u1");
  await settled();
  assert.deepEqual(named(reloaded), [{ type: "message", id, attachments: [{ id: "u1", kind: "voice" }] }]);
});

test("brought up but not acknowledged, it is named again and not brought up again", async () => {
  const shelf = new MemoryShelf();
  const page = connected(shelf, {}, OFFER);
  const id = await attach(page, CAT);
  page.uploads[0].take();
  await settled();
  const reloaded = new Browser(shelf, { disk: page.disk });
  reloaded.talk.connect();
  reloaded.welcome([], { settings: OFFER });
  await settled();
  assert.deepEqual(named(reloaded), [{ type: "message", id, attachments: [{ id: "up-cat.png" }] }]);
  assert.deepEqual(reloaded.uploads, []);
});

test("acknowledged while the page was away, it is neither brought up nor kept", async () => {
  const shelf = new MemoryShelf();
  const page = connected(shelf, {}, OFFER);
  const id = await attach(page, CAT);
  const reloaded = new Browser(shelf, { disk: page.disk });
  reloaded.talk.connect();
  reloaded.welcome([{ type: "message", id, from: "visitor", attachments: [{ kind: "image", upload: "u1" }] }], { settings: OFFER });
  await settled();
  assert.deepEqual([reloaded.uploads, named(reloaded), reloaded.disk.size], [[], [], 0]);
  assert.equal(await reloaded.drawn.get(id).content({ kind: "image", upload: "u1" }), "s1:k1:u1");
});

test("a broken network is tried again, later and later, under one id", async () => {
  const page = connected(undefined, {}, OFFER);
  const id = await attach(page, CAT);
  page.uploads[0].refuse(0);
  await settled();
  assert.deepEqual(look(page, id), ["waiting", true]);
  page.pass(999);
  await settled();
  assert.equal(page.uploads.length, 2);
  page.uploads[1].refuse(503);
  await settled();
  page.pass(999);
  await settled();
  assert.equal(page.uploads.length, 2);
  page.pass(1000);
  await settled();
  page.uploads[2].refuse(429, { retryAfter: 5 });
  await settled();
  page.pass(4900);
  await settled();
  assert.equal(page.uploads.length, 3);
  page.pass(200);
  await settled();
  page.uploads[3].take();
  await settled();
  assert.deepEqual(named(page).map((frame) => frame.id), [id]);
});

test("while one is under way a new socket does not begin a second", async () => {
  const page = connected(undefined, {}, OFFER);
  await attach(page, CAT);
  page.lose();
  page.pass(1000);
  page.welcome([], { settings: OFFER });
  await settled();
  assert.equal(page.uploads.length, 1);
  page.uploads[0].take();
  await settled();
  assert.equal(named(page).length, 1);
});

test("in a fresh session it is brought up anew: the old one's file is nobody's", async () => {
  const page = connected(undefined, {}, OFFER);
  const id = await attach(page, CAT);
  page.uploads[0].take("old");
  await settled();
  page.lose();
  page.pass(1000);
  page.welcome([], { session: "s2", key: "k2", settings: OFFER });
  await settled();
  assert.deepEqual(named(page), []);
  assert.deepEqual(page.uploads[1].pair, { session: "s2", key: "k2" });
  page.uploads[1].take("new");
  await settled();
  assert.deepEqual(named(page), [{ type: "message", id, attachments: [{ id: "new" }] }]);
});

test("an upload into the session of before is given up when the session changes", async () => {
  const page = connected(undefined, {}, OFFER);
  await attach(page, CAT);
  page.lose();
  page.pass(1000);
  page.welcome([], { session: "s2", key: "k2", settings: OFFER });
  await settled();
  assert.equal(page.uploads[0].signal.aborted, true);
  page.uploads[0].take("old");
  page.uploads[1].take("new");
  await settled();
  assert.deepEqual(named(page).map((frame) => frame.attachments[0].id), ["new"]);
});

test("cancelled, it is gone from the page and is never sent", async () => {
  const shelf = new MemoryShelf();
  const page = connected(shelf, {}, OFFER);
  const id = await attach(page, CAT);
  (await page.talk.parcels()).cancel(id);
  await settled();
  assert.equal(page.uploads[0].signal.aborted, true);
  page.uploads[0].take();
  await settled();
  assert.deepEqual([named(page), page.order, page.disk.size], [[], [], 0]);
  assert.equal(new Browser(shelf).talk.returning, true);
  const reloaded = new Browser(shelf, { disk: page.disk });
  reloaded.talk.connect();
  reloaded.welcome([], { settings: OFFER });
  assert.deepEqual(reloaded.order, []);
});

test("once it is named it cannot be cancelled", async () => {
  const page = connected(undefined, {}, OFFER);
  const id = await attach(page, CAT);
  page.uploads[0].take();
  await settled();
  (await page.talk.parcels()).cancel(id);
  page.get({ type: "ack", id });
  assert.equal(page.drawn.get(id).state, "sent");
});

test("what is too large is told without an upload", async () => {
  const page = connected(undefined, {}, OFFER);
  const id = await attach(page, { ...CAT, size: 101 });
  assert.deepEqual([page.drawn.get(id).state, page.drawn.get(id).reason], ["failed", "too_large"]);
  assert.deepEqual([page.uploads, page.disk.size], [[], 0]);
});

test("refused by the daemon it is told, and tried again when the visitor says so", async () => {
  const page = connected(undefined, {}, OFFER);
  for (const [status, reason] of [[400, "upload"], [429, "too_many"], [403, "upload"]]) {
    const id = await attach(page, CAT);
    page.uploads.at(-1).refuse(status);
    await settled();
    assert.deepEqual([page.drawn.get(id).state, page.drawn.get(id).reason], ["failed", reason]);
    assert.equal(page.disk.size, 0);
    (await page.talk.parcels()).retry(id);
    await settled();
    assert.deepEqual(look(page, id), ["waiting", true]);
    page.uploads.at(-1).take();
    await settled();
    assert.equal(named(page).at(-1).id, id);
    page.get({ type: "ack", id });
    await settled();
  }
});

test("a message refused for good by the daemon is brought up anew when tried again", async () => {
  const page = connected(undefined, {}, OFFER);
  const id = await attach(page, CAT);
  page.uploads[0].take();
  await settled();
  page.get({ type: "error", code: "malformed", message: "There is no upload", id });
  assert.equal(page.drawn.get(id).state, "failed");
  (await page.talk.parcels()).retry(id);
  await settled();
  assert.equal(page.uploads.length, 2);
});

test("refused for a while, a file that has arrived meanwhile is sent with the rest", async () => {
  const page = connected(undefined, {}, OFFER);
  const id = await attach(page, CAT);
  const text = page.talk.say("раз");
  page.get({ type: "error", code: "busy", message: "", id: text, retry_after: 1 });
  page.uploads[0].take();
  await settled();
  page.get({ type: "error", code: "busy", message: "", id, retry_after: 1 });
  page.pass(1100);
  await settled();
  for (let last = ""; last !== page.socket.sent.at(-1).id; ) {
    last = page.socket.sent.at(-1).id;
    page.get({ type: "ack", id: last });
    await settled();
  }
  assert.deepEqual([page.drawn.get(id).state, page.drawn.get(text).state], ["sent", "sent"]);
});

test("a file that has arrived does not bring a displaced page back", async () => {
  const page = connected(undefined, {}, OFFER);
  await attach(page, CAT);
  page.lose(4001);
  page.uploads[0].take();
  await settled();
  page.pass(60_000);
  assert.deepEqual([page.sockets.length, page.talk.link], [1, "displaced"]);
});

test("where the browser keeps nothing, a file is sent all the same", async () => {
  const full = () => {
    throw new Error("QuotaExceededError");
  };
  const page = connected(undefined, { disk: { set: full, get: full, delete: full } }, OFFER);
  const id = await attach(page, CAT);
  page.lose();
  page.uploads[0].take();
  await settled();
  page.pass(1000);
  page.welcome([], { settings: OFFER });
  await settled();
  assert.deepEqual(named(page).map((frame) => frame.id), [id]);
  page.get({ type: "ack", id });
  await settled();
  assert.equal(page.drawn.get(id).state, "sent");
});
