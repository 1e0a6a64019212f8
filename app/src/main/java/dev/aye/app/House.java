package dev.aye.app;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Clock;

/**
 * The composition root: opens everything that a server is made of, in order, and closes it in
 * reverse.
 */
final class House implements AutoCloseable {
  private final AyeConfig config;
  private final FileChannel lock;
  private final RateLimits limits;
  private final WebFiles files;
  private final Database database;
  private final Meetings meetings;

  private House(AyeConfig config, FileChannel lock) throws IOException {
    this.config = config;
    this.lock = lock;
    Clock clock = Clock.systemUTC();
    SecureRandom random = new SecureRandom();
    Keys keys = new Keys(config.keysFolder(), random);
    this.limits = new RateLimits(clock);
    this.files = WebFiles.read(Path.of(System.getProperty("aye.home", ".")).resolve("web/dist"));
    this.database = Database.open(config.data().resolve("aye.db"));
    this.meetings = new Meetings(database, keys.box("data"), random, clock);
  }

  /** Opens everything in the data folder, which {@code lock} keeps for this process. */
  static House open(AyeConfig config, FileChannel lock) {
    try {
      return new House(config, lock);
    } catch (IOException e) {
      throw new UncheckedIOException("the data folder could not be opened", e);
    }
  }

  /**
   * Takes the data folder for this process alone, making it first when there is none.
   *
   * @throws Refusal when it cannot be written, or another process has it
   */
  static FileChannel lock(Path data) {
    try {
      Files.createDirectories(data);
      FileChannel channel =
          FileChannel.open(
              data.resolve("aye.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      try {
        if (channel.tryLock() != null) {
          return channel;
        }
      } catch (OverlappingFileLockException e) {
        channel.close();
        throw inUse(data);
      }
      channel.close();
      throw inUse(data);
    } catch (IOException e) {
      throw new Refusal(
          "The data folder " + data + " cannot be written; choose another with --data.");
    }
  }

  static void unlock(FileChannel lock) {
    try {
      lock.close();
    } catch (IOException e) {
      throw new UncheckedIOException("the lock of the data folder", e);
    }
  }

  private static Refusal inUse(Path data) {
    return new Refusal("Another Aye server uses the data folder " + data + " already.");
  }

  AyeConfig config() {
    return config;
  }

  RateLimits limits() {
    return limits;
  }

  WebFiles files() {
    return files;
  }

  Meetings meetings() {
    return meetings;
  }

  /** Begins what needs the port that pages are served on. */
  void serve(int port) {}

  @Override
  public void close() {
    database.close();
    unlock(lock);
  }
}
