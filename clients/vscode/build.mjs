// Bundles the extension and the page of its view with the licences of what is inside; with "test" the unit tests.
import { existsSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const shared = { bundle: true, legalComments: "none", logLevel: "warning", target: "es2022" };

async function product() {
  await rm("dist", { recursive: true, force: true });
  const { metafile } = await build({
    ...shared,
    entryPoints: ["src/extension.ts"],
    outfile: "dist/extension.js",
    platform: "node",
    format: "cjs",
    external: ["vscode"],
    minify: true,
    metafile: true,
  });
  await build({
    ...shared,
    entryPoints: ["webview/main.ts"],
    outfile: "dist/view.js",
    platform: "browser",
    format: "iife",
    minify: true,
  });
  await writeFile("THIRD-PARTY.txt", await licences(Object.keys(metafile.inputs)));
}

async function licences(files) {
  const folders = files.flatMap(
    (file) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? [],
  );
  const parts = [...new Set(folders)].sort().map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
    const named = ["LICENSE", "LICENSE.txt", "LICENSE-MIT.txt"].map((file) => `${folder}/${file}`);
    const text = await readFile(named.find(existsSync) ?? `${folder}/LICENSE`, "utf8");
    return `${name} ${version} (${license})\n\n${text.trim()}\n`;
  });
  return (await Promise.all(parts)).join(`\n${"-".repeat(72)}\n\n`);
}

async function tests() {
  await rm(".tests", { recursive: true, force: true });
  const names = (await readdir("test")).filter((name) => name.endsWith(".ts"));
  const require =
    'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';
  await build({
    ...shared,
    entryPoints: names.map((name) => `test/${name}`),
    outdir: ".tests",
    outExtension: { ".js": ".mjs" },
    platform: "node",
    format: "esm",
    banner: { js: require },
    sourcemap: "inline",
  });
}

await (process.argv[2] === "test" ? tests() : product());
