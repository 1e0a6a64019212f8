package dev.aye.consent;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ForestalledTest {
  private static final Instant NOON = Instant.parse("2030-01-01T12:00:00Z");

  private final Forestalled forestalled = new Forestalled();
  private final Random random = new Random(5);

  @Test
  void aHandleIsRememberedForAsLongAsAReceiptFromBeforeCanBeFresh() {
    Handle handle = handle();
    forestalled.add(handle, NOON);

    assertThat(forestalled.holds(handle, NOON.plus(Forestalled.FOR))).isTrue();
    assertThat(forestalled.holds(handle(), NOON)).isFalse();
    assertThat(forestalled.holds(handle, NOON.plus(Forestalled.FOR).plusMillis(1))).isFalse();
  }

  @Test
  void whatIsAddedAgainCountsFromThen() {
    Handle early = handle();
    Handle late = handle();
    forestalled.add(early, NOON);
    forestalled.add(late, NOON.plusSeconds(60));
    forestalled.add(early, NOON.plusSeconds(120));

    Instant later = NOON.plusSeconds(90).plus(Forestalled.FOR);
    assertThat(forestalled.holds(late, later)).isFalse();
    assertThat(forestalled.holds(early, later)).isTrue();
  }

  @Test
  void aClockThatGoesBackForgetsNothing() {
    Handle handle = handle();
    forestalled.add(handle, NOON);

    assertThat(forestalled.holds(handle, NOON.minus(Duration.ofDays(1)))).isTrue();
  }

  @Test
  void itNeverHoldsMoreThanItsBound() {
    Handle first = handle();
    forestalled.add(first, NOON);
    Handle second = handle();
    forestalled.add(second, NOON);
    for (int i = 1; i < Forestalled.MOST; i++) {
      forestalled.add(handle(), NOON);
    }

    assertThat(forestalled.holds(first, NOON)).isFalse();
    assertThat(forestalled.holds(second, NOON)).isTrue();
  }

  private Handle handle() {
    byte[] bytes = new byte[32];
    random.nextBytes(bytes);
    return WithdrawalSecret.of(bytes).handle();
  }
}
