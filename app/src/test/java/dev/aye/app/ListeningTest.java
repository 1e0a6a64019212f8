package dev.aye.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aye.app.people.Visitor;
import dev.aye.companion.Caption;
import dev.aye.companion.Companion;
import dev.aye.companion.Sinks;
import dev.aye.companion.SlowModel;
import dev.aye.companion.Utterance;
import dev.aye.consent.Medium;
import dev.aye.consent.MeetingId;
import dev.aye.consent.ParticipantId;
import dev.aye.consent.Permit;
import dev.aye.consent.Purpose;
import dev.aye.consent.Town;
import dev.aye.media.AccessToken;
import dev.aye.media.RoomListener;
import dev.aye.media.Sfu;
import dev.aye.media.TapSink;
import dev.aye.media.TokenKey;
import dev.aye.media.VoiceFrame;
import io.github.jaredmdobson.concentus.OpusApplication;
import io.github.jaredmdobson.concentus.OpusEncoder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Streams that are opened anew, with words on their way through them. */
@Timeout(60)
class ListeningTest {
  @TempDir Path folder;

  private Town town;
  private Town.Person ann;
  private Sfu sfu;
  private Companion companion;
  private CompanionKey key;
  private Listening listening;
  private final TokenKey tokens = new TokenKey("aye", new byte[32]);
  private final List<TapSink> ears = new ArrayList<>();

  /** Whether anything was listening, each time when something had changed. */
  private final List<Boolean> told = new CopyOnWriteArrayList<>();

  private final BlockingQueue<Utterance> noted = new LinkedBlockingQueue<>();
  private final CountDownLatch mayDecode = new CountDownLatch(1);
  private final CountDownLatch decoding = new CountDownLatch(1);
  private final Random random = new Random(5);
  private OpusEncoder encoder;
  private long sequence;

  /** Run on the test's own thread when the media server, or the ear, asks what time it is. */
  private Runnable askingTheMeeting = () -> {};

  private Runnable askingTheEar = () -> {};
  private volatile @Nullable Thread self;

  private Instant asked(Runnable asking) {
    if (Thread.currentThread().equals(self)) {
      asking.run();
    }
    return town.now.get();
  }

  @BeforeEach
  void open() throws Exception {
    town = new Town(folder.resolve("town"));
    ann = town.new Person("ann");
    ann.agrees(Medium.VOICE, Purpose.NOTES);
    ann.agrees(Medium.CHAT, Purpose.NOTES);
    InetAddress loopback = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
    sfu =
        Sfu.start(
            new Sfu.Settings(new InetSocketAddress(loopback, 0), List.of(loopback), 5, 1),
            tokens,
            town.random,
            () -> asked(askingTheMeeting),
            new RoomListener() {});
    sfu.openRoom(Town.MEETING.value());
    companion =
        Companion.start(
            new SlowModel(decoding, mayDecode),
            new Notes(),
            () -> asked(askingTheEar),
            e -> {
              throw e;
            });
    key = CompanionKey.of(new Keys(folder.resolve("keys"), town.random), town.random);
    listening =
        new Listening(
            sfu,
            tokens,
            town.consents,
            companion,
            key,
            (participant, ear) -> {
              ears.add(ear);
              return ear;
            },
            town.clock,
            meeting -> told.add(listening.listens(meeting)));
    encoder = new OpusEncoder(SlowModel.RATE, 1, OpusApplication.OPUS_APPLICATION_VOIP);
    encoder.setBitrate(32_000);
  }

  @AfterEach
  void close() throws Exception {
    companion.close();
    sfu.close();
    town.close();
  }

  private final class Notes implements Sinks {
    @Override
    public void caption(Permit<Purpose.Captions> permit, Caption caption) {}

    @Override
    public void note(Permit<Purpose.Notes> permit, Utterance utterance) {
      noted.add(utterance);
    }

    @Override
    public void train(Permit<Purpose.Training> permit, Utterance utterance) {}

    @Override
    public void gone(MeetingId meeting, ParticipantId participant, long caption) {}
  }

  private String stream() throws Exception {
    Meetings.Seat seat =
        new Meetings.Seat(
            ann.seat.value(), Town.MEETING.value(), ann.id.value(), false, false, "Ann");
    byte[] streamKey = new byte[32];
    random.nextBytes(streamKey);
    return listening.open(
        seat, Visitor.wrapped(streamKey, key.point(), Town.MEETING.value(), ann.seat.value()));
  }

  /** Packets of 20 ms, loud or quiet, out of the newest stream's tap. */
  private void speaks(boolean loudly, int packets) throws Exception {
    for (int i = 0; i < packets; i++) {
      short[] sound = new short[SlowModel.RATE / 50];
      for (int at = 0; at < sound.length; at++) {
        sound[at] = (short) (loudly ? random.nextInt(12_001) - 6_000 : random.nextInt(3) - 1);
      }
      byte[] packet = new byte[1_000];
      int length = encoder.encode(sound, 0, sound.length, packet, 0, packet.length);
      town.now.updateAndGet(now -> now.plusMillis(20));
      ears.getLast()
          .voice(
              new VoiceFrame(
                  sequence,
                  (int) (960 * sequence),
                  town.clock.millis(),
                  20,
                  Arrays.copyOf(packet, length)));
      sequence++;
    }
  }

