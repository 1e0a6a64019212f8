package dev.aye.companion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aye.consent.Medium;
import dev.aye.consent.MeetingId;
import dev.aye.consent.ParticipantId;
import dev.aye.consent.Permit;
import dev.aye.consent.Permits;
import dev.aye.consent.PersonId;
import dev.aye.consent.Purpose;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class CompanionTest {
  private static final MeetingId MEETING = new MeetingId("meetingmeetingmeeting1");
  private static final long NEVER = Long.MAX_VALUE / 2_000_000;
  private static final List<byte[]> LOUD = sound(6_000);
  private static final List<byte[]> QUIET = sound(1);

  private long now = 1_700_000_000_000L;
  private final InstantSource clock = () -> Instant.ofEpochMilli(now);
  private final Heard heard = new Heard();
  private final Scripted model = new Scripted();
  private final Companion companion =
      new Companion(
          model,
          heard,
          clock,
          fault -> {
            throw fault;
          });
  private final Speaker speaker = new Speaker(1);

  @Test
  void eachPurposeReachesItsOwnSinkAndNoOther() throws InterruptedException {
    speaker.grant(Purpose.CAPTIONS);
    speaker.says(60);
    decodeAll();
    assertThat(heard.captions).isNotEmpty();
    assertThat(heard.notes).isEmpty();
    assertThat(heard.lessons).isEmpty();

    speaker.grant(Purpose.NOTES);
    speaker.says(60);
    decodeAll();
    assertThat(heard.notes).hasSize(1);
    assertThat(heard.lessons).isEmpty();
  }

  @Test
  void withoutAPermitTheEarIsDeaf() throws InterruptedException {
    speaker.says(100);
    assertThat(companion.load().queued()).isZero();
    assertThat(companion.decodeNext()).isFalse();
  }

  @Test
  void wordsSpokenBeforeAGrantAreNotCoveredByIt() throws InterruptedException {
    speaker.grant(Purpose.CAPTIONS);
    speaker.speaks(50);
    speaker.grant(Purpose.NOTES);
    speaker.says(60);
    decodeAll();
    assertThat(heard.captions.stream().filter(Caption::last)).hasSize(2);
    assertThat(heard.notes).hasSize(1);
  }

  @Test
  void grantingAnewDoesNotReviveWhatWasSaidBefore() throws InterruptedException {
    var notes = speaker.grant(Purpose.NOTES);
    speaker.grant(Purpose.CAPTIONS);
    speaker.says(60);
    Permits.end(notes);
    speaker.grant(Purpose.NOTES);
    decodeAll();
    assertThat(heard.captions).isNotEmpty();
    assertThat(heard.notes).isEmpty();
  }

  @Test
  void withdrawalWhileTheModelListensKeepsTheWordsFromEverySink() throws InterruptedException {
    var captions = speaker.grant(Purpose.CAPTIONS);
    var notes = speaker.grant(Purpose.NOTES);
    speaker.says(60);
    model.meanwhile =
        () -> {
          Permits.end(notes);
          Permits.end(captions);
        };
    decodeAll();
    assertThat(heard.notes).isEmpty();
    assertThat(heard.captions).noneMatch(Caption::last);
    assertThat(heard.gone)
        .hasSameSizeAs(heard.captions.stream().map(Caption::id).distinct().toList());
  }

  @Test
  void withdrawalEmptiesTheQueueOfTheirSound() throws InterruptedException {
    var notes = speaker.grant(Purpose.NOTES);
    speaker.says(60);
    speaker.says(60);
    Permits.end(notes);
    decodeAll();
    assertThat(model.samplesRead).isZero();
    assertThat(heard.notes).isEmpty();
  }

  @Test
  void anExpiredPermitIsAsDeadAsAWithdrawnOne() throws InterruptedException {
    speaker.grant(Purpose.NOTES, now + 5_000);
    speaker.says(60);
    now += 5_000;
    decodeAll();
    assertThat(heard.notes).isEmpty();
    speaker.says(60);
    assertThat(companion.load().queued()).isZero();
  }

  @Test
  void chatTakesAPermitForChat() {
    speaker.grant(Purpose.NOTES);
    speaker.ear.chat("hello", clock.instant());
    assertThat(heard.notes).isEmpty();

    var permit = speaker.grant(Purpose.TRAINING, Medium.CHAT, NEVER);
    speaker.ear.chat("hello", clock.instant());
    assertThat(heard.lessons).singleElement().extracting(Utterance::text).isEqualTo("hello");
    assertThat(heard.notes).isEmpty();

    Permits.end(permit);
    speaker.ear.chat("again", clock.instant());
    assertThat(heard.lessons).hasSize(1);
  }

  @Test
  void aPermitOfSomebodyElseOpensNothing() {
    var foreign =
        Permits.permit(person(9), MEETING, speaker.id, Purpose.NOTES, Medium.VOICE, NEVER);
    assertThatThrownBy(() -> speaker.ear.grant(foreign))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void notesGetTheReRankedReadingAndTrainingTheOneOfTheBaseModel() throws InterruptedException {
    speaker.grant(Purpose.NOTES);
    speaker.grant(Purpose.TRAINING);
    companion.rerankWith(readings -> readings.reversed());
    speaker.says(60);
    decodeAll();
    assertThat(heard.notes.getFirst().text()).isEqualTo("second reading");
    assertThat(heard.lessons.getFirst().text()).isEqualTo("first reading");
  }

  @Test
  void whatWasSaidIsDeliveredWithHowLongItLasted() throws InterruptedException {
    speaker.grant(Purpose.NOTES);
    speaker.grant(Purpose.TRAINING);
    speaker.grant(Purpose.TRAINING, Medium.CHAT, NEVER);
    speaker.says(60);
    decodeAll();
    Utterance kept = heard.notes.getFirst();
    assertThat(kept.duration()).isEqualTo(Duration.ofMillis(1_000 * model.samplesRead / 16_000));
    assertThat(kept.duration()) // 1.2 s of speech, and the pauses that belong to it
        .isBetween(Duration.ofMillis(1_200), Duration.ofMillis(2_500));
    assertThat(kept.at().plus(kept.duration())).isBefore(clock.instant());
    assertThat(heard.lessons.getFirst().duration()).isEqualTo(kept.duration());
    speaker.ear.chat("hello", clock.instant());
    assertThat(heard.lessons.getLast().duration()).isZero();
  }

  @Test
  void aFullQueueDropsAndCounts() {
    speaker.grant(Purpose.NOTES);
    for (int i = 0; i < Companion.MOST_QUEUED + 3; i++) {
      speaker.says(30);
    }
    assertThat(companion.load().queued()).isEqualTo(Companion.MOST_QUEUED);
    assertThat(companion.load().dropped()).isEqualTo(3);
  }

  @Test
  void silenceOfTheNetworkEndsASentence() throws InterruptedException {
    speaker.grant(Purpose.NOTES);
    speaker.speaks(60);
    assertThat(companion.decodeNext()).isFalse();
    now += 1_000;
    companion.tick();
    decodeAll();
    assertThat(heard.notes).hasSize(1);
  }

  @Test
  void drainingDeliversWhatWasSaidBeforeAMeetingEnds() throws InterruptedException {
    speaker.grant(Purpose.NOTES);
    speaker.speaks(60);
    assertThat(companion.drain(MEETING, Duration.ZERO)).isFalse();
    decodeAll();
    assertThat(companion.drain(MEETING, Duration.ZERO)).isTrue();
    assertThat(heard.notes).hasSize(1);
  }

  @Test
  void nothingThatIsPrintedHoldsWords() {
    var utterance =
        new Utterance(
            1,
            MEETING,
            speaker.id,
            Medium.VOICE,
            clock.instant(),
            Duration.ofSeconds(1),
            "pineapple",
            List.of(new Hypothesis("pineapple", 0)));
    var caption = new Caption(1, MEETING, speaker.id, "pineapple", true, clock.instant(), 0);
    assertThat(
            utterance
                + " "
                + utterance.readings()
                + caption
                + new Reading.Heard(utterance.readings()))
        .doesNotContain("pineapple");
  }

  /**
   * The oracle of the module. In histories of a thousand random steps each — talking, granting,
   * withdrawing one or all, running out, also while the model listens and between partial captions
   * — no sink ever gets words but under a permit that was granted before they were said and is live
   * at the delivery.
   */
  @Test
  void noSinkEverGetsWordsOutsideAPermit() throws InterruptedException {
    int delivered = 0;
    int withheld = 0;
    for (int seed = 0; seed < 40; seed++) {
      var history = new CompanionTest();
      history.run(new Random(seed), 1_000);
      delivered += history.heard.notes.size() + history.heard.lessons.size();
      withheld += history.model.discarded;
    }
    assertThat(delivered).isGreaterThan(500);
    assertThat(withheld).isGreaterThan(50);
  }

  private void run(Random random, int steps) throws InterruptedException {
    var speakers = List.of(speaker, new Speaker(2), new Speaker(3));
    model.meanwhile = () -> step(random, speakers);
    for (int i = 0; i < steps; i++) {
      step(random, speakers);
      if (random.nextInt(10) == 0) {
        companion.decodeNext();
      }
    }
  }

  private void step(Random random, List<Speaker> speakers) {
    Speaker who = speakers.get(random.nextInt(speakers.size()));
    List<Purpose> purposes = List.of(Purpose.CAPTIONS, Purpose.NOTES, Purpose.TRAINING);
    switch (random.nextInt(16)) {
      case 0, 1, 2, 3, 4, 5 -> who.speaks(1 + random.nextInt(60));
      case 6, 7 -> who.isQuiet(1 + random.nextInt(60));
      case 8, 9 ->
          who.grant(
              purposes.get(random.nextInt(3)),
              random.nextInt(4) == 0 ? now + random.nextInt(10_000) : NEVER);
      case 10 -> {
        if (!who.permits.isEmpty()) {
          Permits.end(who.permits.remove(random.nextInt(who.permits.size())));
        }
      }
      case 11 -> now += random.nextInt(2_000);
      case 12 -> companion.tick();
      case 13 -> who.ear.pause();
      case 14 -> {
        who.grant(purposes.get(1 + random.nextInt(2)), Medium.CHAT, now + random.nextInt(5_000));
        who.ear.chat("words", clock.instant());
      }
      default -> {
        if (random.nextInt(4) == 0) {
          who.permits.forEach(Permits::end);
          who.permits.clear();
        }
      }
    }
  }

  private void decodeAll() throws InterruptedException {
    while (companion.decodeNext()) {
      now += 10;
    }
  }

  private static PersonId person(int n) {
    byte[] thumbprint = new byte[32];
    thumbprint[0] = (byte) n;
    return new PersonId(Base64.getUrlEncoder().withoutPadding().encodeToString(thumbprint));
  }

  /** Half a minute of noise as Opus. */
  private static List<byte[]> sound(int amplitude) {
    var random = new Random(3);
    short[] samples = new short[Speech.RATE];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = (short) (random.nextInt(2 * amplitude + 1) - amplitude);
    }
    return Recordings.opus(samples);
  }

  /** One person with a device that sends packets every 20 ms. */
  private final class Speaker {
    final PersonId person;
    final ParticipantId id;
    final Ear ear;
    final List<Permit<?>> permits = new ArrayList<>();
    private int sequence;

    Speaker(int n) {
      person = person(n);
      id = new ParticipantId("participantpartic0000" + n);
      ear = companion.ear(MEETING, id, person);
    }

    <P extends Purpose> Permit<P> grant(P purpose) {
      return grant(purpose, NEVER);
    }

    <P extends Purpose> Permit<P> grant(P purpose, long deadline) {
      return grant(purpose, Medium.VOICE, deadline);
    }

    <P extends Purpose> Permit<P> grant(P purpose, Medium medium, long deadline) {
      var permit = Permits.permit(person, MEETING, id, purpose, medium, deadline);
      heard.granted.put(permit, now);
      permits.add(permit);
      ear.grant(permit);
      return permit;
    }

    void says(int packets) {
      speaks(packets);
      isQuiet(60);
    }

    void speaks(int packets) {
      send(LOUD, packets);
    }

    void isQuiet(int packets) {
      send(QUIET, packets);
    }

    private void send(List<byte[]> sound, int packets) {
      for (int i = 0; i < packets; i++) {
        now += 20;
        ear.voice(sound.get(i % sound.size()), sequence & 0xffff, 960L * sequence, now);
        sequence++;
      }
    }
  }

  /** A model that reads all there is, and lets things happen while it does. */
  private static final class Scripted extends SpeechModel {
    Runnable meanwhile = () -> {};
    long samplesRead;
    int discarded;

    @Override
    public String host() {
      return "test";
    }

    @Override
    public String model() {
      return "scripted";
    }

    @Override
    Reading hear(Speech speech, Consumer<String> partial) throws InterruptedException {
      short[] chunk = new short[4_000];
      int at = 0;
      try {
        while (true) {
          var segment = (Segment) speech;
          if (at >= segment.size() && !segment.ended()) {
            meanwhile.run();
            if (segment.size() > 10 * Speech.RATE) {
              segment.end();
            }
            continue;
          }
          int n = speech.read(at, chunk);
          if (n < 0) {
            return new Reading.Heard(
                List.of(new Hypothesis("first reading", 0), new Hypothesis("second reading", -1)));
          }
          at += n;
          samplesRead += n;
          partial.accept("first");
          meanwhile.run();
        }
      } catch (Speech.Discarded e) {
        discarded++;
        return new Reading.Discarded();
      }
    }

    @Override
    public void close() {}
  }

  /** Keeps what reached the sinks, and asks of everything whether it may. */
  private final class Heard implements Sinks {
    final Map<Permit<?>, Long> granted = new HashMap<>();
    final List<Caption> captions = new ArrayList<>();
    final List<Utterance> notes = new ArrayList<>();
    final List<Utterance> lessons = new ArrayList<>();
    final List<Long> gone = new ArrayList<>();

    @Override
    public void caption(Permit<Purpose.Captions> permit, Caption caption) {
      check(permit, caption.participant(), Medium.VOICE, caption.at());
      captions.add(caption);
    }

    @Override
    public void note(Permit<Purpose.Notes> permit, Utterance utterance) {
      check(permit, utterance.participant(), utterance.medium(), utterance.at());
      notes.add(utterance);
    }

    @Override
    public void train(Permit<Purpose.Training> permit, Utterance utterance) {
      check(permit, utterance.participant(), utterance.medium(), utterance.at());
      lessons.add(utterance);
    }

    @Override
    public void gone(MeetingId meeting, ParticipantId participant, long caption) {
      gone.add(caption);
    }

    private void check(Permit<?> permit, ParticipantId who, Medium medium, Instant spokenFrom) {
      assertThat(permit.live(now)).as("live at the delivery").isTrue();
      assertThat(granted.get(permit))
          .as("granted before the first word")
          .isLessThanOrEqualTo(spokenFrom.toEpochMilli());
      assertThat(permit.participant()).isEqualTo(who);
      assertThat(permit.medium()).isEqualTo(medium);
    }
  }
}
