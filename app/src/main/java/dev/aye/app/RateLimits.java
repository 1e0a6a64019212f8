package dev.aye.app;

import java.net.InetAddress;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Token buckets per client network and kind of request, in bounded memory: the address that was
 * seen longest ago is forgotten first.
 */
final class RateLimits {
  /** A kind of request: so many at once, and so many more each minute. */
  enum Kind {
    PAGE(600, 600),
    READ(300, 600),
    WRITE(60, 120),
    CREATE(20, 20),

    /** Taking a yes back: what many people behind one address do at once must all come through. */
    WITHDRAW(600, 600),

    /** The same without a slip: each needs a signature to be checked. */
    WITHDRAW_BY_KEY(300, 300),

    /** Answers from an address, behind which a whole meeting may sit: of each, two come at once. */
    ANSWER(120, 240),

    /** Answers from one seat: more than a hand can click. */
    SEAT_ANSWER(30, 30),
    SIGNAL(30, 60);

    private final double burst;
    private final double perMilli;

    Kind(int burst, int perMinute) {
      this.burst = burst;
      this.perMilli = perMinute / 60_000.0;
    }

    /** How long it takes until one more is let through. */
    private long seconds() {
      return Math.max(1, (long) Math.ceil(1 / perMilli / 1000));
    }
  }

  private static final int MOST_BUCKETS = 50_000;

  private record Key(String address, Kind kind) {}

  private static final class Bucket {
    private double tokens;
    private long at;
  }

  private final InstantSource clock;
  private final Map<Key, Bucket> buckets =
      new LinkedHashMap<>(256, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Bucket> eldest) {
          return size() > MOST_BUCKETS;
        }
      };

  RateLimits(InstantSource clock) {
    this.clock = clock;
  }

  /** Whom an address counts as: one of IPv6 as its /64, of which anybody has all addresses. */
  private static String network(String address) {
    if (address.indexOf(':') < 0) {
      return address;
    }
    try {
      byte[] bytes = InetAddress.ofLiteral(address).getAddress();
      return bytes.length == 16 ? HexFormat.of().formatHex(bytes, 0, 8) : address;
    } catch (IllegalArgumentException e) {
      return address;
    }
  }

  /**
   * Takes one request of this kind from this address or seat.
   *
   * @throws Problem with the time to wait, when there were too many
   */
  void demand(String address, Kind kind) {
    if (!take(address, kind)) {
      throw Problem.tooMany("Too many requests at once; wait some seconds.", kind.seconds());
    }
  }

  /** Takes one request of this kind from this address, or refuses it. */
  synchronized boolean take(String address, Kind kind) {
    long now = clock.millis();
    Bucket bucket =
        buckets.computeIfAbsent(
            new Key(network(address), kind),
            key -> {
              Bucket fresh = new Bucket();
              fresh.tokens = kind.burst;
              fresh.at = now;
              return fresh;
            });
    long passed = Math.max(0, now - bucket.at); // a clock that is set back takes nothing away
    bucket.tokens = Math.min(kind.burst, bucket.tokens + passed * kind.perMilli);
    bucket.at = now;
    if (bucket.tokens < 1) {
      return false;
    }
    bucket.tokens--;
    return true;
  }
}
