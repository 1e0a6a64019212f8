package dev.aye.media;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * A bad network in real time: forwards datagrams to a server and back, losing and delaying some.
 */
final class LossyRelay implements AutoCloseable {
  private final DatagramSocket front;
  private final InetSocketAddress server;
  private final double loss;
  private final int jitterMillis;
  private final Random random = new Random(1);
  private final Map<SocketAddress, DatagramSocket> backs = new ConcurrentHashMap<>();
  private final ScheduledExecutorService later = Executors.newSingleThreadScheduledExecutor();

  LossyRelay(InetSocketAddress at, InetSocketAddress server, double loss, int jitterMillis)
      throws IOException {
    this.front = new DatagramSocket(at);
    this.server = server;
    this.loss = loss;
    this.jitterMillis = jitterMillis;
    Thread.ofVirtual().start(this::up);
  }

  private void up() {
    try {
      while (true) {
        DatagramPacket p = new DatagramPacket(new byte[2048], 2048);
        front.receive(p);
        SocketAddress client = p.getSocketAddress();
        DatagramSocket back = backs.get(client);
        if (back == null) {
          back = new DatagramSocket(new InetSocketAddress(server.getAddress(), 0));
          backs.put(client, back);
          DatagramSocket from = back;
          Thread.ofVirtual().start(() -> down(from, client));
        }
        send(back, p, server);
      }
    } catch (IOException closed) {
      // close() was called.
    }
  }

  private void down(DatagramSocket back, SocketAddress client) {
    try {
      while (true) {
        DatagramPacket p = new DatagramPacket(new byte[2048], 2048);
        back.receive(p);
        send(front, p, client);
      }
    } catch (IOException closed) {
      // close() was called.
    }
  }

  private void send(DatagramSocket by, DatagramPacket p, SocketAddress to) {
    if (random.nextDouble() < loss) {
      return;
    }
    DatagramPacket out = new DatagramPacket(p.getData(), p.getLength(), to);
    long delay = 20_000L + (jitterMillis == 0 ? 0 : random.nextInt(jitterMillis * 1000));
    var _ =
        later.schedule(
            () -> {
              try {
                by.send(out);
              } catch (IOException lost) {
                // As good as lost.
              }
            },
            delay,
            TimeUnit.MICROSECONDS);
  }

  @Override
  public void close() {
    front.close();
    backs.values().forEach(DatagramSocket::close);
    later.shutdownNow();
  }
}
