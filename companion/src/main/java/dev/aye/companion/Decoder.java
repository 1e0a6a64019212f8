package dev.aye.companion;

import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;

/**
 * An engine inside the speech process. Used by one thread; keeps nothing of a speech after it was
 * decoded.
 */
interface Decoder {
  /** Name of engine and model. */
  String name();

  /**
   * Pulls samples until their end and returns readings, best first, at most {@link
   * Wire#MOST_HYPOTHESES}.
   */
  List<Hypothesis> decode(Samples samples, Consumer<String> partial) throws IOException;

  /** Samples as they come. */
  interface Samples {
    /** The next samples (at least one), or an empty array at the end. */
    short[] next() throws IOException;
  }
}
