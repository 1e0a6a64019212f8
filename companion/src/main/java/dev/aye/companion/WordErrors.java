package dev.aye.companion;

import java.util.List;
import java.util.Locale;

/**
 * Errors of recognition against what was really said: word substitutions, deletions and insertions
 * (Levenshtein).
 *
 * @param words in what was really said
 */
public record WordErrors(int words, int errors) {
  public static final WordErrors NONE = new WordErrors(0, 0);

  /** Case and punctuation do not count. */
  public static WordErrors between(String said, String heard) {
    List<String> a = words(said);
    List<String> b = words(heard);
    int[] row = new int[b.size() + 1];
    for (int j = 0; j <= b.size(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.size(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.size(); j++) {
        int substitution = diagonal + (a.get(i - 1).equals(b.get(j - 1)) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(substitution, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return new WordErrors(a.size(), row[b.size()]);
  }

  public WordErrors plus(WordErrors other) {
    return new WordErrors(words + other.words, errors + other.errors);
  }

  /** Word error rate; above 1 when more was made up than said. */
  public double rate() {
    return words == 0 ? 0 : (double) errors / words;
  }

  private static List<String> words(String text) {
    String plain = text.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N}' ]", " ").strip();
    return plain.isEmpty() ? List.of() : List.of(plain.split("\\s+"));
  }
}
