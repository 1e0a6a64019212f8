// What livekit-client does over a meeting's life, claim by claim. Usage: node story.mjs URL PLAYWRIGHT
const [url, playwright] = process.argv.slice(2);
const { chromium } = await import(playwright);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream=fps=5', '--use-fake-ui-for-media-stream',
    '--autoplay-policy=no-user-gesture-required'],
});
const room = 'r' + Date.now();
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
const began = Date.now();
let failed = 0;
const claim = (name, holds, evidence) => {
  if (!holds) failed++;
  console.log(holds ? 'holds ' : 'FAILS ', `${((Date.now() - began) / 1000).toFixed(1)} s`, name, evidence === undefined ? '' : JSON.stringify(evidence).slice(0, 400));
};
const until = async (name, f, ms = 15000) => {
  const end = Date.now() + ms;
  let last;
  while (Date.now() < end) {
    last = await f();
    if (last) return claim(name, true, last === true ? undefined : last);
    await sleep(200);
  }
  claim(name, false, last);
};
const open = async (identity) => {
  const page = await (await browser.newContext()).newPage();
  page.on('pageerror', (e) => console.log(`[${identity}] PAGE ERROR`, e.message));
  if (process.env.VERBOSE) page.on('console', (m) => console.log(`[${identity}]`, m.text().slice(0, 400)));
  await page.goto(url + '/page.html');
  await page.evaluate((o) => person.join(o), { room, identity, encrypted: true, others: ['ann', 'bob', 'cas', 'dee', 'eve'] });
  return page;
};
const read = async (page, who, source, field) => {
  const seen = await page.evaluate(() => person.seen());
  return who.map((name) => seen[name]?.[source]?.[field] ?? 0);
};
/** Whether the count for each of these people grows within a second. */
const grows = async (page, people, source, field) => {
  const who = [people].flat();
  const before = await read(page, who, source, field);
  for (let i = 0; i < 10; i++) {
    await sleep(100);
    const now = await read(page, who, source, field);
    if (now.every((count, i) => count > before[i])) return true;
  }
  return false;
};
const log = (page, text) => page.evaluate((t) => person.log.some((l) => l.startsWith(t)), text);
try {
  const ann = await open('ann');
  const bob = await open('bob');
  await ann.evaluate(() => person.publish());
  await bob.evaluate(() => person.publish());
  await until('bob sees ann', () => grows(bob, 'ann', 'camera', 'frames'));
  await until('ann hears bob', () => grows(ann, 'bob', 'microphone', 'energy'));
  await until('ann speaks, as bob is told', () => bob.evaluate(() => person.speakers.includes('ann')));

  await ann.evaluate(() => person.room.localParticipant.publishData(new TextEncoder().encode('hoi'), { reliable: true, topic: 'chat' }));
  await until('a chat message arrives, encrypted', () => bob.evaluate(() => person.messages.some((m) => m.text === 'hoi' && m.from === 'ann' && m.encryption === 1)));
  await ann.evaluate(() => person.room.localParticipant.publishData(new TextEncoder().encode('y'.repeat(30000)), { reliable: true, topic: 'chat' }));
  await until('a message of 30 kB arrives', () => bob.evaluate(() => person.messages.some((m) => m.text.length === 30000)));
  await ann.evaluate(() => person.room.localParticipant.setAttributes({ 'aye.k.bob': 'z'.repeat(200) }));
  await until('attributes arrive', () => log(bob, 'attributes ann'));

  await ann.evaluate(() => person.room.localParticipant.setMicrophoneEnabled(false));
  await until('bob is told that ann muted', () => log(bob, 'muted ann microphone'));
  await ann.evaluate(() => person.room.localParticipant.setMicrophoneEnabled(true));
  await until('ann is heard again after unmuting', () => grows(bob, 'ann', 'microphone', 'energy'));
  await fetch(`${url}/mute?room=${room}&identity=ann`);
  await until('ann is muted by the host', () => ann.evaluate(() => !person.room.localParticipant.isMicrophoneEnabled));
  await ann.evaluate(() => person.room.localParticipant.setMicrophoneEnabled(true));
  await until('and can unmute', () => grows(bob, 'ann', 'microphone', 'energy'));

  await ann.evaluate(() => person.room.localParticipant.setScreenShareEnabled(true, { audio: false }).catch((e) => person.log.push('no screen ' + e.message)));
  if (!(await log(ann, 'no screen'))) {
    await until('bob sees the screen of ann', () => grows(bob, 'ann', 'screen_share', 'frames'));
    await ann.evaluate(() => person.room.localParticipant.setScreenShareEnabled(false));
    await until('the screen goes away', () => log(bob, 'unsubscribed ann screen_share'));
  }
  await ann.evaluate(() => person.room.localParticipant.setCameraEnabled(false));
  await ann.evaluate(() => person.room.localParticipant.setCameraEnabled(true));
  await until('the camera comes back', () => grows(bob, 'ann', 'camera', 'frames'));
  const track = await bob.evaluate(() => {
    const pub = [...person.room.remoteParticipants.values()][0].getTrackPublication('camera');
    pub.setSubscribed(false);
    return pub.trackSid;
  });
  await until('bob unsubscribes', () => log(bob, 'unsubscribed ann camera'));
  await bob.evaluate(() => [...person.room.remoteParticipants.values()][0].getTrackPublication('camera').setSubscribed(true));
  await until('and subscribes again', () => grows(bob, 'ann', 'camera', 'frames'));
  await bob.evaluate(() => [...person.room.remoteParticipants.values()][0].getTrackPublication('camera').setVideoQuality(0));
  await until('bob gets the small layer when he asks for it', async () => (await bob.evaluate(() => person.seen())).ann.camera.width === 320);
  await bob.evaluate(() => [...person.room.remoteParticipants.values()][0].getTrackPublication('camera').setVideoQuality(2));
  await until('and the large one again', async () => (await bob.evaluate(() => person.seen())).ann.camera.width === 1280, 20000);

  // From here on who comes back does so with a token that was renewed over the signalling.
  await until('the token that bob came with is worth nothing by now', async () =>
    (await fetch(`${url}/rtc/v1/validate?access_token=${await bob.evaluate(() => person.token)}`)).status === 401);
  await bob.evaluate(() => person.room.simulateScenario('signal-reconnect'));
  await until('bob resumes after his signalling broke', () => log(bob, 'reconnected'), 20000);
  await until('and still sees ann', () => grows(bob, 'ann', 'camera', 'frames'));
  await until('and still hears ann', () => grows(bob, 'ann', 'microphone', 'energy'));
  await bob.evaluate(() => (person.log.length = 0));
  await bob.evaluate(() => person.room.engine.reconnect());
  await until('bob comes back after a full reconnect', () => log(bob, 'reconnected'), 20000);
  await until('and sees ann', () => grows(bob, 'ann', 'camera', 'frames'));
  await until('and ann sees bob', () => grows(ann, 'bob', 'camera', 'frames'));

  const others = [];
  for (const name of ['cas', 'dee', 'eve']) {
    const page = await open(name);
    await page.evaluate(() => person.publish());
    others.push(page);
  }
  await until('five people: ann sees everybody', () => grows(ann, ['bob', 'cas', 'dee', 'eve'], 'camera', 'frames'), 60000);
  await until('and the last one hears everybody', () => grows(others[2], ['ann', 'bob', 'cas', 'dee'], 'microphone', 'energy'), 60000);
  await others[0].evaluate(() => person.room.disconnect());
  await until('who leaves is gone', () => log(ann, 'left cas'));
  await fetch(`${url}/remove?room=${room}&identity=dee`);
  await until('who is removed is out', () => log(others[1], 'disconnected'));
  const again = await open('cas');
  await until('who comes back sees ann', () => grows(again, 'ann', 'camera', 'frames'), 20000);
  const errors = await ann.evaluate(() => person.log.filter((l) => l.startsWith('encryption error')));
  claim('no encryption error was shown', errors.length === 0, errors);
} catch (e) {
  failed++;
  console.log('FAILS  the story broke off:', e.message.slice(0, 500));
} finally {
  await browser.close();
}
console.log(failed ? `${failed} claims fail` : 'every claim holds');
process.exit(failed ? 1 : 0);
