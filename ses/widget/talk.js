/**
 * The dialogue as the page knows it: what was shown, what waits to be acknowledged, what is being streamed.
 *
 * The robot's messages are shown once and in order; the visitor's are sent until they are acknowledged.
 */

import { Wire } from "./wire.js";

/** @typedef {import("./store.js").Store} Store */

/** So many of his own words a visitor sees unmasked. */
const REMEMBERED = 100;

export class Talk {
  #world;
  #store;
  #view;
  #about;
  #wire;
  /** Files on their way. @type {Promise<import("./parcels.js").Parcels> | null} */
  #parcels = null;
  /** What the visitor wrote in this tab, by id: the daemon has masked what was private. @type {Map<string, string>} */
  #mine;
  /** The last `seq` shown; null: all is to be fetched anew. @type {number | null} */
  #seq = null;
  /** @type {string | null} */
  #session = null;
  #opened = false;
  #quiet = true;
  #number = 0;
  /** Bytes of a file that may be sent. */
  #largest = 0;
  /** Unsent messages, kept here too in case the storage refuses. @type {Map<string, Unsent>} */
  #unsent = new Map();
  /** By the id of the message to come. @type {Map<string, {attempt: number, text: string, size: number, whole: boolean}>} */
  #streams = new Map();
  /** Links asked for, by the id of the question. @type {Map<string, (way: Way | null) => void>} */
  #asked = new Map();
  /** Refused for a while: from then on one at a time. */
  #careful = false;
  /** @type {number | undefined} */
  #pause;

