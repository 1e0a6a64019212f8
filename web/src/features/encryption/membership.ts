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

/**
 * Who is in the meeting, and the sender keys between them. Feed it the participants' attributes as they come; it gives
 * out this device's sender key, wrapped to each member, draws a new one when a member comes or goes, and uses it 500 ms
 * after it was sent. Calls are worked off one after the other.
 */
export class Membership {
  readonly #meeting: string;
  readonly #self: string;
  readonly #linkSecret: Bytes;
  readonly #privateKey: CryptoKey;
  readonly #edge: MembershipEdge;
  readonly #members = new Map<string, Member>();
  readonly #records = new Map<string, string>();
  readonly #wrapped = new Map<string, string>();
  readonly #published = new Set<string>();
  #index = -1;
  #work: Promise<void> = Promise.resolve();
  #rotation = 0;

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
  start(present: ReadonlyMap<string, Readonly<Record<string, string>>>): Promise<void> {
    return this.#then(async () => {
      for (const [participant, attributes] of present) await this.#read(participant, attributes);
      await this.#drawKey(0);
      this.#edge.membersChanged(this.#members);
    });
  }

  /** Attributes of a participant, when they join and whenever they change. */
  attributes(participant: string, attributes: Readonly<Record<string, string>>): Promise<void> {
    return this.#then(async () => {
      const before = this.#members.get(participant);
      await this.#read(participant, attributes);
      const after = this.#members.get(participant);
      if (before === after) return;
      if (this.#index >= 0) await this.#drawKey(SETTLE_MS);
      this.#edge.membersChanged(this.#members);
    });
  }

  left(participant: string): Promise<void> {
    return this.#then(async () => {
      this.#records.delete(participant);
      this.#wrapped.delete(participant);
      if (!this.#members.delete(participant)) return;
      await this.#drawKey(SETTLE_MS);
      this.#edge.membersChanged(this.#members);
    });
  }

  /** Takes up a participant's record and the sender key that they wrapped for us. */
  async #read(participant: string, attributes: Readonly<Record<string, string>>): Promise<void> {
    if (participant === this.#self) return;
    const record = attributes[MEMBER_ATTRIBUTE] ?? '';
    if (record !== this.#records.get(participant)) {
      this.#records.set(participant, record);
      this.#members.delete(participant);
      try {
        if (record !== '')
          this.#members.set(
            participant,
            await openMember(record, this.#linkSecret, this.#meeting, participant),
          );
      } catch {
        // A record that does not hold makes no member: they get no key, and the page shows them as a stranger.
      }
      this.#wrapped.delete(participant);
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

  async #drawKey(settleMs: number): Promise<void> {
    const rotation = ++this.#rotation;
    this.#index = (this.#index + 1) % INDEXES;
    const index = this.#index;
    const key = random(32);
    const attributes: Record<string, string> = {};
    for (const gone of this.#published) if (!this.#members.has(gone)) attributes[`aye.k.${gone}`] = '';
    this.#published.clear();
    for (const member of this.#members.values()) {
      this.#published.add(member.participant);
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
    if (settleMs === 0) return this.#edge.useKey(this.#self, key, index);
    void this.#edge.wait(settleMs).then(async () => {
      // Only the newest key is taken into use: an older one that settles late would let a leaver listen on.
      if (rotation === this.#rotation) await this.#edge.useKey(this.#self, key, index);
    });
  }

  #then(step: () => Promise<void>): Promise<void> {
    const next = this.#work.then(step);
    this.#work = next.catch(() => undefined);
    return next;
  }
}
