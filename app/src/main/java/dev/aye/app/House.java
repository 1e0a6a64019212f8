package dev.aye.app;

import dev.aye.companion.Companion;
import dev.aye.companion.Engine;
import dev.aye.companion.Reranker;
import dev.aye.companion.SpeechModel;
import dev.aye.consent.Change;
import dev.aye.consent.Consents;
import dev.aye.consent.DeviceProof;
import dev.aye.consent.MeetingId;
import dev.aye.consent.Processor;
import dev.aye.learn.Learning;
import dev.aye.log.Hash;
import dev.aye.log.Leaf;
import dev.aye.log.Log;
import dev.aye.media.RoomControl;
import dev.aye.media.RoomListener;
import dev.aye.media.Sfu;
import dev.aye.media.TokenKey;
import dev.aye.vault.Vault;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The composition root: opens everything that a server is made of, in order, and closes it in
 * reverse.
 */
final class House implements AutoCloseable {
  private static final Logger logger = LoggerFactory.getLogger(House.class);

  private static final long TIDY_SECONDS = 60;
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final AyeConfig config;
  private final FileChannel lock;
  private final RateLimits limits;
  private final WebFiles files;
  private final Optional<Says.Build> build;
  private final Archive archive;
  private final Meetings meetings;
  private final Log log;
  private final Consents consents;
  private final DeviceProof proofs;
  private final Caller caller;
  private final Vault vault;
  private final Learning learning;
  private final Companion companion;
  private final Sfu sfu;
  private final Asking asking;
  private final Notebook notebook;
  private final Withdrawals withdrawals;
  private final Gatherings gatherings;
  private final Events events = new Events();
  private final Soundness soundness;
  private final Thread chores;
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  private House(
      AyeConfig config, FileChannel lock, Listening.Pour pour, Clock clock, LongSupplier free)
      throws IOException {
    this.config = config;
    this.lock = lock;
    this.archive = opened(new Archive(config, clock));
    SecureRandom random = archive.random();
    CompanionKey companionKey = CompanionKey.of(archive.keys(), random);
    TokenKey tokens = new TokenKey("aye", archive.keys().secret("access"));

    this.limits = new RateLimits(clock);
    this.files = WebFiles.read(Path.of(System.getProperty("aye.home", ".")).resolve("web/dist"));
    this.log = archive.log();
    this.vault = archive.vault();
    this.soundness = new Soundness(log, vault, free, Soundness::halt);
    this.consents = archive.consents();
    this.learning = archive.learning();
    this.meetings = new Meetings(archive.database(), archive.box(), random, clock);
    this.proofs = new DeviceProof(log.origin(), clock);
    this.caller = new Caller(meetings, proofs);

    OwnLeaves leaves = new OwnLeaves(archive.database(), log);
    SpeechModel speech = Companion.builtIn(Engine.AUTO);
    this.asking =
        new Asking(
            config,
            consents,
            log,
            leaves,
            companionKey,
            new Processor(speech.host(), speech.model()));
    this.build =
        files.index().map(_ -> files.build(leaves.index(new Leaf.Build(Hash.of(files.hash())))));

    Bell bell = new Bell();
    this.sfu = opened(media(config, tokens, random, clock, bell));
    Presence presence =
        (meeting, participant) ->
            sfu.participants(meeting).stream().anyMatch(p -> p.identity().equals(participant));
    this.notebook =
        new Notebook(vault, consents, meetings, events, presence, clock, speech.model());
    this.companion = opened(Companion.start(speech, notebook, clock, Notebook::fault));
    this.withdrawals =
        opened(
            new Withdrawals(
                consents, learning.forgetting(), log, this::useWhatWasLearned, soundness::check));

    Listening listening =
        new Listening(sfu, tokens, consents, companion, companionKey, pour, clock, bell::changed);
    this.gatherings =
        new Gatherings(
            config,
            meetings,
            asking,
            consents,
            sfu,
            tokens,
            listening,
            companion,
            notebook,
            events,
            withdrawals,
            clock,
            soundness);
    bell.rooms = gatherings.rooms();
    bell.signs = gatherings::sign;
    consents.onChange(change -> {
      if (change instanceof Change.Ended) {
        useWhatWasLearned(); // at once, however long the job that forgets must wait
      }
    });
    consents.onChange(gatherings::changed);
    learning
        .forgetting()
        .onProgress(progress -> {
          useWhatWasLearned(); // from the step on that blocks it, the old model is used no more
          progress.stream()
              .flatMap(one -> consents.withdrawal(one.handle()).stream())
              .forEach(w -> gatherings.progress(w.grant().person(), w.handle()));
        });
    gatherings.resume();
    useWhatWasLearned();
    withdrawals.start();
    Workbench workbench =
        new Workbench(
            consents,
            learning,
            notebook::capture,
            this::useWhatWasLearned,
            this::health,
            archive::backup);
    opened(ControlSocket.listen(config.data(), workbench, soundness::note));
    this.chores = Thread.ofPlatform().daemon().name("aye-chores").start(this::chores);
  }

  private <T extends AutoCloseable> T opened(T part) {
    opened.push(part);
    return part;
  }

  private static int udpPort(AyeConfig config) {
    return config.udpPort() == 0 ? config.port() : config.udpPort();
  }

