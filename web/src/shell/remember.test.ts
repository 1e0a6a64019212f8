import { afterEach, describe, expect, it, vi } from 'vitest';
import { deviceToJoin } from '../features/consent/standing';
import type { Meeting } from '../features/api/client';
import { createdMeeting, rememberCreated } from '../features/consent/keeping';
import { findLinkSecret, rememberLink } from '../features/landing/link';
import { b64u } from '../features/bytes/bytes';
import { startWords, speak } from '../words/words';
import { recall, remember } from './remember';

const refuses = {
  getItem: () => {
    throw new DOMException('refused', 'SecurityError');
  },
  setItem: () => {
    throw new DOMException('refused', 'SecurityError');
  },
};

describe('a browser that refuses all storage', () => {
  const refuse = () => {
    vi.stubGlobal('localStorage', refuses);
    vi.stubGlobal('sessionStorage', refuses);
    vi.stubGlobal('document', { documentElement: {} });
    vi.stubGlobal('navigator', { languages: ['nl-NL'] });
    vi.stubGlobal('indexedDB', {
      open: () => {
        throw new DOMException('refused', 'SecurityError');
      },
    });
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  };
  afterEach(() => vi.unstubAllGlobals());

  it('gets a page in its language all the same, and keeps what it needs while the page lives', async () => {
    refuse();
    await startWords();
    speak('nl');
    remember('browser', 'aye.name', 'Ann');
    expect(recall('browser', 'aye.name')).toBe('Ann');
    expect(recall('browser', 'aye.none')).toBeUndefined();
    const secret = b64u(new Uint8Array(32));
    rememberLink('m1', secret);
    expect(await findLinkSecret('m1', '')).toEqual(new Uint8Array(32));
    await rememberCreated({ meeting: 'm1', hostKey: 'h', secret, title: '' });
    expect((await createdMeeting('m1'))?.hostKey).toBe('h');
    expect(await createdMeeting('m2')).toBeUndefined();
  });

  it('meets under a key for this visit, which may not be asked about AI', async () => {
    refuse();
    const meeting = { id: 'm1', title: '', log: { origin: 'log.example/aye' } } as Meeting;
    const { device, keeps } = await deviceToJoin(meeting, [], new Date(0));
    expect(keeps).toBe(false);
    expect((await device.sign('aye-member+jws', {})).split('.')).toHaveLength(3);
  });
});
