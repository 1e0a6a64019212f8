package dev.aye.learn;

import dev.aye.log.Hash;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A vocabulary: how often each word, and each pair of neighbouring words, was used by the people
 * who agreed. It re-ranks what a recogniser offers.
 *
 * <p>Words are kept as hashes into {@value #CELLS} cells with integer counts, so that what one
 * segment added can be taken away again bit for bit, in any order. Trainer, hashing and weights are
 * pinned by {@link #TRAINER}. Immutable.
 *
 * <p>A hypothesis gains {@code W · Σ log(1 + S · (c(w) + c(v,w)) / n)} over its words {@code w}
 * after {@code v}, of {@code n} words learned in all. Function words gain nothing: they say nothing
 * about what people speak of. As {@code n} grows, each share shrinks and with it the gain, so that
 * a large vocabulary of everything does not drown the recogniser. A hypothesis that the recogniser
 * itself puts more than {@code M} behind its best gains nothing, and so never comes first.
 *
 * <p>{@code W} and {@code S} were chosen on sentences of synthesised speech that are not the
 * held-out ones, as the weakest that reach the fewest errors there with both built-in engines
 * without touching sentences of other things; {@code CountModelTest} holds them to it.
 */
public final class CountModel {
  /** What the parameters mean; any change to the arithmetic below changes this. */
  public static final String TRAINER =
      "aye/vocabulary/2 cells=131072 weight=20 share=250 behind=40 function-words=english/1";

  private static final int CELLS = 1 << 17;
  private static final int UNIGRAMS = 1 << 15;
  private static final double WEIGHT = 20;
  private static final double SHARE = 250;
  private static final double BEHIND = 40;
  private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}]+(?:['’][\\p{L}]+)*");

  /** English words that carry no subject. */
  private static final Set<String> FUNCTION_WORDS =
      Set.of(
          """
          a about above after again all also am an and any are as at be because been before
          being but by can could did do does for from get go had has have he her here him his
          how i i'm if in into is it it's its just let like may me might more most much must
          my no not now of off on one only or other our out over said say see she should so
          some such than that that's the their them then there these they this those through
          to too two under until up us very want was we well were what when where which while
          who why will with would yes you your
          """
              .split("\\s+"));

  /** Cells below UNIGRAMS count words; those above count pairs. */
  private final int[] counts;

  private final long segments;
  private final long words;

  private CountModel(int[] counts, long segments, long words) {
    this.counts = counts;
    this.segments = segments;
    this.words = words;
  }

  /** The model that has learned nothing. */
  public static CountModel empty() {
    return new CountModel(new int[CELLS], 0, 0);
  }

  public long segments() {
    return segments;
  }

  public long words() {
    return words;
  }

  /** This model, and these texts learned. */
  public CountModel add(Iterable<String> texts) {
    Change change = new Change(this);
    texts.forEach(text -> change.count(text, 1));
    return change.done();
  }

  /**
   * This model without these texts, equal bit for bit to one that never learned them.
   *
   * @throws IllegalStateException when it never did: then something is wrong with its lineage
   */
  public CountModel subtract(Iterable<String> texts) {
    Change change = new Change(this);
    texts.forEach(text -> change.count(text, -1));
    return change.done();
  }

  /** A change in the making, for texts that come one at a time. */
  static final class Change {
    private final int[] counts;
    private long segments;
    private long words;

    Change(CountModel from) {
      this.counts = from.counts.clone();
      this.segments = from.segments;
      this.words = from.words;
    }

    void count(String text, int sign) {
      List<String> tokens = tokens(text);
      for (int i = 0; i < tokens.size(); i++) {
        bump(unigram(tokens.get(i)), sign);
        if (i > 0) {
          bump(bigram(tokens.get(i - 1), tokens.get(i)), sign);
        }
      }
      segments += sign;
      words += (long) sign * tokens.size();
    }

    private void bump(int cell, int sign) {
      counts[cell] = Math.addExact(counts[cell], sign);
    }

    CountModel done() {
      if (segments < 0 || words < 0 || Arrays.stream(counts).anyMatch(count -> count < 0)) {
        throw new IllegalStateException("a model cannot forget what it never learned");
      }
      return new CountModel(counts, segments, words);
    }
  }

  /**
   * The hypotheses, likeliest first by recogniser and vocabulary together, each with its new score.
   * Equal scores keep the recogniser's order.
   */
  public List<Hypothesis> rerank(List<Hypothesis> hypotheses) {
    double best =
        hypotheses.stream().mapToDouble(Hypothesis::score).max().orElse(Double.NEGATIVE_INFINITY);
    List<Hypothesis> ranked = new ArrayList<>();
    for (Hypothesis hypothesis : hypotheses) {
      double gain = hypothesis.score() < best - BEHIND ? 0 : familiarity(hypothesis.text());
      ranked.add(new Hypothesis(hypothesis.text(), hypothesis.score() + gain));
    }
    ranked.sort(Comparator.comparingDouble(Hypothesis::score).reversed());
    return List.copyOf(ranked);
  }

  private double familiarity(String text) {
    if (words == 0) {
      return 0;
    }
    double sum = 0;
    String before = "";
    for (String word : tokens(text)) {
      if (!FUNCTION_WORDS.contains(word)) {
        long known = counts[unigram(word)];
        long follows = before.isEmpty() ? 0 : counts[bigram(before, word)];
        sum += StrictMath.log1p(SHARE * (known + follows) / words);
      }
      before = word;
    }
    return WEIGHT * sum;
  }

  /** The hash over all parameters and what they mean: equal for equal models. */
  public Hash hash() {
    return Hash.sha256(encode());
  }

  /** The one encoding of this model: trainer, totals, and each non-zero cell in order. */
  public byte[] encode() {
    byte[] trainer = TRAINER.getBytes(StandardCharsets.UTF_8);
    int filled = (int) Arrays.stream(counts).filter(count -> count != 0).count();
    ByteBuffer out = ByteBuffer.allocate(2 + trainer.length + 8 + 8 + 4 + 8 * filled);
    out.putShort((short) trainer.length).put(trainer).putLong(segments).putLong(words);
    out.putInt(filled);
    for (int cell = 0; cell < CELLS; cell++) {
      if (counts[cell] != 0) {
        out.putInt(cell).putInt(counts[cell]);
      }
    }
    return out.array();
  }

  /**
   * The inverse of {@link #encode}.
   *
   * @throws IllegalArgumentException for bytes of another trainer, or of no model at all
   */
  public static CountModel decode(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    byte[] trainer = TRAINER.getBytes(StandardCharsets.UTF_8);
    if (in.remaining() < 2 + trainer.length + 20) {
      throw new IllegalArgumentException("a model is cut short");
    }
    byte[] named = new byte[Math.min(Short.toUnsignedInt(in.getShort()), in.remaining())];
    in.get(named);
    if (!Arrays.equals(named, trainer)) {
      throw new IllegalArgumentException("this model is of another trainer");
    }
    long segments = in.getLong();
    long words = in.getLong();
    int filled = in.getInt();
    if (filled < 0 || filled > CELLS || in.remaining() != 8 * filled) {
      throw new IllegalArgumentException("a model is cut short");
    }
    int[] counts = new int[CELLS];
    int last = -1;
    for (int i = 0; i < filled; i++) {
      int cell = in.getInt();
      int count = in.getInt();
      if (cell <= last || cell >= CELLS || count <= 0) {
        throw new IllegalArgumentException("a model is not in its one encoding");
      }
      counts[cell] = count;
      last = cell;
    }
    return new CountModel(counts, segments, words);
  }

  /** Lower-case words of letters and digits, in order; at most what one segment can hold. */
  static List<String> tokens(String text) {
    List<String> tokens = new ArrayList<>();
    Matcher matcher = WORD.matcher(text.toLowerCase(Locale.ROOT));
    while (matcher.find()) {
      tokens.add(matcher.group());
    }
    return tokens;
  }

  static int unigram(String word) {
    return (int) (fnv(0xcbf29ce484222325L, word) & (UNIGRAMS - 1));
  }

  static int bigram(String first, String second) {
    long hash = fnv(fnv(0x84222325cbf29ce4L, first) * 31, second);
    return UNIGRAMS + (int) Long.remainderUnsigned(hash, CELLS - UNIGRAMS);
  }

  /** FNV-1a over UTF-8, then mixed (the finaliser of MurmurHash3), as low bits are used. */
  private static long fnv(long basis, String word) {
    long hash = basis;
    for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
    }
    hash = (hash ^ (hash >>> 33)) * 0xff51afd7ed558ccdL;
    hash = (hash ^ (hash >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return hash ^ (hash >>> 33);
  }

  @Override
  public String toString() {
    return "CountModel[" + segments + " segments]";
  }
}
