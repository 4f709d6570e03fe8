// One DNS question that every server can answer without asking for long: the root's name servers. Pure bytes (RFC 1035).

/** Any answer counts, a refusal too: it shows that somebody is there. */
export function rootQuestion(id: number): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(0x0100, 2); // recursion desired
  header.writeUInt16BE(1, 4); // one question
  return Buffer.concat([header, Buffer.from([0, 0, 2, 0, 1])]); // ".", NS, IN
}

export function isAnswerTo(id: number, message: Buffer): boolean {
  return message.length >= 12 && message.readUInt16BE(0) === id && (message.readUInt16BE(2) & 0x8000) !== 0;
}
