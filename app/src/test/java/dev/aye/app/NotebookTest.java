package dev.aye.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aye.companion.Caption;
import dev.aye.companion.Hypothesis;
import dev.aye.companion.Utterance;
import dev.aye.consent.Medium;
import dev.aye.consent.Permits;
import dev.aye.consent.Purpose;
import dev.aye.consent.Town;
import dev.aye.learn.Segment;
import dev.aye.log.Leaf;
import dev.aye.vault.Block;
import dev.aye.vault.Content;
import dev.aye.vault.Vault;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where words go, with real consents, a real vault and a log that can be told to fail. */
class NotebookTest {
  @TempDir Path folder;

  private Town town;
  private Town.Person ann;
  private Town.Person bob;
  private FileChannel lock;
  private Archive archive;
  private Vault vault;
  private final Events events = new Events();
  private final Set<String> here = new HashSet<>();
  private Notebook notebook;

  @BeforeEach
  void open() throws Exception {
    town = new Town(folder.resolve("town"));
    ann = town.new Person("ann");
    bob = town.new Person("bob");
    Path data = folder.resolve("data");
    lock = Archive.lock(data);
    archive = new Archive(AyeConfig.read(Map.of("port", "0", "data", data.toString()), Map.of()));
    vault = Vault.open(folder.resolve("vault"), folder.resolve("keys"), town.random, town.clock);
    notebook =
        new Notebook(
            vault,
            town.consents,
            new Meetings(archive.database(), archive.box(), archive.random(), town.clock),
            events,
            (meeting, participant) -> here.contains(participant),
            town.clock,
            "base-model");
    ann.agrees(Medium.VOICE, Purpose.CAPTIONS, Purpose.NOTES, Purpose.TRAINING);
    bob.agrees(Medium.VOICE, Purpose.NOTES);
  }

  @AfterEach
  void close() throws IOException {
    archive.close();
    Archive.unlock(lock);
    town.close();
  }

  private Utterance said(Town.Person who) {
    return new Utterance(
        1,
        Town.MEETING,
        who.seat,
        Medium.VOICE,
        town.now.get(),
        Duration.ofMillis(1_730),
        "the roof leaks",
        List.of(new Hypothesis("the roof leaks", -1), new Hypothesis("the hoof leaks", -2)));
  }

  private void notes(Town.Person who) {
    notebook.note(who.permit(Purpose.NOTES, Medium.VOICE), said(who));
  }

  private List<Block> blocks(Town.Person who) {
    return vault.own(Permits.proven(who.id)).stream().map(Content::block).toList();
  }

  // ---- how long

  @Test
  void howLongItWasSaidIsKeptWithIt() {
    notes(ann);
    notebook.train(ann.permit(Purpose.TRAINING, Medium.VOICE), said(ann));
    assertThat(blocks(ann)).hasSize(2);
    assertThat(blocks(ann)).allMatch(block -> block.slice().durationMillis() == 1_730);
    Content lesson =
        vault.own(Permits.proven(ann.id)).stream()
            .filter(content -> content.block().purpose().equals("training"))
            .findFirst()
            .orElseThrow();
    Segment segment = Segment.decode(lesson.bytes());
    assertThat(segment.durationMillis()).isEqualTo(1_730);
    assertThat(segment.alternatives()).hasSize(2);
    assertThat(segment.audio()).isEmpty(); // words, as the notice says
  }

  // ---- captures

  @Test
  void aCaptureIsTriedAgainWhenTheLogFailedWhileRunning() {
    notebook.capture(); // nothing is owed since the start
    notes(ann);
    town.beforeLeaf =
        leaf -> {
          throw new IllegalStateException("the disk is full");
        };
    for (int second = 0; second < 3; second++) {
      assertThatThrownBy(() -> notebook.capture()).hasMessage("the disk is full");
      assertThat(notebook.hasUncaptured()).isTrue();
    }
    assertThat(blocks(ann).getFirst().capture()).isInstanceOf(Block.CaptureState.Open.class);
    town.beforeLeaf = leaf -> {};
    notebook.capture();
    assertThat(blocks(ann).getFirst().capture()).isInstanceOf(Block.CaptureState.Logged.class);
    assertThat(notebook.hasUncaptured()).isFalse();
    assertThat(vault.pendingCaptures()).isEmpty();
  }

  @Test
  void whoWithdrawsWhileACaptureIsWrittenIsInNoneThatCounts() {
    notes(ann);
    notes(bob);
    AtomicInteger captures = new AtomicInteger();
    town.afterLeaf =
        leaf -> {
          if (leaf instanceof Leaf.Capture && captures.incrementAndGet() == 1) {
            ann.withdraws(Purpose.NOTES, Medium.VOICE); // its promise does not wait for us
          }
        };
    notebook.capture();
    assertThat(captures).hasValue(2);
    assertThat(blocks(ann).getFirst().capture()).isInstanceOf(Block.CaptureState.Open.class);
    Block.CaptureState.Logged logged = (Block.CaptureState.Logged) blocks(bob).getFirst().capture();
    assertThat(vault.captureWith(logged.root()).orElseThrow().leaves())
        .containsExactly(blocks(bob).getFirst().leaf());
    assertThat(vault.pendingCaptures()).isEmpty();
    assertThat(notebook.hasUncaptured()).isFalse();
  }

  @Test
  void whatWasSaidUnderAGrantThatEndedIsNotCapturedAnyMore() {
    notes(ann);
    ann.withdraws(Purpose.NOTES, Medium.VOICE);
    long size = town.log.size();
    notebook.capture();
    assertThat(town.log.size()).isEqualTo(size);
    assertThat(notebook.hasUncaptured()).isFalse();
  }

  // ---- captions

  @Test
  void aCaptionIsAskedAboutOnceMoreWhenItIsWritten() throws Exception {
    Events.Listener reader = events.listen(Town.MEETING.value(), "reader");
    here.add("reader");
    caption();
    caption();
    Events.Event first = reader.next(0).orElseThrow();
    assertThat(first.still().getAsBoolean()).isTrue();
    here.remove("reader");
    assertThat(first.still().getAsBoolean()).as("the reader went out").isFalse();
    here.add("reader");
    Events.Event second = reader.next(0).orElseThrow();
    assertThat(second.still().getAsBoolean()).isTrue();
    ann.withdraws(Purpose.CAPTIONS, Medium.VOICE);
    assertThat(second.still().getAsBoolean()).as("the speaker withdrew").isFalse();
    assertThat(reader.next(0)).isEmpty();
  }

  private void caption() {
    notebook.caption(
        ann.permit(Purpose.CAPTIONS, Medium.VOICE),
        new Caption(7, Town.MEETING, ann.seat, "the roof", false, Instant.EPOCH, 0));
  }
}
