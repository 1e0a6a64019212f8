package dev.aye.companion;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/**
 * A model that decodes nothing until it may. Stands in the companion's package because no other can
 * have a model hear.
 */
public final class SlowModel extends SpeechModel {
  /** Samples per second of what it hears. */
  public static final int RATE = Speech.RATE;

  private final CountDownLatch decoding;
  private final CountDownLatch mayDecode;

  public SlowModel(CountDownLatch decoding, CountDownLatch mayDecode) {
    this.decoding = decoding;
    this.mayDecode = mayDecode;
  }

  @Override
  public String host() {
    return "here";
  }

  @Override
  public String model() {
    return "slow";
  }

  @Override
  Reading hear(Speech speech, Consumer<String> partial) throws InterruptedException {
    decoding.countDown();
    mayDecode.await();
    try {
      short[] into = new short[1_600];
      int at = 0;
      for (int n = speech.read(0, into); n > 0; n = speech.read(at, into)) {
        at += n;
      }
      return new Reading.Heard(List.of(new Hypothesis("words", 0)));
    } catch (Speech.Discarded withdrawn) {
      return new Reading.Discarded();
    }
  }

  @Override
  public void close() {}
}
