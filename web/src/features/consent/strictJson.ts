import { unb64u } from '../bytes/bytes';

/**
 * JSON read so that no two readers can understand it differently: the same reading as `StrictJson` in the server's
 * consent module, with which it is compared mutant by mutant (receiptReader.test.ts).
 *
 * RFC 8259 without its freedoms: no key twice in an object, at most 8 levels, integers only, no lone surrogates and no
 * control characters in texts but the line feed, nothing before the beginning or after the end.
 *
 * It is written by hand because `JSON.parse` cannot say that a key stood there twice or how deep a text is nested, and
 * the parsers on npm that can are made for editors and configuration files: they pass over comments, commas and errors
 * that are to be refused here, and are many times larger than this grammar. One pass, no backtracking, and recursion
 * ends at the eighth level, so its time is linear in the text.
 */
export type Strict = string | number | boolean | readonly Strict[] | StrictObject;

/** By key, in the order of the text. A `Map`, so that no key means anything to JavaScript. */
export type StrictObject = ReadonlyMap<string, Strict>;

/** The text is not JSON, or not as strict as it must be. Says where, never what stood there. */
export class NotStrict extends Error {}

const DEEPEST = 8;
const LONGEST_NUMBER = 16;

/** Reads UTF-8; a byte order mark is refused like any other thing that is not JSON. Throws `NotStrict`. */
export function strictJson(bytes: Uint8Array): Strict {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new NotStrict('this is not UTF-8');
  }
  const reading = new Reading(text);
  const value = reading.value(0);
  reading.end();
  return value;
}

const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)/y;
// Up to the next thing that needs a look: the end, an escape, or a character below the space.
// oxlint-disable-next-line no-control-regex
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const HEX = /[0-9A-Fa-f]{4}/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

