package dev.aye.consent;

import java.util.Locale;

/** How a choice stands, in the terms of W3C DPV. */
public enum State {
  /** Asked, not answered: a no. */
  REQUESTED,
  GIVEN,
  REFUSED,
  /** Taken back by the person. */
  WITHDRAWN,
  /** Its time is over, and nothing was to be kept. */
  EXPIRED,
  /** Ended by the controller. */
  REVOKED,
  /** What was agreed to is no longer what happens, such as a changed processor. */
  INVALIDATED;

  /** Its name on the wire. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }
}
