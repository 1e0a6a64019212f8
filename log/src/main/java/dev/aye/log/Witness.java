package dev.aye.log;

import java.net.URI;
import java.net.URISyntaxException;

/**
 * Somebody else who watches that a log only grows, and says so by cosigning its checkpoints (C2SP
 * tlog-witness): their key, and the URL prefix under which they take checkpoints.
 */
public record Witness(WitnessKey key, URI url) {
  /** Reads {@code <vkey> <url>}. */
  public static Verdict<Witness> read(String line) {
    String[] parts = line.strip().split("\\s+", -1);
    if (parts.length != 2) {
      return new Verdict.Fails<>("a witness is its public key, a space and its URL");
    }
    return WitnessKey.read(parts[0]).then(key -> url(parts[1]).then(url -> found(key, url)));
  }

  private static Verdict<Witness> found(WitnessKey key, URI url) {
    return new Verdict.Holds<>(new Witness(key, url));
  }

  private static Verdict<URI> url(String text) {
    try {
      URI url = new URI(text.replaceFirst("/+$", ""));
      boolean web = "https".equals(url.getScheme()) || "http".equals(url.getScheme());
      if (web
          && url.getHost() != null
          && url.getRawUserInfo() == null
          && url.getRawQuery() == null
          && url.getRawFragment() == null) {
        return new Verdict.Holds<>(url);
      }
    } catch (URISyntaxException e) {
      return new Verdict.Fails<>("the URL of a witness is none");
    }
    return new Verdict.Fails<>("the URL of a witness is like https://witness.example/path");
  }

  URI addCheckpoint() {
    return URI.create(url + "/add-checkpoint");
  }
}
