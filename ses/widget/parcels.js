/**
 * Messages with files on their way: a file is kept until its message is acknowledged, and brought up as soon as may be.
 * Loaded with the first of them. They go over HTTP beside the socket, so texts need not wait for them.
 */

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 60_000;

/** What the daemon says of an upload, and why it then is not sent. @type {Record<number, string>} */
const REASONS = { 410: "gone", 413: "too_large", 429: "too_many" };

export class Parcels {
  #world;
  #store;
  #desk;
  /** All that this page has seen, by the id of the message. @type {Map<string, File>} */
  #files = new Map();
  /** @type {Map<string, Unsent>} */
  #messages = new Map();
  /** @type {Map<string, AbortController>} */
  #going = new Map();
  /** @type {Map<string, number>} */
  #failures = new Map();

  /** @param {World} world @param {Files} store @param {Desk} desk */
  constructor(world, store, desk) {
    this.#world = world;
    this.#store = store;
    this.#desk = desk;
  }

  /**
   * The visitor sends a file: shown at once, brought up, then named in a message.
   * @param {File} file
   * @param {{kind?: "file" | "image" | "voice", seconds?: number}} [how]  `seconds`: of a recording.
   */
  async attach(file, { kind = file.type.startsWith("image/") ? "image" : "file", seconds } = {}) {
    const message = this.#desk.compose({ files: [{ kind, name: file.name, size: file.size, seconds }] });
    this.#files.set(message.id, file);
    this.#messages.set(message.id, message);
    await this.#begin(message);
  }

  /** The visitor does not want to send a file that is still on its way. @param {string} id */
  cancel(id) {
    const message = this.#desk.unsent.get(id);
    if (message && !brought(message)) this.#desk.remove(id);
  }

  /** The visitor tries again what failed. @param {string} id */
  async retry(id) {
    const message = this.#messages.get(id);
    if (!message || this.#desk.unsent.has(id)) return;
    for (const file of message.files ?? []) delete file.id;
    await this.#begin(message);
  }

  /** The bytes of a file. @param {string} id  Of its message. @param {Attachment} attachment @returns {Promise<Blob>} */
  async content(id, { upload }) {
    const pair = this.#desk.pair();
    const file = this.#files.get(id) ?? (upload && pair ? await this.#store.fetch(pair, upload) : await this.#store.kept(id));
    if (!file) throw new Error(`SES widget: the file of ${id} is gone`);
    return file;
  }

  /** Bring the file of a message up, unless it is under way. @param {Unsent} message */
  async bring(message) {
    const { id } = message;
    const pair = this.#desk.pair();
    if (!pair || this.#going.has(id)) return;
    this.#messages.set(id, message);
    const { signal } = this.#go(id);
    /** @type {Uploaded | undefined} */
    let stored;
    /** @type {{status?: number, retryAfter?: number}} */
    let fault = {};
    try {
      const file = this.#files.get(id) ?? (await this.#store.kept(id));
      if (file) {
        this.#files.set(id, file);
        stored = await this.#store.upload(pair, file, { progress: (share) => this.#desk.share(id, share), signal });
      } else fault = { status: 410 };
    } catch (error) {
      fault = /** @type {object} */ (error);
    }
    if (signal.aborted) return;
    this.#going.delete(id);
    if (stored) this.#brought(message, stored);
    else this.#missed(message, pair, fault);
  }

  /** The message is acknowledged, or shall not be sent. @param {string} id */
  drop(id) {
    this.#stop(id);
    this.#store.unkeep(id).catch(() => {
      // It was never kept, or is swept later.
    });
  }

  /** The session is another: what is under way goes to the wrong one. */
  restart() {
    for (const id of [...this.#going.keys()]) this.#stop(id);
  }

  /** @param {Unsent} message */
  async #begin(message) {
    const { id } = message;
    const file = /** @type {File} */ (this.#files.get(id));
    this.#desk.unsent.set(id, message);
    this.#desk.show(message, "waiting", true);
    if (file.size > this.#desk.largest()) {
      this.#desk.fail(id, "too_large");
      return;
    }
    // First the file, then the message that names it.
    await this.#store.keep(id, file).catch(() => {
      // Private windows and full disks: the page goes on with what it holds in memory; only a reload would forget it.
    });
    if (this.#desk.unsent.has(id)) this.#desk.hand(message);
    else this.drop(id);
  }

  /** @param {string} id */
  #go(id) {
    const going = new AbortController();
    this.#going.set(id, going);
    return going;
  }

  /** @param {string} id */
  #stop(id) {
    this.#going.get(id)?.abort();
    this.#going.delete(id);
    this.#failures.delete(id);
  }

  /** @param {Unsent} message @param {Uploaded} stored */
  #brought(message, stored) {
    const [file] = message.files ?? [];
    if (!file || !this.#desk.unsent.has(message.id)) return;
    Object.assign(file, { id: stored.id, kind: file.kind === "voice" ? "voice" : stored.kind });
    this.#desk.show(message, "waiting", false);
    this.#desk.keep(message); // a displaced page comes back when its visitor wants it, not when a file has arrived
  }

  /** @param {Unsent} message @param {Pair} pair @param {{status?: number, retryAfter?: number}} fault */
  #missed(message, pair, { status = 0, retryAfter = 0 }) {
    const { id } = message;
    const stale = status === 403 && this.#desk.pair()?.session !== pair.session;
    if (status >= 400 && status < 500 && !retryAfter && !stale) {
      this.drop(id);
      this.#desk.fail(id, REASONS[status] ?? "upload");
      return;
    }
    const failures = this.#failures.get(id) ?? 0;
    this.#failures.set(id, failures + 1);
    const wait = retryAfter * 1000 || Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** failures) * (0.5 + this.#world.random() / 2);
    this.#world.later(wait, () => {
      if (this.#desk.unsent.has(id) && !brought(message)) this.bring(message);
    });
  }
}

/** All files of a message are stored. @param {Unsent} message */
function brought({ files = [] }) {
  return files.every((file) => file.id);
}
