import { snap } from '../fixtures/snap';
import { states } from '../fixtures/states';
import { expect, test } from '../fixtures/test';

for (const [name, open] of Object.entries(states)) {
  test(name, async ({ page, api, mailbox, person, watch }) => {
    watch.expectStatus(404);
    await open({ page, api, mailbox, person });
    await snap(page, name);
    const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(width, 'nothing sticks out at the side').toBeLessThanOrEqual(0);
  });
}
