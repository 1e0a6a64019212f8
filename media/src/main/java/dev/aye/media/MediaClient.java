package dev.aye.media;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.aye.media.transport.DataChannel;
import dev.aye.media.transport.DtlsIdentity;
import dev.aye.media.transport.Output;
import dev.aye.media.transport.Peer;
import dev.aye.media.transport.Rtcp;
import dev.aye.media.transport.RtpExtensions;
import dev.aye.media.transport.RtpPacket;
import dev.aye.media.transport.UdpPort;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import livekit.LivekitModels.ClientInfo;
import livekit.LivekitModels.DataPacket;
import livekit.LivekitModels.EncryptedPacketPayload;
import livekit.LivekitModels.Encryption;
import livekit.LivekitModels.ParticipantInfo;
import livekit.LivekitModels.TrackInfo;
import livekit.LivekitModels.TrackSource;
import livekit.LivekitModels.TrackType;
import livekit.LivekitModels.UserPacket;
import livekit.LivekitModels.VideoLayer;
import livekit.LivekitModels.VideoQuality;
import livekit.LivekitRtc.AddTrackRequest;
import livekit.LivekitRtc.ConnectionSettings;
import livekit.LivekitRtc.JoinRequest;
import livekit.LivekitRtc.JoinResponse;
import livekit.LivekitRtc.LeaveRequest;
import livekit.LivekitRtc.MuteTrackRequest;
import livekit.LivekitRtc.Ping;
import livekit.LivekitRtc.SessionDescription;
import livekit.LivekitRtc.SignalRequest;
import livekit.LivekitRtc.SignalResponse;
import livekit.LivekitRtc.TrackPublishedResponse;
import livekit.LivekitRtc.UpdateParticipantMetadata;
import livekit.LivekitRtc.WrappedJoinRequest;
import org.jspecify.annotations.Nullable;

/**
 * A person in a LiveKit room without a browser: real ICE, DTLS-SRTP, signalling and end-to-end
 * encryption, with encoded media handed in and out. For simulated people and for load.
 *
 * <p>Speaks the single-connection mode of LiveKit's protocol, in which the client always offers. It
 * does not come back by itself after the connection is lost: {@link Events#closed} is told, once.
 * All methods may be called from any thread; events come on the client's own thread and must not
 * block.
 */