class Reading {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): Strict {
    this.#take(SPACE);
    const first = this.#text[this.#at];
    if (first === '{' || first === '[') {
      if (depth === DEEPEST) throw this.#wrong('is nested too deeply');
      this.#at++;
      return first === '{' ? this.#object(depth + 1) : this.#list(depth + 1);
    }
    if (first === '"') return acceptable(this.#string()) ?? this.#fail('has a text with control characters');
    if (this.#word('true')) return true;
    if (this.#word('false')) return false;
    return this.#number();
  }

  end(): void {
    this.#take(SPACE);
    if (this.#at < this.#text.length) throw this.#wrong('goes on after its end');
  }

  #object(depth: number): StrictObject {
    const members = new Map<string, Strict>();
    if (this.#next('}')) return members;
    do {
      this.#take(SPACE);
      if (this.#text[this.#at] !== '"') throw this.#wrong('has a key that is no text');
      const key = this.#string();
      if (members.has(key)) throw this.#wrong('has a key twice');
      if (!this.#next(':')) throw this.#wrong('has a key without a value');
      members.set(key, this.value(depth));
    } while (this.#next(','));
    if (!this.#next('}')) throw this.#wrong('has an object without an end');
    return members;
  }

  #list(depth: number): readonly Strict[] {
    const values: Strict[] = [];
    if (this.#next(']')) return values;
    do values.push(this.value(depth));
    while (this.#next(','));
    if (!this.#next(']')) throw this.#wrong('has a list without an end');
    return values;
  }

  #string(): string {
    this.#at++;
    const parts: string[] = [];
    for (;;) {
      parts.push(this.#take(PLAIN));
      const next = this.#text[this.#at++];
      if (next === '"') return parts.join('');
      if (next !== '\\') throw this.#wrong('has a text without an end');
      const escape = this.#text[this.#at++] ?? '';
      const plain = ESCAPES[escape];
      if (plain !== undefined) parts.push(plain);
      else if (escape === 'u') parts.push(String.fromCharCode(parseInt(this.#hex(), 16)));
      else throw this.#wrong('has an unknown escape');
    }
  }

  #hex(): string {
    return this.#take(HEX) || this.#fail('has an escape without its number');
  }

  #number(): number {
    const digits = this.#take(NUMBER);
    if (digits === '') throw this.#wrong('has something that is no value');
    if (digits.length > LONGEST_NUMBER) throw this.#wrong('has a number that is too long');
    // What follows an integer is a fraction, an exponent or nonsense, unless it is one of these.
    if (!/[ \t\r\n,\]}]/.test(this.#text[this.#at] ?? ' '))
      throw this.#wrong('has a number that is no integer');
    return Number(digits);
  }

  #word(word: string): boolean {
    const there = this.#text.startsWith(word, this.#at);
    if (there) this.#at += word.length;
    return there;
  }

  #next(sign: string): boolean {
    this.#take(SPACE);
    const there = this.#text[this.#at] === sign;
    if (there) this.#at++;
    return there;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #fail(what: string): never {
    throw this.#wrong(what);
  }

  #wrong(what: string): NotStrict {
    return new NotStrict(`the text ${what}, at ${this.#at}`);
  }
}

/** The text itself, unless it has a control character or half of a surrogate pair. */
function acceptable(text: string): string | undefined {
  // oxlint-disable-next-line no-control-regex
  return /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\p{Cs}]/u.test(text) ? undefined : text;
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The members of an object, taken out one by one; each throws unless it is exactly what it must be. */
export class Fields {
  readonly #members: StrictObject;
  readonly #where: string;

  private constructor(members: StrictObject, where: string) {
    this.#members = members;
    this.#where = where;
  }

  static of(value: Strict | undefined, where: string): Fields {
    if (!(value instanceof Map)) throw new NotStrict(`${where} is not an object`);
    return new Fields(value, where);
  }

  /** This, when its keys are `keys` and perhaps some of `optional`. */
  having(keys: readonly string[], optional: readonly string[] = []): this {
    for (const key of this.#members.keys())
      if (!keys.includes(key) && !optional.includes(key))
        throw new NotStrict(`${this.#where} has an unknown field`);
    for (const key of keys) if (!this.#members.has(key)) throw new NotStrict(`${this.#where} lacks ${key}`);
    return this;
  }

  has(key: string): boolean {
    return this.#members.has(key);
  }

  /** A text of 1 to `longest` UTF-16 units. */
  text(key: string, longest: number): string {
    const value = this.#members.get(key);
    if (typeof value !== 'string') throw this.#wrong(key, 'is not a text');
    if (value === '' || value.length > longest)
      throw this.#wrong(key, `is not 1 to ${longest} characters long`);
    return value;
  }

  exactly(key: string, expected: string): void {
    if (this.#members.get(key) !== expected) throw this.#wrong(key, `is not ${expected}`);
  }

  oneOf<T extends string>(key: string, known: readonly T[]): T {
    const value = this.#members.get(key);
    const found = known.find((k) => k === value);
    if (found === undefined) throw this.#wrong(key, 'is unknown');
    return found;
  }

  shaped(key: string, shape: RegExp): string {
    const value = this.text(key, 64);
    if (!shape.test(value)) throw this.#wrong(key, 'is not an id');
    return value;
  }

  /** The canonical base64url of `length` bytes. */
  base64url(key: string, length: number): string {
    const value = this.text(key, Math.ceil((length * 4) / 3));
    try {
      unb64u(value, length);
    } catch {
      throw this.#wrong(key, `is not base64url of ${length} bytes`);
    }
    return value;
  }

  integer(key: string, least: number, most: number): number {
    const value = this.#members.get(key);
    if (typeof value !== 'number' || value < least || value > most)
      throw this.#wrong(key, 'is not an integer in its range');
    return value;
  }

  /** A UTC time with milliseconds that exists, in the one spelling it has. */
  time(key: string): string {
    const value = this.text(key, 24);
    const time = Date.parse(value);
    if (!TIME.test(value) || Number.isNaN(time) || new Date(time).toISOString() !== value)
      throw this.#wrong(key, 'is not a UTC time with milliseconds');
    return value;
  }

  object(key: string): Fields {
    return Fields.of(this.#members.get(key), `${this.#where}.${key}`);
  }

  /** One to `most` objects. */
  objects(key: string, most: number): Fields[] {
    const value = this.#members.get(key);
    if (!Array.isArray(value) || value.length === 0 || value.length > most)
      throw this.#wrong(key, `is not a list of 1 to ${most}`);
    return value.map((one: Strict) => Fields.of(one, `${this.#where}.${key}`));
  }

  /** One to `most` texts. */
  texts(key: string, most: number, longest: number): string[] {
    const value = this.#members.get(key);
    if (!Array.isArray(value) || value.length === 0 || value.length > most)
      throw this.#wrong(key, `is not a list of 1 to ${most}`);
    return value.map((one: Strict) => {
      if (typeof one !== 'string' || one === '' || one.length > longest)
        throw this.#wrong(key, `has something that is not 1 to ${longest} characters long`);
      return one;
    });
  }

  #wrong(key: string, what: string): NotStrict {
    return new NotStrict(`${this.#where}.${key} ${what}`);
  }
}
