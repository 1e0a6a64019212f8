package dev.aye.media;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aye.media.Meeting.Guest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Whole meetings: the room and the client role over a simulated network. */
class MeetingTest {
  private static final List<MediaClient.Layer> LAYERS =
      List.of(
          new MediaClient.Layer(320, 180, 150_000), new MediaClient.Layer(1280, 720, 1_500_000));

  private static Meeting quiet() {
    return new Meeting(1, Room.Kind.MEETING, 0, 5, 0);
  }

  private static List<Integer> numbers(List<VoiceFrame> frames) {
    return frames.stream().map(f -> Meeting.number(f.opus())).distinct().sorted().toList();
  }

  private static byte[] picture(int number, boolean key, int size) {
    byte[] out = new byte[size];
    new Random(number).nextBytes(out);
    out[0] = (byte) (key ? out[0] & 0xfe : out[0] | 1);
    return out;
  }

  private static void share(Guest a, Guest b) {
    a.client.useKey(Meeting.key(a.name), 0);
    b.client.setKey(a.name, Meeting.key(a.name), 0);
    b.client.useKey(Meeting.key(b.name), 0);
    a.client.setKey(b.name, Meeting.key(b.name), 0);
  }

  @Test
  void twoPeopleHearEachOther() {
    Meeting m = quiet();
    Guest ann = m.join("ann", false);
    Guest bob = m.join("bob", false);
    assertThat(ann.connected && bob.connected).isTrue();
    var mic = m.wait(ann.client.publishMicrophone());
    m.time.run(500);
    m.talk(mic, 0, 100, 20);
    m.time.run(200);
    assertThat(numbers(bob.heard.get("ann"))).hasSize(100);
    assertThat(bob.heard.get("ann").getFirst().level()).isEqualTo(20);
    assertThat(ann.heard).isEmpty();
    assertThat(m.told).contains("joined ann", "joined bob", "speaking ann true");
  }

  @Test
  void onlyWhoHasTheKeyHearsAnything() {
    Meeting m = quiet();
    Guest ann = m.join("ann", true);
    Guest bob = m.join("bob", true);
    Guest eve = m.join("eve", true);
    share(ann, bob);
    var mic = m.wait(ann.client.publishMicrophone());
    m.time.run(500);
    m.talk(mic, 0, 50, 20);
    m.time.run(200);
    assertThat(numbers(bob.heard.get("ann"))).hasSize(50);
    assertThat(eve.heard).isEmpty();
    assertThat(eve.undecryptable).isEqualTo(50);
    ann.client.sendData("chat", "hoi".getBytes(StandardCharsets.UTF_8), true);
    m.time.run(2000);
    assertThat(bob.messages).containsExactly("ann chat hoi");
    assertThat(eve.messages).isEmpty();
  }

  @Test
  void everyFrameArrivesAtFivePercentLossAndAHundredMillisecondsOfJitter() {
    Meeting m = new Meeting(5, Room.Kind.MEETING, 0.05, 20, 100);
    Guest ann = m.join("ann", true);
    Guest bob = m.join("bob", true);
    share(ann, bob);
    var mic = m.wait(ann.client.publishMicrophone());
    var camera = m.wait(ann.client.publishCamera(LAYERS.subList(0, 1)));
    m.time.run(2000);
    int asked = -1;
    for (int i = 0; i < 500; i++) {
      mic.send(Meeting.frame(i), 960, 30);
      if (i % 2 == 0) {
        boolean key = ann.keyFramesWanted > asked;
        asked = ann.keyFramesWanted;
        camera.send(0, picture(i, key, key ? 8000 : 1500), i * 1800);
      }
      m.time.run(20);
    }
    m.time.run(1500);
    assertThat(numbers(bob.heard.get("ann")).size()).isGreaterThanOrEqualTo(495);
    assertThat(bob.seen.get("ann").size()).isGreaterThanOrEqualTo(240);
    assertThat(bob.undecryptable).isZero();
  }

  @Test
  void aKeyFrameIsAskedForWhenSomebodySubscribesAndTheLayerFollowsWhatIsWanted() {
    Meeting m = quiet();
    Guest ann = m.join("ann", false);
    var camera = m.wait(ann.client.publishCamera(LAYERS));
    Guest bob = m.join("bob", false);
    int n = 0;
    for (int i = 0; i < 100; i++) {
      boolean key = ann.keyFramesWanted > n || i == 0;
      n = ann.keyFramesWanted;
      camera.send(0, picture(i, key, 500), i * 3000);
      camera.send(1, picture(1000 + i, key, 3000), i * 3000);
      m.time.run(33);
    }
    List<MediaClient.VideoFrame> seen = bob.seen.get("ann");
    assertThat(ann.keyFramesWanted).isPositive();
    assertThat(seen.getFirst().keyFrame()).isTrue();
    assertThat(seen.getLast().vp8()).hasSize(3000);
    for (int i = 1; i < seen.size(); i++) {
      assertThat(seen.get(i).timestamp() - seen.get(i - 1).timestamp()).isPositive();
    }
  }

