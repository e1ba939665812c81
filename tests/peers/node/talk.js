// openai-node: the address, a key, the names of the model and of that of embeddings; prints what it got as JSON.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.argv[2], apiKey: process.argv[3], maxRetries: 0 });
const [model, vectors] = process.argv.slice(4);
const messages = [{ role: "user", content: "Hello" }];
const got = {};

got.models = (await client.models.list()).data.map((model) => model.id);
const whole = await client.chat.completions.create({ model, messages, temperature: 0, max_tokens: 20 });
got.whole = whole.choices[0].message.content;

got.streamed = "";
const stream = await client.chat.completions.create({
  model, messages, temperature: 0, max_tokens: 20, stream: true, stream_options: { include_usage: true },
});
for await (const chunk of stream) {
  got.streamed += chunk.choices[0]?.delta?.content ?? "";
  got.usage = chunk.usage ?? got.usage;
}

const tools = [{ type: "function", function: { name: "get_weather", parameters: { type: "object" } } }];
const called = await client.chat.completions.create({ model, messages, tools, tool_choice: "required" });
got.tool = called.choices[0].message.tool_calls[0].function.name;

got.text = (await client.completions.create({ model, prompt: "Hello" })).choices[0].text;
got.vector = (await client.embeddings.create({ model: vectors, input: "Hello" })).data[0].embedding.length;

try {
  await client.chat.completions.create({ model: "nope", messages });
} catch (error) {
  got.error = { kind: error.constructor.name, status: error.status, message: error.message };
}
console.log(JSON.stringify(got));
