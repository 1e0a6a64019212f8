import { b64u, random, unb64u, type Bytes } from '../bytes/bytes';
import { MEMBER_ATTRIBUTE, openMember, type Member } from './member';
import { seal, sharedX, unseal } from './secret';

/** How the keys of a meeting leave this core: attributes to publish, keys to give to the frame encryption. */
export interface MembershipEdge {
  setAttributes(attributes: Record<string, string>): Promise<void>;
  useKey(participant: string, key: Bytes, index: number): Promise<void>;
  membersChanged(members: ReadonlyMap<string, Member>): void;
  /** Resolves after `ms`; simulated in tests. */
  wait(ms: number): Promise<void>;
}

const SETTLE_MS = 500;
const INDEXES = 16;

/** What the meeting room says of a participant: the name in their token, and the attributes they set themself. */
export interface Present {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * Who is in the meeting, and the sender keys between them. Feed it the participants' attributes as they come; it gives
 * out this device's sender key, wrapped to each member, draws a new one when a member comes or goes, and uses it 500 ms
 * after it was sent. One key settles at a time and comes into use before the next is drawn, so nobody who comes and
 * goes, or changes what they say, can hold back a rotation. The first record of a participant that holds is final
 * while they are there. Calls are worked off one after the other.
 */
export class Membership {
  readonly #meeting: string;
  readonly #self: string;
  readonly #linkSecret: Bytes;
  readonly #privateKey: CryptoKey;
  readonly #edge: MembershipEdge;
  readonly #members = new Map<string, Member>();
  readonly #wrapped = new Map<string, string>();
  readonly #published = new Set<string>();
  #index = -1;
  #inUse = -1;
  #settling = false;
  #wanted = false;
  readonly #settled: (() => void)[] = [];
  #closed = false;
  #work: Promise<void> = Promise.resolve();

  constructor(args: {
    meeting: string;
    self: string;
    linkSecret: Bytes;
    privateKey: CryptoKey;
    edge: MembershipEdge;
  }) {
    this.#meeting = args.meeting;
    this.#self = args.self;
    this.#linkSecret = args.linkSecret;
    this.#privateKey = args.privateKey;
    this.#edge = args.edge;
  }

  get members(): ReadonlyMap<string, Member> {
    return this.#members;
  }

  /** Begins with those who are there already; the first key is used at once, for nothing was sent before it. */
  start(present: ReadonlyMap<string, Present>): Promise<void> {
    return this.#then(async () => {
      for (const [participant, { name, attributes }] of present)
        await this.#read(participant, attributes, name);
      await this.#useKey(await this.#drawKey());
      this.#edge.membersChanged(this.#members);
    });
  }

  /** Attributes of a participant, when they join and whenever they change. */
  attributes(participant: string, attributes: Readonly<Record<string, string>>, name: string): Promise<void> {
    return this.#then(async () => {
      const before = this.#members.get(participant);
      await this.#read(participant, attributes, name);
      if (before === this.#members.get(participant)) return;
      await this.#rotate();
      this.#edge.membersChanged(this.#members);
    });
  }

  left(participant: string): Promise<void> {
    return this.#then(async () => {
      this.#wrapped.delete(participant);
      if (!this.#members.delete(participant)) return;
      await this.#rotate();
      this.#edge.membersChanged(this.#members);
    });
  }

  /**
   * Resolves when the key in use went to everybody who is a member now: at once, unless somebody has just come or gone.
   * People who come and go can put it off, so whoever waits for it waits for so long only.
   */
  async settled(): Promise<void> {
    await this.#work;
    if (this.#settling) await new Promise<void>((resolve) => this.#settled.push(resolve));
  }

  /** Draws no key any more. */
  close(): void {
    this.#closed = true;
  }

  /** Takes up a participant's record and the sender key that they wrapped for us. */
  async #read(
    participant: string,
    attributes: Readonly<Record<string, string>>,
    name: string,
  ): Promise<void> {
    if (participant === this.#self) return;
    const record = attributes[MEMBER_ATTRIBUTE] ?? '';
    if (record !== '' && !this.#members.has(participant))
      try {
        const member = await openMember(record, this.#linkSecret, this.#meeting, participant);
        if (member.name !== name) throw new Error('the record bears another name than the seat');
        // A key that is no point of the curve would fail every later rotation.
        await sharedX(this.#privateKey, member.ecdh);
        this.#members.set(participant, member);
      } catch {
        // A record that does not hold makes no member: they get no key, and the page shows them as a stranger.
      }
    const member = this.#members.get(participant);
    const wrapped = attributes[`aye.k.${this.#self}`] ?? '';
    if (!member || wrapped === '' || wrapped === this.#wrapped.get(participant)) return;
    const [index = '', sealed = ''] = wrapped.split('.');
    if (!/^(\d|1[0-5])$/.test(index)) return;
    try {
      const key = await unseal(
        await sharedX(this.#privateKey, member.ecdh),
        'aye/sender-key/1',
        `${this.#meeting}\n${participant}\n${this.#self}\n${index}`,
        unb64u(sealed),
      );
      if (key.length !== 32) return;
      this.#wrapped.set(participant, wrapped);
      await this.#edge.useKey(participant, key, Number(index));
    } catch {
      // A wrapped key that does not open leaves their media undecipherable, which the page shows.
    }
  }

  /** Has a new key drawn: now, or when the one that is settling has come into use. */
  async #rotate(): Promise<void> {
    if (this.#index < 0 || this.#closed) return;
    this.#wanted = true;
    if (this.#settling) return;
    this.#wanted = false;
    this.#settling = true;
    let drawn: Drawn | undefined;
    try {
      drawn = await this.#drawKey();
    } catch (failure) {
      console.warn('membership: a new key could not be sent, trying again', failure);
      this.#wanted = true;
    }
    void this.#edge.wait(SETTLE_MS).then(() =>
      this.#then(async () => {
        this.#settling = false;
        if (drawn) await this.#useKey(drawn);
        if (this.#wanted) await this.#rotate();
        if (!this.#settling) for (const tell of this.#settled.splice(0)) tell();
      }),
    );
  }

  async #useKey({ key, index }: Drawn): Promise<void> {
    await this.#edge.useKey(this.#self, key, index);
    this.#inUse = index;
  }

  /** Draws a key and sends it to every member, under an index that is not in use. */
  async #drawKey(): Promise<Drawn> {
    do this.#index = (this.#index + 1) % INDEXES;
    while (this.#index === this.#inUse);
    const index = this.#index;
    const key = random(32);
    const attributes: Record<string, string> = {};
    for (const gone of this.#published) if (!this.#members.has(gone)) attributes[`aye.k.${gone}`] = '';
    for (const member of this.#members.values()) {
      const sealed = await seal(
        await sharedX(this.#privateKey, member.ecdh),
        'aye/sender-key/1',
        `${this.#meeting}\n${this.#self}\n${member.participant}\n${index}`,
        key,
        random(12),
      );
      attributes[`aye.k.${member.participant}`] = `${index}.${b64u(sealed)}`;
    }
    if (Object.keys(attributes).length > 0) await this.#edge.setAttributes(attributes);
    this.#published.clear();
    for (const member of this.#members.keys()) this.#published.add(member);
    return { key, index };
  }

  #then(step: () => Promise<void>): Promise<void> {
    const next = this.#work.then(step);
    this.#work = next.catch(() => undefined);
    return next;
  }
}

interface Drawn {
  readonly key: Bytes;
  readonly index: number;
}
