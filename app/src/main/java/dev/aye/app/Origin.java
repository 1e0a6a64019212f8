package dev.aye.app;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The scheme and host by which a person reaches the server: as configured, else as the request
 * itself came.
 */
record Origin(boolean secure, String authority) {
  private static final Pattern AUTHORITY =
      Pattern.compile("([A-Za-z0-9.-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}])(:[0-9]{1,5})?");

  static Origin of(AyeConfig config, HttpServletRequest request) {
    if (!config.publicUrl().isEmpty()) {
      String[] parts = config.publicUrl().split("://", 2);
      return new Origin(parts[0].equals("https"), parts[1]);
    }
    String host = request.getHeader("Host");
    boolean sound = host != null && AUTHORITY.matcher(host).matches();
    return new Origin(request.isSecure(), sound ? host : "localhost:" + request.getLocalPort());
  }

  /** Like {@code https://meet.example.org}. */
  String page() {
    return (secure ? "https://" : "http://") + authority;
  }

  /** Like {@code wss://meet.example.org}. */
  String socket() {
    return (secure ? "wss://" : "ws://") + authority;
  }

  /** Whether browsers give a page from here camera, microphone and WebCrypto. */
  boolean trustworthy() {
    String host = authority.replaceFirst(":[0-9]+$", "").toLowerCase(Locale.ROOT);
    return secure
        || host.equals("localhost")
        || host.endsWith(".localhost")
        || host.matches("127\\.[0-9]+\\.[0-9]+\\.[0-9]+")
        || host.equals("[::1]");
  }
}
