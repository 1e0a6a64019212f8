package dev.aye.consent;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Handles that were taken back before anybody had said yes under them: the network can bring the no
 * first. A yes under one of them does not count any more.
 *
 * <p>They are remembered for as long as a receipt that was signed before can still be fresh, and no
 * longer; of more than {@link #MOST} the oldest are forgotten. In memory only. Not thread-safe.
 */
final class Forestalled {
  static final int MOST = 1 << 16;

  /** A device's clock may be off by the tolerance to either side. */
  static final Duration FOR = Consents.TOLERANCE.multipliedBy(2);

  private final LinkedHashMap<Handle, Instant> since = new LinkedHashMap<>();

  void add(Handle handle, Instant now) {
    forget(now);
    since.remove(handle);
    since.put(handle, now);
    if (since.size() > MOST) {
      since.pollFirstEntry();
    }
  }

  boolean holds(Handle handle, Instant now) {
    forget(now);
    return since.containsKey(handle);
  }

  private void forget(Instant now) {
    for (Map.Entry<Handle, Instant> oldest = since.firstEntry();
        oldest != null && Duration.between(oldest.getValue(), now).compareTo(FOR) > 0;
        oldest = since.firstEntry()) {
      since.pollFirstEntry();
    }
  }
}
