/** What the widget itself says. */

const ru = {
  tag: "ru",
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
  edit: "Вы меняете сообщение. Escape — не менять.",
  waiting: "отправляется",
  failed: "не отправлено",
  reasons: /** @type {Record<string, string>} */ ({
    too_long: "слишком длинное",
    too_large: "слишком большой файл",
    too_many: "слишком много файлов",
    upload: "сервер не принял файл",
    gone: "файла больше нет",
  }),
  again: "Повторить",
  cancel: "Отменить",
  attach: "Приложить файл, до ",
  microphone: "Записать голосовое сообщение",
  unloaded: "Нет связи. Попробуйте ещё раз, когда она появится.",
  voice: "Голосовое сообщение",
  heard: "Распознано: ",
  unread: "Открыть чат, новых сообщений: ",
  down: "К новым сообщениям",
  file: "Файл",
  units: ["Б", "КБ", "МБ"],
};

/** @type {typeof ru} */
const en = {
  tag: "en",
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
  edit: "You are changing a message. Escape: leave it.",
  waiting: "sending",
  failed: "not sent",
  reasons: {
    too_long: "too long",
    too_large: "the file is too large",
    too_many: "too many files",
    upload: "the server did not take the file",
    gone: "the file is no longer there",
  },
  again: "Try again",
  cancel: "Cancel",
  attach: "Attach a file, up to ",
  microphone: "Record a voice message",
  unloaded: "No connection. Try again once it is back.",
  voice: "Voice message",
  heard: "Recognised: ",
  unread: "Open chat, new messages: ",
  down: "To new messages",
  file: "File",
  units: ["B", "KB", "MB"],
};

/** @typedef {typeof ru} Words */

/** @param {string} language  A language tag: `ru-RU`. @returns {Words} */
export function words(language) {
  return language.toLowerCase().startsWith("ru") ? ru : en;
}