  private static Sfu media(
      AyeConfig config, TokenKey tokens, SecureRandom random, Clock clock, RoomListener rooms)
      throws IOException {
    InetSocketAddress bind = new InetSocketAddress(config.address(), udpPort(config));
    int threads = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
    try {
      return Sfu.start(
          new Sfu.Settings(bind, addresses(config), config.maxPeople(), threads),
          tokens,
          random,
          clock,
          rooms);
    } catch (BindException e) {
      throw new Refusal(
          "UDP port " + bind.getPort() + " is taken; choose another for media with --udp-port.");
    }
  }

  private static List<InetAddress> addresses(AyeConfig config) throws IOException {
    List<InetAddress> addresses = new ArrayList<>();
    for (String literal : config.mediaAddresses()) {
      addresses.add(InetAddress.getByName(literal));
    }
    return addresses;
  }

  /**
   * Stands where media and listening rooms tell of what happens, until there is somebody to tell:
   * the two ends of the house need each other.
   */
  private static final class Bell implements RoomListener {
    private volatile RoomListener rooms = new RoomListener() {};
    private volatile Consumer<MeetingId> signs = meeting -> {};

    @Override
    public void joined(String room, String identity) {
      rooms.joined(room, identity);
    }

    @Override
    public void left(String room, String identity) {
      rooms.left(room, identity);
    }

    @Override
    public void trackMuted(String room, String identity, RoomControl.Track track) {
      rooms.trackMuted(room, identity, track);
    }

    void changed(MeetingId meeting) {
      Thread.startVirtualThread(() -> signs.accept(meeting));
    }
  }

  /** What is to be done each second. */
  private void chores() {
    try {
      for (long second = 1; ; second++) {
        Thread.sleep(1_000);
        try {
          soundness.check();
          consents.tick();
          if (notebook.hasUncaptured()) {
            notebook.capture();
          }
          if (second % TIDY_SECONDS == 0) {
            gatherings.endWhatIsOver();
          }
        } catch (RuntimeException e) {
          soundness.check(e);
          logger.error("A chore failed and will be tried again: {}", e.getClass().getName());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Lets the vocabulary in use, if there is one, choose among the recogniser's readings. One at a
   * time, so that whoever looked before a withdrawal cannot have the last word after it.
   */
  synchronized void useWhatWasLearned() {
    use(companion, () -> learning.models().current().map(Vocabulary::of));
  }

  /** Has the companion use this vocabulary; none when there is none, or it cannot be read. */
  static void use(Companion companion, Supplier<Optional<? extends Reranker>> vocabulary) {
    Reranker reranker = Reranker.NONE;
    try {
      Optional<? extends Reranker> found = vocabulary.get();
      if (found.isPresent()) {
        reranker = found.get();
      }
    } finally {
      companion.rerankWith(reranker);
    }
  }

  /** What of the server is in order; ready only when a meeting can be held. */
  Says.Health health() {
    Map<String, Optional<String>> failures = new LinkedHashMap<>();
    failures.put("log", log.failure().isEmpty() ? Optional.empty() : Optional.of("a write failed"));
    failures.put(
        "database",
        archive.database().answers() ? Optional.empty() : Optional.of("does not answer"));
    failures.put("vault", vault.failure());
    failures.put("disk", soundness.full() ? Optional.of("full") : Optional.empty());
    failures.put("media", sfu.failure(PATIENCE));
    failures.put("speech", companion.failure());
    return health(
        failures,
        Map.of(
            "media", "UDP port " + sfu.address().getPort(), "speech", companion.model().model()));
  }

  /** Ready when nothing failed; of what did, what failed. */
  static Says.Health health(Map<String, Optional<String>> failures, Map<String, String> working) {
    Map<String, String> parts = new LinkedHashMap<>();
    failures.forEach((part, failure) ->
        parts.put(part, failure.orElseGet(() -> working.getOrDefault(part, "ready"))));
    boolean ready = failures.values().stream().allMatch(Optional::isEmpty);
    return new Says.Health(ready ? "ready" : "not ready", parts);
  }

  /** Opens everything in the data folder, which {@code lock} keeps for this process. */
  static House open(
      AyeConfig config, FileChannel lock, Listening.Pour pour, Clock clock, LongSupplier free) {
    try {
      return new House(config, lock, pour, clock, free);
    } catch (IOException e) {
      throw new UncheckedIOException("the data folder could not be opened", e);
    }
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

  Database database() {
    return archive.database();
  }

  Meetings meetings() {
    return meetings;
  }

  Log log() {
    return log;
  }

  Consents consents() {
    return consents;
  }

  DeviceProof proofs() {
    return proofs;
  }

  Caller caller() {
    return caller;
  }

  Vault vault() {
    return vault;
  }

  Learning learning() {
    return learning;
  }

  Soundness soundness() {
    return soundness;
  }

  Companion companion() {
    return companion;
  }

  Sfu sfu() {
    return sfu;
  }

  /** The pages that are served, where there are any. */
  Optional<Says.Build> build() {
    return build;
  }

  Asking asking() {
    return asking;
  }

  Notebook notebook() {
    return notebook;
  }

  Withdrawals withdrawals() {
    return withdrawals;
  }

  Gatherings gatherings() {
    return gatherings;
  }

  Events events() {
    return events;
  }

  @Override
  public void close() {
    soundness.rest();
    chores.interrupt();
    while (!opened.isEmpty()) {
      AutoCloseable part = opened.pop();
      try {
        part.close();
      } catch (Exception e) {
        logger.error("{} did not close: {}", part.getClass().getSimpleName(), e.getClass());
      }
    }
    Archive.unlock(lock);
  }
}
