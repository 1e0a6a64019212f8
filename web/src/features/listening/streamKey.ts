import { b64u, concat, random, type Bytes } from '../bytes/bytes';
import { ecdhPair, seal, sharedX } from '../encryption/secret';

/** A stream key and its wrapping to a recipient's public key (docs/protocol.md, "Listening room"). */
export async function wrapStreamKey(
  recipientPoint: Bytes,
  about: { meeting: string; participant: string; recipient: string },
  streamKey: Bytes = random(32),
): Promise<{ streamKey: Bytes; wrappedKey: string }> {
  const { privateKey, point } = await ecdhPair();
  const sealed = await seal(
    await sharedX(privateKey, recipientPoint),
    'aye/stream/1',
    `${about.meeting}\n${about.participant}\n${about.recipient}`,
    streamKey,
    random(12),
  );
  return { streamKey, wrappedKey: b64u(concat(point, sealed)) };
}
