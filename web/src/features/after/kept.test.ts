import { describe, expect, it } from 'vitest';
import { keptBy } from './kept';

const piece = { kind: 'notes', meeting: 'm', at: '', text: 'so we move', block: 'b' } as const;
const taken = { handle: 'h', meeting: 'm', purpose: 'notes', medium: 'voice', at: '', steps: [] };

describe('that nothing was kept', () => {
  it('is said only when the server holds nothing and everything taken back is accounted for', () => {
    expect(keptBy({ held: [], withdrawals: [] }, [])).toBe('nothing');
    expect(keptBy({ held: [], withdrawals: [{ ...taken, account: 'signed' }] }, [{ is: 'inLog' }])).toBe(
      'nothing',
    );
    expect(keptBy({ held: [piece], withdrawals: [] }, [])).toBe('something');
    expect(keptBy({ held: [piece], withdrawals: [taken] }, [])).toBe('deleting');
    expect(keptBy({ held: [], withdrawals: [taken] }, [])).toBe('deleting');
    expect(keptBy({ held: [], withdrawals: [] }, [{ is: 'sending' }])).toBe('deleting');
  });
});
