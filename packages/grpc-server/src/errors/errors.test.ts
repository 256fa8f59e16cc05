import { status } from "@grpc/grpc-js";
import { PresenceError, type PresenceErrorCode } from "@presence/domain";
import { BadRequest, ErrorInfo, RetryInfo, RpcStatus } from "@presence/proto";
import { describe, expect, test } from "vitest";
import { errorReport } from "./error-report.ts";
import { toServiceError } from "./rpc-status.ts";
import { translations } from "./translations.ts";

function richOf(error: PresenceError): RpcStatus | undefined {
  const [bytes] = toServiceError(error).metadata.get("grpc-status-details-bin");
  return bytes instanceof Buffer ? RpcStatus.decode(bytes) : undefined;
}

describe("errors on the wire", () => {
  const expected: Record<PresenceErrorCode, status> = {
    INVALID_ARGUMENT: status.INVALID_ARGUMENT,
    DEVICE_DISCONNECTED: status.FAILED_PRECONDITION,
    SESSION_REQUIRED: status.FAILED_PRECONDITION,
    LIMIT_EXCEEDED: status.RESOURCE_EXHAUSTED,
    UNAUTHENTICATED: status.UNAUTHENTICATED,
    PERMISSION_DENIED: status.PERMISSION_DENIED,
    UNAVAILABLE: status.UNAVAILABLE,
    INTERNAL: status.INTERNAL,
  };

  test.each(Object.keys(translations) as PresenceErrorCode[])("%s has one gRPC status, also in its details", (code) => {
    const error = new PresenceError(code, "why");
    expect(toServiceError(error)).toMatchObject({ code: expected[code], details: "why" });
    const rich = richOf(error);
    if (rich !== undefined) expect(rich).toMatchObject({ code: expected[code], message: "why" });
  });

  test("INVALID_ARGUMENT names its fields", () => {
    const rich = richOf(PresenceError.invalid("user_ids[3]", "is empty"));
    expect(BadRequest.decode(rich?.details[0]?.value ?? new Uint8Array()).fieldViolations).toMatchObject([
      { field: "user_ids[3]", description: "is empty" },
    ]);
  });

  test.each(["DEVICE_DISCONNECTED", "SESSION_REQUIRED"] as const)("%s is a reason for programs", (code) => {
    const detail = richOf(new PresenceError(code, "why"))?.details[0];
    expect(detail?.typeUrl).toBe("type.googleapis.com/google.rpc.ErrorInfo");
    expect(ErrorInfo.decode(detail?.value ?? new Uint8Array())).toMatchObject({ reason: code, domain: "presence" });
  });

  test("a limit says when to come back where that helps, and nothing where it does not", () => {
    expect(richOf(new PresenceError("LIMIT_EXCEEDED", "too many members"))).toBeUndefined();
    const { retryDelay } = RetryInfo.decode(
      richOf(new PresenceError("LIMIT_EXCEEDED", "why", { retryAfterMs: 40 }))?.details[0]?.value ?? new Uint8Array(),
    );
    expect(retryDelay).toMatchObject({ seconds: 0n, nanos: 40_000_000 });
  });

  test.each([
    [PresenceError.unavailable("why", 1_500.2), 1_501],
    [new PresenceError("UNAVAILABLE", "why"), 500],
  ])("UNAVAILABLE says when to come back", (error, ms) => {
    const { retryDelay } = RetryInfo.decode(richOf(error)?.details[0]?.value ?? new Uint8Array());
    expect(Number(retryDelay?.seconds) * 1_000 + (retryDelay?.nanos ?? 0) / 1e6).toBe(ms);
  });
});

describe("a report of an error", () => {
  test("has kinds and places, and no words", () => {
    const cause = Object.assign(new TypeError("alice\n    at alice (secret.ts:1:1)"), { code: "ERR_X" });
    const report = errorReport(new PresenceError("INTERNAL", "record of alice", { cause }));
    expect(JSON.stringify(report)).not.toMatch(/alice|secret/);
    expect(report).toMatchObject({ name: "PresenceError", code: "INTERNAL", cause: { name: "TypeError", code: "ERR_X" } });
    expect(report.at[0]).toContain("errors.test.ts");
  });

  test("of what is no error has its type, and of a ring of causes an end", () => {
    expect(errorReport("alice")).toEqual({ name: "string", at: [] });
    const ring = new Error("a");
    ring.cause = ring;
    expect(JSON.stringify(errorReport(ring)).length).toBeGreaterThan(0);
  });
});
