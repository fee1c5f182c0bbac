import { API } from '../fixtures/api';
import { newPerson } from '../fixtures/app';
import { MAILS, Mailbox } from '../fixtures/mailbox';
import { startOwnServer } from '../fixtures/own_server';
import { linkPage } from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

test('a mail is shown as its reader sees it, with its text beside it, and all links work', async ({ page, context, watch }) => {
  // The frame runs no scripts, not even those with which a test looks into it.
  watch.expectMessage(/^Blocked script execution in .* because the document's frame is sandboxed/);
  // The one of all tests gets more mails with every moment.
  const server = await startOwnServer({});
  try {
    const person = newPerson();
    await page.request.post(`${server.origin}${API}/register`, { data: person });
    const { code } = await new Mailbox(server.mailbox).newest(person.email, MAILS.confirm);
    await page.goto(`${server.origin}/dev/mailbox`);
    const frame = page.locator('iframe');
    const mail = frame.contentFrame();
    await expect(mail.getByText(code!, { exact: true })).toBeVisible();
    const [box, text] = [await frame.boundingBox(), await page.locator('pre').boundingBox()];
    expect(text!.x, 'the text is beside').toBeGreaterThanOrEqual(box!.x + box!.width);
    expect(Math.abs(text!.y - box!.y)).toBeLessThan(2);

    const opened = context.waitForEvent('page');
    await mail.locator('a[href*="token="]').first().click();
    await expect(await opened, 'a link of the mail opens outside of its frame').toHaveURL(linkPage('/verify-email'));
    await page.locator('pre a').first().click();
    await expect(page).toHaveURL(linkPage('/verify-email'));

    await page.goBack();
    await page.setViewportSize({ width: 360, height: 640 });
    const [above, below] = [await frame.boundingBox(), await page.locator('pre').boundingBox()];
    expect(below!.y, 'on a telephone the text is below').toBeGreaterThanOrEqual(above!.y + above!.height);
  } finally {
    await server.stop();
  }
});
