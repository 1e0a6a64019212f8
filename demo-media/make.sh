#!/usr/bin/env bash
# Makes the moving pictures of this folder: `demo-media/make.sh` (needs ffmpeg with libvpx).
#
# Three simulated people in three simulcast layers each: 10 s at 15 frames a second, VP8 in IVF, a key frame each second,
# no alternate reference frames and no lag, so that every IVF frame is one VP8 frame to send. They loop.
set -euo pipefail
cd "$(dirname "$0")"

# person, background, ball, speed of the ball (full swings in ten seconds, whole numbers so that the loop closes)
people=("one 0x1f4e5f 0xf2c14e 3" "two 0x5b2a4d 0x8fd694 5" "three 0x2f3e1f 0xf28f79 2")
# layer, width, height, kbit/s
layers=("q 160 90 24" "h 320 180 64" "f 640 360 150")

for person in "${people[@]}"; do
  read -r name back ball swings <<< "$person"
  for layer in "${layers[@]}"; do
    read -r rid width height rate <<< "$layer"
    size=$((height / 3))
    ffmpeg -nostdin -v error -y \
      -f lavfi -i "color=c=$back:s=${width}x${height}:r=15:d=10" \
      -f lavfi -i "color=c=$ball:s=${size}x${size}:r=15:d=10" \
      -filter_complex "[1]format=yuva420p,geq=lum='p(X,Y)':a='255*lt(hypot(X-W/2,Y-H/2),W/2)'[b];[0][b]overlay=x='(W-w)/2*(1+0.8*sin(2*PI*$swings*t/10))':y='(H-h)/2*(1+0.6*cos(4*PI*$swings*t/10))',format=yuv420p" \
      -c:v libvpx -deadline good -cpu-used 2 -b:v "${rate}k" -maxrate "${rate}k" -bufsize "${rate}k" \
      -g 15 -keyint_min 15 -auto-alt-ref 0 -lag-in-frames 0 -error-resilient 1 -threads 1 \
      -bitexact -f ivf "$name-$rid.ivf"
  done
done
