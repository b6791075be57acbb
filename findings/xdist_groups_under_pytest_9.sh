#!/usr/bin/env bash
# pytest-xdist's groups keep nothing together under pytest 9.2.
#
# A good guess: with `--dist loadgroup`, tests that bear the same mark `xdist_group` run in one
# worker process, as pytest-xdist's documentation says, whatever pytest it runs under.
# Seen: so it is under pytest 8.4.2. Under pytest 9.2.0 the same release of pytest-xdist deals the
# tests of each group out to both workers, and neither warns nor fails. Whoever shares an expensive
# session fixture by groups has it made in every process, and only the time tells.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

for group in a b; do
  {
    echo "import pytest"
    echo "pytestmark = pytest.mark.xdist_group('$group')"
    for number in 1 2 3 4 5 6; do
      echo "def test_$number(): pass"
    done
  } > "test_$group.py"
done

workers_of_each_group() {
  python3 -m venv "$1"
  "$1/bin/pip" install --quiet --disable-pip-version-check "pytest==$1" pytest-xdist==3.8.0 >&2
  "$1/bin/python" -m pytest -p no:cacheprovider -v -n 2 --dist loadgroup |
    sed -nE 's/^\[(gw[0-9])\].* PASSED test_([ab])\.py.*/\2 \1/p' | sort -u | wc -l
}

old=$(workers_of_each_group 8.4.2)
new=$(workers_of_each_group 9.2.0)
echo "pairs of a group and a worker that ran tests of it, of 2 if groups are kept together:"
echo "pytest 8.4.2 with pytest-xdist 3.8.0: $old"
echo "pytest 9.2.0 with pytest-xdist 3.8.0: $new"
test "$old" -eq 2
test "$new" -gt 2
