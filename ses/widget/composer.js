/** Where the visitor writes, corrects, speaks and adds files. */

import { sized } from "./line.js";

/** @typedef {import("./words.js").Words} Words */

/**
 * What the composer asks of the window. `send` gives the id of what was sent; `text` is that of a line of the visitor's;
 * `tell` shows a hint; `late` loads what records and plays, with its styles.
 * @typedef {{words: Words, send: (text: string, of: string) => string, attach: (file: File, how?: {kind: "voice", seconds: number}) => void, text: (id: string) => string, tell: (text: string) => void, late: () => Promise<unknown>}} Room
 */

export class Composer {
  #root;
  #room;
  /** The message of the visitor's being corrected, and the last he typed. */
  #edited = "";
  #typed = "";
  #largest = 0;
  /** The recording under way. @type {{cancel: () => void} | null} */
  #recording = null;

  /** @param {ShadowRoot} root @param {Room} room */
  constructor(root, room) {
    this.#root = root;
    this.#room = room;
    this.#listen();
  }

  get #input() {
    return /** @type {HTMLTextAreaElement} */ (this.#find(".input"));
  }

  /** @param {Offer} settings */
  offer({ upload = 0, microphone = false }) {
    this.#largest = upload;
    const attach = this.#find(".attach");
    attach.hidden = !upload;
    attach.title = this.#room.words.attach + sized(upload, this.#room.words);
    attach.setAttribute("aria-label", attach.title);
    const able = window.isSecureContext && navigator.mediaDevices && "MediaRecorder" in window;
    this.#find(".mic").hidden = !microphone || !able;
    if (microphone && !able) {
      const why = window.isSecureContext ? "this browser does not record" : "the page is not served over https";
      console.info(`SES widget: no microphone, since ${why}`);
    }
  }

  focus() {
    // On a touch screen focus would push the keyboard over the answers.
    if (matchMedia("(pointer: coarse)").matches) this.#find(".log").focus({ preventScroll: true });
    else this.#input.focus({ preventScroll: true });
  }

  /** Escape was pressed: whether it was for the composer. */
  escape() {
    const meant = Boolean(this.#edited || this.#recording);
    this.drop();
    return meant;
  }

  /** Leave what was begun: a correction, a recording. */
  drop() {
    this.#recording?.cancel();
    if (this.#edited) this.#edit("");
  }

  /** A button of the robot's was pressed: what was typed before it is no longer the last word. */
  pressed() {
    this.drop();
    this.#room.tell("");
    this.#typed = "";
  }

  #listen() {
    const input = this.#input;
    this.#find(".composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    const files = /** @type {HTMLInputElement} */ (this.#find(".files"));
    this.#find(".attach").addEventListener("click", () => files.click());
    files.addEventListener("change", () => {
      this.#attach(files.files);
      files.value = "";
      this.focus();
    });
    this.#find(".mic").addEventListener("click", () => this.#record());
    input.addEventListener("paste", (event) => {
      // Tables and rich texts come with a picture of themselves: the text is meant.
      const carried = event.clipboardData;
      if (!carried?.types.includes("text/plain") && this.#attach(carried?.files)) event.preventDefault();
    });
    const place = this.#find(".window");
    place.addEventListener("dragover", (event) => {
      event.preventDefault();
      place.classList.toggle("over", this.#largest > 0 && Boolean(event.dataTransfer?.types.includes("Files")));
    });
    place.addEventListener("dragleave", () => place.classList.remove("over"));
    place.addEventListener("drop", (event) => {
      event.preventDefault();
      place.classList.remove("over");
      this.#attach(event.dataTransfer?.files);
    });
    input.addEventListener("input", () => this.#grow());
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowUp" && !input.value && this.#typed) {
        event.preventDefault();
        this.#edit(this.#typed);
      }
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    });
  }

  /** Send files, each as a message. @param {FileList | null | undefined} files */
  #attach(files) {
    if (!files?.length || !this.#largest) return false;
    for (const file of files) this.#room.attach(file);
    return true;
  }

  #submit() {
    const text = this.#input.value.trim();
    if (!text) return;
    const of = this.#edited;
    this.#edit("");
    const id = this.#room.send(text, of);
    this.#typed = of || id;
  }

  /** Take a message of the visitor's back into the field; "": none. @param {string} id */
  #edit(id) {
    this.#edited = id;
    this.#input.value = id && this.#room.text(id);
    this.#grow();
    this.#room.tell(id && this.#room.words.edit);
  }

  async #record() {
    if (this.#recording) return;
    const { words, tell, attach, late } = this.#room;
    const end = () => {
      this.#recording = null;
      this.focus();
    };
    this.#recording = { cancel: end };
    tell("");
    try {
      const [{ Recorder }] = await Promise.all([import("./recorder.js"), late()]);
      if (!this.#recording) return;
      const recorder = new Recorder(this.#find(".composer"), { tag: words.tag, largest: this.#largest, tell, attach, end });
      this.#recording = recorder;
      recorder.begin();
    } catch {
      end();
      tell(words.unloaded);
    }
  }

  #grow() {
    const input = this.#input;
    input.style.setProperty("height", "auto");
    input.style.setProperty("height", `${Math.min(input.scrollHeight, 140)}px`);
    /** @type {HTMLButtonElement} */ (this.#find(".send")).disabled = !input.value.trim();
  }

  /** @param {string} selector @returns {HTMLElement} */
  #find(selector) {
    return /** @type {HTMLElement} */ (this.#root.querySelector(selector));
  }
}
