package dev.aye.app.people;

import dev.aye.media.MediaClient;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Shows a film in a loop, in each of its sizes at once, and goes to the next key frame when
 * somebody needs one.
 */
final class Screen implements AutoCloseable {
  private static final int CLOCK = 90_000;

  private final List<Film> sizes;
  private final MediaClient.Camera camera;
  private volatile boolean closed;
  private volatile boolean keyFrameWanted;

  Screen(List<Film> sizes, MediaClient.Camera camera) {
    this.sizes = List.copyOf(sizes);
    this.camera = camera;
  }

  void start() {
    Thread.ofPlatform().daemon().name("screen").start(this::play);
  }

  void wantKeyFrame() {
    keyFrameWanted = true;
  }

  private void play() {
    Film film = sizes.getFirst();
    long frameNanos = 1_000_000_000L / film.framesPerSecond();
    long next = System.nanoTime();
    int at = 0;
    int timestamp = 0;
    while (!closed) {
      if (keyFrameWanted) {
        keyFrameWanted = false;
        at = nextKeyFrame(film, at);
      }
      for (int size = 0; size < sizes.size(); size++) {
        List<byte[]> frames = sizes.get(size).frames();
        camera.send(size, frames.get(at % frames.size()), timestamp);
      }
      at = (at + 1) % film.frames().size();
      timestamp += CLOCK / film.framesPerSecond();
      next += frameNanos;
      LockSupport.parkNanos(next - System.nanoTime());
    }
  }

  /** RFC 6386, 9.1: the lowest bit of a key frame is 0. A film begins with one. */
  private static int nextKeyFrame(Film film, int from) {
    for (int at = from; at < film.frames().size(); at++) {
      if ((film.frames().get(at)[0] & 1) == 0) {
        return at;
      }
    }
    return 0;
  }

  @Override
  public void close() {
    closed = true;
  }
}
