package dev.aye.media;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.aye.media.transport.DtlsIdentity;
import dev.aye.media.transport.UdpPort;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.zip.GZIPInputStream;
import livekit.LivekitModels.DisconnectReason;
import livekit.LivekitRtc.JoinRequest;
import livekit.LivekitRtc.LeaveRequest;
import livekit.LivekitRtc.WrappedJoinRequest;

/**
 * A media server that speaks LiveKit's protocol: it forwards what people in a meeting send to each
 * other, without being able to read it, and hands out media in one way only, {@link Tap#open}.
 *
 * <p>Signalling frames come in through {@link #join} (whatever carries the WebSocket {@code GET
 * /rtc/v1?access_token=…&join_request=…}); media comes through one UDP port. Each room lives on one
 * of a few threads. Rooms exist only when opened here; a token for any other room is refused. All
 * methods may be called from any thread.
 */
public final class Sfu implements RoomControl, AutoCloseable {
  private static final String LISTENING = "listening-";

  /**
   * How the server is reached.
   *
   * @param bind the UDP address; port 0 lets the system choose; a wildcard address listens on all
   * @param advertised the IP addresses that clients are told; empty for all of this machine that
   *     are up, loopback among them
   * @param capacity how many people a meeting room takes
   * @param threads how many threads rooms are spread over
   */
  public record Settings(
      InetSocketAddress bind, List<InetAddress> advertised, int capacity, int threads) {
    public Settings {
      advertised = List.copyOf(advertised);
      if (capacity < 1 || capacity > 100 || threads < 1 || threads > 64) {
        throw new IllegalArgumentException("capacity is 1 to 100, threads are 1 to 64");
      }
    }
  }

  /**
   * Whether a token opens its room, as {@code /rtc/v1/validate} answers: an HTTP status and why.
   */
  public record Validation(int status, String text) {}

  private final TokenKey key;
  private final Context context;
  private final UdpPort port;
  private final int capacity;
  private final List<ScheduledExecutorService> loops;
  private final AtomicInteger nextLoop = new AtomicInteger();
  private final ConcurrentHashMap<String, Room> rooms = new ConcurrentHashMap<>();

  private Sfu(
      TokenKey key,
      Context context,
      UdpPort port,
      int capacity,
      List<ScheduledExecutorService> loops) {
    this.key = key;
    this.context = context;
    this.port = port;
    this.capacity = capacity;
    this.loops = loops;
  }

  /** Binds the UDP port and starts. */
  public static Sfu start(
      Settings settings,
      TokenKey key,
      SecureRandom random,
      InstantSource clock,
      RoomListener listener)
      throws IOException {
    UdpPort port = UdpPort.open(settings.bind(), System::nanoTime);
    List<InetAddress> addresses =
        settings.advertised().isEmpty() ? local(settings.bind()) : settings.advertised();
    List<InetSocketAddress> candidates =
        addresses.stream().map(a -> new InetSocketAddress(a, port.address().getPort())).toList();
    Context context =
        new Context(
            DtlsIdentity.create(random, clock.instant()),
            random,
            clock,
            System::nanoTime,
            candidates,
            Network.of(port),
            listener,
            key);
    List<ScheduledExecutorService> loops = new ArrayList<>();
    for (int i = 0; i < settings.threads(); i++) {
      String name = "aye-rooms-" + i;
      loops.add(
          Executors.newSingleThreadScheduledExecutor(
              r -> Thread.ofPlatform().daemon().name(name).unstarted(r)));
    }
    return new Sfu(key, context, port, settings.capacity(), List.copyOf(loops));
  }

  /** The addresses of this machine that a client might reach, IPv4 first. */
  private static List<InetAddress> local(InetSocketAddress bind) throws IOException {
    if (!bind.getAddress().isAnyLocalAddress()) {
      return List.of(bind.getAddress());
    }
    List<InetAddress> out = new ArrayList<>();
    for (NetworkInterface nic : Collections.list(NetworkInterface.getNetworkInterfaces())) {
      if (nic.isUp() && out.size() < 8) {
        for (InetAddress a : Collections.list(nic.getInetAddresses())) {
          if (!a.isLinkLocalAddress() && !a.isMulticastAddress()) {
            out.add(a);
          }
        }
      }
    }
    out.sort((a, b) -> a.getAddress().length - b.getAddress().length);
    return out;
  }

  /**
   * What keeps it from forwarding: a port that does not read, or a thread of rooms that does not
   * get to its work within {@code patience}. Blocks for as long.
   */
  public Optional<String> failure(Duration patience) {
    if (!port.reads()) {
      return Optional.of("the UDP port has stopped reading");
    }
    CountDownLatch answers = new CountDownLatch(loops.size());
    try {
      loops.forEach(loop -> loop.execute(answers::countDown));
      return answers.await(patience.toMillis(), TimeUnit.MILLISECONDS)
          ? Optional.empty()
          : Optional.of("the rooms do not answer");
    } catch (RejectedExecutionException closed) {
      return Optional.of("the rooms are closed");
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return Optional.of("the rooms did not answer");
    }
  }

  InstantSource clock() {
    return context.clock();
  }

  SecureRandom random() {
    return context.random();
  }

  /** The UDP address that media comes to. */
  public InetSocketAddress address() {
    return port.address();
  }

