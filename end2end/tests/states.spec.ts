import { expectAccessible } from '../fixtures/axe';
import { watchDocuments } from '../fixtures/documents';
import { expectKeyboardPath } from '../fixtures/keyboard';
import { expectRoom } from '../fixtures/layout';
import { expectValidMarkup } from '../fixtures/markup';
import { expectPasswordManagerConventions } from '../fixtures/password_managers';
import { WITH_PICTURES, shoot, snap } from '../fixtures/snap';
import { ENGLISH_ALONE, states } from '../fixtures/states';
import { expect, test } from '../fixtures/test';
import { expectTranslated, textsOf } from '../fixtures/words';

/** States whose German is checked with axe too: its words are the only difference. */
const CHECKED_IN_GERMAN = ['sign-in', 'sign-in-refused', 'register', 'account', 'account-sessions-many', 'mail-welcome'];

/** What the states of refusals and errors are about. */
const STATUSES = [400, 403, 404, 405, 408, 413, 421, 429, 500, 503];

/** What Chromium says of a page without TLS whose host has another name than this machine's own. */
const NOT_SECURE = /^The Cross-Origin-Opener-Policy header has been ignored/;

// The pictures show more, and traces take a third of the time.
test.use({ trace: 'off' });

for (const [name, open] of Object.entries(states)) {
  const kind = name.startsWith('mail-') ? 'mail' : 'page';

  test(name, async ({ page, browser, api, mailbox, person, limitedServer, privateServer, brandedServer, watch }) => {
    watch.expectStatus(...STATUSES);
    watch.expectMessage(NOT_SECURE);
    const source = watchDocuments(page);
    const servers = { limitedServer, privateServer, brandedServer };
    await open({ page, api, mailbox, person, ...servers });

    await test.step('axe', () => expectAccessible(page, name, kind));
    await test.step('markup', async () => expectValidMarkup(await source(), kind));
    await test.step('password managers', () => expectPasswordManagerConventions(page, name));
    await test.step('pictures', () => snap(page, name));
    const english = await textsOf(page);
    await test.step('400 %', () => expectRoom(page, name));
    // Last, because fields show errors when they are left empty.
    if (kind === 'page') await test.step('keyboard', () => expectKeyboardPath(page, name));
    if (ENGLISH_ALONE.includes(name)) return;
    // The other states in German are walked with the pictures, and every week.
    if (!WITH_PICTURES && !CHECKED_IN_GERMAN.includes(name)) return;

    await test.step('German', async () => {
      const context = await browser.newContext({ locale: 'de-DE' });
      await watch.attach(context);
      const german = await context.newPage();
      const stage = { api, mailbox, person: await api.person('de'), ...servers };
      await open({ page: german, ...stage });
      await expect(german.locator('html')).toHaveAttribute('lang', 'de');
      expectTranslated(english, await textsOf(german), name);
      await shoot(german, `${name}-laptop-german`);
      if (CHECKED_IN_GERMAN.includes(name)) await expectAccessible(german, `${name} in German`, kind);
      await expectRoom(german, `${name} in German`);
      await context.close();
    });
  });
}
