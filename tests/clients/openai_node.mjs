// npm's openai client against a gateway: node openai_node.mjs BASE_URL KEY
// Needs `npm install openai` beside it; ends with status 1 where anything differs.
import assert from "node:assert/strict";
import OpenAI from "openai";

const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0, timeout: 250_000 });
const messages = [
  { role: "system", content: "Answer in one short sentence." },
  { role: "user", content: "What is the capital of France?" },
];
const asked = { model: "small-local", messages, max_tokens: 24, temperature: 0 };

const { data, response } = await client.chat.completions.create(asked).withResponse();
assert.match(data.choices[0].message.content, /Paris/);
assert.equal(response.headers.get("x-request-id"), response.headers.get("x-alos-call"));
console.log("plain ok");

let text = "";
let chunks = 0;
for await (const chunk of await client.chat.completions.create({ ...asked, stream: true })) {
  text += chunk.choices[0]?.delta?.content ?? "";
  chunks += 1;
}
assert.match(text, /Paris/);
assert.ok(chunks > 3);
console.log("stream ok");

const answer = await client.responses.create({
  model: "small-local",
  instructions: "Answer in one short sentence.",
  input: "What is the capital of France?",
  max_output_tokens: 24,
  temperature: 0,
});
assert.match(answer.output_text, /Paris/);
console.log("responses ok");

await assert.rejects(
  client.chat.completions.create({ ...asked, model: "workflow/somebody-elses" }),
  (error) =>
    error instanceof OpenAI.PermissionDeniedError &&
    error.code === "alos_workflow_not_registered" &&
    error.requestID?.startsWith("call_"),
);
console.log("error ok");
