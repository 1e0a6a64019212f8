package dev.aye.log;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLongArray;

/** Measures the log on the disk that it is given: its promises with numbers. */
public final class LogBench {
  private static final String ORIGIN = "bench.example/log";
  private static final int SEQUENTIAL = 100;
  private static final int LATENCIES_PER_CALLER = 40;
  private static final int MILLION = 1_000_000;
  private static final int SLICE = 20_000;

  /**
   * What was measured.
   *
   * @param appends how many leaves were appended for {@code appendsPerSecond}
   * @param callers how many appends were under way at any time
   * @param appendsPerSecond durable and published, each with its proof made
   * @param p50Millis the median time of one append with {@code loadCallers} callers, each of which
   *     waits for its answer before it appends again
   * @param p99Millis the same, for the slowest in a hundred
   * @param aloneMillis the median time of one append when nobody else appends
   * @param verifiedPerSecond entries checked by {@link LogVerifier#folder}, one thread, from the
   *     page cache
   * @param verified how many entries there were to verify
   * @param openMillis the time to open the log of that size
   * @param smallHeapMiB the heap of a process of its own in which that log was opened, appended to,
   *     read and verified again
   */
  public record Figures(
      long appends,
      int callers,
      double appendsPerSecond,
      int loadCallers,
      double p50Millis,
      double p99Millis,
      double aloneMillis,
      double verifiedPerSecond,
      long verified,
      double openMillis,
      long smallHeapMiB) {}

  private LogBench() {}

  /**
   * Runs the whole measurement in a new or empty folder, and leaves the log there.
   *
   * @param callers how many appends are kept under way for the throughput
   * @param appends how many leaves to append for the throughput
   * @param loadCallers how many callers append one by one for the latency
   * @param entries how many there are at least when the log is opened and verified
   */
  public static Figures run(
      Path folder,
      int callers,
      int appends,
      int loadCallers,
      int entries,
      SecureRandom random,
      InstantSource clock)
      throws IOException {
    double perSecond;
    double[] loaded;
    double[] alone;
    String vkey;
    try (Log log = Log.open(folder, ORIGIN, random, clock)) {
      vkey = log.vkey();
      throughput(log, callers, Math.min(appends, 20_000), 0);
      perSecond = throughput(log, callers, appends, 1);
      loaded = latencies(log, loadCallers, LATENCIES_PER_CALLER);
      alone = latencies(log, 1, SEQUENTIAL);
      throughput(log, callers, (int) Math.max(0, entries - log.size()), 3);
    }
    long start = System.nanoTime();
    long reached;
    try (Log log = Log.open(folder, ORIGIN, random, clock)) {
      reached = log.size();
    }
    double openMillis = (System.nanoTime() - start) / 1e6;
    verified(folder, vkey);
    double verified = Math.max(verified(folder, vkey), verified(folder, vkey));
    long size = reached + reached / 20;
    long heap = inSmallHeap(folder, size);
    return new Figures(
        appends,
        callers,
        perSecond,
        loadCallers,
        percentile(loaded, 50),
        percentile(loaded, 99),
        percentile(alone, 50),
        verified,
        reached,
        openMillis,
        heap);
  }

