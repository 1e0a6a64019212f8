package dev.aye.learn;

import static dev.aye.consent.Medium.CHAT;
import static dev.aye.consent.Medium.VOICE;
import static dev.aye.consent.Purpose.TRAINING;

import dev.aye.consent.Town;
import dev.aye.log.Leaf;
import dev.aye.vault.Capture;
import dev.aye.vault.Disk;
import dev.aye.vault.Slice;
import dev.aye.vault.Vault;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A town with a vault and a house of learning, on a given disk. */
final class House {
  final Town town;
  final Vault vault;
  final Learning learning;
  private long said;

  House(Town town, Disk disk, Path folder) {
    this.town = town;
    this.vault =
        Vault.open(disk, folder.resolve("vault"), folder.resolve("keys"), town.random, town.clock);
    this.learning =
        Learning.open(
            disk, folder.resolve("learn"), vault, town.log, town.consents, town.random, town.clock);
  }

  void says(Town.Person who, String... texts) {
    List<Vault.Piece> pieces = new ArrayList<>();
    for (String text : texts) {
      Segment segment = speech(text, 1_793_527_200_000L + 1_000 * said++);
      pieces.add(
          new Vault.Piece(
              new Slice(segment.startMillis(), segment.durationMillis()), segment.encode()));
    }
    vault.appendTraining(who.permit(TRAINING, VOICE), pieces);
  }

  void writes(Town.Person who, String text) {
    Segment segment = Segment.chat(text, 1_793_527_200_000L + 1_000 * said++);
    if (vault
        .appendTraining(
            who.permit(TRAINING, CHAT), new Slice(segment.startMillis(), 0), segment.encode())
        .isEmpty()) {
      throw new AssertionError("the permit is dead");
    }
  }

  static Segment speech(String text, long start) {
    return new Segment(
        VOICE,
        text,
        List.of(
            new Hypothesis(text, -1234.5678901234),
            new Hypothesis(text + " ‘é’ \"quoted\", and more", -1.0e-17)),
        ("RIFF" + text).getBytes(StandardCharsets.UTF_8),
        start,
        900,
        "sphinx4/en-us");
  }

  /** Puts what was said since the last time into the log. */
  void captures() {
    if (vault.capture(Town.MEETING, handle -> true).isPresent()) {
      for (Capture capture : vault.pendingCaptures()) {
        vault.captured(capture.root(), town.log.append(new Leaf.Capture(capture.root())).index());
      }
    }
  }

  DatasetVersion currentDataset() {
    return learning.datasets().list().stream()
        .filter(dataset -> dataset.standing() == Standing.CURRENT)
        .reduce((first, second) -> second)
        .orElseThrow();
  }

  ModelVersion currentModel() {
    return learning.models().list().stream()
        .filter(model -> model.standing() == Standing.CURRENT)
        .reduce((first, second) -> second)
        .orElseThrow();
  }
}
