package dev.aye.learn;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What a built-in engine offered for sentences of synthesised speech (Flite's slt and rms), as
 * {@code SpeechBench} prints it: recorded once, so that re-ranking is tested without an engine.
 *
 * <p>A line names the group and what was said; the lines below it are score and reading. Groups:
 * {@code learned} (the recordings withdrawn and yes; the best reading only), {@code heldout} (the
 * recording of that name), {@code development} (other sentences with words of the learned ones; the
 * weights were chosen on these), {@code unrelated} (sentences of other things, some with words that
 * sound alike). Readings more than 50 behind the best are left out.
 */
record Readings(List<Sentence> sentences) {
  record Sentence(String group, String said, List<Hypothesis> offered) {}

  static Readings of(String engine) {
    List<Sentence> sentences = new ArrayList<>();
    try (InputStream in = Readings.class.getResourceAsStream("/readings/" + engine + ".tsv")) {
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList()) {
        int tab = line.indexOf('\t');
        String first = line.substring(0, tab);
        String rest = line.substring(tab + 1);
        if (Character.isLetter(first.charAt(0))) {
          sentences.add(new Sentence(first, rest, new ArrayList<>()));
        } else {
          sentences.getLast().offered().add(new Hypothesis(rest, Double.parseDouble(first)));
        }
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return new Readings(sentences);
  }

  List<String> learned() {
    return group("learned").stream().map(s -> s.offered().getFirst().text()).toList();
  }

  int words(String group) {
    return group(group).stream().mapToInt(s -> CountModel.tokens(s.said()).size()).sum();
  }

  /** Words wrong, missing or made up, when this model chooses among the readings. */
  int errors(String group, CountModel model) {
    return group(group).stream()
        .mapToInt(s ->
            distance(
                CountModel.tokens(s.said()),
                CountModel.tokens(model.rerank(s.offered()).getFirst().text())))
        .sum();
  }

  private List<Sentence> group(String name) {
    return sentences.stream().filter(s -> s.group().equals(name)).toList();
  }

  private static int distance(List<String> said, List<String> heard) {
    int[] row = new int[heard.size() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 0; i < said.size(); i++) {
      int diagonal = row[0]++;
      for (int j = 1; j < row.length; j++) {
        int replaced = diagonal + (said.get(i).equals(heard.get(j - 1)) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[heard.size()];
  }
}