  @Test
  void aMutedTrackIsNotForwardedWhateverItsClientSends() {
    Meeting m = quiet();
    Guest ann = m.join("ann", false);
    Guest bob = m.join("bob", false);
    var mic = m.wait(ann.client.publishMicrophone());
    m.time.run(500);
    m.talk(mic, 0, 20, 20);
    m.time.run(100);
    m.room.post(() -> m.room.mute("ann"));
    mic.send(Meeting.frame(500), 960, 20);
    m.time.run(100);
    m.talk(mic, 600, 20, 20);
    m.time.run(100);
    assertThat(ann.muted).containsExactly(mic.sid());
    assertThat(numbers(bob.heard.get("ann"))).hasSize(20).allMatch(i -> i < 20);
    assertThat(m.room.view().getFirst().tracks().getFirst().muted()).isTrue();
    mic.mute(false);
    m.time.run(100);
    m.talk(mic, 700, 20, 20);
    m.time.run(100);
    assertThat(numbers(bob.heard.get("ann"))).contains(700, 719);
    assertThat(m.told).contains("muted ann true", "muted ann false");
  }

  @Test
  void attributesReachEverybodyAndAreBounded() {
    Meeting m = quiet();
    Guest ann = m.join("ann", false);
    Guest bob = m.join("bob", false);
    ann.client.setAttributes(Map.of("aye.member", "x", "aye.k.bob", "y"));
    m.time.run(100);
    assertThat(bob.people.get("ann").attributes()).containsEntry("aye.k.bob", "y");
    ann.client.setAttributes(Map.of("aye.k.bob", ""));
    m.time.run(100);
    assertThat(bob.people.get("ann").attributes()).containsOnlyKeys("aye.member");
    ann.client.setAttributes(Map.of("big", "z".repeat(Limits.ATTRIBUTE_BYTES)));
    m.time.run(100);
    assertThat(bob.people.get("ann").attributes()).containsOnlyKeys("aye.member");
    Guest cas = m.join("cas", false);
    assertThat(cas.people.get("ann").attributes()).containsEntry("aye.member", "x");
  }

  @Test
  void aTokenThatMayNotIsNotObeyed() {
    Meeting m = quiet();
    Guest ann = m.join("ann", false);
    Guest mute =
        m
        .new Guest(
            "bob",
            new AccessToken.Grants(
                "r", true, false, false, false, false, java.util.Set.of(), false),
            false);
    m.time.runUntil(() -> mute.connected, 20_000);
    var refused = mute.client.publishMicrophone();
    m.time.run(500);
    assertThat(refused).isCompletedExceptionally();
    mute.client.sendData("chat", new byte[1], true);
    mute.client.setAttributes(Map.of("a", "b"));
    var mic = m.wait(ann.client.publishMicrophone());
    m.talk(mic, 0, 20, 20);
    m.time.run(2000);
    assertThat(ann.messages).isEmpty();
    assertThat(ann.people.get("bob").attributes()).isEmpty();
    assertThat(mute.heard).isEmpty();
  }

  @Test
  void whoJoinsTwiceIsThereOnce() {
    Meeting m = quiet();
    Guest first = m.join("ann", false);
    Guest bob = m.join("bob", false);
    Guest second = m.join("ann", false);
    assertThat(first.closed).contains("DUPLICATE_IDENTITY");
    assertThat(second.connected).isTrue();
    assertThat(m.room.view()).hasSize(2);
    assertThat(bob.people).containsKey("ann");
  }

  @Test
  void aSixthPersonIsRefusedAndARemovedOneStaysOut() {
    Meeting m = quiet();
    List<Guest> five =
        List.of("a", "b", "c", "d", "e").stream().map(n -> m.join(n, false)).toList();
    assertThat(five).allMatch(g -> g.connected);
    Guest sixth = m.new Guest("f", AccessToken.Grants.meeting("r"), false);
    m.time.run(500);
    assertThat(sixth.closed).contains("JOIN_FAILURE");
    m.room.post(() -> m.room.remove("e"));
    m.time.run(200);
    assertThat(five.get(4).closed).contains("PARTICIPANT_REMOVED");
    assertThat(five.get(0).gone).contains("e");
    Guest again = m.new Guest("e", AccessToken.Grants.meeting("r"), false);
    m.time.run(500);
    assertThat(again.closed).contains("PARTICIPANT_REMOVED");
  }

  @Test
  void whoLosesTheirSignallingIsGoneAfterAWhileAndNotBefore() {
    Meeting m = quiet();
    Guest ann = m.join("ann", false);
    Guest bob = m.join("bob", false);
    ann.cutSignalling();
    m.time.run(14_000);
    assertThat(bob.gone).isEmpty();
    m.time.run(1_500);
    assertThat(bob.gone).containsExactly("ann");
  }

  @Test
  void aTrackThatComesBackGoesIntoAFreeSection() {
    Meeting m = quiet();
    Guest bob = m.join("bob", false);
    for (int round = 0; round < 6; round++) {
      Guest ann = m.join("ann" + round, false);
      var mic = m.wait(ann.client.publishMicrophone());
      m.time.run(500);
      m.talk(mic, 0, 10, 20);
      m.time.run(200);
      assertThat(numbers(bob.heard.get("ann" + round))).hasSize(10);
      ann.client.close();
      m.time.run(500);
      assertThat(bob.gone).contains("ann" + round);
    }
  }

  @Test
  void everybodyLeavesWhenTheRoomIsClosed() {
    Meeting m = quiet();
    Guest ann = m.join("ann", false);
    m.room.post(m.room::close);
    m.time.run(200);
    assertThat(ann.closed).contains("ROOM_DELETED");
    assertThat(m.room.view()).isEmpty();
  }
}
