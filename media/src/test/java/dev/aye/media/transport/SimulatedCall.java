package dev.aye.media.transport;

import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.function.BooleanSupplier;

/**
 * A client and a server with a network between them, all on one thread and one simulated clock: the
 * same seed gives the same loss, delay and order.
 */
final class SimulatedCall {
  static final long MILLI = 1_000_000L;
  static final DtlsIdentity CLIENT_IDENTITY =
      DtlsIdentity.create(new SecureRandom(), Instant.parse("2026-11-01T00:00:00Z"));
  static final DtlsIdentity SERVER_IDENTITY =
      DtlsIdentity.create(new SecureRandom(), Instant.parse("2026-11-01T00:00:00Z"));

  /** What the network does to datagrams: {@code rate} in bytes per second, 0 for unlimited. */
  record Conditions(double loss, long delayMillis, long jitterMillis, long rate) {
    static final Conditions PERFECT = new Conditions(0, 1, 0, 0);
    static final Conditions BAD = new Conditions(0.05, 20, 100, 0);
  }

  @SuppressWarnings("ArrayRecordComponent")
  private record Flight(long at, long order, Peer to, InetSocketAddress from, byte[] bytes) {}

  final Peer client;
  final Peer server;
  final List<Output.Event> atClient = new ArrayList<>();
  final List<Output.Event> atServer = new ArrayList<>();
  InetSocketAddress clientAddress = new InetSocketAddress("192.0.2.7", 40000);
  final InetSocketAddress serverAddress = new InetSocketAddress("192.0.2.1", 7881);
  Conditions conditions;
  long now = 1_000_000_000L;
  boolean cut;
  int datagrams;

  private final Random random;
  private final PriorityQueue<Flight> flights =
      new PriorityQueue<>(
          (a, b) -> a.at != b.at ? Long.compare(a.at, b.at) : Long.compare(a.order, b.order));
  private long order;
  private long busyUntil;

  SimulatedCall(long seed, Conditions conditions) {
    this(seed, conditions, Peer.Settings.DEFAULT);
  }

  SimulatedCall(long seed, Conditions conditions, Peer.Settings settings) {
    this.random = new Random(seed);
    this.conditions = conditions;
    client = new Peer(Peer.Role.CLIENT, CLIENT_IDENTITY, seeded(seed), settings, now);
    server = new Peer(Peer.Role.SERVER, SERVER_IDENTITY, seeded(seed + 1), settings, now);
  }

  private static SecureRandom seeded(long seed) {
    var repeatable = new Random(seed);
    return new SecureRandom() {
      @Override
      public void nextBytes(byte[] bytes) {
        repeatable.nextBytes(bytes);
      }
    };
  }

  /** The signalling: credentials and fingerprints to and fro. */
  SimulatedCall introduce() {
    server.setRemote(client.localCredentials(), client.fingerprint(), now);
    client.setRemote(server.localCredentials(), server.fingerprint(), now);
    client.addRemoteCandidate(serverAddress, now);
    return this;
  }

  SimulatedCall connected() {
    introduce();
    runUntil(() -> client.isConnected() && server.isConnected(), 20_000);
    return this;
  }

  /** Lets simulated time pass until the condition holds. */
  boolean runUntil(BooleanSupplier condition, long atMostMillis) {
    long end = now + atMostMillis * MILLI;
    drain();
    while (!condition.getAsBoolean()) {
      long next = Math.min(client.nextTimeout(), server.nextTimeout());
      if (!flights.isEmpty()) {
        next = Math.min(next, flights.peek().at);
      }
      if (next > end) {
        now = end;
        return condition.getAsBoolean();
      }
      now = Math.max(now, next);
      while (!flights.isEmpty() && flights.peek().at <= now) {
        Flight flight = flights.remove();
        flight.to.handle(flight.bytes, flight.from, now);
        drain();
      }
      client.handleTimeout(now);
      server.handleTimeout(now);
      drain();
    }
    return true;
  }

  void run(long millis) {
    runUntil(() -> false, millis);
  }

  void drain() {
    drain(client, atClient, server, true);
    drain(server, atServer, client, false);
  }

  private void drain(Peer from, List<Output.Event> events, Peer to, boolean up) {
    for (Output output = from.poll(); output != null; output = from.poll()) {
      switch (output) {
        case Output.Transmit t -> {
          boolean arrives = t.to().equals(up ? serverAddress : clientAddress);
          if (arrives) {
            fly(to, up ? clientAddress : serverAddress, t.datagram().clone());
          }
        }
        case Output.Event event -> events.add(event);
      }
    }
  }

  private void fly(Peer to, InetSocketAddress from, byte[] bytes) {
    datagrams++;
    if (cut || random.nextDouble() < conditions.loss) {
      return;
    }
    long start = now;
    if (conditions.rate > 0) {
      busyUntil = Math.max(busyUntil, now) + bytes.length * 1_000_000_000L / conditions.rate;
      if (busyUntil - now > 300 * MILLI) {
        busyUntil -= bytes.length * 1_000_000_000L / conditions.rate;
        return;
      }
      start = busyUntil;
    }
    long jitter =
        conditions.jitterMillis == 0 ? 0 : random.nextLong(conditions.jitterMillis * MILLI);
    flights.add(
        new Flight(start + conditions.delayMillis * MILLI + jitter, order++, to, from, bytes));
  }

  <E extends Output.Event> List<E> at(List<Output.Event> events, Class<E> type) {
    return events.stream().filter(type::isInstance).map(type::cast).toList();
  }
}
