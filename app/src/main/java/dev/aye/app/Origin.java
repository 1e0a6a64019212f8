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
    return asked(request);
  }

  /**
   * How this very request came from the browser. A plain request under the public name, or one that
   * says so itself, has come through a proxy that speaks HTTPS; a browser that came here directly
   * over plain HTTP names another address, and cannot add the header.
   */
  static Origin actual(AyeConfig config, HttpServletRequest request) {
    Origin asked = asked(request);
    Origin known = of(config, request);
    boolean throughProxy =
        !config.publicUrl().isEmpty()
            && (asked.authority().equalsIgnoreCase(known.authority())
                || "https".equalsIgnoreCase(request.getHeader("X-Forwarded-Proto")));
    return throughProxy ? known : asked;
  }

  private static Origin asked(HttpServletRequest request) {
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
