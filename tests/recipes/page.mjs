// A page as a reader meets it: opened in Chromium, wide and narrow, light and dark, and printed.
//
//   apt-get install chromium; npm install puppeteer-core axe-core
//   NODE_MODULES=node_modules node tests/recipes/page.mjs report.html out/
//
// Fails where anything is wider than the window, the console complains, a request leaves, or axe-core
// finds a violation. The screenshots and the PDF are for eyes.
import { createRequire } from "node:module";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const from = createRequire(resolve(process.env.NODE_MODULES ?? "node_modules", "anchor.js"));
const puppeteer = from("puppeteer-core");
const axe = readFileSync(from.resolve("axe-core/axe.min.js"), "utf8");
const [file, out] = process.argv.slice(2).map((path) => resolve(path));
const address = pathToFileURL(file).href;
mkdirSync(out, { recursive: true });

// Everything that reaches beyond the window, except inside what scrolls by itself.
const beyond = () =>
  [...document.querySelectorAll("body *")]
    .filter((e) => !e.closest(".scroll") && !e.closest(".unseen"))
    .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
    .map((e) => `${e.tagName}.${e.getAttribute("class") ?? ""} ${e.textContent.slice(0, 40)}`);
// Texts of charts that lie over each other or leave their drawing.
const collisions = () =>
  [...document.querySelectorAll("svg.chart")].flatMap((svg) => {
    const frame = svg.getBoundingClientRect();
    const boxes = [...svg.querySelectorAll("text")]
      .filter((t) => t.textContent.trim())
      .map((t) => [t.textContent, t.getBoundingClientRect()]);
    const over = (a, b) =>
      a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 2 && b.top < a.bottom - 2;
    const pairs = boxes.flatMap(([s, a], at) =>
      boxes.slice(at + 1).filter(([, b]) => over(a, b)).map(([t]) => `"${s}" over "${t}"`));
    const outside = boxes
      .filter(([, b]) => b.left < frame.left - 1 || b.right > frame.right + 1 || b.bottom > frame.bottom + 1)
      .map(([s]) => `"${s}" leaves its chart`);
    return [...pairs, ...outside].map((line) => `${svg.getAttribute("aria-labelledby")}: ${line}`);
  });

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const faults = [];
let looked = 0;
for (const width of [1280, 400]) {
  for (const scheme of ["light", "dark"]) {
    const page = await browser.newPage();
    const name = `${width}-${scheme}`;
    page.on("console", (line) => faults.push(`${name}: console: ${line.text()}`));
    page.on("pageerror", (error) => faults.push(`${name}: error: ${error.message}`));
    page.on("request", (asked) => {
      if (asked.url() !== address) faults.push(`${name}: request: ${asked.url()}`);
    });
    await page.setViewport({ width, height: 900 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.goto(address);
    await page.screenshot({ path: join(out, `${name}.png`), fullPage: true });
    for (const folded of [true, false]) {
      if (!folded) await page.$$eval("details", (all) => all.forEach((e) => (e.open = true)));
      const state = `${name}${folded ? "" : ", unfolded"}`;
      for (const line of await page.evaluate(beyond)) faults.push(`${state}: too wide: ${line}`);
      for (const line of await page.evaluate(collisions)) faults.push(`${state}: ${line}`);
      await page.evaluate(axe);
      const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
      looked += passes.length;
      for (const found of violations)
        faults.push(`${state}: axe ${found.id}: ${found.nodes[0].html.slice(0, 160)}`);
    }
    if (width === 1280 && scheme === "light") {
      await page.$$eval("details", (all) => all.forEach((e) => (e.open = false)));
      await page.pdf({ path: join(out, "a4.pdf"), preferCSSPageSize: true, printBackground: true });
    }
    await page.close();
  }
}
await browser.close();
const kilobytes = Math.ceil(statSync(file).size / 1000);
console.log(`${kilobytes} KB, ${looked} axe rules passed in 8 states, ${faults.length} faults`);
for (const fault of new Set(faults)) console.log(`  ${fault}`);
process.exit(faults.length ? 1 : 0);
