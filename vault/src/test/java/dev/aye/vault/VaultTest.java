package dev.aye.vault;

import static dev.aye.consent.Medium.CHAT;
import static dev.aye.consent.Medium.VOICE;
import static dev.aye.consent.Purpose.NOTES;
import static dev.aye.consent.Purpose.TRAINING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aye.consent.Handle;
import dev.aye.consent.Permit;
import dev.aye.consent.Permits;
import dev.aye.consent.Purpose;
import dev.aye.consent.Town;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VaultTest {
  private static final Slice SLICE = new Slice(1_793_527_200_000L, 1_500);
  @TempDir Path folder;
  private Town town;
  private Town.Person ann;
  private Town.Person bob;

  @BeforeEach
  void peopleAgree() throws Exception {
    town = new Town(folder);
    ann = town.new Person("ann");
    bob = town.new Person("bob");
    ann.agrees(VOICE, NOTES, TRAINING);
    ann.agrees(CHAT, TRAINING);
    bob.agrees(VOICE, TRAINING);
  }

  @AfterEach
  void close() {
    town.close();
  }

  private Vault open() {
    return open(Disk.real(), "vault");
  }

  private Vault open(Disk disk, String name) {
    return Vault.open(
        disk,
        folder.resolve(name).resolve("data"),
        folder.resolve(name).resolve("keys"),
        town.random,
        town.clock);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static List<String> texts(List<Content> contents) {
    return contents.stream().map(c -> new String(c.bytes(), StandardCharsets.UTF_8)).toList();
  }

  private List<String> training(Vault vault, Town.Person person) {
    List<Content> found = new ArrayList<>();
    town.consents
        .use(person.handle(TRAINING, VOICE), TRAINING)
        .ifPresent(use -> vault.training(use, found::add));
    return texts(found);
  }

  @Test
  void whatWasKeptIsThereAfterARestartForItsPersonAlone() {
    Vault vault = open();
    vault.appendNotes(ann.permit(NOTES, VOICE), SLICE, bytes("budget"));
    vault.appendTraining(ann.permit(TRAINING, VOICE), SLICE, bytes("roof"));
    vault.appendTraining(bob.permit(TRAINING, VOICE), SLICE, bytes("cellar"));
    Vault again = open();
    assertThat(texts(again.own(Permits.proven(ann.id))))
        .containsExactlyInAnyOrder("budget", "roof");
    assertThat(texts(again.own(Permits.proven(bob.id)))).containsExactly("cellar");
    assertThat(again.own(Permits.proven(ann.id)).getFirst().meeting()).isEqualTo(Town.MEETING);
    assertThat(training(again, ann)).containsExactly("roof");
    assertThat(texts(again.notes(town.consents.use(ann.handle(NOTES, VOICE), NOTES).orElseThrow())))
        .containsExactly("budget");
  }

  @Test
  void aDeadPermitKeepsNothing() {
    Vault vault = open();
    Permit<Purpose.Training> permit = ann.permit(TRAINING, VOICE);
    ann.withdraws(TRAINING, VOICE);
    assertThat(vault.appendTraining(permit, SLICE, bytes("too late"))).isEmpty();
    assertThat(vault.blocks()).isEmpty();
  }

  @Test
  void aBlockedGrantIsNeitherReadNorKept() {
    Vault vault = open();
    vault.appendTraining(ann.permit(TRAINING, VOICE), SLICE, bytes("roof"));
    Handle handle = ann.handle(TRAINING, VOICE);
    assertThatThrownBy(() -> vault.lastReading(handle, content -> {}))
        .isInstanceOf(IllegalStateException.class);
    vault.block(handle);
    Vault again = open();
    assertThat(training(again, ann)).isEmpty();
    assertThat(again.appendTraining(ann.permit(TRAINING, VOICE), SLICE, bytes("more"))).isEmpty();
    List<Content> last = new ArrayList<>();
    again.lastReading(handle, last::add);
    assertThat(texts(last)).containsExactly("roof");
  }

  @Test
  void shreddingOneGrantLeavesTheOthersReadable() {
    Vault vault = open();
    vault.appendNotes(ann.permit(NOTES, VOICE), SLICE, bytes("budget"));
    vault.appendTraining(ann.permit(TRAINING, VOICE), SLICE, bytes("roof"));
    vault.appendTraining(ann.permit(TRAINING, CHAT), SLICE, bytes("typed"));
    vault.appendTraining(bob.permit(TRAINING, VOICE), SLICE, bytes("cellar"));
    Vault.Shredded shredded = vault.shred(ann.handle(TRAINING, VOICE));
    assertThat(shredded.blocks()).isEqualTo(1);
    for (Vault at : List.of(vault, open())) {
      assertThat(texts(at.own(Permits.proven(ann.id))))
          .containsExactlyInAnyOrder("budget", "typed");
      assertThat(texts(at.own(Permits.proven(bob.id)))).containsExactly("cellar");
    }
    vault.shred(ann.id, Town.MEETING);
    assertThat(open().own(Permits.proven(ann.id))).isEmpty();
    vault.shred(bob.id);
    assertThat(open().own(Permits.proven(bob.id))).isEmpty();
  }

  @Test
  void aBackupOfTheDataIsNoiseAfterShredding() throws IOException {
    Vault vault = open();
    vault.appendTraining(ann.permit(TRAINING, VOICE), SLICE, bytes("roof"));
    vault.appendTraining(bob.permit(TRAINING, VOICE), SLICE, bytes("cellar"));
    Path home = folder.resolve("vault");
    copy(home.resolve("data"), folder.resolve("backup/data"));
    byte[] oldRoot = Files.readAllBytes(home.resolve("keys/root-1"));
    vault.shred(ann.id);
    copy(home.resolve("keys"), folder.resolve("backup/keys"));
    Vault restored = open(Disk.real(), "backup");
    assertThat(restored.own(Permits.proven(ann.id))).isEmpty();
    assertThat(texts(restored.own(Permits.proven(bob.id)))).containsExactly("cellar");
    assertThat(home.resolve("keys/root-1")).doesNotExist();
    assertThat(found(home, oldRoot)).isEmpty();
  }

  @Test
  void keysThatAreMissingOlderOrOfAnotherVaultAreRefusedAndNothingIsDeleted() throws IOException {
    Vault vault = open();
    Path home = folder.resolve("vault");
    vault.appendTraining(ann.permit(TRAINING, VOICE), SLICE, bytes("roof"));
    copy(home.resolve("keys"), folder.resolve("same-epoch"));
    vault.appendTraining(bob.permit(TRAINING, VOICE), SLICE, bytes("cellar"));
    vault.shred(ann.id);
    vault.appendTraining(bob.permit(TRAINING, VOICE), SLICE, bytes("garden"));
    copy(home.resolve("keys"), folder.resolve("right"));
    Vault other = open(Disk.real(), "other");
    other.appendTraining(ann.permit(TRAINING, VOICE), SLICE, bytes("attic"));

    for (String keys : List.of("none", "same-epoch", "other/keys")) {
      delete(home.resolve("keys"));
      if (!keys.equals("none")) {
        copy(folder.resolve(keys), home.resolve("keys"));
      }
      assertThatThrownBy(this::open).as(keys).isInstanceOf(Corrupt.class);
    }
    delete(home.resolve("keys"));
    copy(folder.resolve("right"), home.resolve("keys"));
    assertThat(texts(open().own(Permits.proven(bob.id)))).containsExactly("cellar", "garden");
  }

  @Test
  void keysThatLackWhatWasKeptAfterThemAreRefused() throws IOException {
    Vault vault = open();
    Path home = folder.resolve("vault");
    vault.appendTraining(ann.permit(TRAINING, VOICE), SLICE, bytes("roof"));
    copy(home.resolve("keys"), folder.resolve("older"));
    vault.appendTraining(bob.permit(TRAINING, VOICE), SLICE, bytes("cellar"));
    delete(home.resolve("keys"));
    copy(folder.resolve("older"), home.resolve("keys"));
    assertThatThrownBy(this::open).isInstanceOf(Corrupt.class).hasMessageContaining("older copy");
  }

  @Test
  void nothingOfAPersonIsReadableOnTheDisk() throws IOException {
    Vault vault = open();
    vault.appendTraining(ann.permit(TRAINING, VOICE), SLICE, bytes("the roof leaks"));
    vault.capture(Town.MEETING, handle -> true);
    vault.keepArtefact("model", bytes("words of a model"));
    Path home = folder.resolve("vault");
    for (String secret :
        List.of(
            "roof",
            "words of a model",
            ann.id.value(),
            Town.MEETING.value(),
            ann.handle(TRAINING, VOICE).value())) {
      assertThat(found(home, bytes(secret))).isEmpty();
    }
    assertThat(found(home, ann.handle(TRAINING, VOICE).bytes())).isEmpty();
    try (Stream<Path> files = Files.walk(home)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
            .isEqualTo("rw-------");
      }
    }
  }

  @Test
  void aCaptureBindsEachBlockOnceAndIsKeptUntilItIsInTheLog() {
    Vault vault = open();
    BlockId id =
        vault.appendTraining(ann.permit(TRAINING, VOICE), SLICE, bytes("roof")).orElseThrow();
    Capture capture = vault.capture(Town.MEETING, handle -> true).orElseThrow();
    assertThat(vault.capture(Town.MEETING, handle -> true)).isEmpty();
    Vault again = open();
    assertThat(again.pendingCaptures()).containsExactly(capture);
    again.captured(capture.root(), 7);
    assertThat(again.pendingCaptures()).isEmpty();
    Content content = open().own(Permits.proven(ann.id)).getFirst();
    assertThat(content.block().capture())
        .isEqualTo(new Block.CaptureState.Logged(capture.root(), 7));
    assertThat(capture.leaves())
        .containsExactly(
            Vault.captureLeaf(
                content.salt(),
                id,
                content.block().digest(),
                bytes("roof"),
                List.of(ann.handle(TRAINING, VOICE))));
    assertThat(Vault.captureRoot(capture.leaves())).isEqualTo(capture.root());
  }

  @Test
  void changedBytesStopTheVault() throws IOException {
    Vault vault = open();
    vault.appendTraining(ann.permit(TRAINING, VOICE), SLICE, bytes("roof"));
    flip(folder.resolve("vault/data/index"), 20);
    assertThatThrownBy(this::open).isInstanceOf(Corrupt.class);
    flip(folder.resolve("vault/data/index"), 20);
    flip(folder.resolve("vault/keys/keys-1"), 40);
    assertThatThrownBy(this::open).isInstanceOf(Corrupt.class);
    flip(folder.resolve("vault/keys/keys-1"), 40);
    try (Stream<Path> blocks = Files.list(folder.resolve("vault/data/blocks"))) {
      flip(blocks.findFirst().orElseThrow(), 30);
    }
    Vault changed = open();
    assertThatThrownBy(() -> changed.own(Permits.proven(ann.id))).isInstanceOf(Corrupt.class);
  }

  @Test
  void anArtefactIsThereUntilItIsShredded() {
    Vault vault = open();
    BlockId old = vault.keepArtefact("model", bytes("old"));
    BlockId young = vault.keepArtefact("model", bytes("new"));
    vault.shred(Set.of(), Set.of(old));
    assertThat(open().artefact(old)).isEmpty();
    assertThat(open().artefact(young)).contains(bytes("new"));
    assertThat(open().artefacts("model")).containsExactly(young);
  }

  @Test
  void aCaptureThatIsGivenUpFreesItsBlocksForOneWithoutThoseThatEnded() {
    Vault vault = open();
    vault.appendTraining(ann.permit(TRAINING, VOICE), SLICE, bytes("roof"));
    vault.appendTraining(bob.permit(TRAINING, VOICE), SLICE, bytes("cellar"));
    Capture both = vault.capture(Town.MEETING, handle -> true).orElseThrow();
    assertThat(vault.grantsIn(both).orElseThrow())
        .containsExactlyInAnyOrder(ann.handle(TRAINING, VOICE), bob.handle(TRAINING, VOICE));
    assertThat(vault.giveUp(both)).containsExactly(Town.MEETING);
    Vault again = open();
    assertThat(again.pendingCaptures()).isEmpty();
    Capture rest =
        again
            .capture(Town.MEETING, handle -> !handle.equals(ann.handle(TRAINING, VOICE)))
            .orElseThrow();
    assertThat(rest.leaves())
        .containsExactly(again.own(Permits.proven(bob.id)).getFirst().block().leaf());
    again.captured(rest.root(), 7);
    assertThatThrownBy(() -> again.giveUp(rest)).isInstanceOf(IllegalArgumentException.class);
    Vault last = open();
    last.shred(bob.handle(TRAINING, VOICE));
    assertThat(last.grantsIn(rest)).isEmpty();
    assertThat(last.own(Permits.proven(ann.id)).getFirst().block().capture())
        .isEqualTo(new Block.CaptureState.Open());
  }

  /**
   * Everything that the vault writes, with a power loss at each write: what was acknowledged is
   * there, what was shredded is not, and nobody else ever loses anything.
   */
  @Test
  void aPowerLossAtAnyWriteLosesNothingAndBringsNothingBack() {
    int crashes = 0;
    for (CrashDisk.When when : CrashDisk.When.values()) {
      for (int at = 1; ; at++) {
        String name = "crash-" + when + "-" + at;
        MemoryDisk memory = new MemoryDisk();
        CrashDisk disk = new CrashDisk(memory, at, when);
        List<String> acknowledged = new ArrayList<>();
        try {
          story(open(disk, name), acknowledged);
        } catch (UncheckedIOException e) {
          assertThat(e).hasRootCauseMessage("the power is gone");
        }
        Vault after = open(memory, name);
        List<String> anns = texts(after.own(Permits.proven(ann.id)));
        List<String> bobs = texts(after.own(Permits.proven(bob.id)));
        assertThat(List.of("cellar", "cellar two")).containsAll(bobs);
        if (acknowledged.contains("cellar")) {
          assertThat(bobs).contains("cellar");
        }
        if (acknowledged.contains("shredded")) {
          assertThat(anns).isEmpty();
        } else {
          assertThat(anns).isIn(List.of(), List.of("roof"), List.of("roof", "roof two"));
          if (acknowledged.contains("roof two") && anns.isEmpty()) {
            assertThat(acknowledged).contains("captured"); // shredding had begun
          }
        }
        if (acknowledged.contains("captured")) {
          assertThat(after.pendingCaptures()).isEmpty();
        }
        List<String> rest = new ArrayList<>();
        story(after, rest);
        assertThat(texts(after.own(Permits.proven(ann.id)))).isEmpty();
        assertThat(texts(open(memory, name).own(Permits.proven(bob.id))))
            .contains("cellar", "cellar two");
        if (!disk.crashed()) {
          break;
        }
        crashes++;
      }
    }
    assertThat(crashes).isGreaterThan(60);
  }

  private void story(Vault vault, List<String> acknowledged) {
    keep(vault, ann, "roof", acknowledged);
    keep(vault, bob, "cellar", acknowledged);
    keep(vault, ann, "roof two", acknowledged);
    vault.capture(Town.MEETING, handle -> true).ifPresent(vault::giveUp); // one lost its race
    vault.capture(Town.MEETING, handle -> true);
    for (Capture capture : vault.pendingCaptures()) {
      vault.captured(capture.root(), 9);
    }
    acknowledged.add("captured");
    vault.block(ann.handle(TRAINING, VOICE));
    vault.shred(ann.handle(TRAINING, VOICE));
    acknowledged.add("shredded");
    keep(vault, bob, "cellar two", acknowledged);
  }

  private static void keep(Vault vault, Town.Person who, String text, List<String> acknowledged) {
    if (vault.appendTraining(who.permit(TRAINING, VOICE), SLICE, bytes(text)).isPresent()) {
      acknowledged.add(text);
    }
  }

  private static void flip(Path file, int at) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[at] ^= 1;
    Files.write(file, bytes);
  }

  private static List<Path> found(Path in, byte[] what) throws IOException {
    String needle = new String(what, StandardCharsets.ISO_8859_1);
    try (Stream<Path> files = Files.walk(in)) {
      List<Path> found = new ArrayList<>();
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (Files.readString(file, StandardCharsets.ISO_8859_1).contains(needle)) {
          found.add(file);
        }
      }
      return found;
    }
  }

  private static void delete(Path tree) throws IOException {
    try (Stream<Path> files = Files.walk(tree)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(file, target);
        }
      }
    }
  }
}
