package dev.aye.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aye.consent.Medium;
import dev.aye.consent.MeetingId;
import dev.aye.consent.ParticipantId;
import dev.aye.consent.Permit;
import dev.aye.consent.Permits;
import dev.aye.consent.PersonId;
import dev.aye.consent.Purpose;
import dev.aye.media.Meeting.Guest;
import java.lang.reflect.Constructor;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What gets out of a listening room, and what does not. */
class TapTest {
  private final Meeting m = new Meeting(3, Room.Kind.LISTENING, 0, 5, 0);
  private final List<VoiceFrame> heard = new ArrayList<>();
  private final List<String> read = new ArrayList<>();
  private int closed;
  private final TapSink sink =
      new TapSink() {
        @Override
        public void voice(VoiceFrame frame) {
          heard.add(frame);
        }

        @Override
        public void chat(byte[] message, long at) {
          read.add(new String(message, StandardCharsets.UTF_8));
        }

        @Override
        public void closed() {
          closed++;
        }
      };

  private static <P extends Purpose> Permit<P> permit(String who, P purpose, Medium medium) {
    return permit(who, purpose, medium, Long.MAX_VALUE);
  }

  private static <P extends Purpose> Permit<P> permit(
      String who, P purpose, Medium medium, long until) {
    return Permits.permit(person(who), meeting(), participant(who), purpose, medium, until);
  }

  private static PersonId person(String who) {
    byte[] id = new byte[32];
    id[0] = (byte) who.hashCode();
    return new PersonId(java.util.Base64.getUrlEncoder().withoutPadding().encodeToString(id));
  }

  private static MeetingId meeting() {
    return new MeetingId("m1");
  }

  private static ParticipantId participant(String who) {
    return new ParticipantId(who);
  }

  private Tap tap(List<Permit<?>> permits) {
    Tap tap =
        Tap.open(
            permits, Meeting.key("ann"), sink, m.time::instant, new SecureRandom(), m.room::untap);
    assertThat(m.room.tap(tap)).isTrue();
    return tap;
  }

  private MediaClient.Microphone speak() {
    Guest ann = publisher("ann");
    return m.wait(ann.client.publishMicrophone());
  }

  private Guest publisher(String name) {
    Guest guest =
        m
        .new Guest(
            name,
            AccessToken.Grants.listening("r", Set.of(AccessToken.Source.MICROPHONE), true),
            true);
    m.time.runUntil(() -> guest.connected, 20_000);
    guest.client.useKey(Meeting.key("ann"), 0);
    return guest;
  }

  @Test
  void aPermitForVoiceGivesDecryptedFramesInOrder() {
    tap(List.of(permit("ann", Purpose.CAPTIONS, Medium.VOICE)));
    m.talk(speak(), 0, 50, 25);
    m.time.run(300);
    assertThat(heard.stream().map(f -> Meeting.number(f.opus())))
        .containsExactlyElementsOf(java.util.stream.IntStream.range(0, 50).boxed().toList());
    assertThat(heard.getFirst().level()).isEqualTo(25);
    assertThat(heard.get(1).timestamp() - heard.get(0).timestamp()).isEqualTo(960);
  }

  @Test
  void withdrawalStopsTheTapOnTheNextPacket() {
    Permit<?> permit = permit("ann", Purpose.CAPTIONS, Medium.VOICE);
    tap(List.of(permit));
    var mic = speak();
    m.talk(mic, 0, 20, 25);
    m.time.run(300);
    int before = heard.size();
    assertThat(before).isEqualTo(20);
    mic.send(Meeting.frame(99), 960, 25);
    Permits.end(permit);
    m.talk(mic, 100, 20, 25);
    m.time.run(500);
    assertThat(heard).hasSize(before);
    assertThat(closed).isEqualTo(1);
  }

