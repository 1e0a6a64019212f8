package dev.aye.learn;

import dev.aye.consent.Medium;
import dev.aye.log.Hash;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Which of the covered rows a data set takes: those of certain media. */
public record Query(Set<Medium> media) {
  public Query {
    media = Set.copyOf(media);
  }

  /** Everything there is. */
  public static Query everything() {
    return new Query(Set.of(Medium.VOICE, Medium.CHAT));
  }

  /** Its one spelling; a data set is reproducible from it and a checkpoint. */
  public String text() {
    String names =
        new TreeSet<>(media)
            .stream().map(medium -> "'" + medium.id() + "'").collect(Collectors.joining(", "));
    return "SELECT * FROM covered WHERE purpose = 'training' AND medium IN ("
        + names
        + ") ORDER BY id";
  }

  Hash hash() {
    return Hash.sha256(text().getBytes(StandardCharsets.UTF_8));
  }
}
