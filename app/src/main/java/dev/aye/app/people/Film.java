package dev.aye.app.people;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What a simulated person shows: VP8 frames from an IVF file, to be shown again and again. */
record Film(int width, int height, int framesPerSecond, List<byte[]> frames) {
  private static final int MOST_FRAME = 1 << 20;

  Film {
    frames = List.copyOf(frames);
    if (frames.isEmpty() || framesPerSecond < 1 || framesPerSecond > 60) {
      throw new IllegalArgumentException("a film has frames, 1 to 60 a second");
    }
  }

  /** Reads an IVF file of VP8. */
  static Film of(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (bytes.length < 32 || in.getInt(0) != 0x46494b44 || in.getInt(8) != 0x30385056) {
      throw new IOException(file + " is no VP8 film");
    }
    int width = in.getShort(12);
    int height = in.getShort(14);
    int rate = in.getInt(16) / Math.max(1, in.getInt(20));
    List<byte[]> frames = new ArrayList<>();
    int at = in.getShort(6);
    while (at + 12 <= bytes.length) {
      int length = in.getInt(at);
      if (length < 0 || length > MOST_FRAME || at + 12 + length > bytes.length) {
        throw new IOException(file + " is cut short");
      }
      frames.add(Arrays.copyOfRange(bytes, at + 12, at + 12 + length));
      at += 12 + length;
    }
    return new Film(width, height, rate, frames);
  }
}
