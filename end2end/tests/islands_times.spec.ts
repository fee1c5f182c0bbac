import { type Page } from '@playwright/test';

import { islands, signIn } from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

/** Far behind UTC, and the days around the beginning of summer time. */
const ZONE = 'America/Los_Angeles';
const NOW = '2026-03-09T06:30:00Z';
/** Newest first. The first three are on 9 March in UTC. */
const EVENTS = ['2026-03-09T06:05:00Z', '2026-03-09T01:00:00Z', '2026-03-09T00:10:00Z', '2026-03-08T06:00:00Z'];

/** Puts these times in the place of the server's, in their order; the last one is that of all that follow. */
async function replaceTimes(page: Page, path: string, times: string[]): Promise<void> {
  await page.route(`**${path}`, async (route) => {
    const response = await route.fetch();
    let next = 0;
    const html = await response.text();
    const body = html.replace(/ datetime="[^"]*"/g, () => ` datetime="${times[Math.min(next++, times.length - 1)]}"`);
    await route.fulfill({ response, body });
  });
}

test.describe('in another zone', () => {
  test.use({ timezoneId: ZONE });

  test('events are shown in the time and under the day of the visitor', async ({ page, api, person }) => {
    const { access_token } = await api.login(person);
    await api.patch('/me', { first_name: 'Zoë' }, access_token);
    await signIn(page, person);
    await page.clock.setFixedTime(NOW);
    await replaceTimes(page, '/account/activity', EVENTS);
    await page.goto('/account/activity');
    await islands(page);
    const day = (name: string) => page.getByRole('region', { name, exact: true }).getByRole('listitem');
    await expect(day('Today')).toHaveCount(3);
    const all = await page.locator('.event').count();
    expect(all).toBeGreaterThan(3);
    await expect(day('Yesterday')).toHaveCount(all - 3);
    await expect(day('Today').locator('time')).toHaveText(['23:05', '18:00', '17:10']);
    await expect(day('Yesterday').locator('time').first()).toHaveText('22:00');
    await expect(page.getByText('Times are in UTC.')).toHaveCount(0);
    const ids = await page.locator('[id]').evaluateAll((all) => all.map(({ id }) => id));
    expect(new Set(ids).size, 'every id is there once').toBe(ids.length);
  });

  test('days that are no longer near have their date', async ({ page, person }) => {
    await signIn(page, person);
    await page.clock.setFixedTime('2026-03-20T12:00:00Z');
    await replaceTimes(page, '/account/activity', EVENTS);
    await page.goto('/account/activity');
    await islands(page);
    await expect(page.getByRole('heading', { level: 2 }).first()).toHaveText(/^Sunday,? 8 March 2026$/);
  });

  test('exact times are the visitor\'s, and relative ones stay', async ({ page, person }) => {
    await signIn(page, person);
    await replaceTimes(page, '/account/sessions', EVENTS.slice(0, 1));
    await page.goto('/account/sessions');
    await islands(page);
    const time = page.locator('time').first();
    await expect(time).toHaveText('just now');
    await expect(time).toHaveAttribute('title', /^8 March 2026.* 23:05$/);
  });

  test('a download can be asked for again at once', async ({ page, person }) => {
    await signIn(page, person);
    await page.goto('/account/activity');
    await islands(page);
    for (let times = 0; times < 2; times += 1) {
      const file = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Download your data' }).click();
      await file;
    }
  });
});

test.describe('without scripts', () => {
  test.use({ timezoneId: ZONE, javaScriptEnabled: false });

  test('times name their zone', async ({ page, person }) => {
    await signIn(page, person);
    await page.goto('/account/activity');
    await expect(page.getByText('Times are in UTC.')).toBeVisible();
    await page.goto('/account/sessions');
    await expect(page.locator('time').first()).toHaveAttribute('title', / UTC$/);
  });
});
