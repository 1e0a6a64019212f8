package dev.aye.companion;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Recordings as the project keeps them: RIFF WAVE, PCM, 16 kHz, mono, 16 bit, at most ten minutes.
 */
final class Wav {
  private static final int MOST_BYTES = 2 * Speech.RATE * 600;
  private static final int RIFF = 0x52494646;
  private static final int WAVE = 0x57415645;
  private static final int FORMAT = 0x666d7420;
  private static final int DATA = 0x64617461;

  private Wav() {}

  /** The samples of a file. */
  static short[] read(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return read(in);
    }
  }

  /** The samples of a stream; {@link IOException} for whatever is not such a recording. */
  static short[] read(InputStream stream) throws IOException {
    var in = new DataInputStream(stream);
    expect(in.readInt() == RIFF);
    in.readInt();
    expect(in.readInt() == WAVE);
    boolean known = false;
    while (true) {
      int kind = in.readInt();
      int length = Integer.reverseBytes(in.readInt());
      expect(length >= 0 && length <= MOST_BYTES);
      byte[] body = in.readNBytes(length + (length & 1));
      expect(body.length >= length);
      ByteBuffer chunk = ByteBuffer.wrap(body, 0, length).order(ByteOrder.LITTLE_ENDIAN);
      if (kind == FORMAT) {
        expect(length >= 16);
        expect(chunk.getShort(0) == 1 && chunk.getShort(2) == 1 && chunk.getInt(4) == Speech.RATE);
        expect(chunk.getShort(14) == 16);
        known = true;
      } else if (kind == DATA) {
        expect(known);
        short[] samples = new short[length / 2];
        chunk.asShortBuffer().get(samples);
        return samples;
      }
    }
  }

  private static void expect(boolean condition) throws IOException {
    if (!condition) {
      throw new IOException("not a WAV file of 16 kHz, mono, 16 bit");
    }
  }
}
