import { expect, test } from "vitest";
import { unknownRecord } from "../record.ts";
import { contextAt, Story, second, start } from "./commands.fixture.ts";
import { outrun } from "./outrun.ts";

const told = new Story().connect("phone").record;

test("a record that was lost comes back above what was told, and looks as before", () => {
  const { next } = outrun(unknownRecord, told.version, contextAt(start));
  expect(next.version).toBeGreaterThan(told.version);
  expect(next.status).toBe("OFFLINE");
});

test("a server that comes second finds the version that the first one wrote and told, and writes nothing", () => {
  const first = outrun(unknownRecord, told.version, contextAt(start)).next;
  const again = outrun(first, first.version, contextAt(start));
  expect(again.next).toBe(first);
  expect(outrun(first, told.version, contextAt(start)).next).toBe(first);
});

test("a record that went back keeps what it shows", () => {
  const later = contextAt(new Story().at(second).now);
  const { next } = outrun(told, told.version + 5, later);
  expect(next).toMatchObject({ status: told.status, since: told.since, devices: told.devices });
  expect(next.version).toBeGreaterThan(told.version + 5);
});
