/** What the page itself says; only the language that is spoken is loaded. */

/** @typedef {typeof import("./en.js").default} Words */

/** @param {string} language  A language tag: `ru-RU`. @returns {Promise<Words>} */
export async function words(language) {
  return (await (language.toLowerCase().startsWith("ru") ? import("./ru.js") : import("./en.js"))).default;
}
