package dev.aye.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aye.companion.Reranker;
import dev.aye.consent.Consents;
import dev.aye.consent.Controller;
import dev.aye.consent.Handle;
import dev.aye.consent.Medium;
import dev.aye.consent.MeetingId;
import dev.aye.consent.Notice;
import dev.aye.consent.Offer;
import dev.aye.consent.ParticipantId;
import dev.aye.consent.PersonId;
import dev.aye.consent.Processor;
import dev.aye.consent.Purpose;
import dev.aye.consent.Recipient;
import dev.aye.consent.RecipientId;
import dev.aye.consent.Salt;
import dev.aye.consent.Seat;
import dev.aye.consent.WithdrawalSecret;
import dev.aye.learn.Hypothesis;
import dev.aye.learn.Query;
import dev.aye.learn.Segment;
import dev.aye.log.Leaf;
import dev.aye.vault.Slice;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/**
 * What must hold when the server ended at the wrong moment, or somebody tries what they may not.
 */
class StoryTest {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final MeetingId MEETING = new MeetingId("meetingmeeting00");
  private static final ParticipantId PARTICIPANT = new ParticipantId("participant0");

  @TempDir Path data;

  private final SecureRandom random = new SecureRandom();
  private final KeyPair device = pair();
  private final KeyPair companion = pair();
  private Instant issued = Instant.EPOCH;
  private byte[] drawn = {};

  private AyeConfig config() {
    return AyeConfig.read(
        Map.of("port", "0", "data", data.toString(), "address", "127.0.0.1"), Map.of());
  }

