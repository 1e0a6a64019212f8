package dev.aye.app;

import jakarta.servlet.http.HttpServletRequest;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The proxies before this server that are believed about whom a request comes from. Nobody else's
 * {@code X-Forwarded-For} is read: it would let anybody take any address.
 */
final class Proxies {
  private static final int LONGEST = 1024;

  private final Set<InetAddress> trusted;

  Proxies(List<String> literals) {
    Set<InetAddress> addresses = new HashSet<>();
    for (String literal : literals) {
      try {
        addresses.add(InetAddress.ofLiteral(literal));
      } catch (IllegalArgumentException e) {
        throw new Refusal("trusted-proxies takes IP addresses, and one of them is not.");
      }
    }
    this.trusted = Set.copyOf(addresses);
  }

  /** The address nearest to this server that is no trusted proxy's, as a literal. */
  String client(HttpServletRequest request) {
    String nearest = request.getRemoteAddr();
    if (!isTrusted(nearest)) {
      return nearest;
    }
    List<String> hops = new ArrayList<>();
    for (String header : Collections.list(request.getHeaders("X-Forwarded-For"))) {
      if (header.length() > LONGEST) {
        return nearest;
      }
      hops.addAll(List.of(header.split(",", -1)));
    }
    for (String hop : hops.reversed()) {
      InetAddress address;
      try {
        address = InetAddress.ofLiteral(hop.strip());
      } catch (IllegalArgumentException e) {
        return nearest;
      }
      nearest = address.getHostAddress();
      if (!trusted.contains(address)) {
        return nearest;
      }
    }
    return nearest;
  }

  private boolean isTrusted(String literal) {
    try {
      return !trusted.isEmpty() && trusted.contains(InetAddress.ofLiteral(literal));
    } catch (IllegalArgumentException e) {
      return false; // no IP address: a request that came in another way than by TCP
    }
  }
}
