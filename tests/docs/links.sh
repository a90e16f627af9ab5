#!/usr/bin/env bash
# links.sh FOLDER: every relative link in a page of ours names a file that is there; FOLDER is the sources, or where the
# pages are installed.
set -euo pipefail
cd "$1"
checked=0 broken=0
while IFS= read -r page; do
  while IFS= read -r link; do
    checked=$((checked + 1))
    [ -e "$(dirname "$page")/${link%%#*}" ] || { echo "$page: no $link"; broken=$((broken + 1)); }
  done < <(grep -oE '\]\([^)]+\)' "$page" | sed -E 's/^\]\((.*)\)$/\1/' | grep -vE '^(https?:|#|mailto:)' || true)
done < <(find . \( -name '.git' -o -name 'build*' \) -prune -o -name '*.md' -print)
echo "$checked links checked, $broken broken"
[ "$checked" -gt 0 ] && [ "$broken" -eq 0 ]
