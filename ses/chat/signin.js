/** The card by which one signs in: a token, an e-mail address with a password, or the code. */

import * as api from "./api.js";
import { el, icon } from "./dom.js";
import { explained, Failed } from "./failures.js";

/** @typedef {import("./types.d.ts").Way} Way */
/** @typedef {import("./types.d.ts").Settings} Settings */
/** @typedef {import("./words.js").Words} Words */

/**
 * Until somebody is signed in, or thinks better of it (where `may_close`).
 * @param {Words} words
 * @param {Settings} settings
 * @param {boolean} may_close
 * @returns {Promise<{token: string, stay: boolean} | null>}  No token: the browser has a session.
 */
export function signIn(words, settings, may_close) {
  return new Promise((resolve) => {
    /** @type {{token: string, stay: boolean} | null} */
    let result = null;
    let way = /** @type {Way} */ (settings.ways[0] ?? "token");
    const fault = el("p", { class: "fault", role: "alert", id: "fault" });
    const fields = el("div", { class: "fields" });
    const stay = el("input", { type: "checkbox", id: "stay", checked: true });
    const staying = el("label", { class: "tick" }, stay, words.stay);
    const button = el("button", { type: "submit", class: "strong" }, words.sign_in);
    const form = el("form", { onsubmit: send, method: "dialog" }, fields, staying, fault, button);
    const choices = settings.ways.map((one) => el("label", {}, el("input", { type: "radio", name: "way", value: one, checked: one === way, onchange: () => draw(one) }), el("span", {}, words.ways[one])));
    const dialog = el(
      "dialog",
      { class: `card signin${may_close ? "" : " first"}`, "aria-labelledby": "signin" },
      el("div", { class: "brand" }, icon("chat")),
      el("h2", { id: "signin" }, words.sign_in),
      el("p", {}, words.sign_in_hint),
      settings.ways.length > 1 && el("fieldset", { class: "ways" }, el("legend", { class: "hidden" }, words.sign_in), ...choices),
      form,
    );

    /** @param {Way} chosen */
    function draw(chosen) {
      way = chosen;
      fault.textContent = "";
      fields.replaceChildren(
        ...(way === "password"
          ? [field("email", words.email, "email", "username"), field("password", words.password, "password", "current-password")]
          : [field("secret", words.ways[way], "password", "off")]),
      );
      staying.hidden = way === "code";
    }

    /** @param {string} id @param {string} label @param {string} type @param {string} autocomplete */
    function field(id, label, type, autocomplete) {
      return el("div", { class: "field" }, el("label", { for: id }, label), el("input", { id, type, autocomplete, required: true, "aria-describedby": "fault" }));
    }

    /** @param {string} id */
    const typed = (id) => /** @type {HTMLInputElement} */ (fields.querySelector(`#${id}`)).value.trim();

    /** @param {Event} event */
    async function send(event) {
      event.preventDefault();
      if (button.disabled) return;
      button.disabled = true;
      fault.textContent = "";
      try {
        result = { token: await entered(), stay: stay.checked };
        dialog.close();
      } catch (error) {
        if (!(error instanceof Failed)) throw error;
        fault.textContent = error.failure.kind === "signed_out" ? words.wrong[way] : explained(error.failure, words).title;
        fields.querySelector("input")?.focus();
      } finally {
        button.disabled = false;
      }
    }

    async function entered() {
      if (way === "code") {
        await api.signInByCode(typed("secret"));
        return "";
      }
      const token = way === "password" ? await api.logIn(typed("email"), typed("password")) : typed("secret");
      await api.models(token, {});
      return token;
    }

    draw(way);
    dialog.addEventListener("cancel", (event) => !may_close && event.preventDefault());
    dialog.addEventListener("close", () => {
      if (!result && !may_close) {
        dialog.showModal(); // a second Escape closes it whatever one says
        return;
      }
      dialog.remove();
      resolve(result);
    });
    document.body.append(dialog);
    dialog.showModal();
    fields.querySelector("input")?.focus();
  });
}
