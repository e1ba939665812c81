/** The visitor's files in the browser and over HTTP: kept, brought up with their progress, fetched back. Loaded when the first is met. */

const KEPT = 30 * 86_400_000;

/** @type {Promise<IDBDatabase> | null} */
let opening = null;

/**
 * @param {URL} uploads  Where files go up. @param {string} name  Of the connector.
 * @returns {Files}
 */
export function filesOf(uploads, name) {
  return {
    keep,
    kept,
    unkeep,
    upload: (...what) => upload(uploads, ...what),
    fetch: (pair, id) => fetchBack(new URL(`/ses/upload/${encodeURIComponent(name)}/${id}`, uploads), pair),
  };
}

/** @param {string} id @param {File} file */
async function keep(id, file) {
  await ask("readwrite", (shelf) => shelf.put({ id, file, at: Date.now() }));
}

/** @param {string} id @returns {Promise<File | null>} */
async function kept(id) {
  return (await ask("readonly", (shelf) => shelf.get(id)))?.file ?? null;
}

/** @param {string} id */
async function unkeep(id) {
  await ask("readwrite", (shelf) => shelf.delete(id));
}

/**
 * Fails with an error that has `status` (none: the network) and perhaps `retryAfter` in seconds.
 * @param {URL} address @param {Pair} pair @param {File} file
 * @param {{progress: (share: number) => void, signal: AbortSignal}} how
 * @returns {Promise<Uploaded>}
 */
function upload(address, { session, key }, file, { progress, signal }) {
  const form = new FormData();
  form.append("session", session);
  form.append("key", key);
  form.append("file", file, file.name);
  const request = new XMLHttpRequest(); // `fetch` tells no progress
  return new Promise((resolve, reject) => {
    const fail = () => {
      const told = request.response ?? {};
      const error = new Error(`SES widget: the upload answered ${request.status}: ${told.message ?? ""}`);
      reject(Object.assign(error, { status: request.status, retryAfter: told.retry_after }));
    };
    request.open("POST", address);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => progress(loaded / total);
    request.onload = () => (request.status === 200 && request.response?.id ? resolve(request.response) : fail());
    request.onerror = request.onabort = fail;
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

/** @param {URL} address  Of the file, without what opens it. @param {Pair} pair */
async function fetchBack(address, { session, key }) {
  address.searchParams.set("session", session);
  const answer = await fetch(address, { headers: { Authorization: `Bearer ${key}` } });
  if (!answer.ok) throw new Error(`SES widget: the file answered ${answer.status}`);
  return answer.blob();
}

/** @param {IDBTransactionMode} mode @param {(shelf: IDBObjectStore) => IDBRequest} what @returns {Promise<any>} */
async function ask(mode, what) {
  opening ??= open();
  const base = await opening.catch((error) => {
    opening = null;
    throw error;
  });
  return settled(what(base.transaction("files", mode).objectStore("files")));
}

async function open() {
  const asked = indexedDB.open("ses-widget", 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore("files", { keyPath: "id" });
  /** @type {IDBDatabase} */
  const base = await settled(asked);
  // What a page that died between two steps has left behind.
  const sweep = base.transaction("files", "readwrite").objectStore("files").openCursor();
  sweep.onsuccess = () => {
    const cursor = sweep.result;
    if (!cursor) return;
    if (cursor.value.at < Date.now() - KEPT) cursor.delete();
    cursor.continue();
  };
  return base;
}

/** @param {IDBRequest} request @returns {Promise<any>} */
function settled(request) {
  return new Promise((resolve, reject) => {
    const { transaction } = request;
    const done = () => resolve(request.result);
    // Written is what its transaction has written, not what was asked for.
    if (transaction?.mode === "readwrite") transaction.oncomplete = done;
    else request.onsuccess = done;
    request.onerror = () => reject(request.error);
    if (transaction) transaction.onabort = () => reject(transaction.error);
  });
}