public final class MediaClient implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(MediaClient.class.getName());
  private static final String RELIABLE = "_reliable";
  private static final String LOSSY = "_lossy";
  private static final int RTP_PAYLOAD = 1100;
  private static final int FIRST_SECTIONS = 3;
  private static final int MAX_SECTIONS = 60;
  private static final int MAX_WAITING_DATA = 256;

  /** Somebody else in the room, as the server tells. */
  public record Person(String identity, String name, Map<String, String> attributes) {
    public Person {
      attributes = Map.copyOf(attributes);
    }
  }

  /** One decrypted video frame. */
  @SuppressWarnings("ArrayRecordComponent") // a frame is passed on once, never compared
  public record VideoFrame(int timestamp, boolean keyFrame, byte[] vp8) {}

  /** What happens; each method does nothing unless overridden. */
  public interface Events {
    /** Media and data channels are up. */
    default void connected() {}

    /** Somebody is there, or their name or attributes changed. Also told of this client itself. */
    default void person(Person person) {}

    default void left(String identity) {}

    default void audio(String identity, VoiceFrame frame) {}

    default void video(String identity, VideoFrame frame) {}

    default void data(String identity, String topic, byte[] payload) {}

    /** Something of this person could not be decrypted. */
    default void undecryptable(String identity) {}

    /** A frame with a key frame is wanted of this layer. */
    default void keyFrameWanted(Camera camera, int layer) {}

    /** The host muted this track. */
    default void muted(String trackSid) {}

    /** The end, with a reason in words. */
    default void closed(String why) {}
  }

  /** A published microphone. */
  public final class Microphone {
    private final Sending stream;

    private Microphone(Sending stream) {
      this.stream = stream;
    }

    public String sid() {
      return stream.sid;
    }

    /**
     * Sends the next frame.
     *
     * @param samples how long it is, at 48 kHz (960 for 20 ms)
     * @param level 0 loudest … 127 silent, -dBov
     */
    public void send(byte[] opus, int samples, int level) {
      run(() -> sendAudio(stream, opus, samples, level));
    }

    /** Tells the server and stops sending, or begins again. */
    public void mute(boolean on) {
      run(() -> setMuted(stream, on));
    }
  }

  /** A published camera with one or more simulcast layers of VP8, smallest first. */
  public final class Camera {
    private final List<Sending> layers;

    private Camera(List<Sending> layers) {
      this.layers = layers;
    }

    public String sid() {
      return layers.getFirst().sid;
    }

    /**
     * Sends a frame of a layer.
     *
     * @param timestamp at 90 kHz
     */
    public void send(int layer, byte[] vp8, int timestamp) {
      run(() -> sendVideo(layers.get(layer), vp8, timestamp));
    }

    public void mute(boolean on) {
      run(() -> setMuted(layers.getFirst(), on));
    }
  }

  /** The size of a simulcast layer. */
  public record Layer(int width, int height, int bitrate) {}

  /** An outgoing stream. */
  private static final class Sending {
    private final String cid;
    private final String rid;
    private final int ssrc;
    private final int clock;
    private String sid = "";
    private String mid = "";
    private int sequence;
    private int timestamp;
    private int timestampBase;
    private int pictureId;
    private boolean muted;
    private long packets;
    private long octets;
    private long lastSentNanos;
    private int lastTimestamp;

    Sending(String cid, String rid, int ssrc, int clock, SecureRandom random) {
      this.cid = cid;
      this.rid = rid;
      this.ssrc = ssrc;
      this.clock = clock;
      this.sequence = random.nextInt(0x8000);
      this.timestampBase = random.nextInt();
      this.pictureId = random.nextInt(0x7fff);
    }
  }

  /** A track on its way to being published. */
  private record Publishing(Runnable done, Consumer<Throwable> failed) {}

  /** An incoming stream. */
  private static final class Receiving {
    private final String mid;
    private final boolean audio;
    private final Uplink uplink;
    private final Vp8Frames frames = new Vp8Frames();
    private long extended;
    private boolean started;
    private boolean seenKeyFrame;
    private long lastPli = Long.MIN_VALUE / 2;

    Receiving(String mid, boolean audio, int ssrc) {
      this.mid = mid;
      this.audio = audio;
      this.uplink = new Uplink(ssrc, audio ? 48000 : 90000);
    }
  }

  private final SecureRandom random;
  private final InstantSource clock;
  private final Events events;
  private final boolean encrypted;
  private final LongSupplier nanos;
  private final ScheduledExecutorService owner;
  private final Runnable release;
  private final Peer peer;
  private final Network.Link link;
  private final String sessionId;
  private final CompletableFuture<MediaClient> ready = new CompletableFuture<>();

  private @Nullable Wire wire;
  private @Nullable CompletableFuture<WebSocket> dialling;
  private final List<Sdp.Offered> sections = new ArrayList<>();
  private Map<String, Sdp.Section> answered = Map.of();
  private Map<String, String> trackOfMid = Map.of();
  private int offers;
  private boolean offering;
  private boolean offerAgain;
  private boolean connected;
  private boolean closed;
  private String identity = "";

  private final Map<String, ParticipantInfo> people = new HashMap<>();
  private final Map<String, Publishing> publishing = new HashMap<>();
  private final List<Sending> sending = new ArrayList<>();
  private final List<Camera> cameras = new ArrayList<>();
  private final Map<Integer, Receiving> receiving = new HashMap<>();
  private final FrameCryptor own;
  private final Map<String, FrameCryptor> keys = new ConcurrentHashMap<>();
  private final Map<String, Integer> channels = new HashMap<>();
  private final ArrayDeque<Runnable> waitingData = new ArrayDeque<>();
  private int dataSequence;
  private final List<SignalRequest> waitingSignals = new ArrayList<>();
  private @Nullable ScheduledFuture<?> ticking;
  private @Nullable ScheduledFuture<?> pinging;

  /** The signalling connection as the client sees it. */
  interface Wire {
    void send(byte[] frame);

    void close();
  }

  /**
   * A client before it joins: {@link #begin} makes its join request, {@link #wire} gives it its
   * signalling, {@link #received} what comes back.
   *
   * @param release runs when all is over
   */
  MediaClient(
      boolean encrypted,
      SecureRandom random,
      InstantSource clock,
      LongSupplier nanos,
      ScheduledExecutorService owner,
      Network network,
      Runnable release,
      Events events) {
    this.encrypted = encrypted;
    this.random = random;
    this.clock = clock;
    this.nanos = nanos;
    this.owner = owner;
    this.release = release;
    this.events = events;
    this.own = new FrameCryptor(random);
    this.sessionId = Long.toString(random.nextLong() >>> 2);
    this.peer =
        new Peer(
            Peer.Role.CLIENT,
            DtlsIdentity.create(random, clock.instant()),
            random,
            new Peer.Settings(Duration.ofSeconds(20), Duration.ofSeconds(30), Limits.MESSAGE),
            nanos.getAsLong());
    this.link = network.attach(peer, owner, this::event);
  }

  /**
   * Joins a room.
   *
   * @param serverUrl {@code ws://host:port} or {@code wss://…}
   * @param encrypted whether to encrypt and to insist on encryption; keys are then to be set by
   *     {@link #useKey} and {@link #setKey}
   * @param from the local address to send from
   * @return done when media may flow, or failed with an {@link IOException}
   */
  public static CompletableFuture<MediaClient> connect(
      URI serverUrl,
      String token,
      boolean encrypted,
      InetAddress from,
      SecureRandom random,
      InstantSource clock,
      Events events)
      throws IOException {
    ScheduledExecutorService owner =
        Executors.newSingleThreadScheduledExecutor(
            r -> Thread.ofPlatform().daemon().name("aye-client").unstarted(r));
    UdpPort port = UdpPort.open(new InetSocketAddress(from, 0), System::nanoTime);
    Runnable release =
        () -> {
          owner.shutdown();
          try {
            port.close();
          } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "a UDP port did not close", e);
          }
        };
    MediaClient client =
        new MediaClient(
            encrypted, random, clock, System::nanoTime, owner, Network.of(port), release, events);
    client.run(() -> client.dial(serverUrl, token));
    return client
        .ready
        .orTimeout(30, TimeUnit.SECONDS)
        .whenComplete((ok, failure) -> {
          if (failure != null) {
            client.close();
          }
        });
  }

  public String identity() {
    return identity;
  }

  /** Encrypts under this key and index from now on. */
  public void useKey(StreamKey key, int index) {
    own.setKey(key, index);
    own.use(index);
  }

  /** Decrypts what this person sends under this index with this key. */
  public void setKey(String person, StreamKey key, int index) {
    keys.computeIfAbsent(person, p -> new FrameCryptor(random)).setKey(key, index);
  }

  /** Publishes a microphone; frames may be sent when the result is there. */
  public CompletableFuture<Microphone> publishMicrophone() {
    CompletableFuture<Microphone> out = new CompletableFuture<>();
    run(() -> {
      Sending stream = new Sending(cid(), "", ssrc(), 48000, random);
      AddTrackRequest request =
          AddTrackRequest.newBuilder()
              .setCid(stream.cid)
              .setType(TrackType.AUDIO)
              .setSource(TrackSource.MICROPHONE)
              .setName("microphone")
              .setEncryption(encryption())
              .build();
      publish(request, List.of(stream), Sdp.Kind.AUDIO, () -> new Microphone(stream), out);
    });
    return out;
  }

  /** Publishes a camera with these simulcast layers, smallest first, at most three. */
  public CompletableFuture<Camera> publishCamera(List<Layer> layers) {
    if (layers.isEmpty() || layers.size() > 3) {
      throw new IllegalArgumentException("a camera has one to three layers");
    }
    CompletableFuture<Camera> out = new CompletableFuture<>();
    run(() -> {
      String cid = cid();
      List<Sending> streams = new ArrayList<>();
      AddTrackRequest.Builder request =
          AddTrackRequest.newBuilder()
              .setCid(cid)
              .setType(TrackType.VIDEO)
              .setSource(TrackSource.CAMERA)
              .setName("camera")
              .setWidth(layers.getLast().width())
              .setHeight(layers.getLast().height())
              .setEncryption(encryption());
      for (int i = 0; i < layers.size(); i++) {
        String rid = layers.size() == 1 ? "" : List.of("q", "h", "f").get(i);
        streams.add(new Sending(cid, rid, ssrc(), 90000, random));
        request.addLayers(
            VideoLayer.newBuilder()
                .setQuality(VideoQuality.forNumber(i))
                .setWidth(layers.get(i).width())
                .setHeight(layers.get(i).height())
                .setBitrate(layers.get(i).bitrate()));
      }
      publish(
          request.build(),
          streams,
          Sdp.Kind.VIDEO,
          () -> {
            Camera camera = new Camera(List.copyOf(streams));
            cameras.add(camera);
            return camera;
          },
          out);
    });
    return out;
  }

  /** Sets or (with an empty value) removes attributes of this client's own person. */
  public void setAttributes(Map<String, String> attributes) {
    Map<String, String> copy = Map.copyOf(attributes);
    run(() ->
        signal(
            SignalRequest.newBuilder()
                .setUpdateMetadata(UpdateParticipantMetadata.newBuilder().putAllAttributes(copy))
                .build()));
  }

  /** Sends a data packet to everybody, encrypted if this client encrypts. */
  public void sendData(String topic, byte[] payload, boolean reliable) {
    UserPacket user =
        UserPacket.newBuilder().setTopic(topic).setPayload(ByteString.copyFrom(payload)).build();
    run(() -> {
      Runnable task = () -> sendPacket(user, reliable);
      if (channels.containsKey(reliable ? RELIABLE : LOSSY)) {
        task.run();
      } else if (waitingData.size() < MAX_WAITING_DATA) {
        waitingData.add(task);
      }
    });
  }

  /** Leaves the room. */
  @Override
  public void close() {
    run(() -> end("left"));
  }

  // ------------------------------------------------------------------ own thread from here on

  private void run(Runnable task) {
    try {
      owner.execute(() -> {
        try {
          task.run();
          link.flush();
        } catch (RuntimeException defect) {
          LOG.log(System.Logger.Level.ERROR, "a media client failed", defect);
          end("a defect");
        }
      });
    } catch (RejectedExecutionException gone) {
      // The client has been closed: nothing it is asked for has an effect any more.
      return;
    }
  }

  /** The first offer, in a join request. To be called once, on the client's thread. */
  JoinRequest begin() {
    for (int i = 0; i < FIRST_SECTIONS; i++) {
      section(Sdp.Kind.AUDIO, Sdp.Direction.RECVONLY, "", 0, List.of());
    }
    for (int i = 0; i < FIRST_SECTIONS; i++) {
      section(Sdp.Kind.VIDEO, Sdp.Direction.RECVONLY, "", 0, List.of());
    }
    section(Sdp.Kind.DATA, Sdp.Direction.SENDRECV, "", 0, List.of());
    offering = true;
    ticking = owner.scheduleAtFixedRate(() -> run(this::tick), 20, 20, TimeUnit.MILLISECONDS);
    return JoinRequest.newBuilder()
        .setClientInfo(ClientInfo.newBuilder().setProtocol(16).setVersion("2.23.0"))
        .setConnectionSettings(ConnectionSettings.newBuilder().setAutoSubscribe(true))
        .setPublisherOffer(description())
        .build();
  }

  private void dial(URI serverUrl, String token) {
    byte[] wrapped =
        WrappedJoinRequest.newBuilder()
            .setJoinRequest(begin().toByteString())
            .build()
            .toByteArray();
    String base = serverUrl.toString().replaceAll("/+$", "");
    String request = Base64.getUrlEncoder().encodeToString(wrapped);
    URI uri =
        URI.create(
            base
                + "/rtc/v1?access_token="
                + URLEncoder.encode(token, StandardCharsets.UTF_8)
                + "&join_request="
                + URLEncoder.encode(request, StandardCharsets.UTF_8));
    dialling =
        HttpClient.newHttpClient()
            .newWebSocketBuilder()
            .connectTimeout(Duration.ofSeconds(10))
            .buildAsync(uri, new Listener())
            .whenComplete((ws, failure) -> {
              if (failure != null) {
                run(() -> end("the server cannot be reached or refused the token"));
              } else {
                run(() -> wire(new WebSocketWire(ws)));
              }
            });
  }

  /** Where signalling goes from now on. Client's thread. */
  void wire(Wire to) {
    wire = to;
    waitingSignals.forEach(this::signal);
    waitingSignals.clear();
  }

  /** Sends one message after the other, as the JDK's WebSocket wants it. */
  private static final class WebSocketWire implements Wire {
    private final WebSocket socket;
    private CompletableFuture<?> sent = CompletableFuture.completedFuture(null);

    WebSocketWire(WebSocket socket) {
      this.socket = socket;
    }

    @Override
    public void send(byte[] frame) {
      sent =
          sent.handle((ok, failure) -> null)
              .thenCompose(x -> socket.sendBinary(ByteBuffer.wrap(frame), true));
    }

    @Override
    public void close() {
      sent =
          sent.handle((ok, failure) -> null)
              .thenCompose(x -> socket.sendClose(WebSocket.NORMAL_CLOSURE, ""));
    }
  }

  /** The receiving side of the WebSocket. */
  private final class Listener implements WebSocket.Listener {
    private final ByteArrayOutputStream message = new ByteArrayOutputStream();

    @Override
    public @Nullable CompletionStage<?> onBinary(
        WebSocket webSocket, ByteBuffer data, boolean last) {
      byte[] part = new byte[data.remaining()];
      data.get(part);
      if (message.size() + part.length > 4 * Limits.SIGNAL) {
        webSocket.abort();
        return null;
      }
      message.writeBytes(part);
      if (last) {
        byte[] whole = message.toByteArray();
        message.reset();
        run(() -> received(whole));
      }
      webSocket.request(1);
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket webSocket, int code, String reason) {
      run(() -> end("the server closed the connection"));
      return null;
    }

    @Override
    public void onError(WebSocket webSocket, Throwable error) {
      run(() -> end("the connection to the server broke"));
    }
  }

  private void signal(SignalRequest request) {
    if (closed) {
      return;
    }
    if (wire == null) {
      if (waitingSignals.size() < MAX_WAITING_DATA) {
        waitingSignals.add(request);
      }
    } else {
      wire.send(request.toByteArray());
    }
  }

  /** A frame from the server. Client's thread. */
  void received(byte[] frame) {
    if (closed) {
      return;
    }
    SignalResponse response;
    try {
      response = SignalResponse.parseFrom(frame);
    } catch (InvalidProtocolBufferException malformed) {
      end("the server does not speak the protocol");
      return;
    }
    switch (response.getMessageCase()) {
      case JOIN -> joined(response.getJoin());
      case ANSWER -> answer(response.getAnswer());
      case UPDATE -> response.getUpdate().getParticipantsList().forEach(this::person);
      case TRACK_PUBLISHED -> published(response.getTrackPublished());
      case MEDIA_SECTIONS_REQUIREMENT -> {
        var more = response.getMediaSectionsRequirement();
        for (int i = 0; i < more.getNumAudios() && sections.size() < MAX_SECTIONS; i++) {
          section(Sdp.Kind.AUDIO, Sdp.Direction.RECVONLY, "", 0, List.of());
        }
        for (int i = 0; i < more.getNumVideos() && sections.size() < MAX_SECTIONS; i++) {
          section(Sdp.Kind.VIDEO, Sdp.Direction.RECVONLY, "", 0, List.of());
        }
        offer();
      }
      case MUTE -> muted(response.getMute());
      case REQUEST_RESPONSE -> {
        if (response.getRequestResponse().hasAddTrack()) {
          var failed = publishing.remove(response.getRequestResponse().getAddTrack().getCid());
          if (failed != null) {
            failed.failed().accept(new IOException("the server refused the track"));
          }
        }
      }
      case LEAVE -> end("the server ended it: " + response.getLeave().getReason());
      default -> {}
    }
  }

  private void joined(JoinResponse join) {
    identity = join.getParticipant().getIdentity();
    person(join.getParticipant());
    join.getOtherParticipantsList().forEach(this::person);
    int every = Math.clamp(join.getPingInterval(), 1, 60);
    pinging = owner.scheduleAtFixedRate(() -> run(this::ping), every, every, TimeUnit.SECONDS);
  }

  private void ping() {
    signal(
        SignalRequest.newBuilder()
            .setPingReq(Ping.newBuilder().setTimestamp(clock.millis()))
            .build());
  }

  private void person(ParticipantInfo info) {
    if (info.getState() == ParticipantInfo.State.DISCONNECTED) {
      people.remove(info.getSid());
      if (people.values().stream().noneMatch(p -> p.getIdentity().equals(info.getIdentity()))) {
        keys.remove(info.getIdentity());
        events.left(info.getIdentity());
      }
      return;
    }
    if (people.size() < 200) {
      people.put(info.getSid(), info);
      events.person(new Person(info.getIdentity(), info.getName(), info.getAttributesMap()));
    }
  }

  // ------------------------------------------------------------------ negotiation

  private void section(
      Sdp.Kind kind, Sdp.Direction direction, String msid, int ssrc, List<String> rids) {
    sections.add(
        new Sdp.Offered(kind, Integer.toString(sections.size()), direction, msid, ssrc, rids));
  }

  private SessionDescription description() {
    Sdp.Local local =
        new Sdp.Local(peer.localCredentials(), peer.fingerprint(), List.of(), sessionId, ++offers);
    return SessionDescription.newBuilder()
        .setType("offer")
        .setId(offers)
        .setSdp(Sdp.offer(local, sections))
        .build();
  }

  private void offer() {
    if (offering) {
      offerAgain = true;
      return;
    }
    offering = true;
    signal(SignalRequest.newBuilder().setOffer(description()).build());
  }

  private void answer(SessionDescription message) {
    if (message.getId() != offers) {
      return;
    }
    Optional<Sdp.Description> parsed = Sdp.parse(message.getSdp());
    if (parsed.isEmpty()) {
      end("the server's answer cannot be read");
      return;
    }
    Sdp.Description answer = parsed.get();
    Map<String, Sdp.Section> now = new LinkedHashMap<>();
    answer.sections().forEach(s -> now.put(s.mid(), s));
    answered = now;
    trackOfMid = Map.copyOf(message.getMidToTrackIdMap());
    if (peer.path() == null) {
      peer.setRemote(answer.ice(), answer.fingerprint(), nanos.getAsLong());
      answer.candidates().forEach(c -> peer.addRemoteCandidate(c, nanos.getAsLong()));
    }
    receiving.values().removeIf(r -> !trackOfMid.containsKey(r.mid));
    for (Sdp.Section s : answer.sections()) {
      if (s.direction() == Sdp.Direction.SENDONLY && !s.ssrcs().isEmpty()) {
        int ssrc = s.ssrcs().getFirst();
        receiving.values().removeIf(r -> r.mid.equals(s.mid()) && r.uplink.ssrc() != ssrc);
        receiving.computeIfAbsent(ssrc, k -> new Receiving(s.mid(), s.kind() == Sdp.Kind.AUDIO, k));
      }
    }
    offering = false;
    for (Sdp.Offered s : sections) {
      for (Sending stream : sending) {
        Sdp.Section theirs = answered.get(s.mid());
        if (s.mid().equals(stream.mid)
            && theirs != null
            && theirs.direction() == Sdp.Direction.RECVONLY) {
          var waiting = publishing.remove(stream.cid);
          if (waiting != null) {
            waiting.done().run();
          }
        }
      }
    }
    if (offerAgain) {
      offerAgain = false;
      offer();
    }
  }

  // ------------------------------------------------------------------ publishing

  private String cid() {
    return "cid-" + Long.toHexString(random.nextLong());
  }

  private int ssrc() {
    int ssrc = random.nextInt();
    return ssrc == 0 ? 2 : ssrc;
  }

  private Encryption.Type encryption() {
    return encrypted ? Encryption.Type.GCM : Encryption.Type.NONE;
  }

  private <T> void publish(
      AddTrackRequest request,
      List<Sending> streams,
      Sdp.Kind kind,
      Supplier<T> track,
      CompletableFuture<T> out) {
    publishing.put(
        request.getCid(),
        new Publishing(() -> out.complete(track.get()), out::completeExceptionally));
    sending.addAll(streams);
    String msid = "- " + request.getCid();
    List<String> rids = streams.size() == 1 ? List.of() : streams.stream().map(s -> s.rid).toList();
    section(kind, Sdp.Direction.SENDONLY, msid, streams.getFirst().ssrc, rids);
    String mid = sections.getLast().mid();
    streams.forEach(s -> s.mid = mid);
    signal(SignalRequest.newBuilder().setAddTrack(request).build());
  }

  /** The server knows the track; now the section is offered, and its answer completes it. */
  private void published(TrackPublishedResponse response) {
    for (Sending stream : sending) {
      if (stream.cid.equals(response.getCid())) {
        stream.sid = response.getTrack().getSid();
      }
    }
    offer();
  }

  private void setMuted(Sending stream, boolean on) {
    for (Sending s : sending) {
      if (s.sid.equals(stream.sid)) {
        s.muted = on;
      }
    }
    signal(
        SignalRequest.newBuilder()
            .setMute(MuteTrackRequest.newBuilder().setSid(stream.sid).setMuted(on))
            .build());
  }

  private void muted(MuteTrackRequest request) {
    for (Sending s : sending) {
      if (s.sid.equals(request.getSid())) {
        s.muted = request.getMuted();
      }
    }
    if (request.getMuted()) {
      events.muted(request.getSid());
    }
  }

  private void sendAudio(Sending s, byte[] opus, int samples, int level) {
    s.timestamp += samples;
    if (s.muted || !connected) {
      return;
    }
    byte[] payload = encrypted ? own.encrypt(FrameCryptor.Kind.OPUS, opus) : opus;
    RtpExtensions extensions =
        extensions(s, Sdp.CLIENT_AUDIO_EXTENSIONS)
            .with(
                extension(Sdp.CLIENT_AUDIO_EXTENSIONS, Sdp.AUDIO_LEVEL),
                new byte[] {(byte) (level & 0x7f)});
    sendRtp(s, Sdp.CLIENT_OPUS, false, s.timestampBase + s.timestamp, extensions, payload);
  }

  private void sendVideo(Sending s, byte[] vp8, int timestamp) {
    if (s.muted || !connected) {
      return;
    }
    byte[] frame = encrypted ? own.encrypt(FrameCryptor.Kind.ofVp8(vp8), vp8) : vp8;
    RtpExtensions extensions = extensions(s, Sdp.CLIENT_VIDEO_EXTENSIONS);
    if (!s.rid.isEmpty()) {
      extensions =
          extensions.with(
              extension(Sdp.CLIENT_VIDEO_EXTENSIONS, Sdp.RID),
              s.rid.getBytes(StandardCharsets.US_ASCII));
    }
    s.pictureId = s.pictureId + 1 & 0x7fff;
    for (int at = 0; at < frame.length; at += RTP_PAYLOAD) {
      int n = Math.min(RTP_PAYLOAD, frame.length - at);
      byte[] payload = new byte[4 + n];
      payload[0] = (byte) (at == 0 ? 0x90 : 0x80);
      payload[1] = (byte) 0x80;
      payload[2] = (byte) (0x80 | s.pictureId >> 8);
      payload[3] = (byte) s.pictureId;
      System.arraycopy(frame, at, payload, 4, n);
      boolean last = at + n == frame.length;
      sendRtp(s, Sdp.CLIENT_VP8, last, s.timestampBase + timestamp, extensions, payload);
    }
  }

  private RtpExtensions extensions(Sending s, Map<String, Integer> ids) {
    return RtpExtensions.NONE
        .with(extension(ids, Sdp.MID), s.mid.getBytes(StandardCharsets.US_ASCII))
        .with(extension(ids, Sdp.ABS_SEND_TIME), Upstream.sendTime(nanos.getAsLong()));
  }

  private static int extension(Map<String, Integer> ids, String uri) {
    return ids.getOrDefault(uri, 0);
  }

  private void sendRtp(
      Sending s, int type, boolean marker, int timestamp, RtpExtensions ext, byte[] payload) {
    s.sequence = s.sequence + 1 & 0xffff;
    s.lastTimestamp = timestamp;
    s.lastSentNanos = nanos.getAsLong();
    if (peer.sendRtp(new RtpPacket(type, marker, s.sequence, timestamp, s.ssrc, ext, payload))) {
      s.packets++;
      s.octets += payload.length;
    }
  }

  // ------------------------------------------------------------------ the connection

  private void event(Output.Event event) {
    switch (event) {
      case Output.Connected c -> {
        connected = true;
        events.connected();
        ready.complete(this);
      }
      case Output.RtpReceived r -> rtp(r.packet(), r.atNanos());
      case Output.RtcpReceived r -> rtcp(r.packets(), r.atNanos());
      case Output.DataReady d -> {
        long now = nanos.getAsLong();
        peer.openChannel(LOSSY, "", false, new DataChannel.Reliability.MaxRetransmits(0), now);
        peer.openChannel(RELIABLE, "", true, new DataChannel.Reliability.Reliable(), now);
      }
      case Output.ChannelOpened c -> {
        channels.put(c.channel().label(), c.channel().id());
        if (channels.containsKey(LOSSY) && channels.containsKey(RELIABLE)) {
          for (Runnable task = waitingData.poll(); task != null; task = waitingData.poll()) {
            task.run();
          }
        }
      }
      case Output.ChannelClosed c -> channels.values().remove(c.channel());
      case Output.MessageReceived m -> message(m.data());
      case Output.DataLost d -> channels.clear();
      case Output.PathChanged p -> {}
      case Output.Closed c -> end("the media connection ended: " + c.reason());
    }
  }

  private void rtp(RtpPacket packet, long at) {
    Receiving r = receiving.get(packet.ssrc());
    byte[] number = packet.extensions().get(Sdp.CLIENT_TRANSPORT_WIDE);
    if (number != null && number.length == 2) {
      arrivals.add((number[0] & 0xff) << 8 | (number[1] & 0xff), at);
    }
    if (r == null || !r.uplink.receive(packet, at)) {
      return;
    }
    String person = personOf(r.mid);
    if (person.isEmpty()) {
      return;
    }
    if (r.audio) {
      audio(r, person, packet);
    } else {
      for (Vp8Frames.Frame frame : r.frames.add(packet)) {
        Optional<byte[]> plain =
            decrypt(person, FrameCryptor.Kind.ofVp8(frame.data()), frame.data());
        plain.ifPresentOrElse(
            p -> {
              r.seenKeyFrame |= frame.keyFrame();
              events.video(person, new VideoFrame(frame.timestamp(), frame.keyFrame(), p));
            },
            () -> events.undecryptable(person));
      }
    }
  }

  private void audio(Receiving r, String person, RtpPacket packet) {
    if (!r.started) {
      r.started = true;
      r.extended = 0x10000L + packet.sequence();
    }
    long sequence = r.extended + (short) (packet.sequence() - (int) (r.extended & 0xffff));
    r.extended = Math.max(r.extended, sequence);
    byte[] level = packet.extensions().get(extension(Sdp.CLIENT_AUDIO_EXTENSIONS, Sdp.AUDIO_LEVEL));
    int loudness = level == null || level.length == 0 ? 127 : level[0] & 0x7f;
    decrypt(person, FrameCryptor.Kind.OPUS, packet.payload())
        .ifPresentOrElse(
            opus ->
                events.audio(
                    person,
                    new VoiceFrame(sequence, packet.timestamp(), clock.millis(), loudness, opus)),
            () -> events.undecryptable(person));
  }

  private Optional<byte[]> decrypt(String person, FrameCryptor.Kind kind, byte[] frame) {
    if (!encrypted) {
      return Optional.of(frame);
    }
    FrameCryptor cryptor = keys.get(person);
    return cryptor == null ? Optional.empty() : cryptor.decrypt(kind, frame);
  }

  /** Whose track arrives in a section; empty if it is not known. */
  private String personOf(String mid) {
    String track = trackOfMid.getOrDefault(mid, "");
    for (ParticipantInfo p : people.values()) {
      for (TrackInfo t : p.getTracksList()) {
        if (t.getSid().equals(track)) {
          return p.getIdentity();
        }
      }
    }
    return "";
  }

  private void rtcp(List<Rtcp> packets, long at) {
    for (Rtcp packet : packets) {
      switch (packet) {
        case Rtcp.Nack n -> n.sequences().forEach(s -> peer.resendRtp(n.media(), s));
        case Rtcp.Pli p -> keyFrameWanted(p.media());
        case Rtcp.Fir f -> keyFrameWanted(f.media());
        case Rtcp.SenderReport s -> {
          Receiving r = receiving.get(s.ssrc());
          if (r != null) {
            r.uplink.senderReport(s, at);
          }
        }
        case Rtcp.ReceiverReport r -> {}
        case Rtcp.Remb r -> {}
        case Rtcp.TransportFeedback f -> {}
        case Rtcp.Cname c -> {}
        case Rtcp.Bye b -> {}
      }
    }
  }

  private void keyFrameWanted(int ssrc) {
    for (Camera camera : cameras) {
      for (int i = 0; i < camera.layers.size(); i++) {
        if (camera.layers.get(i).ssrc == ssrc) {
          events.keyFrameWanted(camera, i);
        }
      }
    }
  }

  private int ticks;
  private final Arrivals arrivals = new Arrivals();

  private void tick() {
    if (!connected || closed) {
      return;
    }
    long now = nanos.getAsLong();
    List<Rtcp.ReportBlock> blocks = new ArrayList<>();
    boolean report = ++ticks % 50 == 0;
    for (Receiving r : receiving.values()) {
      List<Integer> missing = r.uplink.due(now);
      if (!missing.isEmpty()) {
        peer.sendRtcp(List.of(new Rtcp.Nack(1, r.uplink.ssrc(), missing)));
      }
      boolean stuck = !r.seenKeyFrame || r.frames.stuck();
      if (!r.audio && r.uplink.alive(now) && stuck && now - r.lastPli > 500_000_000L) {
        r.lastPli = now;
        peer.sendRtcp(List.of(new Rtcp.Pli(1, r.uplink.ssrc())));
      }
      if (report) {
        r.uplink.report(now).filter(b -> blocks.size() < 31).ifPresent(blocks::add);
      }
    }
    if (ticks % 5 == 0) {
      arrivals.report(1, 1).ifPresent(f -> peer.sendRtcp(List.of(f)));
    }
    if (report) {
      peer.sendRtcp(List.of(new Rtcp.ReceiverReport(1, List.copyOf(blocks))));
      sending.stream().filter(s -> s.packets > 0).forEach(s -> senderReport(s, now));
    }
  }

  private void senderReport(Sending s, long now) {
    long millis = clock.millis();
    long ntp = (millis / 1000 + 2_208_988_800L) << 32 | (millis % 1000 << 32) / 1000;
    int timestamp = s.lastTimestamp + (int) ((now - s.lastSentNanos) / 1000 * s.clock / 1_000_000);
    peer.sendRtcp(
        List.of(
            new Rtcp.SenderReport(s.ssrc, ntp, timestamp, s.packets, s.octets, List.of()),
            new Rtcp.Cname(s.ssrc, "aye")));
  }

  // ------------------------------------------------------------------ data

  private void sendPacket(UserPacket user, boolean reliable) {
    Integer channel = channels.get(reliable ? RELIABLE : LOSSY);
    if (channel == null) {
      return;
    }
    DataPacket.Builder packet = DataPacket.newBuilder();
    if (encrypted) {
      packet.setEncryptedPacket(
          own.seal(EncryptedPacketPayload.newBuilder().setUser(user).build()));
    } else {
      packet.setUser(user);
    }
    if (reliable) {
      packet.setSequence(++dataSequence);
    }
    peer.sendMessage(channel, false, packet.build().toByteArray(), nanos.getAsLong());
  }

  private void message(byte[] data) {
    DataPacket packet;
    try {
      packet = DataPacket.parseFrom(data);
    } catch (InvalidProtocolBufferException malformed) {
      return;
    }
    String from = packet.getParticipantIdentity();
    Optional<UserPacket> user;
    if (packet.hasEncryptedPacket()) {
      FrameCryptor cryptor = keys.get(from);
      user =
          cryptor == null
              ? Optional.empty()
              : cryptor
                  .open(packet.getEncryptedPacket())
                  .filter(EncryptedPacketPayload::hasUser)
                  .map(EncryptedPacketPayload::getUser);
      if (user.isEmpty()) {
        events.undecryptable(from);
      }
    } else {
      user = encrypted || !packet.hasUser() ? Optional.empty() : Optional.of(packet.getUser());
    }
    user.ifPresent(u -> events.data(from, u.getTopic(), u.getPayload().toByteArray()));
  }

  private void end(String why) {
    if (closed) {
      return;
    }
    signal(
        SignalRequest.newBuilder()
            .setLeave(LeaveRequest.newBuilder().setAction(LeaveRequest.Action.DISCONNECT).build())
            .build());
    closed = true;
    if (wire != null) {
      wire.close();
    } else if (dialling != null) {
      dialling.cancel(false);
    }
    if (ticking != null) {
      ticking.cancel(false);
    }
    if (pinging != null) {
      pinging.cancel(false);
    }
    peer.close(nanos.getAsLong());
    link.flush();
    ready.completeExceptionally(new IOException(why));
    publishing.values().forEach(p -> p.failed().accept(new IOException(why)));
    events.closed(why);
    release.run();
  }
}
