// The presence server as its own command starts it, but it does not outlive the process that forks it.

process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
await import(new URL("./main.js", import.meta.resolve("@presence/grpc-server")).href);
