/**
 * One websocket after another: connects, notices silence, comes back.
 *
 * A page cannot see websocket pings, and a half-open socket looks alive: so it asks by itself.
 */

const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
const WELCOME_WITHIN = 15_000;
const ANSWER_WITHIN = 10_000;
const DISPLACED = 4001;

export class Wire {
  #world;
  #owner;
  /** @type {Socket | null} */
  #socket = null;
  #wanted = false;
  #failures = 0;
  /** @type {number | undefined} */
  #retry;
  /** @type {number | undefined} */
  #pulse;
  /** @type {number | undefined} */
  #deadline;
  /** @type {Link} */
  state = "idle";

  /**
   * @param {World} world
   * @param {{hello: () => object, frame: (frame: Frame) => void, link: (state: Link) => void}} owner
   */
  constructor(world, owner) {
    this.#world = world;
    this.#owner = owner;
  }

  /** Connect, unless connected; after a displacement too. */
  want() {
    this.#wanted = true;
    if (!this.#socket) this.#connect();
  }

  /** The network may be back: try at once, or see whether the socket is still alive. */
  nudge() {
    if (!this.#wanted) return;
    if (!this.#socket) this.#connect();
    else if (this.state === "open") this.#ping();
  }

  /** Say `hello` anew, on a socket of its own. */
  renew() {
    if (!this.#wanted) return;
    this.#end();
    this.#connect();
  }

  /** @param {object} frame */
  send(frame) {
    if (this.state === "open") this.#socket?.send(JSON.stringify(frame));
  }

  /** Leave for good. */
  stop() {
    this.#wanted = false;
    this.#end();
    this.#turn("idle");
  }

  #connect() {
    this.#world.cancel(this.#retry ?? 0);
    this.#turn("connecting");
    const socket = this.#world.connect();
    this.#socket = socket;
    this.#expect(WELCOME_WITHIN);
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", ...this.#owner.hello() }));
    socket.onmessage = (/** @type {{data: unknown}} */ { data }) => {
      if (socket === this.#socket && typeof data === "string") this.#receive(JSON.parse(data));
    };
    socket.onclose = (/** @type {{code: number}} */ { code }) => {
      if (socket === this.#socket) this.#lost(code);
    };
  }

  /** @param {Frame} frame */
  #receive(frame) {
    if (frame.type === "welcome") {
      this.#failures = 0;
      this.#turn("open");
      this.#beat();
    }
    if (this.state === "open") this.#world.cancel(this.#deadline ?? 0);
    this.#owner.frame(frame);
  }

  /** @param {number} code */
  #lost(code) {
    this.#end();
    if (code === DISPLACED) {
      this.#wanted = false;
      this.#turn("displaced");
      return;
    }
    this.#turn("offline");
    // Never in step with all the other pages of a daemon that restarts.
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#failures++) * (0.5 + this.#world.random() / 2);
    this.#retry = this.#world.later(wait, () => {
      if (this.#wanted && !this.#socket) this.#connect();
    });
  }

  #end() {
    for (const timer of [this.#retry, this.#pulse, this.#deadline]) this.#world.cancel(timer ?? 0);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #beat() {
    this.#world.cancel(this.#pulse ?? 0);
    this.#pulse = this.#world.later(15_000 + this.#world.random() * 5_000, () => {
      this.#ping();
      this.#beat();
    });
  }

  #ping() {
    this.send({ type: "ping" });
    this.#expect(ANSWER_WITHIN);
  }

  /** @param {number} milliseconds  To the next frame, else the socket counts as dead. */
  #expect(milliseconds) {
    this.#world.cancel(this.#deadline ?? 0);
    this.#deadline = this.#world.later(milliseconds, () => this.#lost(0));
  }

  /** @param {Link} state */
  #turn(state) {
    if (this.state === state) return;
    this.state = state;
    this.#owner.link(state);
  }
}
