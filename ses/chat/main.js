/** Starts the page: who is there, which models there are, what was said before. */

import * as api from "./api.js";
import { App, applyTheme } from "./app.js";
import { Dialogues } from "./dialogues.js";
import { el } from "./dom.js";
import { explained, Failed } from "./failures.js";
import { Memory, remembered } from "./memory.js";
import { signIn } from "./signin.js";
import { words } from "./words.js";

/** @typedef {import("./types.d.ts").Model} Model */

applyTheme(remembered.get("theme"));
await start();

async function start() {
  const w = await words(remembered.get("language") || navigator.language);
  document.documentElement.lang = w.tag;
  document.title = w.app;
  document.body.replaceChildren();
  try {
    const settings = await api.settings();
    let token = remembered.get("token");
    /** @type {Model[] | null} */
    let models = token || settings.admitted ? await listed(token, settings.names) : null;
    while (!models) {
      if (!settings.ways.length) throw new Failed({ kind: "forbidden", message: w.no_way_in });
      const entered = await signIn(w, settings, false);
      token = entered?.token ?? "";
      remembered.set("token", token, entered?.stay);
      models = await listed(token, settings.names);
    }
    const dialogues = new Dialogues(await Memory.open());
    await dialogues.load();
    new App(settings, dialogues, token, models, w);
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    const { title, detail } = explained(error.failure, w);
    document.body.replaceChildren(el("main", { class: "plain" }, el("h1", {}, w.app), el("p", { role: "alert" }, title), detail && el("p", {}, detail), el("button", { type: "button", class: "strong", onclick: () => void start() }, w.retry)));
  }
}

/** The models; none when one has to sign in first. @param {string} token @param {Record<string, string>} names */
async function listed(token, names) {
  try {
    return await api.models(token, names);
  } catch (error) {
    if (!(error instanceof Failed) || !["signed_out", "busy"].includes(error.failure.kind)) throw error;
    return error.failure.kind === "busy" ? [] : null; // a model that starts may come while one reads
  }
}