  @Test
  void aGrantEndedByALaterNoIsForgottenAfterACrash() throws Exception {
    FileChannel lock = Archive.lock(data);
    Handle handle;
    try (Archive archive = new Archive(config())) {
      handle = answer(archive, true);
      answer(archive, false); // and nobody hears of it: the process ends here
    }
    try (Archive archive = new Archive(config())) {
      CountDownLatch done = new CountDownLatch(1);
      var forgetting = archive.learning().forgetting();
      try (var withdrawals =
          new Withdrawals(
              archive.consents(), forgetting, archive.log(), done::countDown, e -> {})) {
        withdrawals.start();
        assertThat(done.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(forgetting.progress(handle)).isPresent();
      }
    }
    Archive.unlock(lock);
  }

  @Test
  void whatMayBeUsedIsChosenAnewAlsoWhenAStepFails() throws Exception {
    FileChannel lock = Archive.lock(data);
    try (Archive archive = new Archive(config())) {
      answer(archive, true);
      answer(archive, false);
      CountDownLatch chosen = new CountDownLatch(1);
      var forgetting = archive.learning().forgetting();
      forgetting.onProgress(progress -> {
        throw new IllegalStateException("a step fails");
      });
      try (var withdrawals =
          new Withdrawals(
              archive.consents(), forgetting, archive.log(), chosen::countDown, e -> {})) {
        withdrawals.start();
        assertThat(chosen.await(20, TimeUnit.SECONDS)).isTrue();
      }
    }
    Archive.unlock(lock);
  }

  @Test
  void aCaptureThatTheLogDidNotTakeIsGivenToItAgain() throws Exception {
    FileChannel lock = Archive.lock(data);
    try (Archive archive = new Archive(config())) {
      answer(archive, true);
      var permit =
          archive
              .consents()
              .permit(person(), MEETING, Purpose.NOTES, Medium.VOICE, RecipientId.COMPANION)
              .orElseThrow();
      archive.vault().appendNotes(permit, new Slice(0, 0), new byte[] {1});
      assertThat(archive.vault().capture(MEETING, handle -> true))
          .isPresent(); // and its leaf was not written
      Notebook notebook =
          new Notebook(
              archive.vault(),
              archive.consents(),
              meetings(archive, new AtomicLong()),
              new Events(),
              (meeting, participant) -> true,
              archive.clock(),
              "model");
      assertThat(notebook.hasUncaptured()).isTrue();
      notebook.capture();
      assertThat(archive.vault().pendingCaptures()).isEmpty();
      assertThat(notebook.hasUncaptured()).isFalse();
    }
    Archive.unlock(lock);
  }

  /** A witness that nobody can reach: a yes is in the log, and opens nothing. */
  @Test
  void aYesThatNoWitnessHasSeenGrantsNothingAndANoAndAWithdrawalCountAllTheSame() throws Exception {
    FileChannel lock = Archive.lock(data);
    Handle handle;
    byte[] first;
    try (Archive archive = new Archive(config())) {
      handle = answer(archive, true);
      first = drawn;
      learning(archive, Optional.of(draw(32)));
      assertThat(learned(archive)).isTrue();
    }
    String key = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";
    AyeConfig watched =
        AyeConfig.read(
            Map.of(
                "port",
                "0",
                "data",
                data.toString(),
                "witnesses",
                key + " http://127.0.0.1:1/nobody",
                "witness-quorum",
                "1"),
            Map.of());
    try (Archive archive = new Archive(watched)) {
      archive.consents().offer(MEETING, offer(archive.consents()));
      assertThat(learned(archive)).isTrue();
      learning(archive, Optional.empty());
      assertThat(learned(archive)).isFalse();
      assertThat(archive.consents().withdraw(WithdrawalSecret.of(first)))
          .isInstanceOf(Consents.Withdrawing.Promised.class);
      assertThatThrownBy(() -> answer(archive, true))
          .isInstanceOf(dev.aye.log.LogException.NotWitnessed.class);
      assertThat(
              archive
                  .consents()
                  .permit(person(), MEETING, Purpose.NOTES, Medium.VOICE, RecipientId.COMPANION))
          .isEmpty();
      assertThat(archive.log().witnesses().getFirst().trouble()).isPresent();
      assertThat(archive.consents().withdrawals().getFirst().handle()).isEqualTo(handle);
      assertThat(archive.log().failure()).isEmpty();
    }
    try (Archive archive = new Archive(watched)) {
      archive.consents().offer(MEETING, offer(archive.consents()));
      assertThat(learned(archive)).as("after a restart").isFalse();
      assertThat(archive.consents().stands(handle)).isFalse();
    }
    Archive.unlock(lock);
  }

  private void learning(Archive archive, Optional<byte[]> secret) throws Exception {
    answer(
        archive.consents(),
        archive.log().origin(),
        archive.clock().instant(),
        MEETING,
        device,
        Purpose.TRAINING,
        secret);
  }

  private boolean learned(Archive archive) throws Exception {
    return archive
        .consents()
        .permit(person(), MEETING, Purpose.TRAINING, Medium.VOICE, RecipientId.COMPANION)
        .isPresent();
  }

  /** The backup is older than the withdrawal; the log's public files, as a mirror has them, not. */
  @Test
  void aRestoredServerHonoursWhatWasWithdrawnAfterTheBackup() throws Exception {
    Path backup = data.resolve("../" + data.getFileName() + "-backup").normalize();
    Path keys = data.resolve("../" + data.getFileName() + "-keys").normalize();
    Path there = data.resolve("../" + data.getFileName() + "-there").normalize();
    FileChannel lock = Archive.lock(data);
    Handle handle;
    try (Archive archive = new Archive(config())) {
      handle = answer(archive, true);
      var permit =
          archive
              .consents()
              .permit(person(), MEETING, Purpose.NOTES, Medium.VOICE, RecipientId.COMPANION)
              .orElseThrow();
      archive.vault().appendNotes(permit, new Slice(0, 0), new byte[] {1, 2, 3});
      assertThatThrownBy(() -> archive.backup(backup, Optional.of(backup.resolve("keys"))))
          .isInstanceOf(Refusal.class)
          .hasMessageContaining("apart");
      archive.backup(backup, Optional.of(keys));
      archive.backup(backup, Optional.of(keys)); // and up to date
      archive.consents().withdraw(WithdrawalSecret.of(drawn));
      archive.log().append(new Leaf.Shred(dev.aye.log.Hash.sha256()));
    }
    Archive.unlock(lock);
    assertThat(backup.resolve("keys")).doesNotExist();
    assertThat(mode(backup.resolve("log/private/key"))).isEqualTo("rw-------");
    assertThat(mode(backup.resolve("aye.db"))).isEqualTo("rw-------");
    assertThat(mode(keys)).isEqualTo("rwx------");

    AyeConfig elsewhere = AyeConfig.read(Map.of("data", there.toString(), "port", "0"), Map.of());
    FileChannel lock2;
    assertThatThrownBy(
            () -> Backup.restore(config(), backup, Optional.of(keys), Optional.empty(), true))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("is not empty");
    Backup.restore(elsewhere, backup, Optional.of(keys), Optional.of(data.resolve("log")), true);
    lock2 = Archive.lock(there);
    try (Archive archive = new Archive(elsewhere)) {
      assertThat(archive.log().size()).isEqualTo(5); // two notices, answer, withdrawal, shred
      assertThat(archive.vault().blocks(handle)).hasSize(1);
      archive.consents().offer(MEETING, offer(archive.consents()));
      assertThat(
              archive
                  .consents()
                  .permit(person(), MEETING, Purpose.NOTES, Medium.VOICE, RecipientId.COMPANION))
          .isEmpty();
      CountDownLatch done = new CountDownLatch(1);
      var forgetting = archive.learning().forgetting();
      try (var withdrawals =
          new Withdrawals(
              archive.consents(), forgetting, archive.log(), done::countDown, e -> {})) {
        withdrawals.start();
        assertThat(done.await(20, TimeUnit.SECONDS)).isTrue();
      }
      assertThat(archive.vault().blocks(handle)).isEmpty();
    }
    Archive.unlock(lock2);
  }

  /** A backup alone is behind what others have seen of the log. */
  @Test
  void aRestoredServerDoesNotStartBeforeItIsKnownThatItsLogIsTheNewest() throws Exception {
    Path backup = data.resolve("../" + data.getFileName() + "-backup").normalize();
    Path there = data.resolve("../" + data.getFileName() + "-there").normalize();
    FileChannel lock = Archive.lock(data);
    try (Archive archive = new Archive(config())) {
      answer(archive, true);
      archive.backup(backup, Optional.empty());
    }
    Archive.unlock(lock);
    AyeConfig elsewhere =
        AyeConfig.read(
            Map.of("data", there.toString(), "port", "0", "keys", data.resolve("keys").toString()),
            Map.of());
    Backup.restore(elsewhere, backup, Optional.empty(), Optional.empty(), false);
    FileChannel second = Archive.lock(there);
    assertThatThrownBy(() -> new Archive(elsewhere))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("put back from a backup");
    Archive.unlock(second);
  }

  private static String mode(Path path) throws java.io.IOException {
    return java.nio.file.attribute.PosixFilePermissions.toString(
        java.nio.file.Files.getPosixFilePermissions(path));
  }

  @Test
  void captionsAreOnlyForThoseWhoAreInTheRoom() throws Exception {
    FileChannel lock = Archive.lock(data);
    try (Archive archive = new Archive(config())) {
      Events events = new Events();
      Notebook notebook =
          new Notebook(
              archive.vault(),
              archive.consents(),
              meetings(archive, new AtomicLong()),
              events,
              (meeting, participant) -> participant.equals("inside"),
              archive.clock(),
              "model");
      Events.Listener inside = events.listen(MEETING.value(), "inside");
      Events.Listener outside = events.listen(MEETING.value(), "outside");
      notebook.gone(MEETING, PARTICIPANT, 1);
      assertThat(inside.next(0)).isPresent();
      assertThat(outside.next(0)).isEmpty();
    }
    Archive.unlock(lock);
  }

  /** Strangers come to the standing demo; in any other meeting, everybody there reads all notes. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aVisitorOfTheDemoReadsNoOtherVisitorsWords(boolean demo) throws Exception {
    try (Server server = Server.start(config())) {
      House house = server.house();
      MeetingId meeting =
          new MeetingId(
              house.gatherings().open("", List.of("notes"), demo, Optional.empty()).meeting().id());
      String simulated = says(house, meeting, true, "The budget was agreed.");
      String early = says(house, meeting, false, "My secret is a hedgehog.");
      String late = says(house, meeting, false, "Lunch is at noon.");
      String seatOnly = sits(house, meeting, "", false);

      assertThat(notes(server, meeting, late)).contains("budget", "Lunch");
      assertThat(notes(server, meeting, early)).contains("budget", "hedgehog");
      if (demo) {
        assertThat(notes(server, meeting, late)).doesNotContain("hedgehog");
        assertThat(notes(server, meeting, early)).doesNotContain("Lunch");
        for (String other : List.of(simulated, seatOnly)) {
          assertThat(notes(server, meeting, other))
              .contains("budget")
              .doesNotContain("hedgehog", "Lunch");
        }
      } else {
        for (String anybody : List.of(simulated, early, late, seatOnly)) {
          assertThat(notes(server, meeting, anybody)).contains("budget", "hedgehog", "Lunch");
        }
      }
    }
  }

  /** Somebody new, who says yes to notes and has this noted; the key of their seat. */
  private String says(House house, MeetingId meeting, boolean host, String words) throws Exception {
    KeyPair device = pair();
    PersonId person = person(device);
    String seat = sits(house, meeting, person.value(), host);
    answer(house.consents(), house.log().origin(), Instant.now(), meeting, device, true);
    var permit =
        house
            .consents()
            .permit(person, meeting, Purpose.NOTES, Medium.VOICE, RecipientId.COMPANION)
            .orElseThrow();
    house
        .vault()
        .appendNotes(
            permit,
            new Slice(1_000, 0),
            JSON.writeValueAsBytes(Map.of("name", "Somebody", "text", words)));
    return seat;
  }

  private static String sits(House house, MeetingId meeting, String person, boolean host) {
    Meetings.Taken taken =
        house.meetings().take(meeting.value(), "Somebody", person, host, 60_000_000);
    house.meetings().seen(meeting.value(), taken.seat().participant());
    return taken.key();
  }

  private static String notes(Server server, MeetingId meeting, String seat) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpResponse<String> answer =
          http.send(
              HttpRequest.newBuilder(
                      URI.create(server.url() + "/api/meetings/" + meeting.value() + "/notes"))
                  .header("Authorization", "Bearer " + seat)
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(answer.statusCode()).isEqualTo(200);
      return answer.body();
    }
  }

