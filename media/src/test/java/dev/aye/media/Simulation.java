package dev.aye.media;

import dev.aye.media.transport.Output;
import dev.aye.media.transport.Peer;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Time, threads and a network for a whole meeting on one real thread: the same seed gives the same
 * loss, delay and order. Datagrams between a client and the server are lost with a probability and
 * delayed by a constant and a random part, each way.
 */
final class Simulation {
  static final long MILLI = 1_000_000L;
  static final InetSocketAddress SERVER = new InetSocketAddress("192.0.2.1", 7882);

  private final Random random;
  private final double loss;
  private final long delay;
  private final long jitter;
  private final PriorityQueue<Task> queue = new PriorityQueue<>();
  private final List<Node> servers = new ArrayList<>();
  private final List<Node> clients = new ArrayList<>();
  private long now = 1_000_000_000L;
  private long order;
  private int nextClient = 10;

  Simulation(long seed, double loss, long delayMillis, long jitterMillis) {
    this.random = new Random(seed);
    this.loss = loss;
    this.delay = delayMillis * MILLI;
    this.jitter = jitterMillis * MILLI;
  }

  long nanos() {
    return now;
  }

  Instant instant() {
    return Instant.ofEpochMilli(1_800_000_000_000L + now / MILLI);
  }

  /** Lets time pass until the condition holds; false if it did not in that time. */
  boolean runUntil(BooleanSupplier condition, long atMostMillis) {
    long end = now + atMostMillis * MILLI;
    while (!condition.getAsBoolean()) {
      Task next = queue.peek();
      if (next == null || next.at > end) {
        now = end;
        return condition.getAsBoolean();
      }
      queue.poll();
      now = Math.max(now, next.at);
      if (!next.cancelled) {
        next.run.run();
        if (next.period > 0 && !next.cancelled) {
          next.at = now + next.period;
          next.order = order++;
          queue.add(next);
        }
      }
    }
    return true;
  }

  void run(long millis) {
    runUntil(() -> false, millis);
  }

  private final class Task implements ScheduledFuture<Object> {
    private long at;
    private long order;
    private final long period;
    private final Runnable run;
    private boolean cancelled;

    Task(long at, long period, Runnable run) {
      this.at = at;
      this.order = Simulation.this.order++;
      this.period = period;
      this.run = run;
      queue.add(this);
    }

    @Override
    public int compareTo(Delayed other) {
      Task that = (Task) other;
      return at != that.at ? Long.compare(at, that.at) : Long.compare(order, that.order);
    }

    @Override
    public long getDelay(TimeUnit unit) {
      return unit.convert(at - now, TimeUnit.NANOSECONDS);
    }

    @Override
    public boolean cancel(boolean interrupt) {
      cancelled = true;
      return true;
    }

    @Override
    public boolean isCancelled() {
      return cancelled;
    }

    @Override
    public boolean isDone() {
      return cancelled;
    }

    @Override
    public Object get() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Object get(long timeout, TimeUnit unit) {
      throw new UnsupportedOperationException();
    }
  }

  /** A thread of the simulation. */
  ScheduledExecutorService owner() {
    return new Owner();
  }

  private final class Owner extends AbstractExecutorService implements ScheduledExecutorService {
    @Override
    public void execute(Runnable command) {
      new Task(now, 0, command);
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
      return new Task(now + unit.toNanos(delay), 0, command);
    }

    @Override
    public <V> ScheduledFuture<V> schedule(Callable<V> callable, long delay, TimeUnit unit) {
      throw new UnsupportedOperationException();
    }

    @Override
    public ScheduledFuture<?> scheduleAtFixedRate(
        Runnable command, long first, long period, TimeUnit unit) {
      return new Task(now + unit.toNanos(first), unit.toNanos(period), command);
    }

    @Override
    public ScheduledFuture<?> scheduleWithFixedDelay(
        Runnable command, long first, long period, TimeUnit unit) {
      return scheduleAtFixedRate(command, first, period, unit);
    }

    @Override
    public void shutdown() {}

    @Override
    public List<Runnable> shutdownNow() {
      return List.of();
    }

    @Override
    public boolean isShutdown() {
      return false;
    }

    @Override
    public boolean isTerminated() {
      return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
      return true;
    }

    @Override
    public <T> T invokeAny(Collection<? extends Callable<T>> tasks) {
      throw new UnsupportedOperationException();
    }
  }

  Network serverNetwork() {
    return (peer, owner, events) -> {
      Node node = new Node(peer, SERVER, events);
      servers.add(node);
      return node;
    };
  }

  Network clientNetwork() {
    return (peer, owner, events) -> {
      Node node = new Node(peer, new InetSocketAddress("192.0.2." + nextClient++, 5000), events);
      clients.add(node);
      return node;
    };
  }

  /** A connection; every server connection sees all that comes in and knows what is its own. */
  private final class Node implements Network.Link {
    private final Peer peer;
    private final InetSocketAddress address;
    private final Consumer<Output.Event> events;
    private boolean flushing;
    private long armed = Long.MAX_VALUE;

    Node(Peer peer, InetSocketAddress address, Consumer<Output.Event> events) {
      this.peer = peer;
      this.address = address;
      this.events = events;
    }

    @Override
    public void flush() {
      if (flushing) {
        return;
      }
      flushing = true;
      for (Output o = peer.poll(); o != null; o = peer.poll()) {
        switch (o) {
          case Output.Transmit t -> fly(t);
          case Output.Event e -> events.accept(e);
        }
      }
      flushing = false;
      arm();
    }

    private void arm() {
      long next = peer.nextTimeout();
      if (next < armed) {
        armed = next;
        new Task(
            next,
            0,
            () -> {
              armed = Long.MAX_VALUE;
              peer.handleTimeout(now);
              flush();
            });
      }
    }

    private void fly(Output.Transmit t) {
      if (random.nextDouble() < loss) {
        return;
      }
      long at = now + delay + (jitter == 0 ? 0 : random.nextLong(jitter));
      List<Node> to = t.to().equals(SERVER) ? servers : clients;
      new Task(
          at,
          0,
          () -> {
            for (Node node : to) {
              if (node.address.equals(t.to())) {
                node.peer.handle(t.datagram().clone(), address, now);
                node.flush();
              }
            }
          });
    }
  }
}