  private static long inSmallHeap(Path folder, long size) throws IOException {
    Process process =
        new ProcessBuilder(
                System.getProperty("java.home") + "/bin/java",
                "-Xmx64m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                SmallHeap.class.getName(),
                folder.toString(),
                Long.toString(size))
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!said.contains("verified " + size + " entries in at most 64 MiB")) {
      throw new IllegalStateException("the log does not fit in 64 MiB of heap: " + said);
    }
    return 64;
  }

  /**
   * A process with a small heap: fills the log in its first argument up to the size in its second,
   * reads from all over it, opens it again and verifies it.
   */
  static final class SmallHeap {
    private SmallHeap() {}

    public static void main(String[] arguments) throws IOException {
      Path folder = Path.of(arguments[0]);
      long size = Long.parseLong(arguments[1]);
      SecureRandom random = new SecureRandom();
      InstantSource never = () -> Instant.EPOCH;
      String vkey;
      try (Log log = Log.open(folder, ORIGIN, random, never)) {
        while (log.size() < size) {
          throughput(log, 4096, (int) Math.min(SLICE, size - log.size()), log.size());
        }
        vkey = log.vkey();
        LogVerifier verifier = LogVerifier.of(vkey).orElseThrow();
        for (long index = 0; index < size; index += size / 2000) {
          Leaf[] found = new Leaf[1];
          log.leaves(index, index + 1, (at, leaf) -> found[0] = leaf);
          verifier.proof(log.proof(index), found[0]).orElseThrow();
          if (log.resource(new TilePath(0, index >> 8, 1).text()).isEmpty()) {
            throw new IllegalStateException("a tile is not served");
          }
        }
        log.consistency(size / 3);
      }
      Log.open(folder, ORIGIN, random, never).close();
      Checkpoint at = whole(folder, vkey);
      if (Runtime.getRuntime().maxMemory() > 64L << 20) {
        throw new IllegalStateException("this process has more heap than 64 MiB");
      }
      System.out.println("verified " + at.size() + " entries in at most 64 MiB");
    }
  }

  /** Prints the figures: {@code LogBench [callers] [appends] [loadCallers]}. */
  public static void main(String[] arguments) throws IOException {
    int[] numbers = {8192, 200_000, 64};
    for (int i = 0; i < arguments.length; i++) {
      numbers[i] = Integer.parseInt(arguments[i]);
    }
    Path folder = Files.createTempDirectory(Path.of(""), "log-bench-");
    InstantSource clock = InstantSource.system();
    SecureRandom random = new SecureRandom();
    System.out.println(
        folder + " " + run(folder, numbers[0], numbers[1], numbers[2], MILLION, random, clock));
  }

  private static double throughput(Log log, int callers, int appends, long salt) {
    Semaphore underWay = new Semaphore(callers);
    List<CompletableFuture<Void>> answers = new ArrayList<>(appends);
    long start = System.nanoTime();
    for (int i = 0; i < appends; i++) {
      underWay.acquireUninterruptibly();
      answers.add(log.submit(leaf((salt << 32) | i)).thenAccept(appended -> underWay.release()));
    }
    answers.forEach(CompletableFuture::join);
    return appends / ((System.nanoTime() - start) / 1e9);
  }

  private static double[] latencies(Log log, int callers, int each) {
    AtomicLongArray nanos = new AtomicLongArray(callers * each);
    List<Thread> threads = new ArrayList<>();
    for (int caller = 0; caller < callers; caller++) {
      int first = caller * each;
      threads.add(
          Thread.ofVirtual()
              .start(() -> {
                for (int i = first; i < first + each; i++) {
                  long start = System.nanoTime();
                  log.append(leaf((2L << 32) + i));
                  nanos.set(i, System.nanoTime() - start);
                }
              }));
    }
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        throw new IllegalStateException("the measurement was interrupted", e);
      }
    }
    double[] millis = new double[nanos.length()];
    for (int i = 0; i < millis.length; i++) {
      millis[i] = nanos.get(i) / 1e6;
    }
    Arrays.sort(millis);
    return millis;
  }

  private static double percentile(double[] sorted, int percent) {
    return sorted[Math.min(sorted.length - 1, sorted.length * percent / 100)];
  }

  private static double verified(Path folder, String vkey) throws IOException {
    long start = System.nanoTime();
    Checkpoint checkpoint = whole(folder, vkey);
    return checkpoint.size() / ((System.nanoTime() - start) / 1e9);
  }

  private static Checkpoint whole(Path folder, String vkey) throws IOException {
    LogVerifier verifier = LogVerifier.of(vkey).orElseThrow();
    return verifier.folder(folder, List.of(), (index, leaf) -> {}).orElseThrow();
  }

  private static Leaf leaf(long number) {
    byte[] bytes = new byte[Hash.LENGTH];
    for (int i = 0; i < 8; i++) {
      bytes[i] = (byte) (number >> (8 * i));
    }
    return new Leaf.Answer(Hash.of(bytes));
  }
}
