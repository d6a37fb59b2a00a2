#!/bin/sh
# Makes plumbline-vscode-VERSION.vsix in the folder that is named. The same commit makes the same bytes.
set -eu
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")"
npm="npm --no-audit --no-fund --loglevel=error --ignore-scripts"
install() { # what the lock beside it names, once
  cmp -s package-lock.json node_modules/.installed-lock.json && return
  $npm ci "$@"
  cp package-lock.json node_modules/.installed-lock.json
}
install
(cd packing && install --omit=optional)
node build.mjs
version=$(node -p 'require("./package.json").version')
committed=$(git log -1 --format=%ct -- . 2>/dev/null || true)
export SOURCE_DATE_EPOCH="${committed:-1767225600}"
rm -f "$out"/plumbline-vscode-*.vsix
grep -v '^!\[' README.md >PACKAGED.md # the pictures lie in the documentation
packing/node_modules/.bin/vsce package --no-dependencies --readme-path PACKAGED.md \
  --allow-missing-repository --out "$out/plumbline-vscode-$version.vsix"
