import type { Caption } from '../api/events';

/** A line of the captions strip: of somebody who agreed, or a neutral one without a name. */
export type CaptionLine =
  | {
      readonly kind: 'words';
      readonly id: string;
      readonly name: string;
      readonly text: string;
      readonly final: boolean;
      readonly lagMs: number;
      readonly seen: number;
    }
  | { readonly kind: 'gap'; readonly id: string; readonly seen: number };

const LINES = 4;
const GAP_MS = 3000;
const WORDS_MS = 12_000;

/**
 * What the strip shows. Gaps are drawn from audio levels in this browser and forgotten with the line: somebody who is
 * never captioned speaks, and nobody is named.
 */
export class CaptionStrip {
  #lines: CaptionLine[] = [];
  readonly #captioned = new Set<string>();

  get lines(): readonly CaptionLine[] {
    return this.#lines;
  }

  /**
   * `name` is the one in the record that the speaker signed, never the server's. Without a record nobody can tell whose
   * words these are: the line is neutral, as for somebody who is not captioned.
   */
  caption(caption: Caption, name: string | undefined, now: number): void {
    if (name === undefined) {
      this.#lines = this.#lines.filter((l) => l.id !== caption.id);
      if (caption.text.trim() !== '') this.#gap(caption.id, now);
      return;
    }
    this.#captioned.add(caption.participant);
    const line: CaptionLine = {
      kind: 'words',
      id: caption.id,
      name,
      text: caption.text,
      final: caption.final,
      lagMs: caption.lagMs,
      seen: now,
    };
    const at = this.#lines.findIndex((l) => l.id === caption.id);
    if (at >= 0) this.#lines = this.#lines.with(at, line);
    else this.#lines = [...this.#lines, line].slice(-LINES);
  }

  /** Participants who speak at this moment. One neutral line stands for all who are not captioned. */
  speaking(participants: readonly string[], now: number): void {
    if (participants.every((p) => this.#captioned.has(p))) return;
    this.#gap(`gap-${now}`, now);
  }

  #gap(id: string, now: number): void {
    const last = this.#lines.at(-1);
    if (last?.kind === 'gap') this.#lines = this.#lines.with(-1, { ...last, seen: now });
    else this.#lines = [...this.#lines, { kind: 'gap', id, seen: now } as const].slice(-LINES);
  }

  /** Lets lines go that have been read: words after 12 s, gaps after 3 s. */
  age(now: number): void {
    const live = this.#lines.filter((l) => now - l.seen < (l.kind === 'gap' ? GAP_MS : WORDS_MS));
    if (live.length < this.#lines.length) this.#lines = live;
  }
}
