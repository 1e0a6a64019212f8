package dev.aye.consent;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/**
 * The check that a request comes from the holder of a device key, now and once (docs/protocol.md,
 * Device proofs).
 *
 * <p>Thread-safe. It remembers each proof until it would be too old anyway, at most {@code
 * capacity} of them; when that many came within four minutes it refuses rather than forgets. After
 * a clock that jumped ahead, proofs from before what it has forgotten stay refused. The memory does
 * not outlive the process: a proof taken out of an encrypted connection could count a second time
 * if the server was restarted within its two minutes.
 */
public final class DeviceProof {
  /** How far the clocks of device and server may differ, in seconds. */
  public static final long TOLERANCE_SECONDS = 120;

  private static final int MAX_LENGTH = 2048;
  private static final long FAR_FUTURE = 1L << 40;

  private final String origin;
  private final InstantSource clock;
  private final int capacity;

  private final Set<String> seen = new HashSet<>();
  private final TreeMap<Long, List<String>> byIssue = new TreeMap<>();
  private long forgottenThrough = Long.MIN_VALUE;

  /** What a proof shows. */
  public sealed interface Checked {
    /**
     * That the holder of a person's device key is here, now: nobody but the check itself can make
     * one, so whoever has it may be shown what is that person's alone.
     */
    final class Proven implements Checked {
      private final PersonId person;
      private final boolean lasting;

      Proven(PersonId person, boolean lasting) {
        this.person = person;
        this.lasting = lasting;
      }

      public PersonId person() {
        return person;
      }

      /** Whether the device says that it keeps the key beyond this meeting. */
      public boolean lasting() {
        return lasting;
      }
    }

    record Refused(Refusal reason, String detail) implements Checked {}
  }

  public DeviceProof(String origin, InstantSource clock) {
    this(origin, clock, 1 << 17);
  }

  DeviceProof(String origin, InstantSource clock, int capacity) {
    this.origin = origin;
    this.clock = clock;
    this.capacity = capacity;
  }

  /** The proof that comes with joining {@code meeting}. */
  public Checked join(String jws, MeetingId meeting) {
    try {
      DeviceToken token = DeviceToken.verify(jws, "aye-device+jws", MAX_LENGTH);
      StrictJson body =
          StrictJson.readAny(token.payload(), "proof")
              .having(Set.of("lasting"), "aud", "meeting", "iat", "jti");
      audience(body);
      if (!body.text("meeting", 64).equals(meeting.value())) {
        throw new Flaw(Refusal.WRONG_MEETING, "the proof names another meeting");
      }
      return once(token.person(), body, body.isTrue("lasting"));
    } catch (Flaw flaw) {
      return new Checked.Refused(flaw.reason(), flaw.detail());
    }
  }

  /** The proof that authorises one request, such as {@code POST /api/me}. */
  public Checked request(String jws, String method, String path) {
    try {
      DeviceToken token = DeviceToken.verify(jws, "aye-request+jws", MAX_LENGTH);
      StrictJson body =
          StrictJson.read(token.payload(), "proof", "aud", "method", "path", "iat", "jti");
      audience(body);
      if (!body.text("method", 16).equals(method) || !body.text("path", 256).equals(path)) {
        throw new Flaw(Refusal.WRONG_REQUEST, "the proof names another method or path");
      }
      return once(token.person(), body, false);
    } catch (Flaw flaw) {
      return new Checked.Refused(flaw.reason(), flaw.detail());
    }
  }

  private void audience(StrictJson body) throws Flaw {
    if (!body.text("aud", 255).equals(origin)) {
      throw new Flaw(Refusal.WRONG_ORIGIN, "the proof names another log origin");
    }
  }

  private Checked once(PersonId person, StrictJson body, boolean lasting) throws Flaw {
    long issued = body.integer("iat", 0, FAR_FUTURE);
    String name = person.value() + body.base64url("jti", 16);
    synchronized (this) {
      long now = clock.instant().getEpochSecond();
      forget(now);
      if (Math.abs(issued - now) > TOLERANCE_SECONDS || issued <= forgottenThrough) {
        throw new Flaw(Refusal.STALE, "iat is not within " + TOLERANCE_SECONDS + " s");
      }
      if (seen.contains(name)) {
        throw new Flaw(Refusal.REPLAYED, "jti was used before");
      }
      if (seen.size() >= capacity) {
        throw new Flaw(Refusal.BUSY, "too many proofs at once");
      }
      seen.add(name);
      byIssue.computeIfAbsent(issued, _ -> new ArrayList<>()).add(name);
      return new Checked.Proven(person, lasting);
    }
  }

  private void forget(long now) {
    var old = byIssue.headMap(now - TOLERANCE_SECONDS, false);
    if (!old.isEmpty()) {
      forgottenThrough = Math.max(forgottenThrough, old.lastKey());
      old.values().forEach(names -> names.forEach(seen::remove));
      old.clear();
    }
  }
}
