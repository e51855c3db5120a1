#!/usr/bin/env bash
# config/tripline.xsd: is it a schema, does it take config/tripline.xml, and does it refuse each of bad_config/?
# (test_config_files.c holds the program itself to the same files.)
set -euo pipefail
cd "$(dirname "$0")/../../.."
xmllint --noout --schema config/tripline.xsd config/tripline.xml
count=0
for file in tests/agent/config/bad_config/*.xml; do
    if xmllint --noout --schema config/tripline.xsd "$file" 2>/dev/null; then
        echo "$file: the schema takes it" >&2
        exit 1
    fi
    count=$((count + 1))
done
[ "$count" -ge 19 ]
echo "$count bad files refused"