  /** Opens a meeting room under this name, or does nothing if it is open. */
  public void openRoom(String room) {
    if (room.startsWith(LISTENING) || room.isEmpty() || room.length() > 128) {
      throw new IllegalArgumentException("a meeting room needs another name");
    }
    rooms.computeIfAbsent(room, n -> new Room(n, Room.Kind.MEETING, capacity, context, loop()));
  }

  /**
   * Opens a room with a random name in which one person publishes, nobody subscribes and nobody
   * sees anybody; the only kind that a {@link Tap} opens. Returns its name.
   */
  public String openListeningRoom() {
    String name = context.id(LISTENING) + context.id("");
    rooms.put(name, new Room(name, Room.Kind.LISTENING, 1, context, loop()));
    return name;
  }

  private ScheduledExecutorService loop() {
    return loops.get(Math.floorMod(nextLoop.getAndIncrement(), loops.size()));
  }

  /** Whether the token opens its room; what a client asks after its WebSocket was refused. */
  public Validation validate(String token) {
    return switch (AccessToken.verify(token, key, context.clock().instant())) {
      case AccessToken.Invalid invalid -> new Validation(401, invalid.why());
      case AccessToken.Valid valid -> {
        AccessToken.Grants grants = valid.token().grants();
        if (!grants.roomJoin()) {
          yield new Validation(403, "this token does not let anybody join");
        }
        yield rooms.containsKey(grants.room())
            ? new Validation(200, "success")
            : new Validation(404, "requested room does not exist");
      }
    };
  }

  /**
   * A client has connected. A token that does not open its room is answered with a leave message.
   *
   * @param token the {@code access_token} parameter
   * @param joinRequest the {@code join_request} parameter; may be empty
   */
  public SignalSession join(String token, String joinRequest, SignalSink sink) {
    Optional<JoinRequest> request = request(joinRequest);
    if (request.isEmpty()
        || !(AccessToken.verify(token, key, context.clock().instant())
            instanceof AccessToken.Valid(AccessToken valid))
        || !valid.grants().roomJoin()) {
      return refused(sink);
    }
    Room room = rooms.get(valid.grants().room());
    if (room == null) {
      return refused(sink);
    }
    Session session = new Session(context, Optional.of(room), sink);
    room.post(() -> room.join(session, valid, request.get()));
    return session;
  }

  private SignalSession refused(SignalSink sink) {
    Session session = new Session(context, Optional.empty(), sink);
    session.leave(LeaveRequest.Action.DISCONNECT, DisconnectReason.JOIN_FAILURE);
    return session;
  }

  /** Reads base64url of a {@code WrappedJoinRequest}, bounded on both sides of its compression. */
  private static Optional<JoinRequest> request(String parameter) {
    if (parameter.isEmpty()) {
      return Optional.of(JoinRequest.getDefaultInstance());
    }
    if (parameter.length() > Limits.JOIN_REQUEST) {
      return Optional.empty();
    }
    try {
      byte[] raw = Base64.getUrlDecoder().decode(parameter);
      WrappedJoinRequest wrapped = WrappedJoinRequest.parseFrom(raw);
      byte[] inner = wrapped.getJoinRequest().toByteArray();
      if (wrapped.getCompression() == WrappedJoinRequest.Compression.GZIP) {
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(inner))) {
          inner = in.readNBytes(Limits.JOIN_REQUEST_INFLATED + 1);
        }
        if (inner.length > Limits.JOIN_REQUEST_INFLATED) {
          return Optional.empty();
        }
      }
      return Optional.of(JoinRequest.parseFrom(inner));
    } catch (InvalidProtocolBufferException malformed) {
      return Optional.empty();
    } catch (IllegalArgumentException | IOException malformed) {
      return Optional.empty();
    }
  }

  /** Only {@link Tap#open} calls this: there is no other way to a room's media. */
  Tap tap(String name, Function<Runnable, Tap> open) {
    Room room = rooms.get(name);
    if (room == null || room.kind() != Room.Kind.LISTENING) {
      throw new IllegalArgumentException("only a listening room can be tapped");
    }
    Tap tap = open.apply(room::untap);
    if (!room.tap(tap)) {
      tap.refuse();
      throw new IllegalArgumentException("this room is tapped already");
    }
    if (tap.isClosed()) {
      room.untap();
    }
    return tap;
  }

  @Override
  public List<Participant> participants(String room) {
    Room r = rooms.get(room);
    return r == null ? List.of() : r.view();
  }

  @Override
  public void mute(String room, String identity) {
    Room r = rooms.get(room);
    if (r != null) {
      r.post(() -> r.mute(identity));
    }
  }

  @Override
  public void remove(String room, String identity) {
    Room r = rooms.get(room);
    if (r != null) {
      r.post(() -> r.remove(identity));
    }
  }

  @Override
  public void closeRoom(String room) {
    Room r = rooms.remove(room);
    if (r != null) {
      r.post(r::close);
    }
  }

  /** Ends every room and releases the port. */
  @Override
  public void close() throws IOException {
    List.copyOf(rooms.keySet()).forEach(this::closeRoom);
    loops.forEach(ScheduledExecutorService::shutdown);
    for (ScheduledExecutorService loop : loops) {
      try {
        if (!loop.awaitTermination(2, TimeUnit.SECONDS)) {
          loop.shutdownNow();
        }
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        loop.shutdownNow();
      }
    }
    port.close();
  }
}
