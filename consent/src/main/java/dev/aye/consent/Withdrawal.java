package dev.aye.consent;

import java.time.Instant;
import java.util.OptionalLong;

/**
 * A grant that its person took back.
 *
 * @param at when it became durable; it was in effect before
 * @param index of its {@code WITHDRAW} leaf, once it is in the log
 */
public record Withdrawal(Grant grant, Instant at, OptionalLong index) {
  public Handle handle() {
    return grant.handle();
  }
}
