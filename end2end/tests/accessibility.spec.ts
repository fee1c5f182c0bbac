import { expectAccessible } from '../fixtures/axe';
import { states } from '../fixtures/states';
import { expect, test } from '../fixtures/test';

for (const [name, open] of Object.entries(states)) {
  test(name, async ({ page, api, mailbox, person, watch }) => {
    watch.expectStatus(404);
    await open({ page, api, mailbox, person });
    await expectAccessible(page, name.startsWith('mail-') ? 'mail' : 'page');
    // Reflow (WCAG 1.4.10): at 320 pixels nothing has to be scrolled sideways.
    await page.setViewportSize({ width: 320, height: 640 });
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width, 'at 320 pixels').toBeLessThanOrEqual(320);
  });
}
