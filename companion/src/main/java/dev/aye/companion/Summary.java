package dev.aye.companion;

import dev.aye.consent.Handle;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * A meeting in a few of its own sentences: nothing is made up, nothing rephrased, nothing filled in
 * for those who are not in the transcript. A value; the same transcript gives the same summary.
 *
 * <p>Sentences are ranked as in TextRank (Mihalcea and Tarau, 2004): each gives its weight to those
 * that share words with it, rare words counting more. Decisions and promises are lifted by the
 * words that announce them. What repeats a chosen sentence is passed over.
 *
 * @param lines the chosen entries, in the order in which they were said
 * @param handles every grant that it rests on: of the whole transcript, since what was not chosen
 *     took part in the choice. When one of them is taken back, the summary is to be made again
 *     without it.
 */
public record Summary(List<Transcript.Entry> lines, Set<Handle> handles) {
  private static final int ROUNDS = 30;
  private static final double DAMPING = 0.85;
  private static final double REPEATS = 0.6;
  private static final double LIFT = 1.6;
  private static final int FEWEST_WORDS = 3;
  private static final int MOST_ENTRIES = 1_000;

  private static final Set<String> COMMON =
      Set.of(
          ("a about after again all also am an and any are as at be because been before being but by can could did do"
                  + " does for from had has have he her here him his how i if in into is it its just like me more most"
                  + " much my no not now of off on once only or other our out over own please same she should so some"
                  + " such than that the their them then there these they this those to too under until up us very"
                  + " was we were what when where which while who why will with would yes you your")
              .split(" "));

  private static final List<String> ANNOUNCING =
      List.of(
          "decided",
          "decide",
          "agreed",
          "agree",
          "i will",
          "we will",
          "i'll",
          "we'll",
          "let us",
          "let's",
          "have to",
          "has to",
          "must",
          "deadline",
          "by friday",
          "next week",
          "who will",
          "can somebody");

  public Summary {
    lines = List.copyOf(lines);
    handles = Set.copyOf(handles);
  }

  /** At most {@code most} lines; fewer when less was said. */
  public static Summary of(Transcript transcript, int most) {
    List<Transcript.Entry> entries =
        transcript.entries().stream().filter(e -> words(e.text()).size() >= FEWEST_WORDS).toList();
    if (entries.size() > MOST_ENTRIES) { // the ranking is quadratic
      entries = entries.subList(entries.size() - MOST_ENTRIES, entries.size());
    }
    List<Set<String>> bags = entries.stream().map(e -> stems(e.text())).toList();
    double[][] likeness = likeness(bags);
    double[] rank = rank(likeness);
    for (int i = 0; i < rank.length; i++) {
      rank[i] *= announces(entries.get(i).text()) ? LIFT : 1;
    }
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < rank.length; i++) {
      order.add(i);
    }
    order.sort(Comparator.comparingDouble((Integer i) -> -rank[i]).thenComparing(i -> i));
    List<Integer> chosen = new ArrayList<>();
    for (int i : order) {
      if (chosen.size() < most && chosen.stream().allMatch(j -> likeness[i][j] < REPEATS)) {
        chosen.add(i);
      }
    }
    chosen.sort(Comparator.naturalOrder());
    return new Summary(chosen.stream().map(entries::get).toList(), transcript.handles());
  }

  /** Cosine of two sentences over their words, weighted by rarity; 1 for equal ones. */
  private static double[][] likeness(List<Set<String>> bags) {
    Map<String, Integer> in = new HashMap<>();
    bags.forEach(bag -> bag.forEach(word -> in.merge(word, 1, Integer::sum)));
    int n = bags.size();
    double[] norm = new double[n];
    for (int i = 0; i < n; i++) {
      norm[i] = Math.sqrt(weight(bags.get(i), in, n));
    }
    double[][] likeness = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < i; j++) {
        var shared = new HashSet<>(bags.get(i));
        shared.retainAll(bags.get(j));
        double product = norm[i] * norm[j];
        likeness[i][j] = product == 0 ? 0 : weight(shared, in, n) / product;
        likeness[j][i] = likeness[i][j];
      }
    }
    return likeness;
  }

  private static double weight(Set<String> bag, Map<String, Integer> in, int n) {
    // Sorted: a sum of doubles depends on its order, and that of a set is no one's promise.
    return bag.stream()
        .sorted()
        .mapToDouble(word -> Math.pow(Math.log(1 + (double) n / in.getOrDefault(word, 1)), 2))
        .sum();
  }

  private static double[] rank(double[][] likeness) {
    int n = likeness.length;
    double[] rank = new double[n];
    java.util.Arrays.fill(rank, 1);
    double[] out = new double[n];
    for (int i = 0; i < n; i++) {
      out[i] = java.util.Arrays.stream(likeness[i]).sum();
    }
    for (int round = 0; round < ROUNDS; round++) {
      double[] next = new double[n];
      for (int i = 0; i < n; i++) {
        double taken = 0;
        for (int j = 0; j < n; j++) {
          taken += out[j] == 0 ? 0 : likeness[i][j] / out[j] * rank[j];
        }
        next[i] = 1 - DAMPING + DAMPING * taken;
      }
      rank = next;
    }
    return rank;
  }

  private static boolean announces(String text) {
    String padded = " " + String.join(" ", words(text)) + " ";
    return ANNOUNCING.stream().anyMatch(cue -> padded.contains(" " + cue + " "));
  }

  private static Set<String> stems(String text) {
    var stems = new HashSet<String>();
    for (String word : words(text)) {
      if (!COMMON.contains(word)) {
        stems.add(stem(word));
      }
    }
    return stems;
  }

  /** Takes common English endings off: enough to see that two sentences speak of one thing. */
  private static String stem(String word) {
    for (String ending : List.of("ing", "ed", "es", "s")) {
      if (word.length() > ending.length() + 3 && word.endsWith(ending)) {
        return word.substring(0, word.length() - ending.length());
      }
    }
    return word;
  }

  private static List<String> words(String text) {
    String plain = text.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N}' ]", " ").strip();
    return plain.isEmpty() ? List.of() : List.of(plain.split("\\s+"));
  }
}
