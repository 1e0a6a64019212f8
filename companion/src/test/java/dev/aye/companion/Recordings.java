package dev.aye.companion;

import io.github.jaredmdobson.concentus.OpusApplication;
import io.github.jaredmdobson.concentus.OpusEncoder;
import io.github.jaredmdobson.concentus.OpusException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The recordings in the project's speech folder, plain and as Opus packets of 20 ms. */
final class Recordings {
  static final Path FOLDER = Path.of("..", "speech");

  private Recordings() {}

  static short[] samples(String name) throws IOException {
    return Wav.read(FOLDER.resolve(name + ".wav"));
  }

  /** What is said in it, a sentence each. */
  static List<String> lines(String name) throws IOException {
    List<String> lines = Files.readAllLines(FOLDER.resolve("texts").resolve(name + ".txt"));
    return lines.subList(1, lines.size());
  }

  static List<byte[]> opus(short[] samples) {
    try {
      var encoder = new OpusEncoder(Speech.RATE, 1, OpusApplication.OPUS_APPLICATION_VOIP);
      encoder.setBitrate(32_000);
      encoder.setComplexity(5);
      List<byte[]> packets = new ArrayList<>();
      byte[] packet = new byte[1_000];
      for (int at = 0; at + 320 <= samples.length; at += 320) {
        int n = encoder.encode(samples, at, 320, packet, 0, packet.length);
        packets.add(Arrays.copyOf(packet, n));
      }
      return packets;
    } catch (OpusException e) {
      throw new IllegalStateException(e);
    }
  }
}
