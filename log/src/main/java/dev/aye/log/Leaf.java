package dev.aye.log;

import java.util.Arrays;

/**
 * One entry of the log: a byte of type, then a body of fixed size (docs/protocol.md, "Log leaves").
 * No leaf names a person, a meeting, a time or a purpose.
 */
public sealed interface Leaf {
  /** The longest encoding: a type and a {@link Point}. */
  int MAX_LENGTH = 1 + Point.LENGTH;

  /** An answered card, yes and no alike: {@code commitment = SHA-256(salt ‖ receipt)}. */
  record Answer(Hash commitment) implements Leaf {}

  /** A withdrawal by the one who holds the secret of a grant. */
  record Withdraw(Secret32 secret) implements Leaf {
    public Hash handle() {
      return secret.handle();
    }
  }

  /** A grant ended by the controller. */
  record Revoke(Hash handle) implements Leaf {}

  /** The public key of a recipient, to which devices wrap the keys of their streams. */
  record Key(Point point) implements Leaf {}

  /** The exact bytes of a notice. */
  record Notice(Hash hash) implements Leaf {}

  /** A salted root over the blocks captured from a slice of a meeting. */
  record Capture(Hash root) implements Leaf {}

  record Dataset(Hash hash) implements Leaf {}

  record Model(Hash hash) implements Leaf {}

  record Shred(Hash hash) implements Leaf {}

  record Recall(Hash hash) implements Leaf {}

  /** The web client as it was built. */
  record Build(Hash hash) implements Leaf {}

  /** The end of this log: its key is lost or retired. */
  record Close(Hash hash) implements Leaf {}

  default byte[] encode() {
    return switch (this) {
      case Answer l -> encoded(1, l.commitment().shared());
      case Withdraw l -> encoded(2, l.secret().bytes());
      case Revoke l -> encoded(3, l.handle().shared());
      case Key l -> encoded(4, l.point().bytes());
      case Notice l -> encoded(5, l.hash().shared());
      case Capture l -> encoded(6, l.root().shared());
      case Dataset l -> encoded(7, l.hash().shared());
      case Model l -> encoded(8, l.hash().shared());
      case Shred l -> encoded(9, l.hash().shared());
      case Recall l -> encoded(10, l.hash().shared());
      case Build l -> encoded(11, l.hash().shared());
      case Close l -> encoded(12, l.hash().shared());
    };
  }

  /** The RFC 6962 leaf hash of this leaf's encoding. */
  default Hash leafHash() {
    return Merkle.leafHash(encode());
  }

  /**
   * The inverse of {@link #encode}.
   *
   * @throws IllegalArgumentException if these bytes encode no leaf
   */
  static Leaf decode(byte[] bytes) {
    if (bytes.length < 1 || bytes.length > MAX_LENGTH) {
      throw new IllegalArgumentException("no leaf has " + bytes.length + " bytes");
    }
    byte[] body = Arrays.copyOfRange(bytes, 1, bytes.length);
    return switch (bytes[0]) {
      case 1 -> new Answer(Hash.of(body));
      case 2 -> new Withdraw(Secret32.of(body));
      case 3 -> new Revoke(Hash.of(body));
      case 4 -> new Key(Point.of(body));
      case 5 -> new Notice(Hash.of(body));
      case 6 -> new Capture(Hash.of(body));
      case 7 -> new Dataset(Hash.of(body));
      case 8 -> new Model(Hash.of(body));
      case 9 -> new Shred(Hash.of(body));
      case 10 -> new Recall(Hash.of(body));
      case 11 -> new Build(Hash.of(body));
      case 12 -> new Close(Hash.of(body));
      default -> throw new IllegalArgumentException("no leaf has type " + (bytes[0] & 0xff));
    };
  }

  private static byte[] encoded(int type, byte[] body) {
    byte[] bytes = new byte[1 + body.length];
    bytes[0] = (byte) type;
    System.arraycopy(body, 0, bytes, 1, body.length);
    return bytes;
  }
}
