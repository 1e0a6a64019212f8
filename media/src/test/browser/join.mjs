// Five people join at once, twice: how long until everybody sees and hears everybody.
// Usage: node join.mjs URL PLAYWRIGHT [people] [seconds allowed a round]
const [url, playwright, people = '5', allowed = '60'] = process.argv.slice(2);
const { chromium } = await import(playwright);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
    '--autoplay-policy=no-user-gesture-required'],
});
const names = ['ann', 'bob', 'cas', 'dee', 'eve'].slice(0, Number(people));
const room = 'r' + Date.now();
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
let failed = 0;
// Everybody must see a picture that moves and hear a tone from everybody else.
const complete = (seen) =>
  names.every((me, i) => names.every((other) => me === other || (seen[i][other]?.camera?.frames > 1 && seen[i][other]?.microphone?.energy > 0)));
const missing = (seen) =>
  names.flatMap((me, i) => names.filter((o) => o !== me).flatMap((o) => [
    ...(seen[i][o]?.camera?.frames > 1 ? [] : [`${me} does not see ${o}`]),
    ...(seen[i][o]?.microphone?.energy > 0 ? [] : [`${me} does not hear ${o}`]),
  ]));
try {
  const pages = [];
  for (const identity of names) {
    const page = await (await browser.newContext()).newPage();
    page.on('pageerror', (e) => console.log(`[${identity}] PAGE ERROR`, e.message));
    await page.goto(url + '/page.html');
    pages.push(page);
  }
  for (const round of [1, 2]) {
    const start = Date.now();
    await Promise.all(pages.map((p, i) =>
      p.evaluate(async (o) => {
        await person.join(o);
        await person.publish({ width: 640, height: 360, frameRate: 15 });
      }, { room, identity: names[i], encrypted: true, others: names })));
    const published = Date.now() - start;
    let seen;
    do {
      await sleep(100);
      seen = await Promise.all(pages.map((p) => p.evaluate(() => person.seen())));
    } while (!complete(seen) && Date.now() - start < Number(allowed) * 1000);
    const holds = complete(seen);
    if (!holds) failed++;
    console.log(holds ? 'holds ' : 'FAILS ', `round ${round}: all ${people} see and hear all the others`,
      JSON.stringify(holds ? { publishedAfterMs: published, allSeeAllAfterMs: Date.now() - start } : missing(seen)));
    await Promise.all(pages.map((p) => p.evaluate(() => person.room.disconnect())));
    await sleep(500);
    await Promise.all(pages.map((p) => p.reload()));
  }
} catch (e) {
  failed++;
  console.log('FAILS  the story broke off:', e.message.slice(0, 500));
} finally {
  await browser.close();
}
console.log(failed ? `${failed} claims fail` : 'every claim holds');
process.exit(failed ? 1 : 0);
