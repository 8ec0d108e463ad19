#!/usr/bin/env bash
# Makes the Python environments of the servers that `inference` is measured beside, each by itself, as their requirements
# differ: 1.2 GB in .venv-peers, some two minutes.
set -eu
cd "$(dirname "$0")/../.."

peer() { # NAME PACKAGE...
  local folder=.venv-peers/$1
  shift
  [ -x "$folder/bin/python" ] || python3 -m venv "$folder"
  # With uvloop 0.23 MLServer's workers end at their start.
  "$folder/bin/pip" install --quiet "$@" uvloop==0.21.0 onnxruntime==1.32.0
}

peer mlserver mlserver==1.7.1
peer kserve kserve==0.21.0
