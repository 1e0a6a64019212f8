/**
 * One store of an IndexedDB database on this device. Three databases are used: `aye` for keys, receipts and memory;
 * `aye-slips` for withdrawal slips, which stay apart from receipts because a receipt may be shown to others; and
 * `aye-ends` for what is taken back without a slip, so that it is said again after a reload.
 */
const SHELVES = {
  aye: {
    devices: 'meeting',
    receipts: 'id',
    refusals: 'question',
    checkpoints: 'origin',
    created: 'meeting',
  },
  'aye-slips': { slips: 'handle' },
  'aye-ends': { ends: 'handle' },
} as const;

type Database = keyof typeof SHELVES;

const open = new Map<string, Promise<IDBDatabase>>();

function database(name: Database): Promise<IDBDatabase> {
  const known = open.get(name);
  if (known) return known;
  const opening = new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      for (const [store, keyPath] of Object.entries(SHELVES[name]))
        request.result.createObjectStore(store, { keyPath });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('storage is closed'));
  });
  open.set(name, opening);
  opening.catch(() => open.delete(name));
  return opening;
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('storage failed'));
  });
}

export class Shelf<T> {
  readonly #database: Database;
  readonly #store: string;

  constructor(databaseName: Database, store: string) {
    this.#database = databaseName;
    this.#store = store;
  }

  async get(key: string): Promise<T | undefined> {
    return settled((await this.#in('readonly')).get(key)) as Promise<T | undefined>;
  }

  async all(): Promise<T[]> {
    return settled((await this.#in('readonly')).getAll()) as Promise<T[]>;
  }

  /** Resolves once the transaction is complete, so that what was put survives the page. */
  async put(value: T): Promise<void> {
    const store = await this.#in('readwrite');
    const done = complete(store.transaction);
    store.put(value);
    await done;
  }

  /** Puts `value` only where `unchanged` says so of what is there, in one transaction; whether it did. */
  async putIf(key: string, value: T, unchanged: (now: T | undefined) => boolean): Promise<boolean> {
    const store = await this.#in('readwrite');
    const done = complete(store.transaction);
    const put = unchanged((await settled(store.get(key))) as T | undefined);
    if (put) store.put(value);
    await done;
    return put;
  }

  async delete(key: string): Promise<void> {
    const store = await this.#in('readwrite');
    const done = complete(store.transaction);
    store.delete(key);
    await done;
  }

  async #in(mode: IDBTransactionMode): Promise<IDBObjectStore> {
    const db = await database(this.#database);
    return db.transaction(this.#store, mode, { durability: 'strict' }).objectStore(this.#store);
  }
}

function complete(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error ?? new Error('storage failed'));
    transaction.onabort = () => reject(transaction.error ?? new Error('storage is full'));
  });
}
