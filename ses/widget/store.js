/**
 * What outlives a reload: the session's pair, the messages not yet acknowledged, the last message read.
 *
 * Each unsent message has its own key: tabs never overwrite each other's.
 */

/** Milliseconds that a step from page to page takes at most. */
const PASSING = 20_000;

/** @implements {Shelf} */
export class MemoryShelf {
  /** @type {Map<string, string>} */
  #items = new Map();
  get length() {
    return this.#items.size;
  }
  /** @param {number} index */
  key(index) {
    return [...this.#items.keys()][index] ?? null;
  }
  /** @param {string} key */
  getItem(key) {
    return this.#items.get(key) ?? null;
  }
  /** @param {string} key @param {string} value */
  setItem(key, value) {
    this.#items.set(key, value);
  }
  /** @param {string} key */
  removeItem(key) {
    this.#items.delete(key);
  }
}

/**
 * A storage of the browser, or memory where a site or its visitor forbids it.
 * @param {"localStorage" | "sessionStorage"} name
 * @returns {Shelf}
 */
export function browserShelf(name) {
  try {
    const shelf = window[name];
    shelf.setItem("ses:probe", "1");
    shelf.removeItem("ses:probe");
    return shelf;
  } catch {
    return new MemoryShelf();
  }
}

export class Store {
  #shelf;
  #tab;
  #prefix;

  /** @param {Shelf} shelf @param {string} place  Names the daemon and the connector. @param {Shelf} [tab]  Of this tab alone. */
  constructor(shelf, place, tab = new MemoryShelf()) {
    this.#shelf = shelf;
    this.#tab = tab;
    this.#prefix = `ses:${place}:`;
  }

  /** @returns {Pair | null} */
  get pair() {
    const pair = this.#read("pair");
    return pair && typeof pair.session === "string" && typeof pair.key === "string" ? pair : null;
  }

  set pair(pair) {
    this.#write("pair", pair);
  }

  /** The last `seq` the visitor has seen in an open window, of the present session. */
  get seen() {
    return Number(this.#read("seen")) || 0;
  }

  set seen(seq) {
    this.#write("seen", seq);
  }

  /** The visitor left the window open. */
  get open() {
    return this.#read("open") === true;
  }

  set open(open) {
    this.#write("open", open);
  }

  /** Unsent messages in the order they were written, of all tabs. @returns {Unsent[]} */
  unsent() {
    const start = `${this.#prefix}unsent:`;
    /** @type {Unsent[]} */
    const found = [];
    for (let index = 0; index < this.#shelf.length; index++) {
      const key = this.#shelf.key(index);
      const item = key?.startsWith(start) ? this.#read(key.slice(this.#prefix.length)) : null;
      if (item && typeof item.id === "string" && typeof item.text === "string") found.push(item);
    }
    return found.sort((one, other) => one.at - other.at || one.n - other.n);
  }

  /** @param {Unsent} message */
  keep(message) {
    this.#write(`unsent:${message.id}`, message);
  }

  /** @param {string} id */
  drop(id) {
    this.#shelf.removeItem(`${this.#prefix}unsent:${id}`);
  }

  /**
   * Leave texts for the next page in this tab. They lie in the tab only between two pages, so that on a shared computer
   * nobody finds them.
   * @param {Map<string, string>} texts  By id. @param {number} now  In milliseconds.
   */
  handOver(texts, now) {
    if (texts.size) this.#write("own", { at: now, texts: [...texts] }, this.#tab);
  }

  /** What the page before this one left, if that was a moment ago. @param {number} now @returns {Map<string, string>} */
  handedOver(now) {
    const left = this.#read("own", this.#tab);
    this.#tab.removeItem(`${this.#prefix}own`);
    return new Map(left && Array.isArray(left.texts) && now - left.at < PASSING ? left.texts : []);
  }

  /** @param {string} key @param {Shelf} [shelf] @returns {any} */
  #read(key, shelf = this.#shelf) {
    try {
      return JSON.parse(shelf.getItem(this.#prefix + key) ?? "null");
    } catch {
      return null; // written by someone else: as good as nothing
    }
  }

  /** @param {string} key @param {unknown} value @param {Shelf} [shelf] */
  #write(key, value, shelf = this.#shelf) {
    try {
      shelf.setItem(this.#prefix + key, JSON.stringify(value));
    } catch {
      // The storage is full. The page goes on with what it holds in memory; only a reload would forget it.
    }
  }
}
