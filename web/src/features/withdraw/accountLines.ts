/** One line of the signed account (docs/protocol.md calls it `account`), as far as a page has words for it. */
export type AccountLine =
  | { readonly is: 'step'; readonly step: string; readonly at: Date }
  | { readonly is: 'destroyed'; readonly step: string; readonly at: Date; readonly count: number }
  | { readonly is: 'signed'; readonly step: string; readonly at: Date; readonly index: number }
  | { readonly is: 'dataset' | 'model'; readonly id: string }
  | { readonly is: 'recut' | 'rebuilt'; readonly id: string; readonly next: string }
  | { readonly is: 'exported'; readonly count: number }
  | { readonly is: 'notDone' | 'snapshots' };

/**
 * What the signed text says, line by line. The text is for checking and is the same in every language; what a page has
 * no words for stands in it alone.
 */
export function accountLines(text: string): AccountLine[] {
  return text.split('\n').flatMap((line): AccountLine[] => {
    const step = /^([a-z]+) done (\S+?)(?:, (blocks destroyed:|SHRED leaf) (-?\d+))?$/.exec(line);
    if (step) {
      const [, name = '', time = '', what, number] = step;
      const at = new Date(time);
      if (Number.isNaN(at.getTime())) return [];
      if (what === undefined) return [{ is: 'step', step: name, at }];
      return what.startsWith('blocks')
        ? [{ is: 'destroyed', step: name, at, count: Number(number) }]
        : [{ is: 'signed', step: name, at, index: Number(number) }];
    }
    const gone =
      /^(data set|model) (\S+) destroyed(?:, (?:cut again without it as|its counts without yours are in) (\S+))?$/.exec(
        line,
      );
    if (gone) {
      const [, kind, id = '', next] = gone;
      const set = kind === 'data set';
      return next === undefined
        ? [{ is: set ? 'dataset' : 'model', id }]
        : [{ is: set ? 'recut' : 'rebuilt', id, next }];
    }
    const exported = /^not done: (\d+) exported copies/.exec(line);
    if (exported) return [{ is: 'exported', count: Number(exported[1]) }];
    if (line.startsWith('not done: ')) return [{ is: 'notDone' }];
    return line.startsWith('not covered: snapshots') ? [{ is: 'snapshots' }] : [];
  });
}