  @Test
  void framesThatWaitToBePutInOrderAreDroppedByAWithdrawal() {
    Meeting jittery = new Meeting(9, Room.Kind.LISTENING, 0.2, 20, 100);
    Permit<?> permit = permit("ann", Purpose.CAPTIONS, Medium.VOICE);
    Tap tap =
        Tap.open(
            List.of(permit),
            Meeting.key("ann"),
            sink,
            jittery.time::instant,
            new SecureRandom(),
            jittery.room::untap);
    jittery.room.tap(tap);
    Guest ann =
        jittery
        .new Guest(
            "ann",
            AccessToken.Grants.listening("r", Set.of(AccessToken.Source.MICROPHONE), true),
            true);
    jittery.time.runUntil(() -> ann.connected, 60_000);
    ann.client.useKey(Meeting.key("ann"), 0);
    var mic = jittery.wait(ann.client.publishMicrophone());
    jittery.talk(mic, 0, 200, 25);
    int before = heard.size();
    assertThat(before).isPositive();
    Permits.end(permit);
    jittery.time.run(2000);
    assertThat(heard).hasSize(before);
  }

  @Test
  void oneOfTwoPermitsKeepsTheTapOpenAndTheLastOneClosesIt() {
    Permit<?> captions = permit("ann", Purpose.CAPTIONS, Medium.VOICE);
    Permit<?> notes = permit("ann", Purpose.NOTES, Medium.VOICE);
    Tap tap = tap(List.of(captions, notes));
    var mic = speak();
    m.talk(mic, 0, 10, 25);
    Permits.end(captions);
    m.talk(mic, 10, 10, 25);
    m.time.run(300);
    assertThat(heard).hasSize(20);
    assertThat(tap.isClosed()).isFalse();
    Permits.end(notes);
    assertThat(tap.isClosed()).isTrue();
    assertThat(closed).isEqualTo(1);
  }

  @Test
  void aPermitThatExpiresStopsTheTapWithoutAWord() {
    long until = m.time.instant().toEpochMilli() + 3_000;
    Tap tap = tap(List.of(permit("ann", Purpose.CAPTIONS, Medium.VOICE, until)));
    m.talk(speak(), 0, 200, 25);
    m.time.run(300);
    assertThat(heard).isNotEmpty().allMatch(f -> f.arrivalMillis() < until);
    assertThat(heard.size()).isLessThan(190);
    assertThat(tap.isClosed()).isTrue();
  }

  @Test
  void mutedByHostIsSilenceAtTheTapFromTheNextPacket() {
    Tap tap = tap(List.of(permit("ann", Purpose.CAPTIONS, Medium.VOICE)));
    var mic = speak();
    m.talk(mic, 0, 20, 25);
    m.time.run(300);
    tap.silence(true);
    m.talk(mic, 100, 20, 25);
    m.time.run(300);
    assertThat(heard).hasSize(20);
    tap.silence(false);
    m.talk(mic, 200, 20, 25);
    m.time.run(500);
    assertThat(heard.stream().map(f -> Meeting.number(f.opus())).filter(n -> n >= 20))
        .containsExactlyElementsOf(java.util.stream.IntStream.range(200, 220).boxed().toList());
  }

  @Test
  void mutedByOneselfIsSilenceAtTheTap() {
    tap(List.of(permit("ann", Purpose.CAPTIONS, Medium.VOICE)));
    var mic = speak();
    m.talk(mic, 0, 20, 25);
    m.time.run(300);
    mic.mute(true);
    m.talk(mic, 100, 20, 25);
    m.time.run(300);
    assertThat(heard).hasSize(20);
  }

  @Test
  void whoIsMutedMayStillWrite() {
    Tap tap =
        tap(
            List.of(
                permit("ann", Purpose.NOTES, Medium.VOICE),
                permit("ann", Purpose.NOTES, Medium.CHAT)));
    Guest ann = publisher("ann");
    var mic = m.wait(ann.client.publishMicrophone());
    tap.silence(true);
    m.talk(mic, 0, 20, 25);
    ann.client.sendData("chat", "hoi".getBytes(StandardCharsets.UTF_8), true);
    m.time.run(1000);
    assertThat(heard).isEmpty();
    assertThat(read).containsExactly("hoi");
  }

  @Test
  void aPermitForVoiceGivesNoChatAndOneForChatGivesNoVoice() {
    tap(List.of(permit("ann", Purpose.NOTES, Medium.CHAT)));
    Guest ann = publisher("ann");
    var mic = m.wait(ann.client.publishMicrophone());
    m.talk(mic, 0, 20, 25);
    ann.client.sendData("chat", "hoi".getBytes(StandardCharsets.UTF_8), true);
    ann.client.sendData("other", "doei".getBytes(StandardCharsets.UTF_8), true);
    m.time.run(1000);
    assertThat(heard).isEmpty();
    assertThat(read).containsExactly("hoi");

    m.room.untap();
    read.clear();
    tap(List.of(permit("ann", Purpose.NOTES, Medium.VOICE)));
    ann.client.sendData("chat", "hoi".getBytes(StandardCharsets.UTF_8), true);
    m.talk(mic, 0, 5, 25);
    m.time.run(1000);
    assertThat(read).isEmpty();
    assertThat(heard).isNotEmpty();
  }

