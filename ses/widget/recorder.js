/** The bar that takes the place of the field while the visitor speaks. Loaded when the microphone is first pressed. */

import { icon } from "./icon.js";
import { clocked } from "./media.js";

const LONGEST = 180;
/** Seconds before the end that are counted down. */
const WARNING = 15;
/** Shorter than this is a slip of the hand. */
const SHORTEST = 0.5;
const BITS = 32_000;
const FORMS = { "audio/webm;codecs=opus": "webm", "audio/mp4": "m4a", "audio/ogg;codecs=opus": "ogg" };

const CROSS = "M6.5 6.5l11 11M17.5 6.5l-11 11";
const ARROW = "M12 19V5.5M6 11.5l6-6 6 6";

const ru = {
  bar: "Запись голосового сообщения",
  cancel: "Отменить запись",
  send: "Отправить запись",
  begun: "Идёт запись. Enter — отправить, Escape — отменить.",
  left: "Осталось секунд: ",
  full: "Запись остановлена: отправьте её или отмените.",
  short: "Слишком коротко: нажмите, говорите и нажмите ещё раз.",
  faults: /** @type {Record<string, string>} */ ({
    NotAllowedError: "Браузер не даёт доступ к микрофону. Разрешите его этому сайту в настройках браузера и нажмите ещё раз.",
    NotFoundError: "Микрофон не найден. Подключите его и нажмите ещё раз.",
    NotReadableError: "Микрофон занят другой программой. Освободите его и нажмите ещё раз.",
  }),
  other: "Записать не удалось. Нажмите ещё раз.",
};

/** @type {typeof ru} */
const en = {
  bar: "Recording a voice message",
  cancel: "Cancel the recording",
  send: "Send the recording",
  begun: "Recording. Enter sends, Escape cancels.",
  left: "Seconds left: ",
  full: "The recording has stopped: send it, or cancel it.",
  short: "Too short: press, speak and press again.",
  faults: /** @type {Record<string, string>} */ ({
    NotAllowedError: "The browser gives no access to the microphone. Allow it for this site in the browser's settings and press again.",
    NotFoundError: "No microphone was found. Connect one and press again.",
    NotReadableError: "Another program is using the microphone. Close it and press again.",
  }),
  other: "The recording failed. Press again.",
};

/**
 * `end` is called once, whatever comes of the recording.
 * @typedef {{tag: string, largest: number, tell: (text: string) => void, attach: (file: File, how: {kind: "voice", seconds: number}) => void, end: () => void}} Desk
 */

export class Recorder {
  #root = document.createElement("div");
  #place;
  #said;
  #desk;
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {MediaRecorder | null} */
  #recorder = null;
  #form = Object.keys(FORMS).find((form) => MediaRecorder.isTypeSupported(form)) ?? "";
  /** @type {Blob[]} */
  #pieces = [];
  #size = 0;
  #clock = document.createElement("span");
  #level = document.createElement("i");
  #send;
  #began = 0;
  #seconds = 0;
  #wanted = false;
  #warned = false;
  #ended = false;
  /** @type {AudioContext | null} */
  #ear = null;
  #tick = 0;

