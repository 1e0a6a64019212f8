package dev.aye.companion;

import java.io.BufferedReader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A sentence out of the project's own recordings, in which synthetic voices speak: the only speech
 * that a model hears without a permit, as nobody said it.
 *
 * <p>The recordings are in the product itself, {@code speech/NAME.wav} on its class path, with what
 * is said in {@code speech/texts/NAME.txt} (the first line is not spoken). No other sound can
 * become a recording: there is no way in for a file or for samples.
 */
final class Recording implements Speech {
  /** All there are. */
  static final List<String> NAMES = List.of("yes", "no", "withdrawn", "unanswered", "heldout");

  private final short[] samples;

  private Recording(short[] samples) {
    this.samples = samples;
  }

  /** The sentences of one recording, cut as an ear would. */
  static List<Recording> sentences(String name) throws IOException {
    return VoiceActivity.segments(samples(name)).stream().map(Recording::new).toList();
  }

  /** What is said in it, a line for each sentence. */
  static List<String> lines(String name) throws IOException {
    try (InputStream in = open("texts/" + known(name) + ".txt");
        BufferedReader reader =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      return reader.lines().skip(1).toList();
    }
  }

  static short[] samples(String name) throws IOException {
    try (InputStream in = open(known(name) + ".wav")) {
      return Wav.read(in);
    }
  }

  private static String known(String name) {
    if (!NAMES.contains(name)) {
      throw new IllegalArgumentException("there is no recording of this name");
    }
    return name;
  }

  private static InputStream open(String name) throws IOException {
    InputStream in = Recording.class.getResourceAsStream("/speech/" + name);
    if (in == null) {
      throw new FileNotFoundException("the recording " + name + " is not in the product");
    }
    return in;
  }

  /** How long it lasts, in samples. */
  int size() {
    return samples.length;
  }

  @Override
  public int read(int from, short[] into) {
    if (from >= samples.length) {
      return -1;
    }
    int n = Math.min(into.length, samples.length - from);
    System.arraycopy(samples, from, into, 0, n);
    return n;
  }
}
