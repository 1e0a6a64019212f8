package dev.aye.app;

import dev.aye.consent.Consents;
import dev.aye.learn.Learning;
import dev.aye.log.Log;
import dev.aye.log.LogException;
import dev.aye.vault.Vault;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.Optional;

/**
 * What is kept in the data folder, opened: keys, database, log, consents, vault and what was
 * learned. A server stands on it; commands that write open it when no server runs.
 */
final class Archive implements AutoCloseable {
  /** The file in the data folder with the log's public key, for whoever verifies offline. */
  static final String VKEY = "log.vkey";

  private final Clock clock;
  private final SecureRandom random = new SecureRandom();
  private final AyeConfig config;
  private final Keys keys;
  private final Keys.Box box;
  private final Database database;
  private final Log log;
  private final Vault vault;
  private final Consents consents;
  private final Learning learning;
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  /** Opens the data folder, whose lock the caller holds. */
  Archive(AyeConfig config) throws IOException {
    this(config, Clock.systemUTC());
  }

  Archive(AyeConfig config, Clock clock) throws IOException {
    this.config = config;
    this.clock = clock;
    this.keys = new Keys(config.keysFolder(), random);
    this.box = keys.box("data");
    OwnFiles.file(config.data().resolve("aye.db")); // SQLite gives its journals the same mode
    this.database = opened(Database.open(config.data().resolve("aye.db")));
    this.log = opened(openLog(config));
    OwnFiles.write(
        config.data().resolve(VKEY), (log.vkey() + "\n").getBytes(StandardCharsets.UTF_8));
    this.vault =
        Vault.open(config.data().resolve("vault"), keys.folder().resolve("vault"), random, clock);
    this.consents = new Consents(log, new ConsentFacts(database, box), clock);
    this.learning =
        Learning.open(config.data().resolve("learn"), vault, log, consents, random, clock);
  }

  private <T extends AutoCloseable> T opened(T part) {
    opened.push(part);
    return part;
  }

  private Log openLog(AyeConfig config) throws IOException {
    try {
      return Log.open(
          config.data().resolve("log"), origin(config, random), random, clock, config.witnessing());
    } catch (LogException.Corrupt altered) {
      throw altered; // Soundness has a sentence and an exit code for it
    } catch (LogException e) {
      throw new Refusal(
          "The log cannot be opened: "
              + e.getMessage()
              + ". Nothing was changed. docs/operate.md says what to do.");
    }
  }

  /** The log's name, fixed at the first start: as configured, of the public name, or drawn. */
  private static String origin(AyeConfig config, SecureRandom random) throws IOException {
    Path file = config.data().resolve("origin");
    if (!Files.exists(file)) {
      OwnFiles.write(file, (newOrigin(config, random) + "\n").getBytes(StandardCharsets.UTF_8));
    }
    String origin = Files.readString(file).strip();
    if (!config.logOrigin().isEmpty() && !config.logOrigin().equals(origin)) {
      throw new Refusal(
          "The log in this folder is " + origin + " for its life, and log-origin says otherwise.");
    }
    return origin;
  }

  private static String newOrigin(AyeConfig config, SecureRandom random) {
    if (!config.logOrigin().isEmpty()) {
      return config.logOrigin();
    }
    byte[] drawn = new byte[5];
    random.nextBytes(drawn);
    String host =
        config.publicUrl().isEmpty()
            ? "aye.local/" + HexFormat.of().formatHex(drawn)
            : config.publicUrl().replaceFirst("^https?://", "");
    return host + "/log";
  }

  /**
   * Takes the data folder for this process alone, making it first when there is none.
   *
   * @throws Refusal when it cannot be written, or another process has it
   */
  static FileChannel lock(Path data) {
    try {
      OwnFiles.dataFolder(data);
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

  Clock clock() {
    return clock;
  }

  SecureRandom random() {
    return random;
  }

  Keys keys() {
    return keys;
  }

  Keys.Box box() {
    return box;
  }

  Database database() {
    return database;
  }

  Log log() {
    return log;
  }

  Vault vault() {
    return vault;
  }

  Consents consents() {
    return consents;
  }

  Learning learning() {
    return learning;
  }

  /** Makes a backup, or brings one up to date; the keys only go where they are told to. */
  void backup(Path to, Optional<Path> keysTo) throws IOException {
    Backup.make(config, database, vault, log, to, keysTo);
  }

  @Override
  public void close() {
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Exception e) {
        throw new IllegalStateException("the data folder could not be closed", e);
      }
    }
  }
}
