package dev.aye.companion;

import edu.cmu.sphinx.decoder.ResultListener;
import edu.cmu.sphinx.frontend.util.StreamDataSource;
import edu.cmu.sphinx.linguist.dictionary.Word;
import edu.cmu.sphinx.recognizer.Recognizer;
import edu.cmu.sphinx.result.Edge;
import edu.cmu.sphinx.result.Lattice;
import edu.cmu.sphinx.result.LatticeOptimizer;
import edu.cmu.sphinx.result.Node;
import edu.cmu.sphinx.result.Result;
import edu.cmu.sphinx.util.LogMath;
import edu.cmu.sphinx.util.props.ConfigurationManager;
import edu.cmu.sphinx.util.props.ConfigurationManagerUtils;
import edu.cmu.sphinx.util.props.PropertySheet;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * CMU sphinx4 with the English model of its data jar.
 *
 * <p>Its stock configuration with four changes. The absolute beam is 3,000 instead of 20,000
 * states: real time on one core instead of a fifth of it, for about one word in a hundred. Its own
 * voice activity detection is taken out, since segments come cut. It tells the words so far, each
 * half second of speech. The monitors, which print, are off.
 */
final class Sphinx4 implements Decoder, ResultListener {
  static final String NAME = "sphinx4 en-us";
  private static final String CONFIGURATION = "/edu/cmu/sphinx/api/default.config.xml";
  private static final String MODEL = "resource:/edu/cmu/sphinx/models/en-us/";
  private static final int MOST_EXPANSIONS = 4_000;

  private final Recognizer recognizer;
  private final StreamDataSource source;
  private Consumer<String> listener = text -> {};

  Sphinx4() {
    URL stock = Recognizer.class.getResource(CONFIGURATION);
    if (stock == null) {
      throw new IllegalStateException("sphinx4's stock configuration is not on the class path");
    }
    var configuration = new ConfigurationManager(stock);
    configuration.setGlobalProperty("absoluteBeamWidth", "3000");
    set(configuration, "acousticModelLoader", "location", MODEL + "en-us");
    set(configuration, "dictionary", "dictionaryPath", MODEL + "cmudict-en-us.dict");
    set(configuration, "dictionary", "fillerPath", MODEL + "en-us/noisedict");
    set(configuration, "trieNgramModel", "location", MODEL + "en-us.lm.bin");
    set(configuration, "lexTreeLinguist", "languageModel", "trieNgramModel");
    set(configuration, "decoder", "fireNonFinalResults", "true");
    set(configuration, "decoder", "featureBlockSize", "50"); // frames of 10 ms
    set(configuration, "dataSource", "sampleRate", Integer.toString(Speech.RATE));
    configuration
        .getPropertySheet("liveFrontEnd")
        .setComponentList(
            "pipeline",
            List.of(
                "dataSource",
                "dataBlocker",
                "preemphasizer",
                "windower",
                "fft",
                "autoCepstrum",
                "liveCMN",
                "featureExtraction",
                "featureTransform"),
            null); // null: looked up by name
    recognizer = (Recognizer) configuration.lookup("recognizer");
    source = (StreamDataSource) configuration.lookup("dataSource");
    recognizer.allocate();
    recognizer.addResultListener(this);
  }

