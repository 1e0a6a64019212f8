package dev.aye.media;

import dev.aye.media.transport.UdpPort;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import livekit.LivekitRtc.WrappedJoinRequest;

/**
 * What forwarding costs: a meeting of five over real UDP on loopback, everybody sending sound and
 * 1,100-byte packets of video, clients and server in this process. The server's cost is the
 * processor time of its own threads (UDP, rooms), with decryption, rewriting, encryption and the
 * kernel's sending.
 */
public final class MediaBench {
  private static final int PEOPLE = 5;
  private static final int MAX_SAMPLES = 1 << 17;

  /**
   * The figures.
   *
   * @param forwarded packets that reached a receiver
   * @param offered packets that should have
   * @param microsPerPacket processor time of the server's threads for each forwarded packet
   * @param perCore how many packets one core would forward in a second at that cost
   * @param p50Micros half of the sound packets took less, from one client's send to the other's
   *     receive; includes both clients' own work
   * @param p99Micros 99 of 100 took less
   */
  public record Figures(
      long forwarded,
      long offered,
      double microsPerPacket,
      long perCore,
      long p50Micros,
      long p99Micros) {}

  private final Clock clock = Clock.systemUTC();
  private final SecureRandom random = new SecureRandom();
  private final TokenKey key;
  private final AtomicInteger samples = new AtomicInteger();
  private final AtomicInteger received = new AtomicInteger();
  private final AtomicLongArray latencies = new AtomicLongArray(MAX_SAMPLES);
  private final CountDownLatch connected = new CountDownLatch(PEOPLE);
  private volatile boolean measuring;

  private MediaBench() {
    byte[] secret = new byte[32];
    random.nextBytes(secret);
    key = new TokenKey("bench", secret);
  }

  /** Prints the figures of ten seconds, or of as many as the first argument says. */
  public static void main(String[] args) throws IOException, InterruptedException {
    int seconds = args.length > 0 ? Integer.parseInt(args[0]) : 10;
    System.out.println(run(Duration.ofSeconds(seconds)));
  }

  /** Warms up for three seconds, or as long as it measures if that is less, then measures. */
  public static Figures run(Duration length) throws IOException, InterruptedException {
    return new MediaBench().measure(length);
  }

  private Figures measure(Duration length) throws IOException, InterruptedException {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    Set<Long> before = threads();
    List<MediaClient> clients = new ArrayList<>();
    try (Sfu sfu =
        Sfu.start(
            new Sfu.Settings(new InetSocketAddress(loopback, 0), List.of(), PEOPLE, 1),
            key,
            random,
            clock,
            new RoomListener() {})) {
      sfu.openRoom("bench");
      for (int i = 0; i < PEOPLE; i++) {
        clients.add(client(sfu, "p" + i, loopback, before));
      }
      if (!connected.await(30, TimeUnit.SECONDS)) {
        throw new IOException("the clients did not connect");
      }
      return play(clients, length, before);
    } finally {
      clients.forEach(MediaClient::close);
    }
  }

