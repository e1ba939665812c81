/**
 * What outlives a reload: the session's pair, the messages not yet acknowledged, the last message read.
 *
 * Each unsent message has its own key: tabs never overwrite each other's.
 */

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
 * The browser's storage, or memory where a site or its visitor forbids it.
 * @returns {Shelf}
 */
export function browserShelf() {
  try {
    localStorage.setItem("ses:probe", "1");
    localStorage.removeItem("ses:probe");
    return localStorage;
  } catch {
    return new MemoryShelf();
  }
}

export class Store {
  #shelf;
  #prefix;

  /** @param {Shelf} shelf @param {string} place  Names the daemon and the connector. */
  constructor(shelf, place) {
    this.#shelf = shelf;
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

  /** @param {string} key @returns {any} */
  #read(key) {
    try {
      return JSON.parse(this.#shelf.getItem(this.#prefix + key) ?? "null");
    } catch {
      return null; // written by someone else: as good as nothing
    }
  }

  /** @param {string} key @param {unknown} value */
  #write(key, value) {
    try {
      this.#shelf.setItem(this.#prefix + key, JSON.stringify(value));
    } catch {
      // The storage is full. The page goes on with what it holds in memory; only a reload would forget it.
    }
  }
}
