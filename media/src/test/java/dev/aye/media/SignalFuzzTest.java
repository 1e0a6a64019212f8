package dev.aye.media;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import livekit.LivekitModels.TrackSource;
import livekit.LivekitModels.TrackType;
import livekit.LivekitRtc.AddTrackRequest;
import livekit.LivekitRtc.JoinRequest;
import livekit.LivekitRtc.MuteTrackRequest;
import livekit.LivekitRtc.SessionDescription;
import livekit.LivekitRtc.SignalRequest;
import livekit.LivekitRtc.UpdateParticipantMetadata;
import livekit.LivekitRtc.UpdateSubscription;
import livekit.LivekitRtc.UpdateTrackSettings;
import org.junit.jupiter.api.Test;

/** Whatever one client sends, the others' meeting goes on. */
class SignalFuzzTest {
  @Test
  void aHostileClientDisturbsNobody() {
    Meeting m = new Meeting(1, Room.Kind.MEETING, 0, 5, 0);
    Meeting.Guest ann = m.join("ann", false);
    Meeting.Guest bob = m.join("bob", false);
    var mic = m.wait(ann.client.publishMicrophone());
    Random random = new Random(11);
    List<byte[]> seeds = seeds();
    for (int round = 0; round < 150; round++) {
      boolean[] ended = new boolean[1];
      Session hostile =
          new Session(
              m.context,
              Optional.of(m.room),
              new SignalSink() {
                @Override
                public void send(byte[] frame) {}

                @Override
                public void close() {
                  ended[0] = true;
                }
              });
      AccessToken token = new AccessToken("eve", "eve", AccessToken.Grants.meeting("r"));
      m.room.post(() -> m.room.join(hostile, token, JoinRequest.getDefaultInstance()));
      for (int i = 0; i < 20; i++) {
        byte[] frame = seeds.get(random.nextInt(seeds.size())).clone();
        for (int n = random.nextInt(4); n > 0 && frame.length > 0; n--) {
          frame[random.nextInt(frame.length)] = (byte) random.nextInt(256);
        }
        hostile.receive(frame);
      }
      m.talk(mic, round * 5, 5, 20);
      hostile.closed();
    }
    m.time.run(20_000);
    assertThat(m.room.view()).hasSize(2);
    assertThat(bob.heard.get("ann")).hasSize(750);
  }

  private static List<byte[]> seeds() {
    List<SignalRequest.Builder> all = new ArrayList<>();
    String sdp =
        """
        v=0
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=mid:0
        a=ice-ufrag:abcd
        a=ice-pwd:abcdefghijklmnopqrstuvwx
        a=fingerprint:sha-256 %s
        a=sendonly
        a=msid:- cid
        a=rtpmap:111 opus/48000/2
        """
            .formatted("AA" + ":BB".repeat(31));
    all.add(
        SignalRequest.newBuilder()
            .setOffer(SessionDescription.newBuilder().setType("offer").setId(1).setSdp(sdp)));
    all.add(
        SignalRequest.newBuilder()
            .setAddTrack(
                AddTrackRequest.newBuilder()
                    .setCid("cid")
                    .setType(TrackType.AUDIO)
                    .setSource(TrackSource.MICROPHONE)));
    all.add(
        SignalRequest.newBuilder()
            .setUpdateMetadata(UpdateParticipantMetadata.newBuilder().putAttributes("a", "b")));
    all.add(SignalRequest.newBuilder().setMute(MuteTrackRequest.newBuilder().setSid("TR_x")));
    all.add(
        SignalRequest.newBuilder()
            .setTrackSetting(UpdateTrackSettings.newBuilder().addTrackSids("TR_x").setWidth(-1)));
    all.add(
        SignalRequest.newBuilder()
            .setSubscription(UpdateSubscription.newBuilder().addTrackSids("TR_x")));
    all.add(SignalRequest.newBuilder().setPing(1));
    List<byte[]> out = new ArrayList<>();
    all.forEach(b -> out.add(b.build().toByteArray()));
    out.add(ByteString.copyFromUtf8("nonsense").toByteArray());
    return out;
  }
}
