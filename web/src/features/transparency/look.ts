import { api } from '../api/client';
import { b64u, equal, text, unb64u, type Bytes } from '../bytes/bytes';
import { receiptName, receipts } from '../consent/keeping';
import { leaf, LEAF_NAMES } from '../log/leaf';
import { KnownLog } from '../log/memory';
import type { Checkpoint } from '../log/note';
import { checkInLog } from '../log/proof';
import { fetchFromServer } from '../log/tiles';
import { currentVkey } from '../log/vkey';
import { hashOfPages, usedHere, type Built } from './build';
import { checkText, versions, type Version } from './notices';
import { watched, type Watched } from './witnesses';

/** The log as this browser was shown it just now, once it continues what it was shown before. */
export interface SeenLog {
  readonly log: KnownLog;
  readonly checkpoint: Checkpoint;
  readonly latest: readonly { readonly index: number; readonly kind: string; readonly body: string }[];
  /** The name of the file of the newest receipt that this browser has in this log. */
  readonly receipt: string;
}

const LATEST = 20;

export async function lookAtLog(): Promise<SeenLog> {
  const vkey = await currentVkey();
  const log = await KnownLog.of(vkey);
  const checkpoint = await log.latest(new Date());
  const { size } = checkpoint;
  const entries = await log.tiles.entries(Math.max(0, size - LATEST), size, size);
  const mine = (await receipts.all().catch(() => [])).filter((kept) => kept.vkey === vkey);
  const newest = mine.reduce((most, { index }) => Math.max(most, index), -1);
  return {
    log,
    checkpoint,
    latest: entries
      .map(({ index, data }) => ({
        index,
        kind: LEAF_NAMES[data[0] ?? 0] ?? '?',
        body: b64u(data.slice(1)),
      }))
      .reverse(),
    receipt: newest < 0 ? 'aye-receipt.json' : receiptName(newest),
  };
}

export async function lookAtWitnesses({ log, checkpoint }: SeenLog): Promise<Watched> {
  const told = await api.witnesses();
  const witnessed =
    told.quorum > 0 ? await fetchFromServer('/log/witnessed', true).then(text, () => undefined) : undefined;
  return watched(told, checkpoint, witnessed, log, new Date());
}

export async function lookAtNotices({ log, checkpoint }: SeenLog): Promise<readonly Version[]> {
  const { notices } = await api.notices();
  return versions(
    await Promise.all(
      notices.map(async (listed) =>
        checkText(
          listed,
          await fetchFromServer(`/api/notices/${encodeURIComponent(listed.hash)}`),
          log.tiles,
          checkpoint,
        ),
      ),
    ),
  );
}

/** What the check of the pages came to: the files have this hash, and the log says it, or why that is not so. */
export interface SeenBuild extends Built {
  /** The hash that the server says its pages have. */
  readonly told: string;
  /** Why the log does not show the hash that was computed here, or could not be asked for it (`unchecked`). */
  readonly unproved: unknown;
}

const LARGEST_FILE = 16 << 20;

export async function lookAtBuild({ log, checkpoint }: SeenLog): Promise<SeenBuild> {
  const told = await api.build();
  const read = (name: string): Promise<Bytes> =>
    fetchFromServer(`/${name.split('/').map(encodeURIComponent).join('/')}`, false, LARGEST_FILE);
  const built = await hashOfPages(told, read, usedHere(document, location.origin));
  // What stands at "/" is the file that is hashed as index.html, not another one.
  const [start, index] = await Promise.all([fetchFromServer('/', true), read('index.html')]);
  const other = equal(start, index) ? built.other : [...built.other, '/'];
  let unproved: unknown;
  try {
    await checkInLog(log.tiles, checkpoint, told.index, leaf.build(unb64u(built.hash, 32)));
  } catch (why) {
    unproved = why;
  }
  return { ...built, other, told: told.hash, unproved };
}
