package dev.aye.companion;

import java.io.IOException;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A recogniser of speech: the port behind which the built-in engines and those of the operator's
 * choice stand.
 *
 * <p>Outside of this house nobody can have it hear anything, nor put another in its place: speech
 * comes to it as a {@link Segment}, which carries the permits that cover it, or as one of the
 * project's own {@link Recording recordings}.
 */
public abstract class SpeechModel implements AutoCloseable {
  SpeechModel() {}

  /**
   * Where it runs, as the notice and the receipt name it: {@code this server}, or the host of a
   * service.
   */
  public abstract String host();

  /** Which model it is, as the notice and the receipt name it. */
  public abstract String model();

  /** What is wrong with it since it last failed to start or to answer; empty while it works. */
  public Optional<String> failure() {
    return Optional.empty();
  }

  @Override
  public abstract void close();

  /**
   * Gets ready, so that the first words need not wait; without it the first {@link #hear} does so.
   *
   * @throws IOException if it cannot: there will be no captions until that is mended
   */
  void warm() throws IOException, InterruptedException {}

  /**
   * Reads the speech to its end. {@code partial} gets the words so far, now and then, if the model
   * can do so; each call replaces the one before. Keeps nothing afterwards. One call at a time.
   */
  abstract Reading hear(Speech speech, Consumer<String> partial) throws InterruptedException;
}
