package dev.aye.media;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aye.media.transport.Fingerprint;
import dev.aye.media.transport.IceCredentials;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SdpTest {
  private static final Sdp.Local LOCAL =
      new Sdp.Local(
          new IceCredentials("abcd1234", "abcdefghijklmnopqrstuvwx"),
          new Fingerprint("AA" + ":BB".repeat(31)),
          List.of(
              new InetSocketAddress("192.0.2.1", 4000), new InetSocketAddress("2001:db8::1", 4000)),
          "17",
          2);

  /**
   * The third offer of livekit-client 2.23 in Chromium 156: publishes Opus and three layers of VP8.
   */
  private static String chromiumOffer() throws IOException {
    try (InputStream in = SdpTest.class.getResourceAsStream("chromium-offer.sdp")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void theOfferOfABrowserIsRead() throws IOException {
    Sdp.Description offer = Sdp.parse(chromiumOffer()).orElseThrow();
    List<Sdp.Section> sending =
        offer.sections().stream()
            .filter(s -> s.direction().sends() && s.kind() != Sdp.Kind.DATA)
            .toList();
    assertThat(offer.sections().stream().filter(s -> s.kind() == Sdp.Kind.DATA)).hasSize(1);
    assertThat(sending).hasSize(2);
    Sdp.Section video =
        sending.stream().filter(s -> s.kind() == Sdp.Kind.VIDEO).findFirst().orElseThrow();
    assertThat(video.rids()).containsExactly("q", "h", "f");
    assertThat(video.trackId()).isNotEmpty();
    assertThat(video.codec().orElseThrow().feedback()).contains("nack", "nack pli", "goog-remb");
    assertThat(video.extension(Sdp.MID)).isPositive();
    assertThat(video.extension(Sdp.RID)).isPositive();
    Sdp.Section audio =
        sending.stream().filter(s -> s.kind() == Sdp.Kind.AUDIO).findFirst().orElseThrow();
    assertThat(audio.codec().orElseThrow().name()).isEqualTo("opus");
    assertThat(audio.extension(Sdp.AUDIO_LEVEL)).isPositive();
  }

  @Test
  void theAnswerAsksForLostSoundAndForReportsOnWhatTheServerSendsAlone() throws IOException {
    String numbered = "a=extmap:13 " + Sdp.TRANSPORT_WIDE + "\r\na=rtcp-mux";
    Sdp.Description offer =
        Sdp.parse(chromiumOffer().replace("a=rtcp-mux", numbered)).orElseThrow();
    Map<String, Sdp.Reply> replies = new java.util.HashMap<>();
    for (Sdp.Section s : offer.sections()) {
      Sdp.Direction direction =
          s.direction().sends() ? Sdp.Direction.RECVONLY : Sdp.Direction.SENDONLY;
      replies.put(s.mid(), new Sdp.Reply(direction, "PA_x|TR_y TR_y", 5, "PA_x", false));
    }
    for (Sdp.Section s : Sdp.parse(Sdp.answer(offer, LOCAL, replies)).orElseThrow().sections()) {
      if (s.kind() == Sdp.Kind.DATA) {
        continue;
      }
      boolean sends = s.direction() == Sdp.Direction.SENDONLY;
      var feedback = s.codec().orElseThrow().feedback();
      assertThat(feedback).contains("nack").doesNotContain(sends ? "goog-remb" : "transport-cc");
      assertThat(feedback.contains("transport-cc")).isEqualTo(sends);
      // A browser that numbers its packets waits for reports that do not come, and falls silent.
      assertThat(s.extension(Sdp.TRANSPORT_WIDE) > 0).isEqualTo(sends);
    }
  }

  @Test
  void theAnswerHasTheOffersSectionsInTheirOrder() throws IOException {
    Sdp.Description offer = Sdp.parse(chromiumOffer()).orElseThrow();
    Sdp.Description answer = Sdp.parse(Sdp.answer(offer, LOCAL, Map.of())).orElseThrow();
    assertThat(answer.sections().stream().map(Sdp.Section::mid))
        .containsExactlyElementsOf(offer.sections().stream().map(Sdp.Section::mid).toList());
    assertThat(answer.candidates()).hasSize(2);
    assertThat(answer.ice()).isEqualTo(LOCAL.ice());
    for (Sdp.Section s : answer.sections()) {
      if (s.kind() != Sdp.Kind.DATA) {
        assertThat(s.direction()).isEqualTo(Sdp.Direction.INACTIVE);
      }
    }
  }

  /** Trap 1 of LiveKit's clients: without them the next simulcast offer fails in the browser. */
  @Test
  void everyVideoSectionOfAnAnswerKeepsTheRidExtensions() throws IOException {
    Sdp.Description offer = Sdp.parse(chromiumOffer()).orElseThrow();
    Sdp.Description answer = Sdp.parse(Sdp.answer(offer, LOCAL, Map.of())).orElseThrow();
    for (Sdp.Section s : answer.sections()) {
      if (s.kind() == Sdp.Kind.VIDEO) {
        assertThat(s.extensions()).containsKeys(Sdp.MID, Sdp.RID, Sdp.REPAIRED_RID);
      }
    }
  }

  @Test
  void theClientsOwnOfferIsRead() {
    List<Sdp.Offered> sections =
        List.of(
            new Sdp.Offered(Sdp.Kind.AUDIO, "0", Sdp.Direction.SENDONLY, "- a", 7, List.of()),
            new Sdp.Offered(
                Sdp.Kind.VIDEO, "1", Sdp.Direction.SENDONLY, "- v", 8, List.of("q", "h")),
            new Sdp.Offered(Sdp.Kind.DATA, "2", Sdp.Direction.SENDRECV, "", 0, List.of()));
    Sdp.Description offer = Sdp.parse(Sdp.offer(LOCAL, sections)).orElseThrow();
    assertThat(offer.sections()).hasSize(3);
    assertThat(offer.sections().get(0).ssrcs()).containsExactly(7);
    assertThat(offer.sections().get(0).trackId()).isEqualTo("a");
    assertThat(offer.sections().get(1).rids()).containsExactly("q", "h");
  }

  @Test
  void noDamagedOfferThrowsOrMakesAnAnswerWithForeignLines() throws IOException {
    String whole = chromiumOffer();
    Random random = new Random(42);
    int read = 0;
    for (int i = 0; i < 5000; i++) {
      StringBuilder damaged = new StringBuilder(whole);
      for (int n = random.nextInt(6); n >= 0; n--) {
        int at = random.nextInt(damaged.length());
        switch (random.nextInt(4)) {
          case 0 -> damaged.setCharAt(at, (char) random.nextInt(256));
          case 1 -> damaged.delete(at, Math.min(damaged.length(), at + random.nextInt(200)));
          case 2 ->
              damaged.insert(
                  at, whole, at / 2, Math.min(whole.length(), at / 2 + random.nextInt(300)));
          default -> damaged.insert(at, "99999999999");
        }
      }
      var offer = Sdp.parse(damaged.toString());
      if (offer.isPresent()) {
        read++;
        assertThat(Sdp.parse(Sdp.answer(offer.get(), LOCAL, Map.of()))).isPresent();
      }
    }
    assertThat(read).isBetween(100, 4900);
  }

  @Test
  void tooMuchIsRefused() throws IOException {
    StringBuilder many =
        new StringBuilder("a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n");
    many.append("a=fingerprint:").append(LOCAL.fingerprint().attribute()).append("\r\n");
    for (int i = 0; i < 65; i++) {
      many.append("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:").append(i).append("\r\n");
    }
    assertThat(Sdp.parse(many.toString())).isEmpty();
    assertThat(Sdp.parse(chromiumOffer() + " ".repeat(130_000))).isEmpty();
  }
}
