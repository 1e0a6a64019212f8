import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Somebody who watches a log (C2SP tlog-witness) and believes it: enough to see what a page makes of a cosignature. */
export type Witness = { name: string; vkey: string; url: string; stop: () => Promise<void> };

export async function startWitness(name: string): Promise<Witness> {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const typed = Buffer.concat([Buffer.of(4), publicKey.export({ format: "der", type: "spki" }).subarray(-32)]);
  const id = createHash("sha256").update(`${name}\n`).update(typed).digest().subarray(0, 4);
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      // "old <size>", the consistency proof, an empty line, the checkpoint; of it, what stands above the signatures is signed.
      const body = Buffer.concat(parts).toString();
      const note = body.slice(body.indexOf("\n\n") + 2);
      const time = Buffer.alloc(8);
      const seconds = Math.floor(Date.now() / 1000);
      time.writeBigUInt64BE(BigInt(seconds));
      const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${note.slice(0, note.indexOf("\n\n") + 1)}`), privateKey);
      response.end(`— ${name} ${Buffer.concat([id, time, signature]).toString("base64")}\n`);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    name,
    vkey: `${name}+${id.toString("hex")}+${typed.toString("base64")}`,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => new Promise((done) => server.close(() => done())),
  };
}
