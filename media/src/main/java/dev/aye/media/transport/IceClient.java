package dev.aye.media.transport;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The client's end of ICE: one host candidate, always controlling; checks each remote candidate,
 * nominates the first that answers, and then asks for consent every four to six seconds (RFC 7675).
 * Left out on purpose: STUN and TURN servers, triggered checks, peer-reflexive candidates, role
 * switching; the other end is a server with a reachable address.
 */
final class IceClient implements Ice {
  private static final int MOST_CANDIDATES = 16;
  private static final int MOST_TRANSACTIONS = 64;
  private static final long MILLI = 1_000_000L;
  private static final long FIRST_RETRY = 250 * MILLI;
  private static final long LAST_RETRY = 2000 * MILLI;
  private static final long PRIORITY = 126L << 24 | 65535L << 8 | 255;

  private final SecureRandom random;
  private final Wire wire;
  private final long consentNanos;
  private final long tieBreaker;
  private final List<Candidate> candidates = new ArrayList<>();
  private final Map<ByteBuffer, Transaction> transactions = new LinkedHashMap<>();
  private IceCredentials local;
  private @Nullable IceCredentials remote;
  private @Nullable InetSocketAddress path;
  private boolean nominated;
  private int generation;
  private long consentAt;
  private long askAt = Long.MAX_VALUE;

  private static final class Candidate {
    final InetSocketAddress address;
    boolean valid;
    long checkAt;
    long retry = FIRST_RETRY;

    Candidate(InetSocketAddress address, long now) {
      this.address = address;
      this.checkAt = now;
    }
  }

  private record Transaction(
      InetSocketAddress to, String remotePassword, boolean nominate, int generation) {}

  IceClient(SecureRandom random, Wire wire, long consentNanos, long now) {
    this.random = random;
    this.wire = wire;
    this.consentNanos = consentNanos;
    this.tieBreaker = random.nextLong();
    this.local = IceCredentials.draw(random);
    this.consentAt = now;
  }

  @Override
  public IceCredentials local() {
    return local;
  }

  @Override
  public IceCredentials restart(long now) {
    local = IceCredentials.draw(random);
    remote = null;
    generation++;
    return local;
  }

  @Override
  public void setRemote(IceCredentials newRemote, long now) {
    if (newRemote.equals(remote)) {
      return;
    }
    remote = newRemote;
    nominated = false;
    consentAt = now;
    askAt = Long.MAX_VALUE;
    for (Candidate candidate : candidates) {
      candidate.valid = false;
      candidate.retry = FIRST_RETRY;
      candidate.checkAt = now;
    }
    handleTimeout(now);
  }

  @Override
  public void addCandidate(InetSocketAddress address, long now) {
    if (candidates.size() < MOST_CANDIDATES && !knows(address)) {
      candidates.add(new Candidate(address, now));
      handleTimeout(now);
    }
  }

  @Override
  public void handle(byte[] datagram, InetSocketAddress from, long now) {
    Stun message = Stun.parse(datagram).orElse(null);
    if (message == null) {
      return;
    }
    if (message.type() == Stun.REQUEST) {
      answer(message, from);
      return;
    }
    if (message.type() != Stun.SUCCESS) {
      return;
    }
    var id = ByteBuffer.wrap(message.transaction());
    Transaction transaction = transactions.get(id);
    if (transaction == null
        || !transaction.to.equals(from)
        || !message.authentic(transaction.remotePassword)) {
      return;
    }
    transactions.remove(id);
    if (transaction.generation != generation) {
      return;
    }
    consentAt = now;
    if (nominated) {
      return;
    }
    if (transaction.nominate) {
      nominated = true;
      path = from;
      askAt = now + consentInterval();
      return;
    }
    for (Candidate candidate : candidates) {
      if (candidate.address.equals(from) && !candidate.valid) {
        candidate.valid = true;
        candidate.retry = FIRST_RETRY;
        check(candidate, now);
      }
    }
  }

  private void answer(Stun request, InetSocketAddress from) {
    IceCredentials other = remote;
    if (other != null
        && knows(from)
        && (local.ufrag() + ":" + other.ufrag()).equals(request.username())
        && request.authentic(local.password())) {
      wire.send(from, Stun.success(request.transaction(), from, local.password()));
    }
  }

  @Override
  public void handleTimeout(long now) {
    IceCredentials other = remote;
    if (other == null) {
      return;
    }
    if (nominated) {
      InetSocketAddress to = path;
      if (to != null && now >= askAt) {
        send(to, other, true);
        askAt = now + consentInterval();
      }
      return;
    }
    for (Candidate candidate : candidates) {
      if (now >= candidate.checkAt) {
        check(candidate, now);
      }
    }
  }

  private void check(Candidate candidate, long now) {
    IceCredentials other = remote;
    if (other != null) {
      send(candidate.address, other, candidate.valid);
      candidate.checkAt = now + candidate.retry;
      candidate.retry = Math.min(2 * candidate.retry, LAST_RETRY);
    }
  }

  private void send(InetSocketAddress to, IceCredentials other, boolean nominate) {
    byte[] id = new byte[12];
    random.nextBytes(id);
    if (transactions.size() == MOST_TRANSACTIONS) {
      transactions.remove(transactions.keySet().iterator().next());
    }
    transactions.put(
        ByteBuffer.wrap(id), new Transaction(to, other.password(), nominate, generation));
    wire.send(
        to,
        Stun.request(
            id,
            other.ufrag() + ":" + local.ufrag(),
            other.password(),
            PRIORITY,
            tieBreaker,
            nominate));
  }

  private long consentInterval() {
    return (4000 + random.nextInt(2001)) * MILLI;
  }

  @Override
  public long nextTimeout() {
    long next = consentAt + consentNanos;
    if (remote == null) {
      return next;
    }
    if (nominated) {
      return Math.min(next, askAt);
    }
    for (Candidate candidate : candidates) {
      next = Math.min(next, candidate.checkAt);
    }
    return next;
  }

  @Override
  public @Nullable InetSocketAddress path() {
    return path;
  }

  @Override
  public boolean knows(InetSocketAddress from) {
    for (Candidate candidate : candidates) {
      if (candidate.address.equals(from)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public List<InetSocketAddress> known() {
    return candidates.stream().map(c -> c.address).toList();
  }

  @Override
  public boolean expired(long now) {
    return now - consentAt >= consentNanos;
  }
}
