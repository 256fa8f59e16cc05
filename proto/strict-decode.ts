import { BinaryReader } from "@bufbuild/protobuf/wire";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Decodes a message as proto3 says. The generated code alone stops silently at a zero byte or a stray end of a group, and replaces what
 * is no UTF-8.
 * @throws Error where the bytes are no message of that type
 */
export function decodeStrictly<Message>(type: { decode(input: BinaryReader): Message }, bytes: Uint8Array): Message {
  checkFields(bytes);
  return type.decode(new BinaryReader(bytes, (text) => utf8.decode(text)));
}

function checkFields(bytes: Uint8Array): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    reader.skip(wireType, field);
  }
}
