package dev.aye.media.transport;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One UDP socket for many peers, the only socket of this package. A thread of its own reads it and
 * hands each datagram to the executor of its peer: connectivity checks by user name fragment,
 * everything else by remote address, which counts only after the peer found a check from it
 * authentic. What belongs to nobody is dropped at once; each peer's queue is bounded, and more
 * tightly so for addresses that have proved nothing.
 */
public final class UdpPort implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(UdpPort.class.getName());
  private static final int INBOX = 1024;
  private static final int INBOX_FOR_STRANGERS = 64;
  private static final int SOCKET_BUFFER = 4 << 20;

  private final DatagramChannel channel;
  private final Selector selector;
  private final LongSupplier nanoTime;
  private final ConcurrentHashMap<InetSocketAddress, Attachment> byAddress =
      new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, Attachment> byUfrag = new ConcurrentHashMap<>();
  private final LongAdder dropped = new LongAdder();
  private final InetSocketAddress address;
  private volatile @Nullable Thread reader;

  private UdpPort(DatagramChannel channel, Selector selector, LongSupplier nanoTime)
      throws IOException {
    this.channel = channel;
    this.selector = selector;
    this.nanoTime = nanoTime;
    this.address = (InetSocketAddress) channel.getLocalAddress();
  }

  /**
   * Binds and begins to read.
   *
   * @param bind port 0 lets the system choose
   * @param nanoTime the clock of all attached peers, such as {@link System#nanoTime}
   */
  public static UdpPort open(InetSocketAddress bind, LongSupplier nanoTime) throws IOException {
    DatagramChannel channel = DatagramChannel.open();
    try {
      channel.setOption(StandardSocketOptions.SO_RCVBUF, SOCKET_BUFFER);
      channel.setOption(StandardSocketOptions.SO_SNDBUF, SOCKET_BUFFER);
      channel.bind(bind);
      channel.configureBlocking(false);
      Selector selector = Selector.open();
      channel.register(selector, SelectionKey.OP_READ);
      var port = new UdpPort(channel, selector, nanoTime);
      port.reader = Thread.ofPlatform().daemon().name("aye-udp").start(port::read);
      return port;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Whether it still reads what comes. */
  public boolean reads() {
    Thread thread = reader;
    return thread != null && thread.isAlive() && channel.isOpen();
  }

  /** The bound address. */
  public InetSocketAddress address() {
    return address;
  }

  /** Datagrams that were dropped on either way because a queue was full or nobody wanted them. */
  public long dropped() {
    return dropped.sum();
  }

  /**
   * Drives a peer: its datagrams, timers and handshake all on {@code owner}, which runs one task at
   * a time; events go to {@code events} on that thread. To be called on the owner's thread.
   */
  public Attachment attach(
      Peer peer, ScheduledExecutorService owner, Consumer<Output.Event> events) {
    var attachment = new Attachment(peer, owner, events);
    peer.wakeBy(attachment::wake);
    attachment.flush();
    return attachment;
  }

  private void read() {
    ByteBuffer buffer = ByteBuffer.allocateDirect(2048);
    try {
      while (channel.isOpen()) {
        selector.select();
        selector.selectedKeys().clear();
        readAll(buffer);
      }
    } catch (ClosedChannelException e) {
      // close() was called.
    } catch (IOException | RuntimeException e) {
      if (channel.isOpen()) {
        LOG.log(System.Logger.Level.ERROR, "the UDP port stopped reading", e);
      }
    }
  }

  private void readAll(ByteBuffer buffer) throws IOException {
    for (; ; ) {
      buffer.clear();
      InetSocketAddress from;
      try {
        from = (InetSocketAddress) channel.receive(buffer);
      } catch (ClosedChannelException e) {
        throw e;
      } catch (IOException e) {
        continue; // An ICMP error of an earlier send, not of this socket.
      }
      if (from == null) {
        return;
      }
      byte[] datagram = new byte[buffer.flip().remaining()];
      buffer.get(datagram);
      route(datagram, from);
    }
  }

  private void route(byte[] datagram, InetSocketAddress from) {
    Attachment known = byAddress.get(from);
    Attachment to = known;
    if (datagram.length > 0 && datagram[0] >= 0 && datagram[0] <= 3) {
      String username = Stun.peekUsername(datagram);
      if (username != null) {
        int colon = username.indexOf(':');
        Attachment named = byUfrag.get(colon < 0 ? username : username.substring(0, colon));
        to = named != null ? named : known;
      }
    }
    if (to == null || !to.offer(new Datagram(datagram, from), to == known)) {
      dropped.increment();
    }
  }

  private void send(InetSocketAddress to, byte[] datagram) {
    try {
      if (channel.send(ByteBuffer.wrap(datagram), to) == 0) {
        dropped.increment();
      }
    } catch (IOException e) {
      dropped.increment(); // No route or port closed by now: for UDP the same as loss.
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
    selector.close();
  }

  @SuppressWarnings("ArrayRecordComponent")
  private record Datagram(byte[] bytes, InetSocketAddress from) {}

  /** A peer that lives on this port; all methods are its owner's. */
  public final class Attachment {
    private final Peer peer;
    private final ScheduledExecutorService owner;
    private final Consumer<Output.Event> events;
    private final ArrayBlockingQueue<Datagram> inbox = new ArrayBlockingQueue<>(INBOX);
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private final Set<InetSocketAddress> addresses = new HashSet<>();
    private final Set<String> ufrags = new HashSet<>();
    private @Nullable ScheduledFuture<?> timer;
    private long timerAt = Long.MAX_VALUE;
    private boolean flushing;
    private boolean detached;

    private Attachment(Peer peer, ScheduledExecutorService owner, Consumer<Output.Event> events) {
      this.peer = peer;
      this.owner = owner;
      this.events = events;
    }

    public Peer peer() {
      return peer;
    }

    /**
     * Sends what the peer has to send, tells its events, and arms its timer. To be called after
     * each direct call to the peer; harmless within an event.
     */
    public void flush() {
      if (flushing || detached) {
        return;
      }
      flushing = true;
      try {
        drain();
      } finally {
        flushing = false;
      }
      if (!detached) {
        register();
        arm();
      }
    }

    private void drain() {
      for (Output output = peer.poll(); output != null; output = peer.poll()) {
        switch (output) {
          case Output.Transmit transmit -> send(transmit.to(), transmit.datagram());
          case Output.Closed closed -> {
            detach();
            events.accept(closed);
            return;
          }
          case Output.Event event -> events.accept(event);
        }
      }
    }

    /** Forgets the peer: nothing reaches it any more. The peer is not closed by this. */
    public void detach() {
      detached = true;
      addresses.forEach(a -> byAddress.remove(a, this));
      ufrags.forEach(u -> byUfrag.remove(u, this));
      if (timer != null) {
        timer.cancel(false);
      }
    }

    private void register() {
      String ufrag = peer.localCredentials().ufrag();
      if (ufrags.add(ufrag)) {
        byUfrag.put(ufrag, this);
      }
      if (peer.remoteAddresses().size() != addresses.size()
          || !addresses.containsAll(peer.remoteAddresses())) {
        Set<InetSocketAddress> now = Set.copyOf(peer.remoteAddresses());
        addresses.removeIf(a -> {
          boolean gone = !now.contains(a);
          if (gone) {
            byAddress.remove(a, this);
          }
          return gone;
        });
        addresses.addAll(now);
        addresses.forEach(a -> byAddress.put(a, this));
      }
    }

    private void arm() {
      long next = peer.nextTimeout();
      if (timer != null && !timer.isDone() && timerAt <= next) {
        return;
      }
      if (timer != null) {
        timer.cancel(false);
      }
      timerAt = next;
      if (next != Long.MAX_VALUE) {
        long delay = Math.max(0, next - nanoTime.getAsLong());
        timer = owner.schedule(this::onTimer, delay, TimeUnit.NANOSECONDS);
      }
    }

    private void onTimer() {
      timerAt = Long.MAX_VALUE;
      timer = null;
      guarded(() -> peer.handleTimeout(nanoTime.getAsLong()));
    }

    private boolean offer(Datagram datagram, boolean proven) {
      if ((!proven && inbox.size() >= INBOX_FOR_STRANGERS) || !inbox.offer(datagram)) {
        return false;
      }
      if (scheduled.compareAndSet(false, true)) {
        run(this::onDatagrams);
      }
      return true;
    }

    private void onDatagrams() {
      scheduled.set(false);
      guarded(() -> {
        long now = nanoTime.getAsLong();
        for (Datagram d = inbox.poll(); d != null && !detached; d = inbox.poll()) {
          peer.handle(d.bytes, d.from, now);
          drainWithin();
        }
      });
    }

    private void drainWithin() {
      flushing = true;
      try {
        drain();
      } finally {
        flushing = false;
      }
    }

    private void wake() {
      run(() -> guarded(() -> peer.handleTimeout(nanoTime.getAsLong())));
    }

    private void run(Runnable task) {
      try {
        owner.execute(task);
      } catch (RejectedExecutionException e) {
        dropped.increment(); // The owner has shut down; the peer goes with it.
      }
    }

    /** A defect ends this peer loudly and leaves the others alone. */
    private void guarded(Runnable task) {
      if (detached) {
        return;
      }
      try {
        task.run();
        flush();
      } catch (RuntimeException e) {
        LOG.log(System.Logger.Level.ERROR, "a transport failed and is closed", e);
        flushing = false;
        detach();
        events.accept(new Output.Closed(Output.Reason.INTERNAL));
      }
    }
  }
}