  private Figures play(List<MediaClient> clients, Duration length, Set<Long> before)
      throws InterruptedException {
    List<MediaClient.Microphone> microphones = new ArrayList<>();
    List<MediaClient.Camera> cameras = new ArrayList<>();
    for (MediaClient c : clients) {
      microphones.add(c.publishMicrophone().join());
      cameras.add(c.publishCamera(List.of(new MediaClient.Layer(640, 360, 900_000))).join());
    }
    Set<Long> server = ownThreads(before);
    ThreadMXBean bean = ManagementFactory.getThreadMXBean();
    int rounds = (int) (length.toMillis() / 20);
    int warmUp = Math.min(150, rounds);
    byte[] picture = new byte[2000];
    long sent = 0;
    long cpu = 0;
    long start = System.nanoTime();
    for (int i = 0; i < warmUp + rounds; i++) {
      if (i == warmUp) {
        received.set(0);
        cpu = cpu(bean, server);
        measuring = true;
      }
      for (int p = 0; p < clients.size(); p++) {
        byte[] frame = new byte[80];
        ByteBuffer.wrap(frame).putLong(8, System.nanoTime());
        microphones.get(p).send(frame, 960, 30);
        byte[] video = picture.clone();
        video[0] = (byte) (i % 50 == 0 ? 0 : 1);
        cameras.get(p).send(0, video, i * 1800);
      }
      sent += i < warmUp ? 0 : clients.size() * 3L * (clients.size() - 1);
      LockSupport.parkNanos(start + (i + 1) * 20_000_000L - System.nanoTime());
    }
    Thread.sleep(300);
    measuring = false;
    long spent = cpu(bean, server) - cpu;
    int n = Math.min(samples.get(), MAX_SAMPLES);
    long[] sorted = new long[n];
    for (int i = 0; i < n; i++) {
      sorted[i] = latencies.get(i);
    }
    Arrays.sort(sorted);
    long forwarded = received.get();
    double micros = spent / 1000.0 / Math.max(1, forwarded);
    return new Figures(
        forwarded,
        sent,
        micros,
        (long) (1_000_000 / micros),
        n == 0 ? 0 : sorted[n / 2] / 1000,
        n == 0 ? 0 : sorted[n * 99 / 100] / 1000);
  }

  private MediaClient client(Sfu sfu, String name, InetAddress from, Set<Long> notTheServers)
      throws IOException {
    MediaClient.Events events =
        new MediaClient.Events() {
          @Override
          public void connected() {
            connected.countDown();
          }

          @Override
          public void audio(String identity, VoiceFrame frame) {
            if (measuring && frame.opus().length == 80) {
              received.incrementAndGet();
              long sentAt = ByteBuffer.wrap(frame.opus()).getLong(8);
              int slot = samples.getAndIncrement();
              if (slot < MAX_SAMPLES) {
                latencies.set(slot, System.nanoTime() - sentAt);
              }
            }
          }

          @Override
          public void video(String identity, MediaClient.VideoFrame frame) {
            if (measuring) {
              received.addAndGet(2);
            }
          }
        };
    Set<Long> known = threads();
    ScheduledExecutorService owner =
        Executors.newSingleThreadScheduledExecutor(
            r -> Thread.ofPlatform().daemon().name("bench-client").unstarted(r));
    UdpPort port = UdpPort.open(new InetSocketAddress(from, 0), System::nanoTime);
    MediaClient client =
        new MediaClient(
            false,
            random,
            clock,
            System::nanoTime,
            owner,
            Network.of(port),
            () -> release(owner, port),
            events);
    Set<Long> its = threads();
    its.removeAll(known);
    notTheServers.addAll(its);
    String token =
        new AccessToken(name, name, AccessToken.Grants.meeting("bench"))
            .mint(key, clock.instant(), Duration.ofMinutes(5));
    owner.execute(() -> {
      String join =
          Base64.getUrlEncoder()
              .encodeToString(
                  WrappedJoinRequest.newBuilder()
                      .setJoinRequest(client.begin().toByteString())
                      .build()
                      .toByteArray());
      SignalSink sink =
          new SignalSink() {
            @Override
            public void send(byte[] frame) {
              owner.execute(() -> client.received(frame));
            }

            @Override
            public void close() {}
          };
      SignalSession session = sfu.join(token, join, sink);
      client.wire(
          new MediaClient.Wire() {
            @Override
            public void send(byte[] frame) {
              session.receive(frame);
            }

            @Override
            public void close() {
              session.closed();
            }
          });
    });
    return client;
  }

  private static void release(ScheduledExecutorService owner, UdpPort port) {
    owner.shutdown();
    try {
      port.close();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static Set<Long> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::threadId)
        .collect(Collectors.toSet());
  }

  /** The server's threads: those of its kind that came since and belong to no client. */
  private static Set<Long> ownThreads(Set<Long> others) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(t -> t.getName().startsWith("aye-") && !others.contains(t.threadId()))
        .map(Thread::threadId)
        .collect(Collectors.toSet());
  }

  private static long cpu(ThreadMXBean bean, Set<Long> threads) {
    return threads.stream().mapToLong(bean::getThreadCpuTime).filter(t -> t > 0).sum();
  }
}
