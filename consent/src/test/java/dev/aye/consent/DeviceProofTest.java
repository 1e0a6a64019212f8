package dev.aye.consent;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class DeviceProofTest {
  private static final String ORIGIN = "aye.example/log";

  private final Clock clock = new Clock();
  private final Device ada = new Device("ada");
  private final DeviceProof proofs = new DeviceProof(ORIGIN, clock);

  private String join(String origin, String meeting, long iat, String jti) {
    return ada.sign(
        "aye-device+jws",
        "{\"aud\":\"%s\",\"meeting\":\"%s\",\"iat\":%d,\"jti\":\"%s\"}"
            .formatted(origin, meeting, iat, jti));
  }

  private String join(long iat) {
    return join(ORIGIN, House.MEETING.value(), iat, ada.dice.b64u(16));
  }

  private String request(String method, String path) {
    return ada.sign(
        "aye-request+jws",
        "{\"aud\":\"%s\",\"method\":\"%s\",\"path\":\"%s\",\"iat\":%d,\"jti\":\"%s\"}"
            .formatted(ORIGIN, method, path, now(), ada.dice.b64u(16)));
  }

  private long now() {
    return clock.instant().getEpochSecond();
  }

  private static void refused(DeviceProof.Checked checked, Refusal reason) {
    assertThat(checked)
        .isInstanceOfSatisfying(
            DeviceProof.Checked.Refused.class, r -> assertThat(r.reason()).isEqualTo(reason));
  }

  @Test
  void joiningProvesTheKey() {
    assertThat(proofs.join(join(now()), House.MEETING))
        .isInstanceOfSatisfying(
            DeviceProof.Checked.Proven.class,
            proven -> {
              assertThat(proven.person()).isEqualTo(ada.person());
              assertThat(proven.lasting()).isFalse();
            });
  }

  @Test
  void aProofCountsOnceAsLongAsItIsFreshAndNeverAfterwards() {
    String jws = join(now() + 120);
    assertThat(proofs.join(jws, House.MEETING)).isInstanceOf(DeviceProof.Checked.Proven.class);
    for (int i = 0; i < 24; i++) {
      refused(proofs.join(jws, House.MEETING), Refusal.REPLAYED);
      refused(proofs.join(Device.malleated(jws), House.MEETING), Refusal.REPLAYED);
      clock.forward(Duration.ofSeconds(10));
    }
    clock.forward(Duration.ofSeconds(1));
    refused(proofs.join(jws, House.MEETING), Refusal.STALE);
  }

  @Test
  void aClockThatJumpsAheadAndBackLetsNothingCountTwice() {
    String jws = join(now());
    proofs.join(jws, House.MEETING);
    clock.forward(Duration.ofHours(2));
    proofs.join(join(now()), House.MEETING);
    clock.forward(Duration.ofHours(-2));

    refused(proofs.join(jws, House.MEETING), Refusal.STALE);
    clock.forward(Duration.ofSeconds(1));
    assertThat(proofs.join(join(now()), House.MEETING))
        .isInstanceOf(DeviceProof.Checked.Proven.class);
  }

  @Test
  void aProofForElsewhereOrAnotherTimeIsRefused() {
    refused(
        proofs.join(
            join("other/log", House.MEETING.value(), now(), ada.dice.b64u(16)), House.MEETING),
        Refusal.WRONG_ORIGIN);
    refused(
        proofs.join(join(ORIGIN, "m-other", now(), ada.dice.b64u(16)), House.MEETING),
        Refusal.WRONG_MEETING);
    refused(proofs.join(join(now() - 121), House.MEETING), Refusal.STALE);
    refused(proofs.join(join(now() + 121), House.MEETING), Refusal.STALE);
    refused(
        proofs.join(join(ORIGIN, House.MEETING.value(), now(), ada.dice.b64u(15)), House.MEETING),
        Refusal.MALFORMED);
    refused(proofs.join("a".repeat(4000), House.MEETING), Refusal.OVERSIZED);
  }

  @Test
  void aKeyLastsOnlyWhenItsDeviceSaysSo() {
    String proof = "{\"aud\":\"%s\",\"meeting\":\"%s\",\"iat\":%d,\"jti\":\"%s\",\"lasting\":%s}";
    long now = clock.instant().getEpochSecond();
    assertThat(
            proofs.join(
                ada.sign(
                    "aye-device+jws",
                    proof.formatted(ORIGIN, House.MEETING.value(), now, ada.dice.b64u(16), "true")),
                House.MEETING))
        .isInstanceOfSatisfying(
            DeviceProof.Checked.Proven.class, proven -> assertThat(proven.lasting()).isTrue());
    for (String other : java.util.List.of("false", "\"true\"", "1", "null")) {
      refused(
          proofs.join(
              ada.sign(
                  "aye-device+jws",
                  proof.formatted(ORIGIN, House.MEETING.value(), now, ada.dice.b64u(16), other)),
              House.MEETING),
          Refusal.MALFORMED);
    }
  }

  @Test
  void aRequestIsProvedByMethodAndPath() {
    assertThat(proofs.request(request("POST", "/api/me"), "POST", "/api/me"))
        .isInstanceOfSatisfying(
            DeviceProof.Checked.Proven.class,
            proven -> {
              assertThat(proven.person()).isEqualTo(ada.person());
              assertThat(proven.lasting()).isFalse();
            });
    refused(proofs.request(request("GET", "/api/me"), "POST", "/api/me"), Refusal.WRONG_REQUEST);
    refused(proofs.request(request("POST", "/api/you"), "POST", "/api/me"), Refusal.WRONG_REQUEST);
    refused(proofs.request(join(now()), "POST", "/api/me"), Refusal.NOT_A_TOKEN);
    refused(proofs.join(request("POST", "/api/me"), House.MEETING), Refusal.NOT_A_TOKEN);
  }

  @Test
  void whenTooManyComeItRefusesRatherThanForgets() {
    DeviceProof small = new DeviceProof(ORIGIN, clock, 3);
    String first = join(now());
    small.join(first, House.MEETING);
    small.join(join(now()), House.MEETING);
    small.join(join(now()), House.MEETING);

    refused(small.join(join(now()), House.MEETING), Refusal.BUSY);
    refused(small.join(first, House.MEETING), Refusal.REPLAYED);
    clock.forward(Duration.ofSeconds(121));
    assertThat(small.join(join(now()), House.MEETING))
        .isInstanceOf(DeviceProof.Checked.Proven.class);
  }
}
