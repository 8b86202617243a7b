// Bundles the page into dist/: app.js, app.css and the licences of what is inside.
import { build } from "esbuild";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const version = JSON.parse(readFileSync("package.json", "utf8")).version;
mkdirSync("dist", { recursive: true });
const result = await build({
  entryPoints: { app: "src/main.js" },
  outdir: "dist",
  bundle: true,
  minify: true,
  metafile: true,
  format: "iife",
  target: "es2021",
  charset: "utf8",
  legalComments: "none",
  define: { APP_VERSION: JSON.stringify(version) },
  logLevel: "warning",
});

const inside = new Set();
for (const path of Object.keys(result.metafile.inputs)) {
  const found = path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/g);
  if (found) inside.add(found.at(-1));
}
const parts = [...inside].sort().map((folder) => {
  const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  const text = file && existsSync(join(folder, file)) ? readFileSync(join(folder, file), "utf8").trim() : "";
  const by = typeof about.author === "object" ? about.author?.name : about.author;
  return `${about.name} ${about.version}\nLicence: ${about.license}${by ? `\nAuthor: ${by}` : ""}\n${text}`;
});
writeFileSync("dist/licences.txt", `Libraries inside app.js\n\n${parts.join("\n\n---\n\n")}\n`);
