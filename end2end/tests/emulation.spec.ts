import { type Page } from '@playwright/test';

import { expectAccessible } from '../fixtures/axe';
import { expectKeyboardPath } from '../fixtures/keyboard';
import { expectNoSidewaysScroll } from '../fixtures/layout';
import { signIn } from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

/** The narrowest telephone. */
const NARROW = { width: 320, height: 640 };

/** Pages with fields, lists and filters; the first two without a session. */
const PUBLIC = ['/login', '/register'];
const ACCOUNT = ['/account', '/account/sessions', '/account/activity'];

/** What is left of a movement that people do not want. In seconds, as style sheets have it. */
const STILL = 0.01;

interface Emulation {
  media: Parameters<Page['emulateMedia']>[0];
  isRightToLeft?: boolean;
}

const emulations: Record<string, Emulation> = {
  'forced colours': { media: { forcedColors: 'active' } },
  'more contrast': { media: { contrast: 'more' } },
  'less movement': { media: { reducedMotion: 'reduce' } },
  'right to left': { media: {}, isRightToLeft: true },
};

/** Whatever moves or fades for longer than nobody sees. */
async function movements(page: Page): Promise<string[]> {
  return page.evaluate((longest) => {
    const moving: string[] = [];
    for (const element of document.querySelectorAll('*')) {
      for (const part of [undefined, '::before', '::after']) {
        const { animationName, animationDuration, transitionDuration, scrollBehavior } = getComputedStyle(element, part);
        const times = (animationName === 'none' ? '' : `${animationDuration},`) + transitionDuration;
        const isSlow = times.split(',').some((time) => Number.parseFloat(time) > longest);
        if (isSlow || scrollBehavior === 'smooth') moving.push(`${element.tagName}.${element.className} ${part ?? ''}`);
      }
    }
    const running = document.getAnimations().map(({ effect }) => Number(effect?.getComputedTiming().duration) / 1000);
    return [...moving, ...running.filter((seconds) => seconds > longest).map((seconds) => `running for ${seconds} s`)];
  }, STILL);
}

for (const [name, { media, isRightToLeft = false }] of Object.entries(emulations)) {
  test(`with ${name} pages can be read and walked`, async ({ page, person }) => {
    await page.setViewportSize(NARROW);
    await page.emulateMedia(media);
    const look = async (path: string) => {
      const what = `${path} with ${name}`;
      await page.goto(path);
      if (isRightToLeft) await page.locator('html').evaluate((html) => html.setAttribute('dir', 'rtl'));
      await expectNoSidewaysScroll(page, what);
      if (media?.reducedMotion) expect.soft(await movements(page), `${what}: nothing moves`).toEqual([]);
      await expectKeyboardPath(page, what);
      // Last, because it looks in light and in the dark. Forced colours are the reader's own, and axe does not know them.
      if (!media?.forcedColors) await expectAccessible(page, what);
    };
    for (const path of PUBLIC) await look(path);
    await page.goto('/login');
    await signIn(page, person);
    for (const path of ACCOUNT) await look(path);
  });
}
