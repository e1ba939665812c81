// @ts-check
/** What the widget itself says. */

const ru = {
  title: "Чат",
  open: "Открыть чат",
  close: "Закрыть чат",
  log: "Сообщения",
  write: "Напишите сообщение…",
  send: "Отправить",
  robot: "Собеседник:",
  you: "Вы:",
  options: "Варианты ответа",
  online: "На связи",
  connecting: "Соединяемся…",
  typing: "Печатает…",
  offline: "Нет связи. Сообщения сохранятся и уйдут, когда она появится.",
  displaced: "Разговор открыт в другой вкладке.",
  here: "Продолжить здесь",
  waiting: "отправляется",
  failed: "не отправлено",
  too_long: "слишком длинное",
  unread: (/** @type {number} */ count) => `Открыть чат, новых сообщений: ${count}`,
  down: "К новым сообщениям",
  file: "Файл",
  size: (/** @type {number} */ bytes) => size(bytes, ["Б", "КБ", "МБ"], "ru"),
};

/** @type {typeof ru} */
const en = {
  title: "Chat",
  open: "Open chat",
  close: "Close chat",
  log: "Messages",
  write: "Write a message…",
  send: "Send",
  robot: "Robot:",
  you: "You:",
  options: "Possible answers",
  online: "Online",
  connecting: "Connecting…",
  typing: "Typing…",
  offline: "No connection. Your messages are kept and will be sent once it is back.",
  displaced: "The conversation is open in another tab.",
  here: "Continue here",
  waiting: "sending",
  failed: "not sent",
  too_long: "too long",
  unread: (count) => `Open chat, ${count} new`,
  down: "To new messages",
  file: "File",
  size: (bytes) => size(bytes, ["B", "KB", "MB"], "en"),
};

/** @typedef {typeof ru} Words */

/** @param {string} language  A language tag: `ru-RU`. @returns {Words} */
export function words(language) {
  return language.toLowerCase().startsWith("ru") ? ru : en;
}

/** @param {number} bytes @param {string[]} units @param {string} language */
function size(bytes, units, language) {
  let step = 0;
  while (bytes >= 1024 && step < units.length - 1) {
    bytes /= 1024;
    step++;
  }
  return `${bytes.toLocaleString(language, { maximumFractionDigits: bytes < 10 ? 1 : 0 })} ${units[step]}`;
}