  private void says(int packets) throws Exception {
    speaks(true, packets);
    speaks(false, 60);
  }

  private List<Utterance> noted(int count) throws InterruptedException {
    List<Utterance> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Utterance next = noted.poll(20, TimeUnit.SECONDS);
      assertThat(next).as("utterance %d of %d", i + 1, count).isNotNull();
      all.add(next);
    }
    return all;
  }

  @Test
  void wordsThatWaitAreDeliveredWhenTheStreamIsOpenedAnew() throws Exception {
    stream();
    says(60);
    decoding.await();
    says(70);
    speaks(true, 80); // the third is still being said
    stream();
    assertThat(companion.load().queued()).isEqualTo(3);
    says(90);
    mayDecode.countDown();
    List<Utterance> all = noted(4);
    assertThat(all).extracting(Utterance::medium).containsOnly(Medium.VOICE);
    assertThat(all.get(2).duration()).isGreaterThan(Duration.ofMillis(1_400));
    assertThat(ears).hasSize(2);
  }

  @Test
  void whatTheOldStreamStillPoursIsNotHeardTwice() throws Exception {
    stream();
    TapSink old = ears.getFirst();
    stream();
    mayDecode.countDown();
    ears.add(old); // as if a packet had been on its way through the old tap
    says(60);
    ears.removeLast();
    says(60);
    assertThat(noted(1)).hasSize(1);
    assertThat(companion.drain(Town.MEETING, Duration.ofSeconds(10))).isTrue();
    assertThat(noted).isEmpty();
  }

  @RepeatedTest(5)
  void chatThatWaitsIsDeliveredBeforeTheNewStreamBegins() throws Exception {
    stream();
    byte[] message = "{\"text\":\"message\"}".getBytes(StandardCharsets.UTF_8);
    ears.getFirst().chat(message, town.clock.millis());
    noted(1);
    for (int i = 0; i < 500; i++) {
      ears.getFirst().chat(message, town.clock.millis());
    }
    stream();
    assertThat(noted).extracting(Utterance::id).hasSize(500).doesNotHaveDuplicates();
  }

  @Test
  void aWithdrawalWhileWordsWaitKeepsThemFromEveryNewStream() throws Exception {
    stream();
    says(60);
    decoding.await();
    says(60);
    stream();
    ann.withdraws(Purpose.NOTES, Medium.VOICE);
    mayDecode.countDown();
    assertThat(companion.drain(Town.MEETING, Duration.ofSeconds(10))).isTrue();
    assertThat(noted).isEmpty();
  }

  @Test
  void aStreamWhoseLastPermitEndsWhileItOpensIsRefusedAndNotListed() throws Exception {
    self = Thread.currentThread();
    List<String> course = new ArrayList<>();
    askingTheEar =
        () -> {
          askingTheEar = () -> {};
          withdraws(Medium.VOICE);
          course.add("voice ended before the tap");
          askingTheMeeting =
              () -> { // the tap sees that writing is still granted
                course.add("the tap is opening");
                askingTheMeeting =
                    () -> {
                      askingTheMeeting = () -> {};
                      withdraws(Medium.CHAT);
                      course.add("all ended");
                    };
              };
        };
    assertThatThrownBy(this::stream).isInstanceOf(Problem.class).hasMessageContaining("just ended");
    assertThat(course)
        .containsExactly("voice ended before the tap", "the tap is opening", "all ended");
    assertThat(ears).as("it came as far as the tap").hasSize(1);
    assertThat(listening.listens(Town.MEETING)).isFalse();
    assertThat(listening.covers(ann.seat)).isFalse();
  }

  @Test
  void thatAStreamIsOpenedAnewIsNotToldAsAnEnd() throws Exception {
    stream();
    stream();
    assertThat(told).containsExactly(true, true);
    listening.close(ann.seat);
    assertThat(told).containsExactly(true, true, false);
  }

  private void withdraws(Medium medium) {
    ann.withdraws(Purpose.NOTES, medium);
  }

  @Test
  void theTokenOfAStreamLivesForMinutesAndOpensItsOwnRoomAlone() throws Exception {
    String token = stream();
    AccessToken.Valid valid =
        (AccessToken.Valid) AccessToken.verify(token, tokens, town.clock.instant());
    assertThat(valid.token().grants().room()).startsWith("listening-");
    assertThat(valid.token().grants().canSubscribe()).isFalse();
    assertThat(AccessToken.verify(token, tokens, town.clock.instant().plus(Duration.ofMinutes(11))))
        .isInstanceOf(AccessToken.Invalid.class);
    ann.withdraws(Purpose.NOTES, Medium.VOICE);
    ann.withdraws(Purpose.NOTES, Medium.CHAT);
    assertThatThrownBy(this::stream).isInstanceOf(Problem.class);
  }
}
