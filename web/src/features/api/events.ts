import type { Choice, Meeting, Withdrawal } from './client';
import { problemOf, readJson } from './client';

export interface Caption {
  readonly id: string;
  readonly participant: string;
  readonly name: string;
  readonly text: string;
  readonly final: boolean;
  readonly at: string;
  readonly lagMs: number;
}

export interface AiState {
  readonly listening: boolean;
  readonly partial: boolean;
  readonly recipients: readonly {
    readonly id: string;
    readonly name: string;
    readonly host: string;
    readonly model: string;
    readonly purposes: readonly string[];
  }[];
}

/** What the server tells a seat while it is taken. */
export type SeatEvent =
  | { readonly kind: 'meeting'; readonly data: Meeting }
  | { readonly kind: 'ai'; readonly data: AiState }
  | { readonly kind: 'caption'; readonly data: Caption }
  | { readonly kind: 'mine'; readonly data: { readonly choices: readonly Choice[] } }
  | { readonly kind: 'withdrawal'; readonly data: Withdrawal }
  | { readonly kind: 'ended'; readonly data: object };

const KINDS = new Set(['meeting', 'ai', 'caption', 'mine', 'withdrawal', 'ended']);
const LONGEST_EVENT = 1 << 20;

/** Cuts a `text/event-stream` into events (WHATWG HTML 9.2.6); what it does not know it passes over. */
export class EventCutter {
  #rest = '';
  #name = '';
  #data: string[] = [];

  push(chunk: string): SeatEvent[] {
    this.#rest += chunk;
    if (this.#rest.length > LONGEST_EVENT) throw new Error('an event is too long');
    const events: SeatEvent[] = [];
    const lines = this.#rest.split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (this.#data.length > 0 && KINDS.has(this.#name))
          events.push({ kind: this.#name, data: readJson(this.#data.join('\n')) } as SeatEvent);
        this.#name = '';
        this.#data = [];
      } else if (!line.startsWith(':')) {
        const colon = line.indexOf(':');
        const field = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
        if (field === 'event') this.#name = value;
        else if (field === 'data') this.#data.push(value);
      }
    }
    return events;
  }
}

export interface Subscription {
  close(): void;
}

/** Reads a seat's events until closed, and again after the connection was lost (1 s, then up to 10 s apart). */
export function subscribe(
  meeting: string,
  seat: string,
  on: { event(event: SeatEvent): void; connected(connected: boolean): void; gone(): void },
): Subscription {
  const stop = new AbortController();
  const run = async () => {
    let pause = 1000;
    while (!stop.signal.aborted) {
      try {
        const response = await fetch(`/api/meetings/${encodeURIComponent(meeting)}/events`, {
          headers: { Authorization: `Bearer ${seat}`, Accept: 'text/event-stream' },
          signal: stop.signal,
          cache: 'no-store',
        });
        if (response.status === 401 || response.status === 403 || response.status === 404) {
          on.gone();
          return;
        }
        if (!response.ok || !response.body) throw await problemOf(response);
        on.connected(true);
        pause = 1000;
        const cutter = new EventCutter();
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        for (let part = await reader.read(); !part.done; part = await reader.read())
          for (const event of cutter.push(part.value)) on.event(event);
      } catch (problem) {
        if (stop.signal.aborted) return;
        console.warn('events: connection lost', problem);
      }
      on.connected(false);
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(10_000, pause * 2);
    }
  };
  void run();
  return { close: () => stop.abort() };
}
