#!/bin/sh
# Finds a Python that can carry the product and hands over to environment.py. In sh, because an
# older python3 could not parse what comes next, and would show a traceback instead of a sentence.
set -eu
cd "$(dirname "$0")/../.."

suits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

if [ -n "${PYTHON:-}" ]; then
    if suits "$PYTHON"; then
        exec "$PYTHON" -m appliance.local.environment "$@"
    fi
    echo "PYTHON=$PYTHON is not Python 3.11, 3.12 or 3.13: name one that is, or leave PYTHON out." >&2
    exit 1
fi

# The environment itself first: the usual start needs no search.
for candidate in .venv/bin/python python3.13 python3.12 python3.11 python3 python; do
    if command -v "$candidate" >/dev/null && suits "$candidate"; then
        exec "$candidate" -m appliance.local.environment "$@"
    fi
done

found=$(python3 -c 'import sys; print("Python %d.%d" % sys.version_info[:2])' 2>/dev/null || echo "no Python 3")
if command -v apt-get >/dev/null; then
    how="sudo apt-get install python3 python3-venv (Debian 12, Ubuntu 24.04 or newer)"
elif command -v dnf >/dev/null; then
    how="sudo dnf install python3.12"
elif command -v brew >/dev/null; then
    how="brew install python@3.13"
else
    how="see https://www.python.org/downloads/"
fi
echo "Plumbline needs Python 3.11, 3.12 or 3.13 and this machine has $found: $how, or name one with PYTHON=/path/to/python." >&2
exit 1
