// What two people see and hear of each other on a bad network, claim by claim.
// Usage: node lossy.mjs URL PLAYWRIGHT [seconds] [people]
const [url, playwright, seconds = '30', people = '2'] = process.argv.slice(2);
const { chromium } = await import(playwright);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream=fps=30', '--use-fake-ui-for-media-stream',
    '--autoplay-policy=no-user-gesture-required'],
});
const names = ['ann', 'bob', 'cas', 'dee', 'eve'].slice(0, Number(people));
const room = 'r' + Date.now();
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
const pages = [];
const seen = () => Promise.all(pages.map((p) => p.evaluate(() => person.seen())));
let failed = 0;
const claim = (name, holds, evidence) => {
  if (!holds) failed++;
  console.log(holds ? 'holds ' : 'FAILS ', name, JSON.stringify(evidence));
};
try {
  for (const identity of names) {
    const page = await (await browser.newContext()).newPage();
    page.on('pageerror', (e) => console.log(`[${identity}] PAGE ERROR`, e.message));
    await page.goto(url + '/page.html');
    await page.evaluate((o) => person.join(o), { room, identity, encrypted: true, others: names });
    pages.push(page);
  }
  await Promise.all(pages.map((p) => p.evaluate(() => person.publish())));
  await sleep(10_000); // the estimates find their level
  const before = await seen();
  const sizes = [];
  for (let i = 0; i < Number(seconds); i++) {
    await sleep(1000);
    const now = await seen();
    for (const one of now) for (const other of Object.values(one)) sizes.push(other.camera?.width ?? 0);
    if (process.env.VERBOSE) console.log(i, JSON.stringify(now.map((o) => Object.values(o).map((c) => [c.camera?.width, c.camera?.fps, c.camera?.freezes]))),
      JSON.stringify((await Promise.all(pages.map((p) => p.evaluate(() => person.sending())))).map((o) => o.map((v) => [v.rid, v.width, v.fps, v.target, v.limit]))));
  }
  const after = await seen();
  for (const [i, name] of names.entries()) {
    for (const other of names.filter((n) => n !== name)) {
      const [a, b] = [before[i][other], after[i][other]];
      const concealed = (b.microphone.concealed - b.microphone.silent - a.microphone.concealed + a.microphone.silent) / (b.microphone.samples - a.microphone.samples);
      const fps = (b.camera.frames - a.camera.frames) / Number(seconds);
      claim(`${name} hears ${other} with less than 2 % made up`, concealed < 0.02, { concealed, nacks: b.microphone.nacks });
      claim(`${name} sees ${other} at 20 pictures a second`, fps >= 20, { fps, freezes: b.camera.freezes - a.camera.freezes, frozen: b.camera.frozen - a.camera.frozen, width: b.camera.width, delay: b.camera.delay, pli: b.camera.pli });
    }
  }
  claim('the large picture is seen most of the time', sizes.filter((w) => w === 1280).length > sizes.length / 2,
    Object.fromEntries([...new Set(sizes)].map((w) => [w, sizes.filter((x) => x === w).length])));
  console.log('sending', JSON.stringify(await pages[0].evaluate(() => person.sending())));
} catch (e) {
  failed++;
  console.log('FAILS  the story broke off:', e.message.slice(0, 500));
} finally {
  await browser.close();
}
console.log(failed ? `${failed} claims fail` : 'every claim holds');
process.exit(failed ? 1 : 0);
