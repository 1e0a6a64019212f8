package dev.aye.learn;

import static dev.aye.consent.Medium.VOICE;
import static dev.aye.consent.Purpose.TRAINING;

import dev.aye.consent.Permits;
import dev.aye.consent.Town;
import dev.aye.vault.Disk;
import dev.aye.vault.Slice;
import dev.aye.vault.Vault;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Measures forgetting against training again; run by hand: {@code ForgettingFigures [people]
 * [segments each]}.
 */
final class ForgettingFigures {
  private ForgettingFigures() {}

  public static void main(String[] args) throws Exception {
    int people = args.length > 0 ? Integer.parseInt(args[0]) : 400;
    int each = args.length > 1 ? Integer.parseInt(args[1]) : 250;
    Path folder = Files.createTempDirectory("aye-figures");
    try (Town town = new Town(folder)) {
      House house = new House(town, Disk.real(), folder.resolve("house"));
      Random random = new Random(1);
      List<Town.Person> all = new ArrayList<>();
      long start = System.nanoTime();
      for (int p = 0; p < people; p++) {
        Town.Person person = town.new Person("p" + p);
        person.agrees(VOICE, TRAINING);
        all.add(person);
        List<Vault.Piece> pieces = new ArrayList<>();
        for (int s = 0; s < each; s++) {
          long at = 1_793_527_200_000L + 3_000L * (p * each + s);
          pieces.add(new Vault.Piece(new Slice(at, 2_900), speech(random, at).encode()));
        }
        house.vault.appendTraining(person.permit(TRAINING, VOICE), pieces);
      }
      house.captures();
      say("kept " + people * each + " segments", start);
      start = System.nanoTime();
      DatasetVersion dataset = house.learning.datasets().build(Query.everything());
      say("build", start);
      for (int i = 0; i < 3; i++) {
        start = System.nanoTime();
        house.learning.models().train(dataset.id());
        say("train", start);
      }
      long exporting = System.nanoTime();
      house.learning.datasets().export(dataset.id(), folder.resolve("export"));
      say("export", exporting);
      start = System.nanoTime();
      boolean holds = Datasets.verify(folder.resolve("export"), town.log.vkey()).holds();
      say("verify (holds: " + holds + ")", start);
      List<Long> marks = new ArrayList<>();
      house.learning.forgetting().onProgress(progress -> marks.add(System.nanoTime()));
      for (int i = 0; i < 4; i++) {
        Town.Person leaver = all.get(i);
        leaver.withdraws(TRAINING, VOICE);
        marks.clear();
        start = System.nanoTime();
        house.learning.forgetting().run();
        say("withdrawal to signed account", start);
        StringBuilder steps = new StringBuilder();
        for (int s = 1; s < marks.size(); s++) {
          steps
              .append(Step.ORDER.get(s - 1).id())
              .append(' ')
              .append((marks.get(s) - marks.get(s - 1)) / 1000)
              .append(" us, ");
        }
        System.out.println("  " + steps);
      }
      CountModel model = house.learning.models().current().orElseThrow();
      List<String> texts = new ArrayList<>();
      town.consents.uses(TRAINING).getFirst();
      house
          .vault
          .own(Permits.proven(all.get(9).id))
          .forEach(c -> texts.add(Segment.decode(c.bytes()).text()));
      start = System.nanoTime();
      for (int i = 0; i < 20; i++) {
        model = model.subtract(texts).add(texts);
      }
      System.out.println(
          "counts alone, subtract+add one person: " + (System.nanoTime() - start) / 20_000 + " us");
      start = System.nanoTime();
      DatasetVersion fresh = house.learning.datasets().build(Query.everything());
      ModelVersion again = house.learning.models().train(fresh.id());
      say("fresh build and train", start);
      System.out.println(
          "equal to the fresh run: "
              + again.hash().equals(model.hash().hex())
              + " "
              + Instant.now());
    }
  }

  private static Segment speech(Random random, long at) {
    StringBuilder text = new StringBuilder();
    for (int w = 0; w < 12; w++) {
      int rank = (int) Math.pow(5000, random.nextDouble());
      text.append(w == 0 ? "" : " ").append("w").append(Integer.toString(rank, 26));
    }
    byte[] audio = new byte[1024];
    random.nextBytes(audio);
    return new Segment(
        VOICE,
        text.toString(),
        List.of(
            new Hypothesis(text.toString(), -4000.5), new Hypothesis("something else", -4010.25)),
        audio,
        at,
        2_900,
        "base");
  }

  private static void say(String what, long since) {
    System.out.println(
        what + ": " + Duration.ofNanos(System.nanoTime() - since).toMillis() + " ms");
  }
}
