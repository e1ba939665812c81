/** What plays: a sound at an address, or the bytes of a recording. Both are driven alike and say when to draw anew. */

/** A sound at an address. */
export class Stream {
  #audio = new Audio();
  broken = false;

  /** @param {string} address @param {() => void} draw */
  constructor(address, draw) {
    this.#audio.preload = "metadata";
    this.#audio.src = address;
    for (const event of ["play", "pause", "ended", "timeupdate", "seeked", "durationchange"]) {
      this.#audio.addEventListener(event, draw);
    }
    this.#audio.addEventListener("error", () => {
      this.broken = true;
      draw();
    });
  }

  /** Seconds; 0: not known yet. */
  get length() {
    return Number.isFinite(this.#audio.duration) ? this.#audio.duration : 0;
  }

  get at() {
    return this.#audio.currentTime;
  }

  get running() {
    return !this.#audio.paused && !this.#audio.ended;
  }

  play() {
    this.#audio.play().catch(() => {}); // told by the event `error`
  }

  pause() {
    this.#audio.pause();
  }

  /** @param {number} at */
  seek(at) {
    this.#audio.currentTime = Math.max(0, Math.min(at, this.length));
  }
}

/** One for all: browsers give a page few. @type {AudioContext | null} */
let context = null;

/**
 * A recording of the visitor's. It is decoded here and not given to `<audio>`: that could not name the session's key, and
 * an object URL would need `blob:` in the site's policy. Recordings of browsers do not tell their length either.
 */
export class Recording {
  #content;
  #draw;
  /** @type {AudioBuffer | null} */
  #buffer = null;
  /** @type {AudioBufferSourceNode | null} */
  #source = null;
  #seconds;
  /** Where it begins or rests, and the context's time when it began. */
  #from = 0;
  #since = 0;
  #loading = false;
  broken = false;

  /** @param {() => Promise<Blob>} content @param {number} seconds  0: not known. @param {() => void} draw */
  constructor(content, seconds, draw) {
    this.#content = content;
    this.#seconds = seconds;
    this.#draw = draw;
  }

  get length() {
    return this.#buffer?.duration ?? this.#seconds;
  }

  get at() {
    const passed = this.#source && context ? context.currentTime - this.#since : 0;
    return Math.min(this.#from + passed, this.length);
  }

  get running() {
    return this.#source !== null || this.#loading;
  }

  async play() {
    if (this.running) return;
    this.#loading = true;
    this.broken = false;
    this.#draw();
    context ??= new AudioContext();
    try {
      await context.resume();
      this.#buffer ??= await context.decodeAudioData(await (await this.#content()).arrayBuffer());
    } catch {
      this.broken = true;
    }
    // It may have been stopped meanwhile.
    if (this.#loading && !this.broken) this.#start();
    this.#loading = false;
    this.#draw();
  }

  pause() {
    const at = this.at;
    this.#loading = false;
    this.#halt();
    this.#from = at;
    this.#draw();
  }

  /** @param {number} at */
  seek(at) {
    const running = this.#source !== null;
    this.#halt();
    this.#from = Math.max(0, Math.min(at, this.length));
    if (running) this.#start();
    this.#draw();
  }

  #start() {
    if (!context || !this.#buffer) return;
    if (this.#from >= this.#buffer.duration) this.#from = 0;
    const source = context.createBufferSource();
    source.buffer = this.#buffer;
    source.connect(context.destination);
    source.onended = () => {
      if (this.#source !== source) return;
      this.#source = null;
      this.#from = 0;
      this.#draw();
    };
    source.start(0, this.#from);
    this.#since = context.currentTime;
    this.#source = source;
    const tick = () => {
      if (this.#source !== source) return;
      this.#draw();
      requestAnimationFrame(tick);
    };
    tick();
  }

  #halt() {
    const source = this.#source;
    this.#source = null;
    source?.stop();
  }
}
