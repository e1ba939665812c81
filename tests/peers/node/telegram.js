// A bot talks to @vishtar/telegram-test-api: its server, its people. Arguments: port and token. Writes what happens as lines
// of JSON; reads a line before it goes on where the test has something to do. With a third argument it only serves.
import { once } from "node:events";
import { createInterface } from "node:readline";
import TelegramServer from "@vishtar/telegram-test-api";

const [port, token, onlyServe] = process.argv.slice(2);
const PEOPLE = [11, 12, 13];
const EACH = 5;

/** What the package does not do as Telegram does: who the bot is, an offset that confirms, waiting, dates in seconds, drafts,
 * what an edit answers. */
const corrections = [
  (app, server) => {
    const answer = (method, work) => app.all(`/bot:token/${method}`, async (request, response) => {
      response.json({ ok: true, result: await work({ ...request.query, ...request.body }, request.params.token) });
    });
    answer("getMe", () => ({ id: 666, is_bot: true, first_name: "Shop", username: "shop_bot" }));
    answer("sendChatAction", () => true);
    answer("getUpdates", async ({ offset = 0, timeout = 0, limit = 100 }, bot) => {
      const news = () => server.storage.userMessages.filter((one) => one.botToken === bot && one.updateId >= offset);
      if (offset > 0) {
        server.storage.userMessages = server.storage.userMessages.filter((one) => one.updateId >= offset);
      }
      const end = Date.now() + timeout * 1000;
      while (!news().length && Date.now() < end) {
        await Promise.race([server.waitUserMessage(), new Promise((wake) => setTimeout(wake, end - Date.now()))]);
      }
      return news().slice(0, limit).map((one) => server.constructor.formatUpdate(one));
    });
    answer("sendMessage", (message, bot) => {
      const sent = server.addBotMessage(message, bot);
      return { message_id: sent.message_id, date: Math.floor(sent.date / 1000), chat: sent.chat, text: sent.text };
    });
    answer("sendMessageDraft", ({ chat_id: chat, text }) => {
      tell({ draft: text, chat });
      return true;
    });
    answer("editMessageText", (message) => {
      server.editMessageText(message);
      tell({ edited: message.text, number: message.message_id });
      return true;
    });
    answer("answerCallbackQuery", ({ callback_query_id: id }) => {
      tell({ answered: id });
      return true;
    });
  },
];

const tell = (what) => console.log(JSON.stringify(what));
const lines = createInterface({ input: process.stdin });
const server = new TelegramServer({ host: "127.0.0.1", port: Number(port) }, { routes: corrections });
server.setMaxListeners(0);
await server.start();
tell({ listening: Number(port) });
if (onlyServe) await once(lines, "close");

const people = PEOPLE.map((id) => server.getClient(token, { userId: id, chatId: id, timeout: 30_000, interval: 20 }));
const last = new Map();
/** The next `count` messages of the bot to somebody; a second copy, as a kill may leave one, is passed over. */
const heard = async (person, count) => {
  const said = [];
  while (said.length < count) {
    for (const one of (await person.getUpdates()).result) {
      if (one.message.text !== last.get(person)) said.push(one);
      last.set(person, one.message.text);
    }
  }
  return said;
};

const [anna] = people;
await anna.sendCommand(anna.makeCommand("/start"));
const [menu] = await heard(anna, 1);
const buttons = menu.message.reply_markup.inline_keyboard.flat();
tell({ menu: menu.message.text, buttons: buttons.map((button) => button.text) });
const under = { message: { message_id: menu.messageId, date: Math.floor(menu.time / 1000) } }; // it would name no message
await anna.sendCallback(anna.makeCallbackQuery(buttons[1].callback_data, under));
tell({ pressed: (await heard(anna, 1))[0].message.text });

const count = async (from) => {
  for (let number = from; number < from + EACH; number += 1) {
    for (const person of people) await person.sendMessage(person.makeMessage(`n ${number}`));
  }
};
await count(1);
tell({ counted: await Promise.all(people.map(async (person) => (await heard(person, EACH)).map((one) => one.message.text))) });
await once(lines, "line"); // the daemon was killed
await count(EACH + 1);
tell({ waiting: EACH });
tell({ counted: await Promise.all(people.map(async (person) => (await heard(person, EACH)).map((one) => one.message.text))) });
lines.close();
await server.stop();
process.exit(0);
