import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { b64, b64u, sha256, unb64u, utf8 } from '../src/features/bytes/bytes';
import { openJws } from '../src/features/device/jws';
import { ecdhPair } from '../src/features/encryption/secret';
import { commitment, leaf } from '../src/features/log/leaf';
import { logInMemory } from './log-in-memory';
import { noticeText } from './notices';

interface Given {
  purpose: string;
  medium: string;
  state: string;
  handle?: string;
}

interface Seat {
  participant: string;
  person: string;
  name: string;
  streams: ServerResponse[];
}

/**
 * A fake of the server for tests of the page: the REST contract of docs/protocol.md over a real signed log in memory.
 * Media is not faked: tokens come from a LiveKit server at `sfu`, which gives them at `/token?room=&identity=`.
 */
export async function contractServer(site: string, sfu: string) {
  const log = await logInMemory('aye.example/log');
  const { point } = await ecdhPair();
  log.entries.push(leaf.key(point));
  for (const l of ['en', 'nl'] as const) log.entries.push(leaf.notice(await sha256(utf8(noticeText(l)))));
  let purposes = ['captions', 'notes', 'training'];
  const seats = new Map<string, Seat>();
  const answers: {
    person: string;
    receipt: string;
    salt: string;
    index: number;
    proof: string;
    choices: Given[];
  }[] = [];
  const withdrawals: {
    person: string;
    handle: string;
    purpose: string;
    medium: string;
    at: string;
    step: number;
    account?: string;
  }[] = [];
  const listening: string[] = [];
  const story: string[] = [];
  let people = 0;
  let door = '';

  const meeting = async () => ({
    id: 'm1',
    title: 'Weekly catch-up',
    room: 'r1',
    demo: false,
    host: false,
    ai: {
      purposes,
      recipients: [
        {
          id: 'companion',
          name: 'Aye companion',
          key: b64u(point),
          keyIndex: 0,
          keyProof: await log.proof(0),
          processor: { host: 'this server', model: 'sphinx4' },
        },
      ],
    },
    notice: { version: 1, en: noticeText('en'), nl: noticeText('nl') },
    scope: { usual: 'meeting', widest: 'meeting', days: 90 },
    log: { origin: log.origin, vkey: log.vkey },
  });
  const token = async (room: string, identity: string) =>
    (await fetch(`${sfu}/token?room=${room}&identity=${identity}`)).text();
  const tell = (seat: Seat, event: string, data: unknown) => {
    for (const s of seat.streams) s.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const tellAll = (event: string, data: unknown) => {
    for (const seat of seats.values()) tell(seat, event, data);
  };
  const ai = () => ({
    listening: listening.length > 0,
    partial: listening.length < seats.size,
    recipients: [{ id: 'companion', name: 'Aye companion', host: 'this server', model: 'sphinx4', purposes }],
  });
  const STEPS = ['stop', 'block', 'subtract', 'shred', 'recut', 'rebuild', 'sign', 'unblock', 'account'];
  const shown = (w: (typeof withdrawals)[number]) => ({
    ...w,
    meeting: 'm1',
    steps: STEPS.map((step, i) => ({
      step,
      state: i < w.step ? 'done' : i === w.step ? 'doing' : 'waiting',
    })),
  });

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://x');
    const path = url.pathname;
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body =
      parts.length > 0 ? (JSON.parse(Buffer.concat(parts).toString()) as Record<string, string>) : {};
    const json = (value: unknown, status = 200) => {
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    const problem = (status: number, slug: string, detail: string) => {
      response.writeHead(status, { 'Content-Type': 'application/problem+json' });
      response.end(JSON.stringify({ type: `urn:aye:problem:${slug}`, status, detail }));
    };
    const seat = seats.get((request.headers.authorization ?? '').replace('Bearer ', ''));
    story.push(`${request.method} ${path}`);
    if (path === '/log/witnesses') return json({ quorum: 0, witnesses: [] });
    if (path === '/api/build') return problem(404, 'no-pages', 'This server was started without its pages.');
    if (path === '/api/notices')
      return json({
        notices: await Promise.all(
          (['en', 'nl'] as const).map(async (l, i) => ({
            version: 1,
            locale: l,
            hash: b64u(await sha256(utf8(noticeText(l)))),
            index: i + 1,
            published: '2026-11-22T10:00:00.000Z',
            changed: [],
          })),
        ),
      });
    for (const l of ['en', 'nl'] as const)
      if (path === `/api/notices/${b64u(await sha256(utf8(noticeText(l))))}`)
        return void response.end(noticeText(l));
    if (path === '/log/vkey') return void response.end(`${log.vkey}\n`);
    if (path.startsWith('/log/')) return void response.end(Buffer.from(await log.fetch(path)));
    if (path === '/api/meetings') door = body['door'] ?? '';
    if (path === '/api/meetings') return json({ id: 'm1', link: `${base}/m/m1`, hostKey: 'host' }, 201);
    if (path === '/api/meetings/m1' && request.method === 'PATCH') {
      purposes = body['purposes'] as unknown as string[];
      tellAll('meeting', await meeting());
      return json(await meeting());
    }
    if (path === '/api/meetings/m1') return json(await meeting());
    if (path.endsWith('/participants')) {
      if (door !== '' && door !== b64u(await sha256(unb64u(body['knock'] ?? '', 32))))
        return problem(403, 'link-incomplete', 'This link is not whole.');
      const { jwk } = await openJws(body['device'] ?? '', 'aye-device+jws');
      const participant = `p${++people}`;
      const key = `seat-${participant}`;
      seats.set(key, { participant, person: jwk.x, name: body['name'] ?? '', streams: [] });
      return json(
        {
          serverUrl: sfu.replace('http', 'ws'),
          token: await token('m1', participant),
          participantId: participant,
          seat: key,
          host: body['hostKey'] === 'host',
        },
        201,
      );
    }
    if (path.endsWith('/events') && seat) {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      seat.streams.push(response);
      tell(seat, 'meeting', await meeting());
      tell(seat, 'ai', ai());
      tell(seat, 'mine', {
        choices: answers.filter((a) => a.person === seat.person).flatMap((a) => a.choices),
      });
      return;
    }
    if (path.endsWith('/answers') && seat) {
      const { payload, jwk } = await openJws(body['receipt'] ?? '', 'aye-receipt+jws');
      const index = log.entries.length;
      log.entries.push(leaf.answer(await commitment(unb64u(body['salt'] ?? '', 32), body['receipt'] ?? '')));
      const choices = payload['choices'] as Given[];
      const proof = await log.proof(index);
      answers.push({
        person: jwk.x,
        receipt: body['receipt'] ?? '',
        salt: body['salt'] ?? '',
        index,
        proof,
        choices,
      });
      return json({ index, proof, grants: choices.filter((c) => c.state === 'given') }, 201);
    }
    if (path.endsWith('/streams') && seat) {
      if (request.method === 'DELETE') {
        listening.splice(listening.indexOf(seat.participant), 1);
        tellAll('ai', ai());
        return void response.writeHead(204).end();
      }
      unb64u(body['wrappedKey'] ?? '', 65 + 12 + 48);
      if (!listening.includes(seat.participant)) listening.push(seat.participant);
      tellAll('ai', ai());
      return json(
        {
          serverUrl: sfu.replace('http', 'ws'),
          token: await token(`listen-${seat.participant}`, seat.participant),
        },
        201,
      );
    }
    if (path === '/api/withdrawals') {
      const secret = unb64u(body['secret'] ?? '', 32);
      const hash = b64u(await sha256(secret));
      const owner = answers.find((a) => a.choices.some((c) => c.handle === hash));
      const choice = owner?.choices.find((c) => c.handle === hash);
      if (!owner || !choice) return problem(404, 'unknown-slip', 'Nobody granted anything under this.');
      choice.state = 'withdrawn';
      const at = new Date().toISOString();
      const promise = await log.sign(
        `aye-promise/1\n${log.origin}\n${b64(unb64u(hash))}\n${log.entries.length}\n${at}\n`,
      );
      setTimeout(() => log.entries.push(leaf.withdraw(secret)), 800);
      const withdrawal: (typeof withdrawals)[number] = {
        person: owner.person,
        handle: hash,
        purpose: choice.purpose,
        medium: choice.medium,
        at,
        step: 1,
      };
      withdrawals.push(withdrawal);
      const timer = setInterval(() => {
        if (++withdrawal.step < STEPS.length) return;
        clearInterval(timer);
        void log
          .sign(`aye-account/1\nhandle ${hash}\nblocks shredded 12\n`)
          .then((a) => (withdrawal.account = a));
      }, 500);
      return json({ handle: hash, promise });
    }
    if (path === '/api/me') {
      const { jwk } = await openJws(
        (request.headers.authorization ?? '').replace('Device ', ''),
        'aye-request+jws',
      );
      const mine = answers.filter((a) => a.person === jwk.x);
      const left = mine.some((a) => a.choices.some((c) => c.state === 'given'));
      return json({
        person: jwk.x,
        answers: mine.map((a) => ({
          ...a,
          meeting: 'm1',
          title: 'Weekly catch-up',
          noticeText: noticeText('en'),
        })),
        held: left
          ? [
              {
                kind: 'notes',
                meeting: 'm1',
                at: '2026-11-22T10:41:07.000Z',
                text: 'so we move the release to the third of next month',
                block: 'b1',
              },
            ]
          : [],
        used: left
          ? [
              { kind: 'dataset', id: 'ds-3f2a', index: 31, state: 'current' },
              { kind: 'model', id: 'words-81c0', index: 33, state: 'current' },
            ]
          : [],
        withdrawals: withdrawals.filter((w) => w.person === jwk.x).map(shown),
      });
    }
    if (path.endsWith('/mute')) {
      await fetch(`${sfu}/mute?room=m1&identity=${body['participantId']}`);
      return void response.writeHead(204).end();
    }
    if (path.endsWith('/end')) {
      tellAll('ended', {});
      return void response.writeHead(204).end();
    }
    if (path.endsWith('/notes')) return json({ ready: true, summary: [], transcript: [] });
    if (path.startsWith('/api/')) return problem(404, 'not-found', '');
    const file = path.startsWith('/assets/') || path === '/icon.svg' ? path : '/index.html';
    const type = file.endsWith('.js')
      ? 'text/javascript'
      : file.endsWith('.css')
        ? 'text/css'
        : file.endsWith('.svg')
          ? 'image/svg+xml'
          : 'text/html';
    response.writeHead(200, { 'Content-Type': type });
    response.end(await readFile(join(site, file)));
  };

  const server = createServer((request, response) => {
    handle(request, response).catch((failure: unknown) => {
      console.error('contract server', request.url, failure);
      response.writeHead(500).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { base, log, seats, story, tellAll, listening, close: () => server.closeAllConnections() };
}
