package dev.aye.companion;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * PocketSphinx (the C library of Debian's {@code libpocketsphinx3}, 5prealpha) through the
 * foreign-function API.
 *
 * <p>Only ever called in the speech process: a crash of native code ends that process and nothing
 * else.
 */
final class PocketSphinx implements Decoder {
  static final String NAME = "pocketsphinx en-us";
  private static final String LIBRARY = "libpocketsphinx.so.3";
  private static final Path MODEL = Path.of("/usr/share/pocketsphinx/model/en-us");
  private static final List<String> LIBRARY_FOLDERS =
      List.of(
          "/usr/lib/x86_64-linux-gnu",
          "/usr/lib/aarch64-linux-gnu",
          "/usr/lib64",
          "/usr/lib",
          "/usr/local/lib");

  /** Scores are logarithms to base 1.0001, shifted right by ten bits. */
  private static final double TO_NATURAL = 1024 * Math.log(1.0001);

  private static final int MOST_PATHS = 400;
  private static final int MOST_TEXT_BYTES = 4_096;
  private static final int PARTIAL_EVERY = Speech.RATE / 2;

  private final MemorySegment decoder;
  private final MethodHandle start;
  private final MethodHandle end;
  private final MethodHandle process;
  private final MethodHandle hypothesis;
  private final MethodHandle nbest;
  private final MethodHandle nbestNext;
  private final MethodHandle nbestHypothesis;
  private final MethodHandle nbestFree;

  /** Whether library and English model are on this machine. */
  static boolean installed() {
    return Files.isDirectory(MODEL.resolve("en-us"))
        && Files.isReadable(MODEL.resolve("en-us.lm.bin"))
        && library().isPresent();
  }

  private static Optional<Path> library() {
    return LIBRARY_FOLDERS.stream()
        .map(folder -> Path.of(folder, LIBRARY))
        .filter(Files::isReadable)
        .findFirst();
  }

  @SuppressWarnings("restricted") // the point of this class
  PocketSphinx() {
    Path library = library().orElseThrow(() -> new IllegalStateException(LIBRARY + " not found"));
    SymbolLookup symbols = SymbolLookup.libraryLookup(library, Arena.global());
    MethodHandle arguments = function(symbols, "ps_args", ADDRESS);
    MethodHandle parse =
        function(symbols, "cmd_ln_parse_r", ADDRESS, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT);
    MethodHandle init = function(symbols, "ps_init", ADDRESS, ADDRESS);
    start = function(symbols, "ps_start_utt", JAVA_INT, ADDRESS);
    end = function(symbols, "ps_end_utt", JAVA_INT, ADDRESS);
    process =
        function(
            symbols, "ps_process_raw", JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT);
    hypothesis = function(symbols, "ps_get_hyp", ADDRESS, ADDRESS, ADDRESS);
    nbest = function(symbols, "ps_nbest", ADDRESS, ADDRESS);
    nbestNext = function(symbols, "ps_nbest_next", ADDRESS, ADDRESS);
    nbestHypothesis = function(symbols, "ps_nbest_hyp", ADDRESS, ADDRESS, ADDRESS);
    nbestFree = function(symbols, "ps_nbest_free", null, ADDRESS);

    List<String> options =
        List.of(
            "-hmm", MODEL.resolve("en-us").toString(),
            "-lm", MODEL.resolve("en-us.lm.bin").toString(),
            "-dict", MODEL.resolve("cmudict-en-us.dict").toString(),
            "-remove_silence", "no",
            "-logfn", "/dev/null");
    Arena arena = Arena.global(); // the library keeps pointers into its options
    MemorySegment array = arena.allocate(ADDRESS, options.size());
    for (int i = 0; i < options.size(); i++) {
      array.setAtIndex(ADDRESS, i, arena.allocateFrom(options.get(i)));
    }
    MemorySegment configuration =
        (MemorySegment) call(parse, MemorySegment.NULL, call(arguments), options.size(), array, 0);
    decoder = (MemorySegment) call(init, configuration);
    if (decoder.equals(MemorySegment.NULL)) {
      throw new IllegalStateException("PocketSphinx did not start with its English model");
    }
  }

  @SuppressWarnings("restricted")
  private static MethodHandle function(
      SymbolLookup symbols,
      String name,
      @org.jspecify.annotations.Nullable MemoryLayout result,
      MemoryLayout... arguments) {
    return Linker.nativeLinker()
        .downcallHandle(
            symbols
                .find(name)
                .orElseThrow(() -> new IllegalStateException(LIBRARY + " has no " + name)),
            result == null
                ? FunctionDescriptor.ofVoid(arguments)
                : FunctionDescriptor.of(result, arguments));
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public List<Hypothesis> decode(Samples samples, Consumer<String> partial) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment score = arena.allocate(JAVA_INT);
      check((int) call(start, decoder), "begin");
      try {
        feed(samples, partial, score);
      } finally {
        check((int) call(end, decoder), "end");
      }
      return best(score);
    }
  }

  private void feed(Samples samples, Consumer<String> partial, MemorySegment score)
      throws IOException {
    int untold = 0;
    for (short[] chunk = samples.next(); chunk.length > 0; chunk = samples.next()) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment data = arena.allocateFrom(JAVA_SHORT, chunk);
        int frames = (int) call(process, decoder, data, (long) chunk.length, 0, 0);
        data.fill((byte) 0);
        check(Math.min(frames, 0), "listen");
      }
      untold += chunk.length;
      if (untold >= PARTIAL_EVERY) {
        untold = 0;
        partial.accept(text((MemorySegment) call(hypothesis, decoder, score)));
      }
    }
  }

  private List<Hypothesis> best(MemorySegment score) {
    String first = text((MemorySegment) call(hypothesis, decoder, score));
    List<Hypothesis> list = new ArrayList<>();
    list.add(new Hypothesis(first, 0));
    if (first.isEmpty()) {
      return list;
    }
    Map<String, Integer> found = new LinkedHashMap<>();
    MemorySegment path = (MemorySegment) call(nbest, decoder);
    for (int i = 0; !path.equals(MemorySegment.NULL) && found.size() < Wire.MOST_HYPOTHESES; i++) {
      if (i == MOST_PATHS) { // the iterator frees itself only at its natural end
        call(nbestFree, path);
        path = MemorySegment.NULL;
        break;
      }
      String text = text((MemorySegment) call(nbestHypothesis, path, score));
      if (!text.isEmpty()) {
        found.putIfAbsent(text, score.get(JAVA_INT, 0));
      }
      path = (MemorySegment) call(nbestNext, path);
    }
    if (!path.equals(MemorySegment.NULL)) {
      call(nbestFree, path);
    }
    // The search's own answer stays first: the lattice scores it on another scale.
    int top = found.values().stream().max(Integer::compare).orElse(0);
    int own = found.getOrDefault(first, top);
    found.forEach((text, value) -> {
      if (!text.equals(first) && list.size() < Wire.MOST_HYPOTHESES) {
        list.add(new Hypothesis(text, Math.min(0, (value - own) * TO_NATURAL)));
      }
    });
    return list;
  }

  @SuppressWarnings("restricted")
  private static String text(MemorySegment pointer) {
    if (pointer.equals(MemorySegment.NULL)) {
      return "";
    }
    // Dictionary spellings carry the number of a pronunciation: "read(2)".
    return pointer.reinterpret(MOST_TEXT_BYTES).getString(0).replaceAll("\\(\\d+\\)", "").strip();
  }

  private static void check(int status, String doing) {
    if (status < 0) {
      throw new IllegalStateException("PocketSphinx failed to " + doing);
    }
  }

  private static Object call(MethodHandle function, Object... arguments) {
    try {
      return function.invokeWithArguments(arguments);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("calling " + LIBRARY, e);
    }
  }
}
