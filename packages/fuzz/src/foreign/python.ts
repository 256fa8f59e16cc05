import { spawnSync } from "node:child_process";

/** The first Python that has grpcio. The one of the system may have it where another stands before it on PATH. */
export function pythonWithGrpc(): string | undefined {
  const { PYTHON } = process.env;
  const candidates = PYTHON ? [PYTHON] : ["python3", "/usr/bin/python3"];
  return candidates.find((python) => spawnSync(python, ["-c", "import grpc"], { stdio: "ignore" }).status === 0);
}
