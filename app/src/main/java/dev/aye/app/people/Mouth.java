package dev.aye.app.people;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Gives a packet every 20 ms, as a microphone does: speech while something is said, else silence.
 */
final class Mouth implements AutoCloseable {
  private static final long FRAME_NANOS = Voice.FRAME_MILLIS * 1_000_000L;

  private record Saying(List<Voice.Packet> packets, CountDownLatch said) {}

  private final Consumer<Voice.Packet> sink;
  private final List<Voice.Packet> silence = Voice.silence(200).packets();
  private final LinkedBlockingQueue<Saying> waiting = new LinkedBlockingQueue<>();
  private volatile boolean closed;

  Mouth(Consumer<Voice.Packet> sink) {
    this.sink = sink;
  }

  void start() {
    Thread.ofPlatform().daemon().name("mouth").start(this::speak);
  }

  /** Says this after what is being said already; returns when it has been said. */
  void say(Voice voice) throws InterruptedException {
    Saying saying = new Saying(voice.packets(), new CountDownLatch(1));
    waiting.add(saying);
    saying.said().await();
  }

  private void speak() {
    long next = System.nanoTime();
    @Nullable Saying saying = null;
    int at = 0;
    while (!closed) {
      if (saying == null) {
        saying = waiting.poll();
        at = 0;
      }
      if (saying == null) {
        sink.accept(silence.get(at++ % silence.size()));
      } else {
        sink.accept(saying.packets().get(at++));
        if (at == saying.packets().size()) {
          saying.said().countDown();
          saying = null;
          at = 0;
        }
      }
      next += FRAME_NANOS;
      LockSupport.parkNanos(next - System.nanoTime());
    }
  }

  @Override
  public void close() {
    closed = true;
    waiting.forEach(saying -> saying.said().countDown());
  }
}
