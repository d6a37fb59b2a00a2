#!/bin/sh
# Makes clients/dist/plumbline-vscode-VERSION.vsix. The same commit makes the same bytes.
set -eu
cd "$(dirname "$0")"
npm="npm --no-audit --no-fund --loglevel=error --ignore-scripts"
[ -d node_modules ] || $npm ci
(cd packing && { [ -d node_modules ] || $npm ci --omit=optional; })
node build.mjs
version=$(node -p 'require("./package.json").version')
committed=$(git log -1 --format=%ct -- . 2>/dev/null || true)
export SOURCE_DATE_EPOCH="${committed:-1767225600}"
mkdir -p ../dist
rm -f ../dist/plumbline-vscode-*.vsix
packing/node_modules/.bin/vsce package --no-dependencies --no-rewrite-relative-links \
  --allow-missing-repository --out "../dist/plumbline-vscode-$version.vsix"
