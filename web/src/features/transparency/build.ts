import { b64u, concat, sha256, utf8, type Bytes } from '../bytes/bytes';

/** The pages that the server serves, as it tells it (`GET /api/build`). */
export interface Told {
  readonly hash: string;
  readonly index: number;
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
}

/** What this browser found when it fetched and hashed them itself. */
export interface Built {
  readonly hash: string;
  readonly index: number;
  readonly files: number;
  readonly bytes: number;
  /** Files that are not what the list says, by name. */
  readonly other: readonly string[];
  /** What this very page was made from that is not in the list. */
  readonly strange: readonly string[];
}

const MOST_FILES = 500;
const MOST_BYTES = 32 << 20;

/**
 * Fetches every file and computes the hash over them as the server does for its `BUILD` leaf: over each file in the
 * order of the names, length and bytes of the name, then length and bytes of the file. `used` are the addresses that this
 * page was made from; each must be one of the files.
 */
export async function hashOfPages(
  told: Told,
  read: (name: string) => Promise<Bytes>,
  used: readonly string[],
): Promise<Built> {
  const names = told.files.map(({ name }) => name);
  if (names.length > MOST_FILES || new Set(names).size < names.length)
    throw new Error('the list of the pages cannot be right');
  const parts: Bytes[] = [];
  const other: string[] = [];
  let bytes = 0;
  for (const { name, sha256: digest } of [...told.files].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const content = await read(name);
    bytes += content.length;
    if (bytes > MOST_BYTES) throw new Error('the pages are too large to check');
    if (b64u(await sha256(content)) !== digest) other.push(name);
    parts.push(sized(utf8(name)), sized(content));
  }
  return {
    hash: b64u(await sha256(concat(...parts))),
    index: told.index,
    files: names.length,
    bytes,
    other,
    strange: used.filter((path) => !names.includes(path)),
  };
}

function sized(bytes: Bytes): Bytes {
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(bytes.length));
  return concat(length, bytes);
}

/** The files of this site that the browser has loaded for the page that is shown: its scripts and its styles. */
export function usedHere(document: Document, origin: string): string[] {
  const addresses = [
    ...document.querySelectorAll('script[src], link[rel="stylesheet"], link[rel="modulepreload"]'),
  ]
    .map((element) => element.getAttribute('src') ?? element.getAttribute('href') ?? '')
    .map((address) => new URL(address, origin));
  return addresses.map((url) => (url.origin === origin ? url.pathname.slice(1) : url.href));
}