  @Test
  void whatIsEncryptedUnderAnotherKeyDoesNotPass() {
    tap(List.of(permit("ann", Purpose.CAPTIONS, Medium.VOICE)));
    Guest ann = publisher("ann");
    ann.client.useKey(Meeting.key("somebody else"), 0);
    m.talk(m.wait(ann.client.publishMicrophone()), 0, 20, 25);
    m.time.run(300);
    assertThat(heard).isEmpty();
  }

  @Test
  void aMeetingRoomRefusesATap() {
    Meeting meeting = new Meeting(1, Room.Kind.MEETING, 0, 5, 0);
    Tap tap =
        Tap.open(
            List.of(permit("ann", Purpose.CAPTIONS, Medium.VOICE)),
            Meeting.key("ann"),
            sink,
            meeting.time::instant,
            new SecureRandom(),
            meeting.room::untap);
    assertThat(meeting.room.tap(tap)).isFalse();
  }

  @Test
  void aRoomIsTappedOnce() {
    Permit<?> permit = permit("ann", Purpose.CAPTIONS, Medium.VOICE);
    tap(List.of(permit));
    Tap second =
        Tap.open(
            List.of(permit),
            Meeting.key("ann"),
            sink,
            m.time::instant,
            new SecureRandom(),
            () -> {});
    assertThat(m.room.tap(second)).isFalse();
  }

  @Test
  void aTapNeedsALivePermitOfOnePerson() {
    Permit<?> dead = permit("ann", Purpose.CAPTIONS, Medium.VOICE);
    Permits.end(dead);
    Permit<?> ann = permit("ann", Purpose.CAPTIONS, Medium.VOICE);
    Permit<?> bob = permit("bob", Purpose.CAPTIONS, Medium.VOICE);
    List<List<Permit<?>>> wrong = List.of(List.of(), List.of(dead), List.of(ann, bob));
    for (List<Permit<?>> permits : wrong) {
      assertThatThrownBy(() ->
              Tap.open(
                  permits, Meeting.key("ann"), sink, m.time::instant, new SecureRandom(), () -> {}))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void aSecondPersonCannotEnterAListeningRoomNorHearAnything() {
    var mic = speak();
    Guest bob = m.new Guest("bob", AccessToken.Grants.meeting("r"), true);
    m.time.run(1000);
    assertThat(bob.closed).contains("JOIN_FAILURE");
    m.talk(mic, 0, 10, 25);
    assertThat(bob.heard).isEmpty();
    assertThat(bob.people).isEmpty();
  }

  /**
   * Nothing else hands media out: no public method of the server's types takes a sink of media or
   * gives frames, and a tap can be made in no other way than with permits.
   */
  @Test
  void thereIsNoOtherWayOut() {
    for (Constructor<?> c : Tap.class.getDeclaredConstructors()) {
      assertThat(Modifier.isPrivate(c.getModifiers())).isTrue();
      assertThat(c.getParameterTypes()[0]).isEqualTo(List.class);
    }
    for (var method : Tap.class.getDeclaredMethods()) {
      if (Modifier.isPublic(method.getModifiers()) && Modifier.isStatic(method.getModifiers())) {
        assertThat(method.toGenericString()).contains("java.util.List<dev.aye.consent.Permit<?>>");
      }
    }
    for (Class<?> type :
        List.of(Sfu.class, RoomControl.class, RoomListener.class, SignalSession.class)) {
      for (var method : type.getMethods()) {
        String signature = method.toGenericString();
        assertThat(signature)
            .doesNotContain("TapSink")
            .doesNotContain("VoiceFrame")
            .doesNotContain("RtpPacket")
            .doesNotContain("DataPacket");
      }
    }
    for (Class<?> type :
        List.of(Room.class, Member.class, Publication.class, Subscription.class, Session.class)) {
      assertThat(Modifier.isPublic(type.getModifiers())).as(type.getName()).isFalse();
    }
  }
}
