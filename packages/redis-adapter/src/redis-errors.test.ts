import { PresenceError } from "@presence/domain";
import { expect, test } from "vitest";
import { fromRedis } from "./redis-errors.ts";

test.each([
  "LOADING Redis is loading the dataset in memory",
  "READONLY You can't write against a read only replica.",
  "MASTERDOWN Link with MASTER is down",
  "CLUSTERDOWN The cluster is down",
  "BUSY Redis is busy running a script.",
  "TRYAGAIN Multiple keys request during rehashing of slot",
  "ERR max number of clients reached",
  "NOAUTH Authentication required.",
  "WRONGPASS invalid username-password pair or user is disabled.",
  "Command timed out",
  "Connection is closed.",
  "Stream isn't writeable and enableOfflineQueue options is false",
  "connect ECONNREFUSED 127.0.0.1:1",
])("%s passes by itself: UNAVAILABLE, with a time to try again", (message) => {
  const cause = new Error(message);
  expect(fromRedis(cause)).toMatchObject({ code: "UNAVAILABLE", retryAfterMs: 500, cause });
});

test("a Redis without memory says so", () => {
  expect(fromRedis(new Error("OOM command not allowed when used memory > 'maxmemory'."))).toMatchObject({
    code: "UNAVAILABLE",
    message: expect.stringContaining("out of memory"),
  });
});

test("a key of the wrong type is named by its kind, not by the user's name", () => {
  const error = fromRedis(new Error("WRONGTYPE Operation against a key holding the wrong kind of value"), "a user's session (a hash)");
  expect(error).toMatchObject({ code: "INTERNAL", message: expect.stringContaining("a user's session (a hash)") });
});

test.each(["ERR unknown command", "CROSSSLOT Keys in request don't hash to the same slot", "NOSCRIPT No matching script."])(
  "%s is a fault of ours: INTERNAL",
  (message) => {
    expect(fromRedis(new Error(message))).toMatchObject({ code: "INTERNAL", cause: expect.objectContaining({ message }) });
  },
);

test("an error of ours stays what it is", () => {
  const error = PresenceError.invalid("user_id", "is empty");
  expect(fromRedis(error)).toBe(error);
});
