#!/usr/bin/env bash
# What ./dev demo runs once the Windows program is built.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec /usr/bin/python3 "$here/demo.py" "$here/../../build/win64" "${TRIPLINE_SHARED:-$here/../../../shared}"
