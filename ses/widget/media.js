/** Sounds and pictures among the lines. Loaded, with its styles, when the first comes; so is the recorder. */

import { icon } from "./icon.js";
import { Recording, Stream } from "./sound.js";

const ru = { play: "Слушать", pause: "Пауза", position: "Место в записи", unplayable: "не воспроизводится" };
const en = { play: "Play", pause: "Pause", position: "Position", unplayable: "cannot be played" };

const PLAY = "M8 5.5v13l11-6.5Z";
const PAUSE = "M8 6v12M16 6v12";
const WIDEST = 560;

/** @type {Stream | Recording | null} */
let playing = null;

/** The styles of what is loaded late. */
export const styles = new CSSStyleSheet();
const answer = await fetch(new URL("./media.css", import.meta.url));
if (!answer.ok) throw new Error(`SES widget: media.css answered ${answer.status}`);
styles.replaceSync(await answer.text());

/**
 * A sound with its button, its position and its length.
 * @param {string | (() => Promise<Blob>)} source  An address, or what gives the bytes of the visitor's own.
 * @param {string} label @param {string} tag  Of the language. @param {number} [seconds]  If they are known.
 */
export function player(source, label, tag, seconds = 0) {
  const words = tag === "ru" ? ru : en;
  const root = document.createElement("div");
  root.className = "sound";
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", label);
  root.setAttribute("part", "sound");
  const button = document.createElement("button");
  button.type = "button";
  const position = document.createElement("input");
  position.type = "range";
  position.step = "any";
  position.value = "0";
  position.setAttribute("aria-label", words.position);
  const clock = document.createElement("span");
  clock.className = "clock";
  root.append(button, position, clock);
  const sound = typeof source === "string" ? new Stream(source, draw) : new Recording(source, seconds, draw);

  function draw() {
    const { length, at, running, broken } = sound;
    const whole = clocked(Math.max(1, Math.round(length)));
    button.replaceChildren(icon(running ? PAUSE : PLAY));
    button.setAttribute("aria-label", running ? words.pause : words.play);
    position.disabled = !length;
    position.max = String(length || 1);
    position.value = String(at);
    position.setAttribute("aria-valuetext", length ? `${clocked(at)} / ${whole}` : "");
    position.style.setProperty("--played", `${length ? (at / length) * 100 : 0}%`);
    clock.textContent = broken ? words.unplayable : running || at ? clocked(at) : length ? whole : "";
    if (broken) clock.setAttribute("role", "alert");
    else clock.removeAttribute("role");
  }

  button.addEventListener("click", () => {
    if (sound.running) {
      sound.pause();
      return;
    }
    if (playing !== sound) playing?.pause();
    playing = sound;
    sound.play();
  });
  position.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (!step) return;
    event.preventDefault();
    sound.seek(sound.at + step);
  });
  position.addEventListener("input", () => sound.seek(Number(position.value)));
  draw();
  return root;
}

/**
 * The visitor's own picture, drawn on a canvas: a site's policy for pictures need not know of it.
 * @param {() => Promise<Blob>} content @param {string} label
 */
export async function picture(content, label) {
  const whole = await createImageBitmap(await content());
  const scale = Math.min(1, WIDEST / whole.width, WIDEST / whole.height);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(whole.width * scale));
  canvas.height = Math.max(1, Math.round(whole.height * scale));
  canvas.className = "drawn";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  canvas.getContext("2d")?.drawImage(whole, 0, 0, canvas.width, canvas.height);
  whole.close();
  return canvas;
}

/** Resolves when an element comes in sight. @param {HTMLElement} element @returns {Promise<void>} */
export function seen(element) {
  return new Promise((resolve) => {
    const watch = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watch.disconnect();
      resolve();
    });
    watch.observe(element);
  });
}

/** @param {number} seconds */
export function clocked(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
