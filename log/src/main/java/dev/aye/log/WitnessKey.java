package dev.aye.log;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The public key of a witness: a name and an Ed25519 key under which it cosigns checkpoints (C2SP
 * tlog-cosignature, cosignature/v1). Its text form is a <i>vkey</i> of type 4. Cosignatures by
 * ML-DSA-44 (type 6) are not read.
 */
public final class WitnessKey {
  private static final int SIGNATURE = 8 + 64;

  private final Vkey vkey;
  private final byte[] id;

  private WitnessKey(Vkey vkey) {
    this.vkey = vkey;
    this.id = vkey.id();
  }

  public static Verdict<WitnessKey> read(String vkey) {
    try {
      return new Verdict.Holds<>(new WitnessKey(Vkey.parse(vkey, Vkey.COSIGNATURE)));
    } catch (Malformed e) {
      return e.verdict();
    }
  }

  public String name() {
    return vkey.name();
  }

  public String vkey() {
    return vkey.text();
  }

  Hash fingerprint() {
    return Hash.sha256(vkey.key().raw());
  }

  /** Whether a line claims to be by this key. */
  boolean claims(SignedNote.Line line) {
    return line.isBy(vkey.name(), id);
  }

  /**
   * When the witness says that it saw a checkpoint, if one of these lines is its cosignature of it.
   *
   * @param text the text of the checkpoint
   */
  Optional<Instant> cosigned(String text, Iterable<SignedNote.Line> lines) {
    for (SignedNote.Line line : lines) {
      if (claims(line)) {
        Optional<Instant> time = time(text, line.signature());
        if (time.isPresent()) {
          return time;
        }
      }
    }
    return Optional.empty();
  }

  private Optional<Instant> time(String text, byte[] timestamped) {
    if (timestamped.length != SIGNATURE) {
      return Optional.empty();
    }
    ByteBuffer fields = ByteBuffer.wrap(timestamped);
    long seconds = fields.getLong();
    byte[] signature = new byte[64];
    fields.get(signature);
    if (seconds < 0 || !vkey.key().verifies(message(seconds, text), signature)) {
      return Optional.empty();
    }
    try {
      return Optional.of(Instant.ofEpochSecond(seconds));
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  /** What a witness signs (tlog-cosignature, "Ed25519 signed message"). */
  static byte[] message(long seconds, String text) {
    return ("cosignature/v1\ntime " + seconds + "\n" + text).getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof WitnessKey key && vkey().equals(key.vkey());
  }

  @Override
  public int hashCode() {
    return vkey().hashCode();
  }

  @Override
  public String toString() {
    return vkey();
  }
}
