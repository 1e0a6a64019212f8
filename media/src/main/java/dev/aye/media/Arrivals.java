package dev.aye.media;

import dev.aye.media.transport.Rtcp;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/** When numbered packets arrived, for the reports that a receiver owes their sender. Bounded. */
final class Arrivals {
  private final TreeMap<Long, Long> micros = new TreeMap<>();
  private long highest = 0x10000;
  private int reports;

  /** A packet with this transport-wide number came. */
  void add(int number, long now) {
    long extended = highest + (short) (number - (int) (highest & 0xffff));
    highest = Math.max(highest, extended);
    micros.putIfAbsent(extended, now / 1000);
    while (micros.lastKey() - micros.firstKey() >= Rtcp.TransportFeedback.MOST / 4) {
      micros.pollFirstEntry();
    }
  }

  /** What came since the last report; empty if nothing did. */
  Optional<Rtcp.TransportFeedback> report(int sender, int media) {
    if (micros.isEmpty()) {
      return Optional.empty();
    }
    long first = micros.firstKey();
    long reference = Math.floorDiv(micros.firstEntry().getValue(), 64_000L);
    List<Integer> arrivals = new ArrayList<>();
    for (long n = first; n <= micros.lastKey(); n++) {
      Long at = micros.get(n);
      arrivals.add(
          at == null
              ? Rtcp.TransportFeedback.LOST
              : (int) Math.floorDiv(at - reference * 64_000, 250L) * 250);
    }
    micros.clear();
    return Optional.of(
        new Rtcp.TransportFeedback(
            sender,
            media,
            (int) (first & 0xffff),
            reports++ & 0xff,
            (int) (reference & 0xffffff),
            arrivals));
  }
}
