// @ts-check
// Puts all pictures of `artifacts/` on one page, and that page into pictures of its own: `cargo xtask e2e` ends with it.

import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { chromium } from '@playwright/test';

const FOLDER = 'artifacts';
const SHEET = 'contact-sheet';
const WIDTH = 1800;
/** As high as a picture of the sheet may be: people and programs look at it in one piece. */
const PAGE_HEIGHT = 2400;

/** The pictures of a state, in the order of its row. */
const COLUMNS = [
  'phone-light',
  'phone-dark',
  'laptop-light',
  'laptop-dark',
  'desktop-light',
  'desktop-dark',
  'laptop-german',
];
const NAME = new RegExp(`^(.+)-(${COLUMNS.join('|')})\\.png$`);

/** Sections of the sheet, by how the names of their states begin. */
const GROUPS = {
  'Signing in': /^sign-in/,
  Registration: /^(register|verify-email)/,
  'Forgotten passwords': /^(forgot|reset)-password/,
  'The account': /^(account|sign-out)/,
  'Going back': /^(restore|revert)/,
  Errors: /^error/,
  'A deployment of its own looks': /^branded/,
  Mails: /^mail/,
};

/** @type {Map<string, Set<string>>} */
const states = new Map();
for (const file of readdirSync(FOLDER)) {
  const [, state, column] = NAME.exec(file) ?? [];
  if (state && column) states.set(state, (states.get(state) ?? new Set()).add(column));
}
if (states.size === 0) throw new Error(`there are no pictures in ${resolve(FOLDER)}`);

/** @param {string} state */
const groupOf = (state) => Object.entries(GROUPS).find(([, pattern]) => pattern.test(state))?.[0] ?? 'Others';

/** @param {string} state @param {string} column */
const figure = (state, column) => `
      <figure class="${column}">
        <a href="${state}-${column}.png"><img src="${state}-${column}.png" alt="${state}, ${column}"></a>
        <figcaption>${column.replace('-', ', ')}</figcaption>
      </figure>`;

/** @param {string} state @param {Set<string>} columns */
const row = (state, columns) => `
    <section>
      <h3>${state}</h3>
      <div class="row">${COLUMNS.filter((column) => columns.has(column)).map((column) => figure(state, column)).join('')}
      </div>
    </section>`;

const groups = [...Object.keys(GROUPS), 'Others'].map((group) => {
  const rows = [...states].filter(([state]) => groupOf(state) === group).sort();
  return rows.length === 0 ? '' : `\n    <h2>${group}</h2>${rows.map(([state, columns]) => row(state, columns)).join('')}`;
});

const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Contact sheet</title>
    <style>
      body { margin: 16px; font: 14px/1.4 system-ui, sans-serif; color: #222; background: #c9c9c4 }
      h1, h2, h3 { margin: 12px 0 4px; line-height: 1.2 }
      h3 { font-size: 15px }
      .row { display: flex; gap: 10px; align-items: flex-start }
      figure { margin: 0; flex: 4 1 0; min-width: 0 }
      figure[class^=phone] { flex-grow: 1.6 }
      figure[class^=desktop] { flex-grow: 5 }
      a { display: block; max-height: 420px; overflow: hidden; border: 1px solid #888; background: #fff }
      img { display: block; width: 100% }
      figcaption { font-size: 12px }
    </style>
  </head>
  <body>
    <h1>Contact sheet: ${states.size} states</h1>${groups.join('')}
  </body>
</html>
`;
for (const file of readdirSync(FOLDER)) if (file.startsWith(SHEET)) rmSync(join(FOLDER, file));
const file = join(FOLDER, `${SHEET}.html`);
writeFileSync(file, html);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_BIN || undefined,
  args: ['--no-sandbox', '--disable-gpu'],
});
const page = await browser.newPage({ viewport: { width: WIDTH, height: PAGE_HEIGHT } });
await page.goto(pathToFileURL(file).href, { waitUntil: 'load' });
const blocks = await page.evaluate(() =>
  [...document.querySelectorAll('h1, h2, section')].map((block) => {
    const { top, bottom } = block.getBoundingClientRect();
    return { top: top + scrollY, bottom: bottom + scrollY, isHeading: block.tagName === 'H2' };
  }),
);

/** Where the pages begin and end: no state is cut in two, and no heading stands alone at the end. */
/** @type {{top: number, bottom: number}[]} */
const pages = [];
let current = { top: 0, bottom: 0 };
for (const [index, { top, bottom, isHeading }] of blocks.entries()) {
  const end = isHeading ? (blocks[index + 1]?.bottom ?? bottom) : bottom;
  if (current.bottom > 0 && end - current.top > PAGE_HEIGHT) {
    pages.push(current);
    current = { top: top - 8, bottom };
  }
  current.bottom = bottom;
}
pages.push(current);

for (const [index, { top, bottom }] of pages.entries()) {
  const path = join(FOLDER, `${SHEET}-${String(index + 1).padStart(2, '0')}.png`);
  const clip = { x: 0, y: top, width: WIDTH, height: bottom - top + 12 };
  await page.screenshot({ path, clip, fullPage: true });
}
await browser.close();
console.log(`${states.size} states: ${resolve(file)}, and as ${pages.length} pictures beside it`);
