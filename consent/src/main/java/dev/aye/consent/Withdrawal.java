package dev.aye.consent;

import java.time.Instant;
import java.util.OptionalLong;

/**
 * A grant that is over before its time: its person took it back, or the controller revoked it.
 *
 * @param state {@link State#WITHDRAWN} or {@link State#REVOKED}
 * @param at when it became durable; it was in effect before
 * @param index of its {@code WITHDRAW} or {@code REVOKE} leaf, once it is in the log
 */
public record Withdrawal(Grant grant, State state, Instant at, OptionalLong index) {
  public Handle handle() {
    return grant.handle();
  }
}
