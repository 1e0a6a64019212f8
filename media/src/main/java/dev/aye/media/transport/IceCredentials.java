package dev.aye.media.transport;

import java.security.SecureRandom;

/**
 * A user name fragment and password of ICE (RFC 8445 section 5.3). The password never appears in
 * {@link #toString}.
 */
public record IceCredentials(String ufrag, String password) {
  private static final String ALPHABET =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

  public IceCredentials {
    if (!isIceString(ufrag, 4) || !isIceString(password, 22)) {
      throw new IllegalArgumentException("not ICE credentials");
    }
  }

  /** Fresh credentials: 48 bits of name, 144 bits of password. */
  public static IceCredentials draw(SecureRandom random) {
    return new IceCredentials(chars(random, 8), chars(random, 24));
  }

  @Override
  public String toString() {
    return "IceCredentials[" + ufrag + "]";
  }

  private static String chars(SecureRandom random, int count) {
    var text = new StringBuilder(count);
    for (int i = 0; i < count; i++) {
      text.append(ALPHABET.charAt(random.nextInt(64)));
    }
    return text.toString();
  }

  private static boolean isIceString(String text, int least) {
    return text.length() >= least
        && text.length() <= 256
        && text.chars().allMatch(c -> ALPHABET.indexOf(c) >= 0);
  }
}
