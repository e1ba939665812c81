// A world where time, sockets and storage are ours.

import { MemoryShelf, Store } from "../../ses/widget/store.js";
import { Talk } from "../../ses/widget/talk.js";

/** A page: its sockets, its clock, what it drew. A second page over the same shelf is a reload or another tab. */
export class Browser {
  sockets = [];
  timers = new Map();
  time;
  #count = 0;
  static #ids = 0;
  drawn = new Map();
  order = [];
  links = [];
  dots = false;

  /** Files kept over reloads, by the id of their message. */
  disk;
  /** Uploads under way: `{file, pair, progress, signal, take, refuse}`. */
  uploads = [];
  shares = [];
  heard = [];
  /** Why the site's word on its visitor was refused. */
  refusals = [];

  constructor(shelf = new MemoryShelf(), { disk = new Map(), tab, time = 1_000_000 } = {}) {
    this.time = time;
    this.shelf = shelf;
    this.disk = disk;
    const files = {
      upload: (pair, file, how) =>
        new Promise((resolve, reject) => {
          const take = (id = `up-${file.name}`) => resolve({ id, kind: "image", name: file.name, size: file.size });
          this.uploads.push({ pair, file, ...how, take, refuse: (status, more) => reject({ status, ...more }) });
        }),
      fetch: async (pair, id) => `${pair.session}:${pair.key}:${id}`,
      keep: async (id, file) => void disk.set(id, file),
      kept: async (id) => disk.get(id) ?? null,
      unkeep: async (id) => void disk.delete(id),
    };
    const world = {
      connect: () => {
        const socket = { sent: [], send: (text) => socket.sent.push(JSON.parse(text)), close: () => (socket.gone = true) };
        this.sockets.push(socket);
        return socket;
      },
      files: async () => files,
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
      forget: (id) => {
        this.drawn.delete(id);
        this.order = this.order.filter((one) => one !== id);
      },
      offer: (settings) => (this.offered = settings),
      elsewhere: (names, ask) => (this.ways = { names, ask }),
      share: (id, share) => this.shares.push([id, share]),
      heard: (of, text) => this.heard.push([of, text]),
      typing: (on) => (this.dots = on),
      link: (state) => this.links.push(state),
      unidentified: (reason) => this.refusals.push(reason),
    };
    this.talk = new Talk(world, new Store(shelf, "host/site", tab), view, () => ({}));
  }

  get socket() {
    return this.sockets.at(-1);
  }

  /** The socket opens and the daemon welcomes. */
  welcome(messages = [], { session = "s1", key = null, settings = {}, another } = {}) {
    this.socket.onopen();
    this.get({ type: "welcome", session, key, settings, messages, another });
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

export const robot = (seq, text) => ({ type: "message", id: `s1/${seq}/1`, from: "robot", seq, text });

export function connected(shelf, more, settings) {
  const page = new Browser(shelf, more);
  page.talk.connect();
  page.welcome([], { key: "k1", settings });
  return page;
}

/** All that waits for nothing but its turn has happened. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));
