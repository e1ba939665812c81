/** Dialogues in the browser's own database, and word of changes between its tabs. */

/** @typedef {import("./types.d.ts").Dialogue} Dialogue */

const NAME = "ses-chat";
const STORE = "dialogues";

export class Memory {
  /** @param {IDBDatabase | null} database  None: the browser keeps nothing, so dialogues live as long as the page. */
  constructor(database) {
    this.database = database;
    /** Told of a dialogue that another tab changed. @type {(id: string) => void} */
    this.onChange = () => {};
    this.channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(NAME) : null;
    if (this.channel) this.channel.onmessage = (event) => this.onChange(String(event.data));
  }

  get keeps() {
    return this.database !== null;
  }

  /** @returns {Promise<Memory>} */
  static open() {
    return new Promise((resolve) => {
      let request;
      try {
        request = indexedDB.open(NAME, 1);
      } catch {
        resolve(new Memory(null)); // a browser that forbids it
        return;
      }
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
      request.onsuccess = () => resolve(new Memory(request.result));
      request.onerror = request.onblocked = () => resolve(new Memory(null));
    });
  }

  /** @returns {Promise<Dialogue[]>} */
  all() {
    return this.#done("readonly", (store) => store.getAll()).then((found) => found ?? []);
  }

  /** @param {string} id @returns {Promise<Dialogue | undefined>} */
  get(id) {
    return this.#done("readonly", (store) => store.get(id));
  }

  /** Raises when the browser has no room. @param {Dialogue} dialogue */
  async put(dialogue) {
    await this.#done("readwrite", (store) => store.put(dialogue));
    this.channel?.postMessage(dialogue.id);
  }

  /** @param {string} id */
  async remove(id) {
    await this.#done("readwrite", (store) => store.delete(id));
    this.channel?.postMessage(id);
  }

  async clear() {
    await this.#done("readwrite", (store) => store.clear());
    this.channel?.postMessage("");
  }

  /**
   * @param {IDBTransactionMode} mode
   * @param {(store: IDBObjectStore) => IDBRequest} ask
   * @returns {Promise<any>}
   */
  #done(mode, ask) {
    const database = this.database;
    if (!database) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = ask(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  }
}

/** Small things that are remembered: the token, the language, the last dialogue. */
export const remembered = {
  /** @param {string} name */
  get(name) {
    try {
      return sessionStorage.getItem(`ses.chat.${name}`) ?? localStorage.getItem(`ses.chat.${name}`) ?? "";
    } catch {
      return "";
    }
  },
  /** @param {string} name @param {string} value  Empty: forget it. @param {boolean} [lasting]  Beyond this tab. */
  set(name, value, lasting = true) {
    try {
      for (const place of [localStorage, sessionStorage]) place.removeItem(`ses.chat.${name}`);
      if (value) (lasting ? localStorage : sessionStorage).setItem(`ses.chat.${name}`, value);
    } catch {
      // a browser that keeps nothing: the page works, and forgets
    }
  },
};
