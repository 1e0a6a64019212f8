package dev.aye.learn;

import static dev.aye.consent.Medium.CHAT;
import static dev.aye.consent.Medium.VOICE;
import static dev.aye.consent.Purpose.NOTES;
import static dev.aye.consent.Purpose.TRAINING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aye.consent.Card;
import dev.aye.consent.Handle;
import dev.aye.consent.Permits;
import dev.aye.consent.Town;
import dev.aye.log.Hash;
import dev.aye.log.Leaf;
import dev.aye.log.LogVerifier;
import dev.aye.vault.BlockId;
import dev.aye.vault.Content;
import dev.aye.vault.CrashDisk;
import dev.aye.vault.Disk;
import dev.aye.vault.MemoryDisk;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LearningTest {
  @TempDir Path folder;
  private final MemoryDisk disk = new MemoryDisk();
  private Town town;
  private Town.Person ann;
  private Town.Person bob;
  private Town.Person cay;
  private House house;

  @BeforeEach
  void peopleTalk() throws Exception {
    town = new Town(folder);
    ann = town.new Person("ann");
    bob = town.new Person("bob");
    cay = town.new Person("cay");
    ann.agrees(VOICE, TRAINING, NOTES);
    bob.agrees(VOICE, TRAINING);
    bob.agrees(CHAT, TRAINING);
    cay.agrees(VOICE, TRAINING);
    house = new House(town, disk, Path.of("/house"));
    house.says(ann, "the roof of the boathouse leaks", "call the roofer about the boathouse");
    house.says(bob, "the cellar is dry", "the roof is his");
    house.writes(bob, "Boathouse keys: under the mat");
    house.says(cay, "a motion to adjourn", "the roof again");
    house.captures();
  }

  @AfterEach
  void close() {
    town.close();
  }

  private House reopened(Disk on) {
    return new House(town, on, Path.of("/house"));
  }

  // ---- cutting ----

  @Test
  void aDataSetTakesOnlyWhatWasCapturedUnderAStandingGrant() {
    house.says(cay, "this is not in the log yet");
    assertThat(house.learning.datasets().build(Query.everything()).rows()).isEqualTo(7);
    bob.withdraws(TRAINING, CHAT);
    assertThat(house.learning.datasets().build(Query.everything()).rows()).isEqualTo(6);
  }

  @Test
  void theSameRowsHaveTheSameRootAndANaiveTreeAgrees() {
    DatasetVersion one = house.learning.datasets().build(Query.everything());
    DatasetVersion two = house.learning.datasets().build(Query.everything());
    assertThat(one.root()).isEqualTo(two.root());
    assertThat(one.id()).isNotEqualTo(two.id());
    assertThat(naiveRoot(house, List.of(ann, bob, cay))).isEqualTo(one.root());
  }

  // ---- learning ----

  @Test
  void aModelReplaysFromItsLineageAndANaiveRecountAgrees() {
    DatasetVersion dataset = house.learning.datasets().build(Query.everything());
    ModelVersion model = house.learning.models().train(dataset.id());
    assertThat(house.learning.models().replays(model.id())).isTrue();
    assertThat(model.hash()).isEqualTo(naiveModel(house, List.of(ann, bob, cay)));
    assertThat(house.learning.models().lineage(model.id()).orElseThrow())
        .contains(dataset.root(), dataset.id(), CountModel.TRAINER);
    assertThat(reopened(disk).learning.models().current().orElseThrow().hash().hex())
        .isEqualTo(model.hash());
  }

  @Test
  void aNewModelTakesThePlaceOfTheOldWhichIsShredded() {
    DatasetVersion dataset = house.learning.datasets().build(Query.everything());
    ModelVersion old = house.learning.models().train(dataset.id());
    house.learning.models().train(dataset.id());
    assertThat(house.learning.models().list().getFirst().standing()).isEqualTo(Standing.SHREDDED);
    assertThat(house.learning.models().lineage(old.id())).isEmpty();
    assertThat(house.vault.artefacts(Workshop.PARAMETERS)).hasSize(1);
  }

  // ---- forgetting ----

  @Test
  void afterForgettingDataSetAndModelEqualAFreshRunWithoutThatPerson() throws Exception {
    DatasetVersion before = house.learning.datasets().build(Query.everything());
    ModelVersion model = house.learning.models().train(before.id());
    assertThat(house.learning.models().current()).isPresent();
    ann.withdraws(TRAINING, VOICE);
    assertThat(house.learning.models().current()).isEmpty(); // before the job even runs
    house.learning.forgetting().run();

    DatasetVersion recut = house.currentDataset();
    ModelVersion subtracted = house.currentModel();
    assertThat(recut.root()).isNotEqualTo(before.root());
    assertThat(subtracted.hash()).isNotEqualTo(model.hash());
    assertThat(recut.root()).isEqualTo(naiveRoot(house, List.of(bob, cay)));
    assertThat(subtracted.hash()).isEqualTo(naiveModel(house, List.of(bob, cay)));
    assertThat(house.learning.models().replays(subtracted.id())).isTrue();
    DatasetVersion fresh = house.learning.datasets().build(Query.everything());
    assertThat(recut.root()).isEqualTo(fresh.root());
    assertThat(house.learning.models().train(fresh.id()).hash()).isEqualTo(subtracted.hash());
  }

  @Test
  void forgettingDestroysTheKeyAndEveryOldModelButNotTheNotes() {
    house.vault.appendNotes(
        ann.permit(NOTES, VOICE),
        new dev.aye.vault.Slice(1, 1),
        "minutes".getBytes(StandardCharsets.UTF_8));
    DatasetVersion dataset = house.learning.datasets().build(Query.everything());
    ModelVersion model = house.learning.models().train(dataset.id());
    List<BlockId> artefacts = house.vault.artefacts(Workshop.PARAMETERS);
    ann.withdraws(TRAINING, VOICE);
    house.learning.forgetting().run();
    assertThat(house.vault.own(Permits.proven(ann.id))).hasSize(1);
    assertThat(house.vault.artefact(artefacts.getFirst())).isEmpty();
    assertThat(house.vault.artefacts(Workshop.MANIFEST)).hasSize(1);
    assertThat(house.learning.models().list().stream().filter(m -> m.id().equals(model.id())))
        .allMatch(m -> m.standing() == Standing.SHREDDED && m.hash().isEmpty());
    assertThatThrownBy(() -> house.learning.datasets().export(dataset.id(), folder.resolve("x")))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void thePersonGetsASignedAccountOfEveryStep() {
    DatasetVersion dataset = house.learning.datasets().build(Query.everything());
    house.learning.models().train(dataset.id());
    List<Progress> told = new ArrayList<>();
    house.learning.forgetting().onProgress(told::addAll);
    ann.withdraws(TRAINING, VOICE);
    house.learning.forgetting().run();
    Progress progress =
        house.learning.forgetting().progress(ann.handle(TRAINING, VOICE)).orElseThrow();
    assertThat(progress.steps()).hasSize(9).allMatch(Progress.StepState.Done.class::isInstance);
    assertThat(told.getLast()).isEqualTo(progress);
    Progress.StepState.Done shred = (Progress.StepState.Done) progress.steps().get(3);
    assertThat(shred.count()).isEqualTo(2);
    String note = ((Progress.Outcome.Account) progress.outcome()).note();
    String text = LogVerifier.of(town.log.vkey()).orElseThrow().note(note).orElseThrow();
    assertThat(text)
        .startsWith("aye-account/1\naye.example\nhandle " + ann.handle(TRAINING, VOICE).value())
        .contains("blocks destroyed: 2", "data set " + dataset.id() + " destroyed")
        .doesNotContain("not done:");
    String line =
        text.lines()
            .filter(l -> l.startsWith("preimage of the SHRED leaf: "))
            .findFirst()
            .orElseThrow();
    Leaf.Shred leaf =
        new Leaf.Shred(
            Hash.sha256(
                line.substring("preimage of the SHRED leaf: ".length())
                    .getBytes(StandardCharsets.UTF_8)));
    List<Leaf> leaves = new ArrayList<>();
    town.log.leaves(0, town.log.size(), (index, l) -> leaves.add(l));
    assertThat(leaves).contains(leaf);
  }

  @Test
  void twoWhoWithdrawAtOnceAreForgottenInOneJob() {
    DatasetVersion dataset = house.learning.datasets().build(Query.everything());
    house.learning.models().train(dataset.id());
    ann.withdraws(TRAINING, VOICE);
    cay.withdraws(TRAINING, VOICE);
    house.learning.forgetting().run();
    assertThat(house.currentDataset().root()).isEqualTo(naiveRoot(house, List.of(bob)));
    assertThat(house.currentModel().hash()).isEqualTo(naiveModel(house, List.of(bob)));
    assertThat(house.learning.forgetting().progress()).hasSize(2);
    house.learning.forgetting().run();
    assertThat(house.learning.forgetting().progress()).hasSize(2);
  }

  @Test
  void whenEverybodyIsForgottenNothingIsLeft() {
    DatasetVersion dataset = house.learning.datasets().build(Query.everything());
    house.learning.models().train(dataset.id());
    ann.withdraws(TRAINING, VOICE);
    cay.withdraws(TRAINING, VOICE);
    bob.withdraws(TRAINING, VOICE);
    bob.withdraws(TRAINING, CHAT);
    house.learning.forgetting().run();
    assertThat(house.currentDataset().rows()).isZero();
    assertThat(house.currentModel().hash()).isEqualTo(CountModel.empty().hash().hex());
  }

  /** The whole job, with a power loss at each write of vault and shelf. */
  @Test
  void aJobThatIsKilledAnywhereGoesOnAndComesToTheSame() {
    DatasetVersion dataset = house.learning.datasets().build(Query.everything());
    house.learning.models().train(dataset.id());
    ann.withdraws(TRAINING, VOICE);
    String root = naiveRoot(house, List.of(bob, cay));
    String hash = naiveModel(house, List.of(bob, cay));
    int crashes = 0;
    for (CrashDisk.When when : List.of(CrashDisk.When.HALFWAY, CrashDisk.When.AFTER)) {
      for (int at = 1; ; at++) {
        MemoryDisk memory = disk.copy();
        CrashDisk crash = new CrashDisk(memory, at, when);
        try {
          reopened(crash).learning.forgetting().run();
        } catch (UncheckedIOException e) {
          assertThat(e).hasRootCauseMessage("the power is gone");
        }
        House after = reopened(memory);
        after.learning.forgetting().run();
        assertThat(after.currentDataset().root()).isEqualTo(root);
        assertThat(after.currentModel().hash()).isEqualTo(hash);
        assertThat(after.vault.own(Permits.proven(ann.id))).isEmpty();
        assertThat(after.vault.artefacts(Workshop.PARAMETERS)).hasSize(1);
        assertThat(after.vault.artefacts(Workshop.MANIFEST)).hasSize(1);
        assertThat(after.vault.artefacts(Workshop.MEMBERS)).hasSize(1);
        assertThat(after.vault.artefacts(Workshop.LINEAGE)).hasSize(1);
        Progress progress =
            after.learning.forgetting().progress(ann.handle(TRAINING, VOICE)).orElseThrow();
        assertThat(progress.outcome()).isInstanceOf(Progress.Outcome.Account.class);
        assertThat(((Progress.StepState.Done) progress.steps().get(3)).count()).isEqualTo(2);
        if (!crash.crashed()) {
          break;
        }
        crashes++;
      }
    }
    assertThat(crashes).isGreaterThan(60);
  }

  /** What was done before is not written again: the two-hundredth costs what the tenth did. */
  @Test
  void forgettingWritesNoMoreForThoseWhoWereForgottenBefore() {
    AtomicLong written = new AtomicLong();
    House counted = reopened(new CountedDisk(disk, written));
    Map<Integer, Long> cost = new HashMap<>();
    for (int at = 1; at <= 200; at++) {
      written.set(0);
      counted.learning.forgetting().forget(new Handle(unknown(at)));
      counted.learning.forgetting().run();
      cost.put(at, written.get());
    }
    assertThat(cost.get(200)).isCloseTo(cost.get(10), Percentage.withPercentage(2));
    assertThat(reopened(disk).learning.forgetting().progress())
        .isEqualTo(counted.learning.forgetting().progress())
        .hasSize(200);
  }

  private static String unknown(int at) {
    return Hash.sha256(("grant " + at).getBytes(StandardCharsets.UTF_8)).b64u();
  }

  /** Finished jobs were once kept beside the open ones. */
  @Test
  void aShelfFromBeforeIsReadWithItsFinishedJobs() {
    Handle handle = new Handle(unknown(1));
    house.learning.forgetting().forget(handle);
    house.learning.forgetting().run();
    Progress before = house.learning.forgetting().progress(handle).orElseThrow();
    Path shelf = Path.of("/house/learn/shelf.json");
    Path finished = Path.of("/house/learn/forgotten.jsonl");
    String job = new String(disk.read(finished), StandardCharsets.UTF_8).strip();
    String now = new String(disk.read(shelf), StandardCharsets.UTF_8);
    assertThat(now).contains("\"jobs\":[]");
    disk.delete(finished);
    disk.replace(
        shelf,
        now.replace("\"jobs\":[]", "\"jobs\":[" + job + "]").getBytes(StandardCharsets.UTF_8));
    House after = reopened(disk);
    assertThat(after.learning.forgetting().progress(handle)).contains(before);
    after.learning.forgetting().run();
    assertThat(disk.exists(finished)).isTrue();
  }

  // ---- exporting ----

  @Test
  void anExportVerifiesWithNothingButTheKeyOfTheLog() throws Exception {
    Path out = export();
    Verification verification = Datasets.verify(out, town.log.vkey());
    assertThat(verification.failed()).isEmpty();
    assertThat(verification.claims()).hasSize(9);
    assertThat(out.resolve("data/train-00000-of-00001.parquet")).exists();
    assertThat(Files.readString(out.resolve("croissant.json")))
        .contains(
            "@context",
            "@type",
            "dct:conformsTo",
            "http://mlcommons.org/croissant/1.1",
            "description",
            "license",
            "\"name\"",
            "\"url\"",
            "creator",
            "datePublished",
            "distribution");
    assertThat(Files.readString(out.resolve("README.md"))).startsWith("---\n");
  }

  @Test
  void anExportWithAWithdrawalInItsLogFailsByName() throws Exception {
    Path out = export();
    cay.withdraws(TRAINING, VOICE);
    replaceLog(out);
    assertThat(Datasets.verify(out, town.log.vkey()).failed())
        .containsExactly("nobody in it withdrew");
  }

  @Test
  void anExportWithARevocationInItsLogFailsByName() throws Exception {
    Path out = export();
    town.log.append(new Leaf.Revoke(Hash.of(cay.handle(TRAINING, VOICE).bytes())));
    replaceLog(out);
    assertThat(Datasets.verify(out, town.log.vkey()).failed())
        .containsExactly("nobody in it withdrew");
  }

  /** Ann said yes to both, Dee says yes to the one and no to the other. */
  @Test
  void anExportHoldsNothingOfWhatItsPeopleSaidToOtherRows() throws Exception {
    Town.Person dee = town.new Person("dee");
    long before = town.log.size();
    dee.agrees(VOICE, List.of(TRAINING), List.of());
    dee.agrees(VOICE, List.of(), List.of(NOTES));
    assertThat(town.log.size()).as("a leaf for each").isEqualTo(before + 2);
    house.says(dee, "the oars are upstairs");
    house.captures();
    Path out = export();
    String all = decoded(out);
    assertThat(all)
        .as("the search finds what is there")
        .contains(dee.handle(TRAINING, VOICE).value(), TRAINING.iri(), "\"given\"")
        .contains(ann.handle(TRAINING, VOICE).value());
    assertThat(all)
        .doesNotContain(ann.handle(NOTES, VOICE).value(), NOTES.iri(), "\"notes\"")
        .doesNotContain("\"captions\"", "refused");
    List<String> seats = new ArrayList<>();
    for (Card card : town.consents.cards(dee.id)) {
      boolean training = card.receipt().equals(receiptOf(dee, TRAINING));
      seats.add(training ? "training" : "notes");
      assertThat(all.contains(card.salt().value())).isEqualTo(training);
      assertThat(all.contains(card.receipt())).isEqualTo(training);
    }
    assertThat(seats).containsExactlyInAnyOrder("training", "notes");
    assertThat(Datasets.verify(out, town.log.vkey()).failed()).isEmpty();
  }

  private String receiptOf(Town.Person who, dev.aye.consent.Purpose purpose) {
    return town.consents.cards(who.id).stream()
        .filter(card -> card.choices().stream().allMatch(said -> said.purpose().equals(purpose)))
        .map(Card::receipt)
        .findFirst()
        .orElseThrow();
  }

  /** Every byte of a folder, and beside it whatever in it may be base64, decoded. */
  private static String decoded(Path folder) throws IOException {
    StringBuilder all = new StringBuilder();
    try (Stream<Path> walk = Files.walk(folder)) {
      for (Path file : walk.filter(Files::isRegularFile).toList()) {
        String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        all.append(text).append('\n');
        Matcher encoded = Pattern.compile("[A-Za-z0-9_-]{16,}").matcher(text);
        while (encoded.find()) {
          String run = encoded.group();
          byte[] bytes = Base64.getUrlDecoder().decode(run.substring(0, run.length() / 4 * 4));
          all.append(new String(bytes, StandardCharsets.ISO_8859_1)).append('\n');
        }
      }
    }
    return all.toString();
  }

  @Test
  void whatRestsOnAReceiptFromBeforeThatMixesTrainingWithOtherRowsGoesIntoNoExport()
      throws Exception {
    Town.Person dee = town.new Person("dee");
    dee.agreedBefore(VOICE, List.of(TRAINING), List.of(NOTES));
    house = reopened(disk);
    house.says(dee, "the oars are upstairs");
    house.captures();
    DatasetVersion dataset = house.learning.datasets().build(Query.everything());
    String mixed = dee.handle(TRAINING, VOICE).value();
    assertThat(dataset.handles()).hasSize(4).doesNotContain(new Handle(mixed));
    house.learning.datasets().export(dataset.id(), folder.resolve("new"));
    assertThat(decoded(folder.resolve("new"))).doesNotContain(NOTES.iri(), mixed);

    // A data set that was cut before knows the grant.
    Path shelf = Path.of("/house/learn/shelf.json");
    String now = new String(disk.read(shelf), StandardCharsets.UTF_8);
    disk.replace(
        shelf,
        now.replaceFirst("\"handles\":\\[", "\"handles\":[\"" + mixed + "\",")
            .getBytes(StandardCharsets.UTF_8));
    House after = reopened(disk);
    assertThatThrownBy(() -> after.learning.datasets().export(dataset.id(), folder.resolve("old")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("build a new one");
    assertThat(folder.resolve("old")).doesNotExist();
    assertThat(after.learning.datasets().list().getLast().exports()).isEqualTo(1);
  }

  @Test
  void anExportThatIsBrokenOffLeavesNothingBehind() throws Exception {
    DatasetVersion dataset = house.learning.datasets().build(Query.everything());
    Path out = folder.resolve("export");
    Files.createSymbolicLink(out, folder.resolve("nowhere")); // so that it cannot take its place
    Files.createDirectories(folder.resolve("nowhere"));
    assertThatThrownBy(() -> house.learning.datasets().export(dataset.id(), out))
        .isInstanceOf(IOException.class);
    assertThat(parts()).isEmpty();
    Files.delete(out);
    house.learning.datasets().export(dataset.id(), out);
    assertThat(Datasets.verify(out, town.log.vkey()).failed()).isEmpty();
    assertThat(parts()).isEmpty();
  }

  /** Nothing runs any more in a process that was killed: what it began is as it was then. */
  @Test
  void anExportThatWasKilledIsRemovedAtTheNextStartAndNothingElseIs() throws Exception {
    DatasetVersion dataset = house.learning.datasets().build(Query.everything());
    Path away = Files.createDirectories(folder.resolve("away"));
    Path left = killedExport(dataset, folder.resolve("export"));
    Path unreachable = killedExport(dataset, away.resolve("export"));
    Path target = Files.createDirectories(folder.resolve("precious"));
    Files.writeString(target.resolve("kept"), "not in the export");
    Files.createSymbolicLink(left.resolve("data/link"), target);
    List<Path> ofOthers =
        List.of(
            folder.resolve("export.part"), folder.resolve("export.0123456789abcdef.part"), target);
    for (Path other : ofOthers) {
      Files.createDirectories(other);
      Files.writeString(other.resolve("kept"), "by somebody else");
    }
    Files.move(away, folder.resolve("unplugged"));

    MemoryDisk copy = new MemoryDisk();
    copy.replace(
        Path.of("/copy/exporting.json"), disk.read(Path.of("/house/learn/exporting.json")));
    new Exporting(copy, Path.of("/copy")).sweep();
    assertThat(left).as("a copy leaves it to the one that began it").exists();

    reopened(disk);
    assertThat(left).doesNotExist();
    Files.move(folder.resolve("unplugged"), away);
    assertThat(unreachable).as("it could not be reached then").exists();

    House after = reopened(disk);
    assertThat(unreachable).doesNotExist();
    assertThat(disk.exists(Path.of("/house/learn/exporting.json"))).isFalse();
    for (Path other : ofOthers) {
      assertThat(other.resolve("kept")).exists();
    }
    after.learning.datasets().export(dataset.id(), folder.resolve("export"));
    assertThat(Datasets.verify(folder.resolve("export"), town.log.vkey()).failed()).isEmpty();
  }

  /** An export that got as far as its first rows, and then no further. */
  private Path killedExport(DatasetVersion dataset, Path to) throws IOException {
    Shelf shelf = new Shelf(disk, Path.of("/house/learn"));
    Workshop workshop =
        new Workshop(shelf, house.vault, town.log, town.consents, town.random, town.clock);
    Path begun = new Export(workshop, shelf.dataset(dataset.id()).orElseThrow(), to).begin();
    Files.writeString(begun.resolve("data/train-00000-of-00001.parquet"), "words in the clear");
    return begun;
  }

  private List<Path> parts() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".part")).toList();
    }
  }

  @Test
  void anExportWithALinkOrAPipeInItIsNotRead() throws Exception {
    Path out = export();
    Path card = out.resolve("README.md");
    Files.delete(card);
    Files.createSymbolicLink(card, Path.of("/dev/zero"));
    assertThat(Datasets.verify(out, town.log.vkey()).failed())
        .containsExactly("the export holds plain files only");
    Files.delete(card);
    Path deep = out;
    for (int depth = 0; depth < 20; depth++) {
      deep = deep.resolve("d");
    }
    Files.createDirectories(deep);
    Files.createSymbolicLink(deep.resolve("link"), Path.of("/dev/zero"));
    assertThat(Datasets.verify(out, town.log.vkey()).failed())
        .containsExactly("the export holds plain files only");
    Files.delete(deep.resolve("link"));
    for (; !deep.equals(out); deep = deep.getParent()) {
      Files.delete(deep);
    }
    Process mkfifo = new ProcessBuilder("mkfifo", card.toString()).inheritIO().start();
    assertThat(mkfifo.waitFor()).isZero();
    assertThat(Datasets.verify(out, town.log.vkey()).failed())
        .containsExactly("the export holds plain files only");
  }

  @Test
  void aChangedRowFailsByName() throws Exception {
    Path out = export();
    Path file = out.resolve("data/train-00000-of-00001.parquet");
    List<Table.Identified> rows = new ArrayList<>();
    try (Table table = Table.open()) {
      table.read(file, (id, row) -> rows.add(new Table.Identified(id, row)));
      Row first = rows.getFirst().row();
      Segment said = first.segment();
      Segment changed =
          new Segment(
              said.medium(),
              said.text() + " indeed",
              said.alternatives(),
              said.audio(),
              said.startMillis(),
              said.durationMillis(),
              said.baseModel());
      rows.set(0, new Table.Identified(rows.getFirst().id(), new Row(first.speaker(), changed)));
      table.write(rows, file);
    }
    assertThat(Datasets.verify(out, town.log.vkey()).failed())
        .containsExactly(
            "the rows are those that were captured and logged",
            "every file, card and metadata too, is the one that was exported");
  }

  @Test
  void aMissingRowFailsByName() throws Exception {
    Path out = export();
    Path file = out.resolve("data/train-00000-of-00001.parquet");
    List<Table.Identified> rows = new ArrayList<>();
    try (Table table = Table.open()) {
      table.read(file, (id, row) -> rows.add(new Table.Identified(id, row)));
      table.write(rows.subList(1, rows.size()), file);
    }
    assertThat(Datasets.verify(out, town.log.vkey()).failed())
        .containsExactly(
            "the rows are those that were captured and logged",
            "every file, card and metadata too, is the one that was exported");
  }

  @Test
  void everyChangedFileOfTheProofIsNoticed() throws Exception {
    Path out = export();
    List<Path> files;
    try (Stream<Path> walk = Files.walk(out.resolve("proof"))) {
      files = walk.filter(Files::isRegularFile).toList();
    }
    assertThat(files.size()).isGreaterThan(6);
    for (Path file : files) {
      byte[] good = Files.readAllBytes(file);
      for (int at : new int[] {0, good.length / 2, good.length - 2}) {
        byte[] bad = good.clone();
        bad[at] ^= 1;
        Files.write(file, bad);
        assertThat(Datasets.verify(out, town.log.vkey()).holds())
            .as("%s changed at %d", file.getFileName(), at)
            .isFalse();
      }
      Files.delete(file);
      assertThat(Datasets.verify(out, town.log.vkey()).holds()).as("%s", file).isFalse();
      Files.write(file, good);
    }
    assertThat(Datasets.verify(out, town.log.vkey()).holds()).isTrue();
  }

  @Test
  void aChangedCardOrMetadataOrAFileMoreFailsByName() throws Exception {
    Path out = export();
    for (String name : List.of("README.md", "croissant.json", "data/more.txt")) {
      Path file = out.resolve(name);
      String good = Files.exists(file) ? Files.readString(file) : "";
      Files.writeString(file, good + " ");
      Verification verification = Datasets.verify(out, town.log.vkey());
      assertThat(verification.failed())
          .containsExactly("every file, card and metadata too, is the one that was exported");
      assertThat(verification.claims().getLast().evidence()).contains(name);
      if (good.isEmpty()) {
        Files.delete(file);
      } else {
        Files.writeString(file, good);
      }
    }
    assertThat(Datasets.verify(out, town.log.vkey()).holds()).isTrue();
  }

  @Test
  void theCardAddsUpTheSpeechAndSaysWhetherSoundWasKept() throws Exception {
    assertThat(Files.readString(export().resolve("README.md")))
        .contains("0 h 00 min 05.400 s of speech", "6 rows hold their sound");
    try (Town silent = new Town(folder.resolve("silent"))) {
      House words = new House(silent, new MemoryDisk(), Path.of("/words"));
      Town.Person dee = silent.new Person("dee");
      dee.agrees(VOICE, TRAINING);
      Segment segment =
          new Segment(VOICE, "the attic", List.of(), new byte[0], 1, 3_723_004, "sphinx4/en-us");
      words.vault.appendTraining(
          dee.permit(TRAINING, VOICE), new dev.aye.vault.Slice(1, 3_723_004), segment.encode());
      words.captures();
      Path out = folder.resolve("words");
      words
          .learning
          .datasets()
          .export(words.learning.datasets().build(Query.everything()).id(), out);
      assertThat(Files.readString(out.resolve("README.md")))
          .contains("1 h 02 min 03.004 s of speech", "The sound itself was not kept");
      assertThat(Files.readString(out.resolve("croissant.json")))
          .contains("The sound itself was not kept");
    }
  }

  @Test
  void nothingIsCutWhenNobodySaidYes() throws Exception {
    try (Town empty = new Town(folder.resolve("empty"))) {
      House unheard = new House(empty, new MemoryDisk(), Path.of("/unheard"));
      long size = empty.log.size();
      assertThatThrownBy(() -> unheard.learning.datasets().build(Query.everything()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("nothing to learn from");
      assertThat(empty.log.size()).isEqualTo(size);
    }
  }

  @Test
  void anotherLogsKeyVerifiesNothing() throws Exception {
    Path out = export();
    try (Town other = new Town(folder.resolve("other"))) {
      assertThat(Datasets.verify(out, other.log.vkey()).failed())
          .contains(
              "the pinned checkpoint is signed by the log",
              "the log is whole, signed, and continues the pinned checkpoint");
    }
  }

  @Test
  void anExportedCopyIsNamedInTheAccount() throws Exception {
    export();
    ann.withdraws(TRAINING, VOICE);
    house.learning.forgetting().run();
    Progress progress =
        house.learning.forgetting().progress(ann.handle(TRAINING, VOICE)).orElseThrow();
    assertThat(((Progress.Outcome.Account) progress.outcome()).note())
        .contains("not done: 1 exported copies left this system");
  }

  // ---- oracles that share no code with what they judge ----

  private List<Content> stored(House in, List<Town.Person> people) {
    List<Content> found = new ArrayList<>();
    for (Town.Person person : people) {
      in.vault.own(Permits.proven(person.id)).stream()
          .filter(content -> content.block().purpose().equals("training"))
          .forEach(found::add);
    }
    return found;
  }

  private String naiveRoot(House in, List<Town.Person> people) {
    Map<String, byte[]> rows = new TreeMap<>();
    for (Content content : stored(in, people)) {
      byte[] speaker =
          in.vault.pseudonym(
              "aye/speaker/1", content.person().value().getBytes(StandardCharsets.US_ASCII));
      byte[] row = new byte[8 + content.bytes().length];
      System.arraycopy(speaker, 0, row, 0, 8);
      System.arraycopy(content.bytes(), 0, row, 8, content.bytes().length);
      rows.put(java.util.HexFormat.of().formatHex(in.vault.pseudonym("aye/row/1", row)), row);
    }
    return naiveTree(List.copyOf(rows.values())).b64u();
  }

  private static Hash naiveTree(List<byte[]> leaves) {
    if (leaves.isEmpty()) {
      return Hash.sha256();
    }
    if (leaves.size() == 1) {
      return Hash.sha256(new byte[] {0}, leaves.getFirst());
    }
    int split = Integer.highestOneBit(leaves.size() - 1);
    return Hash.sha256(
        new byte[] {1},
        naiveTree(leaves.subList(0, split)).bytes(),
        naiveTree(leaves.subList(split, leaves.size())).bytes());
  }

  /** Counts words one by one, and writes the parameters down as the format says. */
  private String naiveModel(House in, List<Town.Person> people) {
    Map<Integer, Integer> cells = new TreeMap<>();
    long segments = 0;
    long words = 0;
    for (Content content : stored(in, people)) {
      String[] tokens =
          Segment.decode(content.bytes())
              .text()
              .toLowerCase(java.util.Locale.ROOT)
              .replaceAll("[^a-z ]", "")
              .split(" +", -1);
      segments++;
      words += tokens.length;
      for (int i = 0; i < tokens.length; i++) {
        cells.merge(CountModel.unigram(tokens[i]), 1, Integer::sum);
        if (i > 0) {
          cells.merge(CountModel.bigram(tokens[i - 1], tokens[i]), 1, Integer::sum);
        }
      }
    }
    byte[] trainer = CountModel.TRAINER.getBytes(StandardCharsets.UTF_8);
    java.nio.ByteBuffer out =
        java.nio.ByteBuffer.allocate(2 + trainer.length + 20 + 8 * cells.size());
    out.putShort((short) trainer.length).put(trainer).putLong(segments).putLong(words);
    out.putInt(cells.size());
    cells.forEach((cell, count) -> out.putInt(cell).putInt(count));
    return Hash.sha256(out.array()).hex();
  }

  private Path export() throws IOException {
    Path out = folder.resolve("export");
    DatasetVersion dataset = house.learning.datasets().build(Query.everything());
    house.learning.datasets().export(dataset.id(), out);
    return out;
  }

  /** Puts the log as it is now in the place of the one in an export. */
  private void replaceLog(Path out) throws IOException {
    Path log = out.resolve("proof/log");
    try (Stream<Path> files = Files.walk(log)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
    Map<String, byte[]> copy = new HashMap<>();
    for (String path : Export.logFiles(town.log.size())) {
      copy.put(path, town.log.resource(path).orElseThrow().bytes());
    }
    copy.put("checkpoint", town.log.checkpoint().note().getBytes(StandardCharsets.UTF_8));
    for (Map.Entry<String, byte[]> file : copy.entrySet()) {
      Path path = log.resolve(file.getKey());
      Files.createDirectories(Objects.requireNonNull(path.getParent()));
      Files.write(path, file.getValue());
    }
  }
}
