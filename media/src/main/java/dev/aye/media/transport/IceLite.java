package dev.aye.media.transport;

import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.LinkedHashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The server's end of ICE: answers authentic checks and lets the controlling end nominate (RFC 8445
 * section 2.5). Only the newest credentials nominate; those before them are still answered, because
 * a browser goes on checking the old path until the new one works.
 */
final class IceLite implements Ice {
  private static final int MOST_ADDRESSES = 8;

  private final SecureRandom random;
  private final Wire wire;
  private final long idleNanos;
  private final LinkedHashSet<InetSocketAddress> known = new LinkedHashSet<>();
  private Generation current;
  private @Nullable Generation previous;
  private @Nullable InetSocketAddress path;
  private long heardAt;

  private record Generation(IceCredentials local, @Nullable String remoteUfrag) {}

  IceLite(SecureRandom random, Wire wire, long idleNanos, long now) {
    this.random = random;
    this.wire = wire;
    this.idleNanos = idleNanos;
    this.heardAt = now;
    this.current = new Generation(IceCredentials.draw(random), null);
  }

  @Override
  public IceCredentials local() {
    return current.local;
  }

  @Override
  public IceCredentials restart(long now) {
    previous = current;
    current = new Generation(IceCredentials.draw(random), null);
    return current.local;
  }

  @Override
  public void setRemote(IceCredentials remote, long now) {
    current = new Generation(current.local, remote.ufrag());
  }

  @Override
  public void addCandidate(InetSocketAddress candidate, long now) {
    // A lite agent never checks; it learns addresses from authentic requests.
  }

  @Override
  public void handle(byte[] datagram, InetSocketAddress from, long now) {
    Stun request = Stun.parse(datagram).orElse(null);
    if (request == null || request.type() != Stun.REQUEST) {
      return;
    }
    Generation generation = generationOf(request.username());
    if (generation == null || !request.authentic(generation.local.password())) {
      return;
    }
    String password = generation.local.password();
    if (request.controlled()) {
      wire.send(from, Stun.roleConflict(request.transaction(), password));
      return;
    }
    heardAt = now;
    remember(from);
    wire.send(from, Stun.success(request.transaction(), from, password));
    if (request.useCandidate() && generation.equals(current)) {
      path = from;
    }
  }

  private @Nullable Generation generationOf(@Nullable String username) {
    if (username == null) {
      return null;
    }
    if (matches(current, username)) {
      return current;
    }
    return previous != null && matches(previous, username) ? previous : null;
  }

  private static boolean matches(Generation generation, String username) {
    return generation.remoteUfrag != null
        && username.equals(generation.local.ufrag() + ":" + generation.remoteUfrag);
  }

  private void remember(InetSocketAddress from) {
    if (known.add(from) && known.size() > MOST_ADDRESSES) {
      for (InetSocketAddress old : known) {
        if (!old.equals(path) && !old.equals(from)) {
          known.remove(old);
          return;
        }
      }
    }
  }

  @Override
  public void handleTimeout(long now) {}

  @Override
  public long nextTimeout() {
    return heardAt + idleNanos;
  }

  @Override
  public @Nullable InetSocketAddress path() {
    return path;
  }

  @Override
  public boolean knows(InetSocketAddress from) {
    return known.contains(from);
  }

  @Override
  public List<InetSocketAddress> known() {
    return List.copyOf(known);
  }

  @Override
  public boolean expired(long now) {
    return now - heardAt >= idleNanos;
  }
}
