/** A press on a yes or a no of one or several rows; each is a word of its own. */
export interface Word {
  readonly yes: boolean;
}

/**
 * What a person pressed last, by row and medium (`keyOf`), and what is still under way for it: receipts that are being
 * recorded, and noes that take effect. A later word is never undone by what came before it.
 */
export class LastWords {
  readonly #last = new Map<string, Word>();
  readonly #signing = new Underway();
  readonly #refusing = new Underway();

  press(keys: readonly string[], yes: boolean): Word {
    const word: Word = { yes };
    for (const key of keys) this.#last.set(key, word);
    return word;
  }

  /** Whether nothing was pressed since. */
  stands(word: Word, key: string): boolean {
    return this.#last.get(key) === word;
  }

  /** Whether a yes was pressed since, and nothing after it. */
  isOvertakenByYes(word: Word, key: string): boolean {
    const last = this.#last.get(key);
    return last !== undefined && last !== word && last.yes;
  }

  /** Whether a no is already taking effect for all of these, and is the last word for them. */
  areRefused(keys: readonly string[]): boolean {
    return keys.every((key) => this.#last.get(key)?.yes === false && this.#refusing.keys.has(key));
  }

  /** What a no is taking effect for: nothing of it is sent. */
  get refusing(): ReadonlySet<string> {
    return this.#refusing.keys;
  }

  /** A no takes effect for these until the returned function is called. */
  refuses(keys: readonly string[]): () => void {
    return this.#refusing.begin(keys);
  }

  /** A receipt that answers these is on its way until the returned function is called. */
  signs(keys: readonly string[]): () => void {
    return this.#signing.begin(keys);
  }

  /** What a receipt is on its way for. */
  get signing(): ReadonlySet<string> {
    return this.#signing.keys;
  }

  isSigning(keys: readonly string[]): boolean {
    return keys.some((key) => this.#signing.keys.has(key));
  }

  isUnderWay(keys: readonly string[]): boolean {
    return this.isSigning(keys) || keys.some((key) => this.#refusing.keys.has(key));
  }

  /** Resolves when no receipt is on its way any more of those that are now. */
  signed(keys: readonly string[]): Promise<void> {
    return this.#signing.over(keys);
  }

  /** Resolves when all that is under way now is over. */
  async over(keys: readonly string[]): Promise<void> {
    await Promise.all([this.#signing.over(keys), this.#refusing.over(keys)]);
  }
}

/** Work that has begun and not ended, by what it is about. */
class Underway {
  readonly #work = new Map<string, Set<Promise<void>>>();

  get keys(): ReadonlySet<string> {
    return new Set(this.#work.keys());
  }

  begin(keys: readonly string[]): () => void {
    let ended: () => void = () => undefined;
    const work = new Promise<void>((resolve) => (ended = resolve));
    for (const key of keys) {
      const all = this.#work.get(key) ?? new Set();
      this.#work.set(key, all.add(work));
    }
    return () => {
      for (const key of keys) {
        const all = this.#work.get(key);
        all?.delete(work);
        if (all?.size === 0) this.#work.delete(key);
      }
      ended();
    };
  }

  async over(keys: readonly string[]): Promise<void> {
    await Promise.all(keys.flatMap((key) => [...(this.#work.get(key) ?? [])]));
  }
}
