package dev.aye.media;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aye.consent.Medium;
import dev.aye.consent.MeetingId;
import dev.aye.consent.ParticipantId;
import dev.aye.consent.Permit;
import dev.aye.consent.Permits;
import dev.aye.consent.PersonId;
import dev.aye.consent.Purpose;
import dev.aye.media.Meeting.Guest;
import dev.aye.media.Meeting.Renewed;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import livekit.LivekitRtc.JoinRequest;
import livekit.LivekitRtc.SignalResponse;
import livekit.LivekitRtc.WrappedJoinRequest;
import org.junit.jupiter.api.Test;

/** Tokens live for minutes; who stays for hours can come back all the same. */
class TokenRenewalTest {
  private static final Duration LIFE = Meeting.KEY.life();

  @Test
  void whoStaysHasATokenForHalfItsLifeAtAnyTime() {
    Meeting m = new Meeting(1, Room.Kind.MEETING, 0, 10, 0);
    Guest ann = m.join("ann", true);
    m.time.run(10 * LIFE.toMillis());
    assertThat(ann.renewed).hasSizeBetween(20, 22);
    Instant before = ann.renewed.getFirst().at();
    for (Renewed renewed : ann.renewed) {
      assertThat(Duration.between(before, renewed.at()))
          .isLessThanOrEqualTo(LIFE.dividedBy(2).plusSeconds(1));
      assertThat(grants(renewed)).isEqualTo(AccessToken.Grants.meeting("r"));
      before = renewed.at();
    }
    Renewed last = ann.renewed.getLast();
    assertThat(AccessToken.verify(last.token(), Meeting.KEY, last.at().plus(LIFE).plusSeconds(6)))
        .isInstanceOf(AccessToken.Invalid.class);
  }

  @Test
  void whoIsPutOutGetsNoTokenMore() {
    Meeting m = new Meeting(2, Room.Kind.MEETING, 0, 10, 0);
    Guest ann = m.join("ann", true);
    m.time.run(2_000);
    int before = ann.renewed.size();
    m.room.remove("ann");
    m.time.run(2 * LIFE.toMillis());
    assertThat(ann.renewed).hasSize(before);
  }

  @Test
  void aListeningRoomRenewsOnlyWhatALivePermitCovers() {
    Meeting m = new Meeting(3, Room.Kind.LISTENING, 0, 10, 0);
    Permit<?> voice = permit(m, Medium.VOICE);
    Permit<?> chat = permit(m, Medium.CHAT);
    Tap tap =
        Tap.open(
            List.of(voice, chat),
            Meeting.key("ann"),
            new Deaf(),
            m.time::instant,
            new SecureRandom(),
            m.room::untap);
    assertThat(m.room.tap(tap)).isTrue();
    AccessToken.Grants both =
        AccessToken.Grants.listening("r", Set.of(AccessToken.Source.MICROPHONE), true);
    Guest ann = m.new Guest("ann", both, true);
    m.time.runUntil(() -> !ann.renewed.isEmpty(), 20_000);
    assertThat(grants(ann.renewed.getLast())).isEqualTo(both);

    tap.silence(true); // who is muted goes on being allowed
    m.time.run(LIFE.toMillis());
    assertThat(grants(ann.renewed.getLast())).isEqualTo(both);

    Permits.end(voice);
    m.time.run(LIFE.toMillis());
    assertThat(grants(ann.renewed.getLast()))
        .isEqualTo(AccessToken.Grants.listening("r", Set.of(), true));

    int before = ann.renewed.size();
    Permits.end(chat);
    m.time.run(2 * LIFE.toMillis());
    assertThat(ann.renewed).hasSize(before);
  }

  /** Hears nothing. */
  private record Deaf() implements TapSink {
    @Override
    public void voice(VoiceFrame frame) {}

    @Override
    public void chat(byte[] message, long arrivalMillis) {}

    @Override
    public void closed() {}
  }

  @Test
  void afterAnHourSomebodyComesBackWithTheTokenThatWasRenewed() throws Exception {
    AtomicReference<Instant> now = new AtomicReference<>(Instant.ofEpochSecond(1_800_000_000));
    TokenKey key = new TokenKey("aye", new byte[32]);
    InetAddress loopback = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
    try (Sfu sfu =
        Sfu.start(
            new Sfu.Settings(new InetSocketAddress(loopback, 0), List.of(loopback), 5, 1),
            key,
            new SecureRandom(),
            now::get,
            new RoomListener() {})) {
      sfu.openRoom("r");
      String first =
          new AccessToken("ann", "Ann", AccessToken.Grants.meeting("r")).mint(key, now.get());
      Client before = new Client();
      SignalSession session = sfu.join(first, "", before);
      String sid = before.next(SignalResponse.MessageCase.JOIN).getJoin().getParticipant().getSid();
      String renewed = before.next(SignalResponse.MessageCase.REFRESH_TOKEN).getRefreshToken();
      for (int minute = 15; minute <= 60; minute += 15) {
        now.updateAndGet(instant -> instant.plus(Duration.ofMinutes(15)));
        renewed = before.next(SignalResponse.MessageCase.REFRESH_TOKEN).getRefreshToken();
      }
      session.closed();
      assertThat(sfu.validate(first).status()).isEqualTo(401);
      assertThat(sfu.validate(renewed).status()).isEqualTo(200);

      Client stale = new Client();
      sfu.join(first, reconnecting(sid), stale);
      assertThat(stale.next(SignalResponse.MessageCase.LEAVE).hasLeave()).isTrue();
      Client after = new Client();
      sfu.join(renewed, reconnecting(sid), after);
      assertThat(after.next(SignalResponse.MessageCase.RECONNECT).hasReconnect()).isTrue();
      assertThat(after.next(SignalResponse.MessageCase.REFRESH_TOKEN).getRefreshToken())
          .isNotEmpty();
    }
  }

  private static String reconnecting(String sid) {
    JoinRequest request =
        JoinRequest.newBuilder().setReconnect(true).setParticipantSid(sid).build();
    return Base64.getUrlEncoder()
        .encodeToString(
            WrappedJoinRequest.newBuilder()
                .setJoinRequest(request.toByteString())
                .build()
                .toByteArray());
  }

  /** The far end of a signalling connection. */
  private static final class Client implements SignalSink {
    private final BlockingQueue<byte[]> frames = new LinkedBlockingQueue<>();

    @Override
    public void send(byte[] frame) {
      frames.add(frame);
    }

    @Override
    public void close() {}

    /** The next message of this kind. */
    SignalResponse next(SignalResponse.MessageCase kind) throws Exception {
      for (; ; ) {
        byte[] frame = frames.poll(20, TimeUnit.SECONDS);
        assertThat(frame).as("a message %s", kind).isNotNull();
        SignalResponse response = SignalResponse.parseFrom(frame);
        if (response.getMessageCase() == kind) {
          return response;
        }
      }
    }
  }

  private static AccessToken.Grants grants(Renewed renewed) {
    AccessToken.Verdict verdict = AccessToken.verify(renewed.token(), Meeting.KEY, renewed.at());
    assertThat(verdict).isInstanceOf(AccessToken.Valid.class);
    return ((AccessToken.Valid) verdict).token().grants();
  }

  private static Permit<?> permit(Meeting m, Medium medium) {
    return Permits.permit(
        new PersonId("A".repeat(43)),
        new MeetingId("m1"),
        new ParticipantId("ann"),
        Purpose.NOTES,
        medium,
        m.time.instant().plus(Duration.ofDays(1)).toEpochMilli());
  }
}
