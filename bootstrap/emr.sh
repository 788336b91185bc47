#!/bin/bash
# EMR bootstrap action: installs the wheel on every node, for a long-lived cluster that many jobs share.
#
#   --bootstrap-actions Path=s3://BUCKET/PREFIX/emr.sh,Args=[s3://BUCKET/PREFIX/headrace-0.1.0-py3-none-any.whl,s3://BUCKET/PREFIX/app.zip]
#
# A submission with --py-files app.zip needs none of this. Runs before Spark is on the node, again on every node that
# is added later, and a failure ends the cluster: so it reads from S3 only, never from a package index, and tries again.
set -euo pipefail

if [[ $# -ne 2 ]]; then
  echo "usage: emr.sh s3://.../headrace-VERSION-py3-none-any.whl s3://.../app.zip" >&2
  exit 2
fi
wheel=$1
bundle=$2
python=/usr/bin/python3.11
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fetch() {
  local attempt
  for attempt in 1 2 3 4 5; do
    aws s3 cp --only-show-errors "$1" "$2" && return
    sleep $((attempt * 5))
  done
  echo "emr.sh: cannot fetch $1" >&2
  return 1
}

fetch "$wheel" "$scratch/${wheel##*/}"
fetch "$bundle" "$scratch/app.zip"

# EMR's own tools use the system's Python 3.9; 3.11 is installed beside it and is only ours.
sudo "$python" -m pip install --no-index --no-deps --force-reinstall "$scratch/${wheel##*/}"
# What the engine imports (click, attrs, cattrs) is in the bundle, pure Python: it goes beside the wheel, last on the path.
sudo install -D -m 0644 "$scratch/app.zip" /opt/headrace/app.zip
site=$(sudo "$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
echo /opt/headrace/app.zip | sudo tee "$site/headrace-dependencies.pth" >/dev/null
"$python" -c 'import etl.cli'
