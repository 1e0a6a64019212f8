package dev.aye.media;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The server and two clients over real sockets: UDP, WebSocket, threads. */
class LoopbackTest {
  private static final Clock CLOCK = Clock.systemUTC();
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final TokenKey KEY = new TokenKey("aye", new byte[32]);

  private static Sfu sfu() throws IOException {
    InetSocketAddress bind = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    return Sfu.start(
        new Sfu.Settings(bind, List.of(), 5, 1), KEY, RANDOM, CLOCK, new RoomListener() {});
  }

  private static String token(String who) {
    return new AccessToken(who, who, AccessToken.Grants.meeting("r"))
        .mint(KEY, CLOCK.instant(), Duration.ofMinutes(1));
  }

  private static CompletableFuture<MediaClient> join(
      SignalServer server, String who, MediaClient.Events events) throws IOException {
    return MediaClient.connect(
        URI.create(server.url()),
        token(who),
        true,
        InetAddress.getLoopbackAddress(),
        RANDOM,
        CLOCK,
        events);
  }

  @Test
  void twoClientsMeetOverRealSockets() throws Exception {
    BlockingQueue<VoiceFrame> heard = new LinkedBlockingQueue<>();
    BlockingQueue<String> read = new LinkedBlockingQueue<>();
    BlockingQueue<MediaClient.Person> people = new LinkedBlockingQueue<>();
    MediaClient.Events listening =
        new MediaClient.Events() {
          @Override
          public void audio(String identity, VoiceFrame frame) {
            heard.add(frame);
          }

          @Override
          public void data(String identity, String topic, byte[] payload) {
            read.add(identity + new String(payload, StandardCharsets.UTF_8));
          }

          @Override
          public void person(MediaClient.Person person) {
            if (person.attributes().containsKey("aye.member")) {
              people.add(person);
            }
          }
        };
    try (Sfu sfu = sfu();
        SignalServer server = new SignalServer(sfu)) {
      sfu.openRoom("r");
      MediaClient ann = join(server, "ann", new MediaClient.Events() {}).get(20, TimeUnit.SECONDS);
      MediaClient bob = join(server, "bob", listening).get(20, TimeUnit.SECONDS);
      ann.useKey(Meeting.key("ann"), 3);
      bob.setKey("ann", Meeting.key("ann"), 3);
      ann.setAttributes(Map.of("aye.member", "x"));
      assertThat(people.poll(10, TimeUnit.SECONDS)).isNotNull();
      ann.sendData("chat", "hoi".getBytes(StandardCharsets.UTF_8), true);
      assertThat(read.poll(10, TimeUnit.SECONDS)).isEqualTo("annhoi");
      MediaClient.Microphone mic = ann.publishMicrophone().get(10, TimeUnit.SECONDS);
      VoiceFrame frame = null;
      for (int i = 0; i < 500 && frame == null; i++) {
        mic.send(Meeting.frame(i), 960, 20);
        frame = heard.poll(20, TimeUnit.MILLISECONDS);
      }
      assertThat(frame).isNotNull();
      assertThat(sfu.participants("r").stream().map(RoomControl.Participant::identity))
          .containsExactlyInAnyOrder("ann", "bob");
      ann.close();
      bob.close();
    }
  }

  @Test
  void aTokenForARoomThatIsNotOpenIsRefused() throws Exception {
    try (Sfu sfu = sfu();
        SignalServer server = new SignalServer(sfu)) {
      assertThat(sfu.validate(token("ann")).status()).isEqualTo(404);
      assertThat(sfu.validate("nonsense").status()).isEqualTo(401);
      sfu.openRoom("r");
      assertThat(sfu.validate(token("ann")).status()).isEqualTo(200);
      sfu.closeRoom("r");
      assertThat(join(server, "ann", new MediaClient.Events() {}))
          .failsWithin(Duration.ofSeconds(20));
    }
  }
}