  private static void set(
      ConfigurationManager configuration, String component, String property, String value) {
    ConfigurationManagerUtils.setProperty(configuration, component + "->" + property, value);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public List<Hypothesis> decode(Samples samples, Consumer<String> partial) throws IOException {
    listener = partial;
    source.setInputStream(new Bytes(samples));
    try {
      Result result = recognizer.recognize();
      return result == null ? List.of(new Hypothesis("", 0)) : best(result);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    } finally {
      listener = text -> {};
      source.setInputStream(InputStream.nullInputStream());
    }
  }

  @Override
  public void newResult(Result result) {
    if (!result.isFinal()) {
      listener.accept(result.getBestResultNoFiller());
    }
  }

  @Override
  public void newProperties(PropertySheet sheet) {}

  private static List<Hypothesis> best(Result result) {
    String first = result.getBestResultNoFiller();
    if (first.isBlank()) {
      return List.of(new Hypothesis("", 0));
    }
    if (result.getBestFinalToken() == null) { // cut within a word: no path through the lattice
      return List.of(new Hypothesis(first, 0));
    }
    var lattice = new Lattice(result);
    new LatticeOptimizer(lattice).optimize();
    Map<String, Double> found = paths(lattice, LogMath.getLogMath());
    // The search's own answer stays first: the lattice merges histories and may prefer another by a
    // hair.
    double top =
        found.getOrDefault(first, found.values().stream().max(Double::compare).orElse(0.0));
    List<Hypothesis> list = new ArrayList<>();
    list.add(new Hypothesis(first, 0));
    found.forEach((text, score) -> {
      if (!text.equals(first)) {
        list.add(new Hypothesis(text, Math.min(0, score - top)));
      }
    });
    return list.size() <= Wire.MOST_HYPOTHESES ? list : list.subList(0, Wire.MOST_HYPOTHESES);
  }

  /**
   * The best paths of a word lattice, best first: A* whose estimate of the way still to go is
   * exact, so that complete paths come out in order. Paths that differ only in fillers or in times
   * are one text.
   */
  private static Map<String, Double> paths(Lattice lattice, LogMath math) {
    Map<Node, Double> ahead = new HashMap<>();
    List<Node> order = lattice.sortNodes();
    ahead.put(lattice.getTerminalNode(), 0.0);
    for (Node node : order.reversed()) {
      for (Edge edge : node.getLeavingEdges()) {
        Double rest = ahead.get(edge.getToNode());
        if (rest != null) {
          ahead.merge(node, rest + weight(edge), Math::max);
        }
      }
    }
    var open = new PriorityQueue<Path>(Comparator.comparingDouble(Path::estimate).reversed());
    Double whole = ahead.get(lattice.getInitialNode());
    if (whole == null) {
      return Map.of();
    }
    open.add(new Path(null, lattice.getInitialNode(), 0, whole));
    Map<String, Double> found = new LinkedHashMap<>();
    for (int i = 0; i < MOST_EXPANSIONS && found.size() < Wire.MOST_HYPOTHESES; i++) {
      Path path = open.poll();
      if (path == null) {
        break;
      }
      if (path.node.equals(lattice.getTerminalNode())) {
        found.putIfAbsent(path.text(), (double) math.logToLn((float) path.score));
        continue;
      }
      for (Edge edge : path.node.getLeavingEdges()) {
        Double rest = ahead.get(edge.getToNode());
        if (rest != null) {
          double score = path.score + weight(edge);
          open.add(new Path(path, edge.getToNode(), score, score + rest));
        }
      }
    }
    return found;
  }

  private static double weight(Edge edge) {
    return edge.getAcousticScore() + edge.getLMScore();
  }

  private record Path(@Nullable Path before, Node node, double score, double estimate) {
    String text() {
      var words = new ArrayList<String>();
      for (Path p = this; p != null; p = p.before) {
        Word word = p.node.getWord();
        if (!word.isFiller() && !word.isSentenceStartWord() && !word.isSentenceEndWord()) {
          words.add(word.getSpelling());
        }
      }
      return String.join(" ", words.reversed());
    }
  }

  /** Samples as the bytes that sphinx4 reads: 16 bit, little-endian. */
  private static final class Bytes extends InputStream {
    private final Samples samples;
    private short[] chunk = new short[0];
    private int at;
    private boolean ended;

    Bytes(Samples samples) {
      this.samples = samples;
    }

    @Override
    public int read() {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) {
      int n = 0;
      while (n < length) {
        if (at == chunk.length * 2 && !refill()) {
          break;
        }
        int sample = chunk[at / 2];
        into[offset + n++] = (byte) (at % 2 == 0 ? sample : sample >> 8);
        at++;
      }
      return n == 0 && length > 0 ? -1 : n;
    }

    private boolean refill() {
      if (ended) {
        return false;
      }
      try {
        chunk = samples.next();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      at = 0;
      ended = chunk.length == 0;
      return !ended;
    }
  }
}
