import { expect, test } from "vitest";
import { PubSubFilter } from "./pub-sub-filter.ts";

const message = "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$9\r\none\r\nmore\r\n";
const pong = "*2\r\n$4\r\npong\r\n$0\r\n\r\n";
const others = ["+OK\r\n", "-ERR no\r\n", ":12\r\n", "$-1\r\n", "*-1\r\n", "*2\r\n*1\r\n:1\r\n$7\r\nmessage\r\n"].join("");

test("only messages are left out, in whatever pieces they come", () => {
  const bytes = Buffer.from(`${others}${message}${pong}${message.replace("$7\r\nmessage", "$8\r\nsmessage")}${others}`);
  for (const size of [1, 7, bytes.length]) {
    const filter = new PubSubFilter();
    let passed = "";
    for (let at = 0; at < bytes.length; at += size) passed += filter.pass(bytes.subarray(at, at + size), true).toString();
    expect(passed).toBe(others + pong + others);
  }
});

test("without that, everything passes as it is", () => {
  const filter = new PubSubFilter();
  const first = filter.pass(Buffer.from(message.slice(0, 20)), false).toString();
  expect(first + filter.pass(Buffer.from(message.slice(20) + pong), false).toString()).toBe(message + pong);
});