  /**
   * @param {World} world
   * @param {Store} store
   * @param {View} view
   * @param {() => object} about  What the page says of itself in `hello`.
   */
  constructor(world, store, view, about) {
    this.#world = world;
    this.#store = store;
    this.#view = view;
    this.#about = about;
    this.#mine = store.handedOver(world.now());
    for (const message of store.unsent()) this.#unsent.set(message.id, message);
    this.#wire = new Wire(world, {
      hello: () => this.#hello(),
      frame: (frame) => this.#take(frame),
      link: (state) => this.#link(state),
    });
  }

  /** @returns {Link} */
  get link() {
    return this.#wire.state;
  }

  /** The last `seq` shown. */
  get seq() {
    return this.#seq ?? 0;
  }

  /** Whether this browser has talked before. */
  get returning() {
    return this.#store.pair !== null || this.#unsent.size > 0;
  }

  connect() {
    this.#wire.want();
  }

  nudge() {
    this.#wire.nudge();
  }

  /** Something that `hello` says has changed. */
  renew() {
    this.#wire.renew();
  }

  /** The page is left: the next one in this tab may show the visitor's own words. */
  leave() {
    this.#store.handOver(this.#mine, this.#world.now());
  }

  stop() {
    this.#world.cancel(this.#pause ?? 0);
    this.#wire.stop();
  }

  /** The visitor opened the window. */
  open() {
    this.#opened = true;
    if (this.#wire.state === "open") this.#sayOpen();
    else this.#wire.want();
  }

  /** The visitor has read all that is shown. */
  read() {
    if (this.seq <= this.#store.seen) return;
    this.#store.seen = this.seq;
    this.#wire.send({ type: "read", seq: this.seq });
  }

  /**
   * The visitor says something, presses a button or corrects himself; shown at once, sent as soon as may be.
   * @param {string} text  For a press its label.
   * @param {{button?: string, of?: string}} [how]
   */
  say(text, how) {
    const message = this.#new(text, how);
    this.#mine.set(message.id, text);
    if (this.#mine.size > REMEMBERED) this.#mine.delete([...this.#mine.keys()][0] ?? "");
    this.#show(message, "waiting");
    this.#hand(message);
    return message.id;
  }

  /** What looks after files; loaded with the first. Fails without a connection. */
  parcels() {
    const desk = {
      unsent: this.#unsent,
      pair: () => this.#store.pair,
      largest: () => this.#largest,
      compose: (/** @type {Partial<Unsent>} */ what) => this.#new("", what),
      show: this.#show.bind(this),
      share: (/** @type {string} */ id, /** @type {number} */ share) => this.#view.share(id, share),
      hand: this.#hand.bind(this),
      keep: this.#keep.bind(this),
      fail: this.#fail.bind(this),
      remove: (/** @type {string} */ id) => {
        this.#forget(id);
        this.#view.forget(id);
      },
    };
    this.#parcels ??= Promise.all([import("./parcels.js"), this.#world.files()]).then(
      ([{ Parcels }, files]) => new Parcels(this.#world, files, desk),
    );
    this.#parcels.catch(() => (this.#parcels = null));
    return this.#parcels;
  }

  /** @param {string} text @param {Partial<Unsent>} [how] @returns {Unsent} */
  #new(text, how) {
    this.#quiet = false;
    return { id: this.#world.id(), n: this.#number++, at: this.#world.now(), text, ...how };
  }

  /** @param {Unsent} message */
  #hand(message) {
    this.#keep(message);
    if (this.#wire.state !== "open") this.#wire.want();
  }

  /** Keep a message, and send it if that may be now. @param {Unsent} message */
  #keep(message) {
    this.#unsent.set(message.id, message);
    this.#store.keep(message);
    if (this.#wire.state === "open" && (!this.#careful || message.files)) this.#send(message);
  }

  #hello() {
    const pair = this.#store.pair;
    if (!pair || pair.session !== this.#session) this.#seq = null;
    const after = this.#seq === null ? {} : { after: this.#seq };
    return { ...pair, ...after, ...this.#about() };
  }

  /** @param {Link} state */
  #link(state) {
    if (state === "displaced") this.#seq = null; // what is said elsewhere meanwhile is ours too
    if (state !== "open") {
      this.#world.cancel(this.#pause ?? 0);
      this.#careful = false;
      this.#view.typing(false);
    }
    this.#view.link(state);
  }

  /** @param {Frame} frame */
  #take(frame) {
    if (frame.type === "welcome") this.#welcome(frame);
    else if (frame.type === "message") this.#message(frame, true);
    else if (frame.type === "ack") this.#settled(frame.id);
    else if (frame.type === "delta") this.#delta(frame);
    else if (frame.type === "typing") this.#view.typing(frame.on);
    else if (frame.type === "transcript") this.#view.heard(frame.of, frame.text);
    else if (frame.type === "elsewhere") this.#answered(frame.id, frame);
    else if (frame.type === "error") this.#refused(frame);
  }

  /** @param {Extract<Frame, {type: "welcome"}>} frame */
  #welcome({ session, key, settings, messages, another }) {
    this.#largest = settings.upload ?? 0;
    this.#view.offer(settings);
    if (key !== null) {
      this.#store.pair = { session, key };
      this.#store.seen = 0;
    }
    if (session !== this.#session) this.#parcels?.then((parcels) => parcels.restart());
    if (this.#seq === null || session !== this.#session) {
      this.#view.reset();
      this.#streams.clear();
      this.#seq = 0;
      this.#quiet = true;
    }
    this.#session = session;
    for (const message of messages) this.#message(message, false);
    // Another tab may have left some in the storage.
    for (const message of this.#store.unsent()) this.#unsent.set(message.id, message);
    // What another person left here is not to be said in this one's name.
    if (another) for (const { id } of this.#waiting()) this.#forget(id);
    for (const message of this.#waiting()) {
      this.#quiet = false;
      // Files belong to the session they were sent in.
      if (key !== null) for (const file of message.files ?? []) delete file.id;
      this.#show(message, "waiting", false);
    }
    if (this.#opened) this.#sayOpen();
    for (const message of this.#waiting()) this.#send(message);
    if (settings.elsewhere) this.#view.elsewhere(settings.elsewhere, (to) => this.#elsewhere(to));
  }

  /** A link to a messenger; null when there is none now. @param {string} to @returns {Promise<Way | null>} */
  #elsewhere(to) {
    const id = this.#world.id();
    return new Promise((resolve) => {
      this.#asked.set(id, resolve);
      this.#world.later(10_000, () => this.#answered(id, null));
      this.#wire.send({ type: "continue", id, to });
    });
  }

  /** @param {string} id @param {Way | null} way */
  #answered(id, way) {
    this.#asked.get(id)?.(way);
    this.#asked.delete(id);
  }

  /** @param {Shown} message @param {boolean} live */
  #message(message, live) {
    this.#quiet = false;
    if (message.from === "visitor") {
      const { id, of = id } = message;
      const text = this.#mine.get(id) ?? message.text;
      this.#view.show({ ...shown({ ...message, id: of, text }), content: this.#content(id) }, false);
      this.#forget(id);
      return;
    }
    const seq = message.seq ?? 0;
    if (this.#seq !== null && seq <= this.#seq) return;
    this.#seq = seq;
    this.#streams.delete(message.id);
    if (live) this.#view.typing(false);
    this.#view.show(shown(message), live);
  }

  /** @param {Extract<Frame, {type: "delta"}>} delta */
  #delta({ id, attempt, at, text }) {
    let stream = this.#streams.get(id);
    if (!stream || attempt > stream.attempt) {
      stream = { attempt, text: "", size: 0, whole: true };
      this.#streams.set(id, stream);
    }
    if (attempt < stream.attempt || at < stream.size) return;
    if (at > stream.size) stream.whole = false; // a piece is missing: the final message will bring all of it
    if (!stream.whole) return;
    stream.text += text;
    stream.size += [...text].length; // the daemon counts characters, not UTF-16 units
    this.#view.typing(false);
    const sofar = shown({ type: "message", id, from: "robot", text: stream.text, at: this.#world.now() / 1000 });
    this.#view.show({ ...sofar, state: "streaming" }, true);
  }

  /** @param {Extract<Frame, {type: "error"}>} error */
  #refused({ id, code, message, retry_after }) {
    if (code === "identity") return this.#view.unidentified(message);
    if (id !== undefined && this.#asked.has(id)) return this.#answered(id, null);
    if (retry_after !== undefined) {
      this.#careful = true;
      this.#world.cancel(this.#pause ?? 0);
      this.#pause = this.#world.later(retry_after * 1000 + 50, () => this.#next());
    } else if (id !== undefined) {
      this.#fail(id, code);
      if (this.#careful) this.#next();
    }
  }

  /** A message is refused for good. @param {string} id @param {string} reason */
  #fail(id, reason) {
    const message = this.#unsent.get(id);
    this.#forget(id);
    if (message) this.#show(message, "failed", true, reason);
  }

  /** @param {string} id */
  #settled(id) {
    const message = this.#unsent.get(id);
    if (message) this.#show(message, "sent", false);
    this.#forget(id);
    if (this.#careful) this.#next();
  }

  /** The next of those that were held back; after the last one all is as before. */
  #next() {
    if (this.#wire.state !== "open") return;
    const [message] = this.#waiting();
    if (message) this.#send(message);
    else this.#careful = false;
    if (!message && this.#opened) this.#sayOpen();
  }

  #sayOpen() {
    if (this.#quiet) this.#wire.send({ type: "open" });
  }

  #waiting() {
    return [...this.#unsent.values()].sort((one, other) => one.at - other.at || one.n - other.n);
  }

  /** @param {Unsent} message */
  #send(message) {
    const { id, text, button, of, files } = message;
    if (coming(message)) {
      this.parcels().then((parcels) => parcels.bring(message), nothing); // the next welcome tries again
      return;
    }
    const named = files?.map((file) => ({ id: file.id, ...(file.kind === "voice" && { kind: file.kind }) }));
    const what = button ? { button } : named ? { attachments: named } : { text };
    this.#wire.send(of ? { type: "edit", id, of, text } : { type: "message", id, ...what });
  }

  /** @param {string} id */
  #forget(id) {
    if (this.#unsent.get(id)?.files) this.parcels().then((parcels) => parcels.drop(id), nothing);
    this.#unsent.delete(id);
    this.#store.drop(id);
  }

  /** @param {Unsent} message @param {Entry["state"]} state @param {boolean} [live] @param {string} [reason] */
  #show(message, state, live = true, reason) {
    const { id, text, at, of, files = [] } = message;
    const entry = { ...shown({ type: "message", id: of ?? id, from: "visitor", text, attachments: files }), at, state, reason };
    this.#view.show({ ...entry, coming: state === "waiting" && coming(message), content: this.#content(id) }, live);
  }

  /** @param {string} id */
  #content(id) {
    return async (/** @type {Attachment} */ attachment) => (await this.parcels()).content(id, attachment);
  }
}

/** A file of it is not stored yet. @param {Unsent} message */
function coming({ files = [] }) {
  return files.some((file) => !file.id);
}

function nothing() {}

/** @param {Shown} message @returns {Entry} */
function shown({ id, from, text = "", at = 0, buttons = [], attachments = [], format = "plain", transcript }) {
  return { id, from, text, at: at * 1000, buttons, attachments, format, transcript, state: "sent" };
}
