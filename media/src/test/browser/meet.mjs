// Two to five Chromium pages meet over the Java SFU. Usage: node meet.mjs URL PLAYWRIGHT [people] [encrypted]
const [url, playwright, people = '2', encrypted = 'plain'] = process.argv.slice(2);
const { chromium } = await import(playwright);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
    '--autoplay-policy=no-user-gesture-required'],
});
const names = ['ann', 'bob', 'cas', 'dee', 'eve'].slice(0, Number(people));
const pages = [];
const room = 'r' + Date.now();
try {
  for (const identity of names) {
    const page = await (await browser.newContext()).newPage();
    page.on('console', (m) => { if (process.env.VERBOSE || ['error'].includes(m.type())) console.log(`[${identity}]`, m.text().slice(0, 600)); });
    page.on('pageerror', (e) => console.log(`[${identity}] PAGE ERROR`, e.message));
    await page.goto(url + '/page.html');
    const ms = await page.evaluate((o) => person.join(o), { room, identity, encrypted: encrypted === 'encrypted', others: names });
    console.log(identity, 'joined in', ms, 'ms');
    pages.push(page);
  }
  await Promise.all(pages.map((p) => p.evaluate(() => person.publish())));
  for (let i = 0; i < Number(process.env.ROUNDS ?? 3); i++) {
    await new Promise((r) => setTimeout(r, 4000));
    for (const [i, p] of pages.entries()) {
      console.log(names[i], 'sees', JSON.stringify(await p.evaluate(() => person.seen())));
    }
  }
  console.log('sending', JSON.stringify(await pages[0].evaluate(() => person.sending())));
  await pages[0].evaluate(() => person.room.localParticipant.publishData(new TextEncoder().encode('hallo'), { reliable: true, topic: 'chat' })).catch((e) => console.log('data failed', e.message));
  await pages[0].evaluate(() => person.room.localParticipant.setAttributes({ 'aye.member': 'x'.repeat(500) })).catch((e) => console.log('attributes failed', e.message));
  await new Promise((r) => setTimeout(r, 1000));
  for (const [i, p] of pages.entries()) console.log(names[i], JSON.stringify(await p.evaluate(() => [person.speakers, person.messages, person.log.map((l) => l.slice(0, 80))])));
} finally {
  await browser.close();
}
