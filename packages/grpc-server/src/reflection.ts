import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Server } from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";

/** Lets clients such as grpcurl ask for the contract. */
export function addReflection(server: Server): void {
  const descriptors = createRequire(import.meta.url).resolve("@presence/proto/descriptors.binpb");
  new ReflectionService(loadFileDescriptorSetFromBuffer(readFileSync(descriptors))).addToServer(server);
}