  /** @param {HTMLElement} place  The bar is put into it. @param {Desk} desk */
  constructor(place, desk) {
    this.#place = place;
    this.#desk = desk;
    this.#said = desk.tag === "ru" ? ru : en;
    this.#root.className = "recorder";
    this.#root.setAttribute("role", "group");
    this.#root.setAttribute("aria-label", this.#said.bar);
    this.#clock.className = "clock";
    this.#clock.setAttribute("role", "timer");
    const meter = document.createElement("span");
    meter.className = "level";
    meter.setAttribute("aria-hidden", "true");
    meter.append(this.#level);
    this.#send = button("send", this.#said.send, ARROW, () => this.#finish());
    this.#root.append(button("attach", this.#said.cancel, CROSS, () => this.cancel()), this.#clock, meter, this.#send);
  }

  /** Ask for the microphone and record; what goes wrong is told to the visitor. */
  async begin() {
    try {
      const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
      this.#stream = await navigator.mediaDevices.getUserMedia({ audio });
      if (this.#ended) this.#hush();
      else this.#start(this.#stream);
    } catch (error) {
      this.#end();
      this.#desk.tell(this.#said.faults[/** @type {Error} */ (error).name] ?? this.#said.other);
    }
  }

  /** @param {MediaStream} stream */
  #start(stream) {
    const recorder = new MediaRecorder(stream, { ...(this.#form && { mimeType: this.#form }), audioBitsPerSecond: BITS });
    this.#recorder = recorder;
    recorder.ondataavailable = ({ data }) => this.#gather(data);
    recorder.onstop = () => this.#stopped();
    recorder.onerror = () => {
      this.#end();
      this.#desk.tell(this.#said.other);
    };
    this.#place.append(this.#root);
    this.#place.classList.add("recording");
    recorder.start(500);
    this.#began = performance.now();
    try {
      this.#listen(stream);
    } catch {
      // A machine that plays nothing: one can speak without seeing how loud.
    }
    this.#draw();
    this.#tick = window.setInterval(() => this.#draw(), 100);
    this.#send.focus();
    this.#desk.tell(this.#said.begun);
  }

  cancel() {
    if (this.#ended) return;
    this.#desk.tell("");
    this.#end();
  }

  #finish() {
    if (this.#ended || this.#wanted) return;
    this.#wanted = true;
    if (this.#recorder?.state === "recording") this.#stop();
    else this.#stopped();
  }

  #stop() {
    this.#seconds = this.#passed;
    this.#recorder?.stop();
    clearInterval(this.#tick);
    this.#hush();
  }

  /** All of the sound is here: it is sent, or waits at the longest for the visitor's word. */
  #stopped() {
    if (this.#ended) return;
    if (!this.#wanted) {
      this.#seconds ||= this.#passed; // the microphone may have been pulled out
      clearInterval(this.#tick);
      this.#root.classList.add("full");
      this.#hush();
      this.#desk.tell(this.#said.full);
      return;
    }
    this.#end();
    if (this.#seconds < SHORTEST) {
      this.#desk.tell(this.#said.short);
      return;
    }
    const type = (this.#recorder?.mimeType || this.#form).split(";")[0] ?? "";
    const ending = Object.entries(FORMS).find(([form]) => form.startsWith(type))?.[1] ?? "webm";
    this.#desk.tell("");
    this.#desk.attach(new File(this.#pieces, `voice.${ending}`, { type }), { kind: "voice", seconds: this.#seconds });
  }

  /** @param {Blob} piece */
  #gather(piece) {
    this.#pieces.push(piece);
    this.#size += piece.size;
    // Some browsers record denser than asked.
    if (this.#size > this.#desk.largest * 0.9 && this.#recorder?.state === "recording") this.#stop();
  }

  #draw() {
    const left = Math.ceil(LONGEST - this.#passed);
    this.#clock.textContent = clocked(this.#passed);
    if (left <= WARNING && !this.#warned) this.#desk.tell(this.#said.left + left);
    this.#warned = left <= WARNING;
    if (left <= 0 && this.#recorder?.state === "recording") this.#stop();
  }

  get #passed() {
    return Math.min(LONGEST, (performance.now() - this.#began) / 1000);
  }

  /** How loud it is, so that the visitor sees that he is heard. @param {MediaStream} stream */
  #listen(stream) {
    const ear = new AudioContext();
    this.#ear = ear;
    const analyser = ear.createAnalyser();
    ear.createMediaStreamSource(stream).connect(analyser);
    const heard = new Float32Array(analyser.fftSize);
    const look = () => {
      if (this.#ear !== ear) return;
      analyser.getFloatTimeDomainData(heard);
      const loud = Math.sqrt(heard.reduce((sum, one) => sum + one * one, 0) / heard.length);
      this.#level.style.setProperty("--level", String(Math.min(1, loud * 5)));
      requestAnimationFrame(look);
    };
    look();
  }

  #hush() {
    this.#ear?.close();
    this.#ear = null;
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
  }

  #end() {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#recorder?.state === "recording") this.#recorder.stop();
    clearInterval(this.#tick);
    this.#hush();
    this.#root.remove();
    this.#place.classList.remove("recording");
    this.#desk.end();
  }
}

/** @param {string} look @param {string} label @param {string} picture @param {() => void} act */
function button(look, label, picture, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = look;
  made.title = label;
  made.setAttribute("aria-label", label);
  made.append(icon(picture));
  made.addEventListener("click", act);
  return made;
}
