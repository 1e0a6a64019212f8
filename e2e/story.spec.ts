import { expect, test } from "@playwright/test";
import { type Aye, removeData, startAye } from "./aye.ts";
import { Somebody } from "./people.ts";

const PURPOSES = ["Captions", "Notes", "Learning"] as const;

test("two people meet, one says yes and one says no", async () => {
  const aye: Aye = await startAye();
  const ada = await Somebody.speaking("Ada", "yes");
  const bob = await Somebody.speaking("Bob", "no");
  try {
    const link = await ada.makeMeeting(aye.url, "Story");
    expect(link).toMatch(/\/m\/[^#]+#[A-Za-z0-9_-]{43}$/);
    for (const purpose of PURPOSES) await ada.answer(purpose, "Yes");
    await ada.join();
    await bob.open(link);
    for (const purpose of PURPOSES) await bob.answer(purpose, "No");
    await bob.join();

    await ada.seesMoving("Bob");
    await bob.seesMoving("Ada");
    await ada.hears("Bob");
    await bob.hears("Ada");

    await expect(bob.captions()).toContainText(/lantern|budget|festival/i, { timeout: 90_000 });
    await expect(bob.captions()).toContainText("Ada");
    await expect(ada.captions()).not.toContainText("Bob");
  } finally {
    await ada.close();
    await bob.close();
    await aye.stop();
    removeData(aye);
  }
});
