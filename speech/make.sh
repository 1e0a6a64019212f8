#!/usr/bin/env bash
# Makes the recordings of this folder from texts/*.txt: `speech/make.sh` (needs Debian's flite and ffmpeg).
#
# A text has one sentence per line; its first line names the voice. Each sentence is spoken on its own and followed by
# a second of silence, so that voice activity detection has something to cut at. Output: 16 kHz mono 16-bit WAV.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for text in texts/${1:-*}.txt; do
  name=$(basename "$text" .txt)
  read -r _ voice stretch < "$text" # "voice: slt 1.05"
  : > "$work/list"
  n=0
  while IFS= read -r sentence; do
    n=$((n + 1))
    flite -voice "$voice" --setf duration_stretch="$stretch" -t "$sentence" -o "$work/$name-$n.raw.wav"
    ffmpeg -nostdin -v error -y -i "$work/$name-$n.raw.wav" -af "adelay=300,apad=pad_dur=0.8,volume=0.8" -ar 16000 -ac 1 "$work/$name-$n.wav"
    echo "file '$work/$name-$n.wav'" >> "$work/list"
  done < <(tail -n +2 "$text")
  ffmpeg -nostdin -v error -y -f concat -safe 0 -i "$work/list" -c copy -bitexact -map_metadata -1 "$name.wav"
done