  /** A long export or training holds the shelf; forgetting waits for it, and this does not. */
  @Test
  void whatWasLearnedChoosesNoWordsAfterAWithdrawalHoweverBusyTheShelfIs() throws Exception {
    CountDownLatch busy = new CountDownLatch(1);
    CountDownLatch done = new CountDownLatch(1);
    try (Server server = Server.start(config())) {
      House house = server.house();
      MeetingId meeting =
          new MeetingId(
              house
                  .gatherings()
                  .open("", List.of("training"), false, Optional.empty())
                  .meeting()
                  .id());
      WithdrawalSecret learned = teaches(house, meeting, "The pier has a berth.");
      house.notebook().capture();
      house.learning().models().train(house.learning().datasets().build(Query.everything()).id());
      house.useWhatWasLearned();
      assertThat(house.companion().reranker()).isNotSameAs(Reranker.NONE);

      WithdrawalSecret other = teaches(house, meeting, "Something else.");
      house
          .learning()
          .forgetting()
          .onProgress(progress -> {
            busy.countDown(); // whoever is here holds the shelf
            await(done);
          });
      house.consents().withdraw(other);
      assertThat(busy.await(20, TimeUnit.SECONDS)).isTrue();
      assertThat(house.companion().reranker()).isNotSameAs(Reranker.NONE);
      house.consents().withdraw(learned);
      assertThat(house.companion().reranker()).isSameAs(Reranker.NONE);
      done.countDown();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Somebody new, who says yes to learning and has this kept; how they withdraw. */
  private WithdrawalSecret teaches(House house, MeetingId meeting, String words) throws Exception {
    KeyPair device = pair();
    byte[] secret = draw(32);
    answer(
        house.consents(),
        house.log().origin(),
        Instant.now(),
        meeting,
        device,
        Purpose.TRAINING,
        Optional.of(secret));
    var permit =
        house
            .consents()
            .permit(person(device), meeting, Purpose.TRAINING, Medium.VOICE, RecipientId.COMPANION)
            .orElseThrow();
    Segment segment =
        new Segment(
            Medium.VOICE,
            words,
            List.of(new Hypothesis(words, 0)),
            new byte[0],
            1_000,
            2_000,
            "model");
    assertThat(house.vault().appendTraining(permit, new Slice(1_000, 2_000), segment.encode()))
        .isPresent();
    house.notebook().lookAt(meeting);
    return new WithdrawalSecret(b64u(secret));
  }

  @Test
  void whoIsResponsibleIsSaidInTheLanguageOfTheText() {
    try (Server server = Server.start(config())) {
      Meetings.Meeting meeting =
          server.house().gatherings().open("", List.of(), false, Optional.empty()).meeting();
      Map<String, Object> texts = server.house().asking().describe(meeting, false).notice();
      assertThat(texts.get("en").toString())
          .contains("run by the operator of this Aye server", "complain to the data-protection");
      assertThat(texts.get("nl").toString())
          .contains("van de beheerder van deze Aye-server", "stel je aan degene die je uitnodigde")
          .doesNotContain("operator", "invited", "authority of");
    }
  }

  @Test
  void whatTheOperatorSaysOfItselfStandsInEveryLanguage() {
    AyeConfig named =
        AyeConfig.read(
            Map.of(
                "port",
                "0",
                "data",
                data.toString(),
                "address",
                "127.0.0.1",
                "controller",
                "A club"),
            Map.of());
    try (Server server = Server.start(named)) {
      Meetings.Meeting meeting =
          server.house().gatherings().open("", List.of(), false, Optional.empty()).meeting();
      Map<String, Object> texts = server.house().asking().describe(meeting, false).notice();
      assertThat(texts.get("en").toString())
          .contains("run by A club", "the person who invited you")
          .doesNotContain("the operator");
      assertThat(texts.get("nl").toString())
          .contains("van A club", "degene die je uitnodigde")
          .doesNotContain("de beheerder van");
    }
  }

  @Test
  void somebodyPutOutHearsTheEndAndNothingElse() throws Exception {
    Events events = new Events();
    Events.Listener out = events.listen("m", "out");
    Events.Listener other = events.listen("m", "other");
    events.all("m", "caption", Map.of());
    events.end("m", "out", "ended", Map.of());
    events.all("m", "caption", Map.of());
    assertThat(out.open()).isTrue();
    assertThat(out.next(0).orElseThrow().name()).isEqualTo("ended");
    assertThat(out.open()).isFalse();
    assertThat(other.open()).isTrue();
  }

  @Test
  void theSignTellsWhetherAnythingListensAndNotWhatSomebodyChose() {
    try (Server server = Server.start(config())) {
      House house = server.house();
      List<String> asked = List.of("captions", "training");
      Meetings.Meeting meeting =
          house.gatherings().open("", asked, false, Optional.empty()).meeting();
      assertThat(house.asking().sign(meeting, false, true).recipients()).isEmpty();
      assertThat(house.asking().sign(meeting, true, true).recipients())
          .singleElement()
          .extracting(Says.Listener::purposes)
          .isEqualTo(asked);
    }
  }

  @Test
  void theLengthOfARowDoesNotTellWhatWasAnswered() throws Exception {
    FileChannel lock = Archive.lock(data);
    try (Archive archive = new Archive(config())) {
      answer(archive, true);
      answer(archive, false);
      assertThat(
              archive
                  .database()
                  .sql()
                  .sql(
                      "SELECT DISTINCT length FROM (SELECT LENGTH(sealed) AS length"
                          + " FROM consent_events ORDER BY sequence DESC LIMIT 2)")
                  .query(Integer.class)
                  .list())
          .hasSize(1);
      assertThat(archive.consents().choices(person())).isNotEmpty();
    }
    try (Archive archive = new Archive(config())) {
      assertThat(archive.consents().choices(person())).isNotEmpty();
    }
    Archive.unlock(lock);
  }

  @Test
  void whoWasPutOutDoesNotComeBackWithTheSameKeyAndAHostIsNotKeptOut() throws Exception {
    FileChannel lock = Archive.lock(data);
    try (Archive archive = new Archive(config())) {
      Meetings meetings = meetings(archive, new AtomicLong(1_000_000_000_000L));
      String id = meetings.open("", List.of(), false, Optional.empty()).meeting().id();
      String other = meetings.open("", List.of(), false, Optional.empty()).meeting().id();
      Meetings.Taken out = meetings.take(id, "A", "somebody", false, 60_000_000);
      meetings.take(id, "B", "another", false, 60_000_000);
      meetings.bar(out.seat().participant());
      assertThat(meetings.seat(out.key())).isEmpty();
      assertThat(meetings.barred(id, "somebody")).isTrue();
      assertThat(meetings.barred(id, "another")).isFalse();
      assertThat(meetings.barred(other, "somebody")).isFalse();
      for (int i = 2; i < 500; i++) {
        meetings.take(id, "C", "", false, 60_000_000);
      }
      assertThatThrownBy(() -> meetings.take(id, "D", "", false, 60_000_000))
          .isInstanceOf(Problem.class);
      assertThat(meetings.take(id, "Host", "", true, 60_000_000).seat().host()).isTrue();
    }
    Archive.unlock(lock);
  }

  @Test
  void moreMeetingsThanAThousandAreOpenAgainAfterARestart() throws Exception {
    FileChannel lock = Archive.lock(data);
    try (Archive archive = new Archive(config())) {
      AtomicLong now = new AtomicLong(1_000_000_000_000L);
      Meetings meetings = meetings(archive, now);
      archive
          .database()
          .transaction()
          .executeWithoutResult(_ -> {
            for (int i = 0; i < 1_100; i++) {
              meetings.open("", List.of(), false, Optional.empty());
            }
          });
      List<String> open = new ArrayList<>();
      meetings.openSince(0, meeting -> open.add(meeting.id()));
      assertThat(open).hasSize(1_100).doesNotHaveDuplicates();
    }
    Archive.unlock(lock);
  }

  @Test
  void aMeetingCannotBeFilledForGood() throws Exception {
    FileChannel lock = Archive.lock(data);
    try (Archive archive = new Archive(config())) {
      AtomicLong now = new AtomicLong(1_000_000_000_000L);
      Meetings meetings = meetings(archive, now);
      String id = meetings.open("", List.of(), false, Optional.empty()).meeting().id();
      Meetings.Taken first = meetings.take(id, "A", "", false, 60_000_000);
      String seen = meetings.take(id, "B", "", false, 60_000_000).seat().participant();
      meetings.seen(id, seen);
      for (int i = 1; i < 500; i++) {
        meetings.take(id, "C", "", false, 60_000_000);
      }
      assertThatThrownBy(() -> meetings.take(id, "D", "", false, 60_000_000))
          .isInstanceOf(Problem.class);
      now.addAndGet(11 * 60_000);
      meetings.take(id, "D", "", false, 60_000_000);
      assertThat(meetings.seat(first.key())).isPresent();
      now.addAndGet(60_000_000);
      meetings.take(id, "E", "", false, 60_000_000);
      assertThat(meetings.seat(first.key())).isEmpty();
      assertThat(meetings.wasSeen(id, seen)).isTrue();
    }
    Archive.unlock(lock);
  }

  @Test
  void aMeetingWhoseEndWasInterruptedIsFinishedAtStart() throws Exception {
    FileChannel lock = Archive.lock(data);
    String ended;
    String old;
    try (Archive archive = new Archive(config())) {
      AtomicLong now = new AtomicLong(archive.clock().millis());
      Meetings meetings = meetings(archive, now);
      ended = meetings.open("", List.of("notes"), false, Optional.empty()).meeting().id();
      meetings.end(ended); // and the process ends here
      now.addAndGet(-Asking.LONGEST_MEETING.toMillis() - 1);
      old = meetings.open("", List.of("notes"), false, Optional.empty()).meeting().id();
    }
    Archive.unlock(lock);
    try (Server server = Server.start(config())) {
      Meetings meetings = server.house().meetings();
      assertThat(meetings.meeting(old).orElseThrow().ended()).isTrue();
      assertThat(meetings.unsettled(Long.MAX_VALUE)).noneMatch(m -> m.id().equals(ended));
      assertThatThrownBy(() ->
              server
                  .house()
                  .consents()
                  .offer(new MeetingId(ended), offer(server.house().consents())))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void healthIsNotReadyWhenOnePartIsDead() {
    Says.Health health =
        House.health(
            Map.of("vault", Optional.of("a write failed"), "log", Optional.empty()), Map.of());
    assertThat(health.status()).isEqualTo("not ready");
    assertThat(health.parts())
        .containsEntry("vault", "a write failed")
        .containsEntry("log", "ready");
  }

  // ---- a device that answers

  private static Meetings meetings(Archive archive, AtomicLong now) {
    return new Meetings(
        archive.database(), archive.box(), archive.random(), () -> Instant.ofEpochMilli(now.get()));
  }

  private List<Notice> notices() {
    return Notice.current(new Controller("A club", "club@example.org", "An authority"));
  }

  private Recipient recipient() throws Exception {
    return new Recipient(
        RecipientId.COMPANION, b64u(point(companion)), new Processor("this server", "model"));
  }

  private Offer offer(Consents consents) throws Exception {
    notices().forEach(consents::publish);
    return new Offer(
        Set.of(Purpose.NOTES, Purpose.TRAINING),
        List.of(recipient()),
        notices(),
        Instant.now().plusSeconds(3_600));
  }

  private PersonId person() throws Exception {
    return person(device);
  }

  private static PersonId person(KeyPair device) throws Exception {
    byte[] point = point(device);
    String canonical =
        "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}"
            .formatted(
                b64u(Arrays.copyOfRange(point, 1, 33)), b64u(Arrays.copyOfRange(point, 33, 65)));
    return new PersonId(
        b64u(
            MessageDigest.getInstance("SHA-256")
                .digest(canonical.getBytes(StandardCharsets.US_ASCII))));
  }

  /** Answers for notes of the voice; the handle of a yes. */
  private Handle answer(Archive archive, boolean yes) throws Exception {
    return answer(
        archive.consents(),
        archive.log().origin(),
        archive.clock().instant(),
        MEETING,
        device,
        yes);
  }

  private Handle answer(
      Consents consents, String origin, Instant now, MeetingId meeting, KeyPair device, boolean yes)
      throws Exception {
    Optional<byte[]> secret = yes ? Optional.of(draw(32)) : Optional.empty();
    return answer(consents, origin, now, meeting, device, Purpose.NOTES, secret);
  }

  /**
   * @param secret what withdraws a yes; none for a no
   */
  private Handle answer(
      Consents consents,
      String origin,
      Instant now,
      MeetingId meeting,
      KeyPair device,
      Purpose purpose,
      Optional<byte[]> secret)
      throws Exception {
    consents.offer(meeting, offer(consents));
    issued = now.isAfter(issued.plusMillis(1)) ? now : issued.plusMillis(2);
    Notice notice = notices().getFirst();
    drawn = secret.orElse(draw(32));
    byte[] handle = MessageDigest.getInstance("SHA-256").digest(drawn);
    Map<String, Object> choice = new LinkedHashMap<>();
    choice.put("purpose", purpose.id());
    choice.put("purposeIri", purpose.iri());
    choice.put("medium", "voice");
    choice.put("state", secret.isPresent() ? "given" : "refused");
    if (secret.isPresent()) {
      choice.put("handle", b64u(handle));
    }
    Map<String, Object> payload = new LinkedHashMap<>();
    payload.put("schema", "urn:aye:receipt:1");
    payload.put("id", b64u(draw(16)));
    payload.put("origin", origin);
    payload.put("meeting", meeting.value());
    payload.put("participant", PARTICIPANT.value());
    payload.put("issued", Times.text(issued));
    payload.put(
        "notice",
        Map.of(
            "version", notice.version(), "locale", notice.locale(), "hash", notice.hash().b64u()));
    payload.put("controller", "A club");
    payload.put(
        "recipient",
        Map.of(
            "id",
            "companion",
            "key",
            recipient().key(),
            "processor",
            Map.of("host", "this server", "model", "model")));
    payload.put("scope", Map.of("kind", "meeting"));
    payload.put("choices", List.of(choice));
    Consents.Answering answering =
        consents.answer(
            new Seat(meeting, PARTICIPANT, person(device)),
            signed(payload, device),
            new Salt(b64u(draw(32))));
    assertThat(answering).isInstanceOf(Consents.Answering.Answered.class);
    return new Handle(b64u(handle));
  }

  private static String signed(Map<String, Object> payload, KeyPair device) throws Exception {
    byte[] point = point(device);
    Map<String, Object> jwk = new LinkedHashMap<>();
    jwk.put("crv", "P-256");
    jwk.put("kty", "EC");
    jwk.put("x", b64u(Arrays.copyOfRange(point, 1, 33)));
    jwk.put("y", b64u(Arrays.copyOfRange(point, 33, 65)));
    Map<String, Object> header = new LinkedHashMap<>();
    header.put("alg", "ES256");
    header.put("typ", "aye-receipt+jws");
    header.put("jwk", jwk);
    String text =
        b64u(JSON.writeValueAsBytes(header)) + "." + b64u(JSON.writeValueAsBytes(payload));
    Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
    signature.initSign(device.getPrivate());
    signature.update(text.getBytes(StandardCharsets.US_ASCII));
    return text + "." + b64u(signature.sign());
  }

  private byte[] draw(int bytes) {
    byte[] drawn = new byte[bytes];
    random.nextBytes(drawn);
    return drawn;
  }

  private static KeyPair pair() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (java.security.GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static byte[] point(KeyPair pair) {
    var w = ((ECPublicKey) pair.getPublic()).getW();
    byte[] point = new byte[65];
    point[0] = 4;
    List<BigInteger> both = new ArrayList<>(List.of(w.getAffineX(), w.getAffineY()));
    for (int i = 0; i < 2; i++) {
      byte[] bytes = both.get(i).toByteArray();
      int length = Math.min(32, bytes.length);
      System.arraycopy(bytes, bytes.length - length, point, 33 + 32 * i - length, length);
    }
    return point;
  }

  private static String b64u(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
