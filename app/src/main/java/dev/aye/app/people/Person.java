package dev.aye.app.people;

import dev.aye.log.Leaf;
import dev.aye.log.LogVerifier;
import dev.aye.log.Point;
import dev.aye.log.Verdict;
import dev.aye.media.MediaClient;
import dev.aye.media.StreamKey;
import dev.aye.media.VoiceFrame;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One simulated person in a meeting: does what the page in a browser does, with real media, real
 * encryption and a device key of its own.
 */
final class Person implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'", java.util.Locale.ROOT)
          .withZone(ZoneOffset.UTC);
  static final Map<String, String> IRIS =
      Map.of(
          "captions", "urn:aye:purpose:live-captions",
          "notes", "urn:aye:purpose:meeting-notes",
          "training", "urn:aye:purpose:train-own-models");
  private static final long KEY_DELAY_MILLIS = 500;
  private static final int KEYS = 16;

  /** Where the meeting is: its id and the secret in the fragment of its link. */
  @SuppressWarnings("ArrayRecordComponent") // passed on, never compared
  record Invitation(String meeting, byte[] secret) {
    /** What the link secret yields for the server, to be let in. */
    static byte[] knock(byte[] secret) {
      return Envelope.hkdf(secret, "aye/door/1", "", 32);
    }

    @Override
    public String toString() {
      return "Invitation";
    }
  }

  /** A yes, with what takes it back. */
  record Slip(String purpose, String medium, String handle, String secret) {
    @Override
    public String toString() {
      return "Slip " + handle;
    }
  }

  private final Talk talk;
  private final Invitation invitation;
  private final String name;
  private final SecureRandom random;
  private final InstantSource clock;
  private final Device device;
  private final KeyPair ecdh;
  private final String origin;
  private final LogVerifier log;
  private final String participant;
  private final String seat;
  private final URI server;

  private final Map<String, byte[]> members = new ConcurrentHashMap<>();
  private final Map<String, String> names = new ConcurrentHashMap<>();
  private final Map<String, AtomicLong> heardFrames = new ConcurrentHashMap<>();
  private final Map<String, AtomicLong> seenFrames = new ConcurrentHashMap<>();
  private final AtomicLong undecryptable = new AtomicLong();
  private final Map<String, JsonNode> captions = new ConcurrentHashMap<>();
  private final Map<String, JsonNode> withdrawals = new ConcurrentHashMap<>();
  private final List<Slip> slips = new ArrayList<>();
  private final List<String> receipts = new ArrayList<>();
  private volatile @Nullable JsonNode sign;
  private final CountDownLatch inside = new CountDownLatch(1);
  private volatile boolean closed;

  private volatile @Nullable MediaClient client;
  private volatile MediaClient.@Nullable Microphone microphone;
  private volatile @Nullable MediaClient copyClient;
  private volatile MediaClient.@Nullable Microphone copy;
  private volatile boolean muted;

  /**
   * When this device took something back and went on sending its copy; 0 for one that keeps to it.
   */
  private volatile long defyingSince;

  private final AtomicLong defiantFrames = new AtomicLong();
  private volatile long shutOutAt;

  // Guarded by this.
  private int keyIndex = -1;

  private final Mouth mouth = new Mouth(this::send);

  private Person(
      Talk talk,
      Invitation invitation,
      String name,
      Optional<String> hostKey,
      SecureRandom random,
      InstantSource clock)
      throws IOException, InterruptedException {
    this.talk = talk;
    this.invitation = invitation;
    this.name = name;
    this.random = random;
    this.clock = clock;
    this.device = new Device(random, clock);
    this.ecdh = Device.pair(random);
    JsonNode meeting = talk.get("/api/meetings/" + invitation.meeting(), "");
    this.origin = meeting.path("log").path("origin").asString("");
    this.log = verifier(meeting.path("log").path("vkey").asString(""));
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("name", name);
    body.put("device", device.joinProof(origin, invitation.meeting()));
    body.put("knock", Device.b64u(Invitation.knock(invitation.secret())));
    hostKey.ifPresent(key -> body.put("hostKey", key));
    JsonNode joined =
        talk.post("/api/meetings/" + invitation.meeting() + "/participants", "", body);
    this.participant = joined.path("participantId").asString("");
    this.seat = joined.path("seat").asString("");
    this.server = URI.create(joined.path("serverUrl").asString(""));
    connect(joined.path("token").asString(""));
  }

  /** Joins the meeting, with microphone on. */
  static Person join(
      Talk talk,
      Invitation invitation,
      String name,
      Optional<String> hostKey,
      SecureRandom random,
      InstantSource clock)
      throws IOException, InterruptedException {
    Person person = new Person(talk, invitation, name, hostKey, random, clock);
    Thread.ofVirtual().name("events").start(person::listen);
    return person;
  }

  private static LogVerifier verifier(String vkey) throws IOException {
    return switch (LogVerifier.of(vkey)) {
      case Verdict.Holds<LogVerifier>(LogVerifier verifier) -> verifier;
      case Verdict.Fails<LogVerifier> fails -> throw new IOException("the log's key is none");
    };
  }

  // ---- the meeting

  private void connect(String token) throws IOException, InterruptedException {
    MediaClient joined =
        get(
            MediaClient.connect(
                server, token, true, InetAddress.getLoopbackAddress(), random, clock, meeting()));
    client = joined;
    rotate();
    joined.setAttributes(Map.of("aye.member", memberRecord()));
    inside.countDown();
    microphone = get(joined.publishMicrophone());
    mouth.start();
  }

  private MediaClient.Events meeting() {
    return new MediaClient.Events() {
      @Override
      public void person(MediaClient.Person person) {
        Thread.startVirtualThread(() -> met(person));
      }

      @Override
      public void left(String identity) {
        if (members.remove(identity) != null) {
          Thread.startVirtualThread(Person.this::rotate);
        }
      }

      @Override
      public void audio(String identity, VoiceFrame frame) {
        heardFrames.computeIfAbsent(identity, i -> new AtomicLong()).incrementAndGet();
      }

      @Override
      public void video(String identity, MediaClient.VideoFrame frame) {
        seenFrames.computeIfAbsent(identity, i -> new AtomicLong()).incrementAndGet();
      }

      @Override
      public void undecryptable(String identity) {
        undecryptable.incrementAndGet();
      }

      @Override
      public void keyFrameWanted(MediaClient.Camera camera, int layer) {
        Screen showing = screen;
        if (showing != null) {
          showing.wantKeyFrame();
        }
      }

      @Override
      public void muted(String trackSid) {
        muted = true;
      }
    };
  }

  /** The signed record by which the others know this member, with the MAC of the link secret. */
  private String memberRecord() {
    Map<String, Object> payload = new LinkedHashMap<>();
    payload.put("meeting", invitation.meeting());
    payload.put("participant", participant);
    payload.put("name", name);
    payload.put("ecdh", Device.b64u(Device.point(ecdh)));
    String jws = device.sign("aye-member+jws", payload);
    byte[] mac =
        Envelope.hmac(
            Envelope.knockKey(invitation.secret(), invitation.meeting()),
            jws.getBytes(StandardCharsets.US_ASCII));
    return jws + "." + Device.b64u(mac);
  }

  /** Somebody is there, or told something new of themself. */
  private void met(MediaClient.Person person) {
    try {
      inside.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    if (person.identity().equals(participant)) {
      return;
    }
    String record = person.attributes().get("aye.member");
    if (record != null && !members.containsKey(person.identity())) {
      Optional<byte[]> point = member(person.identity(), record);
      if (point.isPresent()) {
        members.put(person.identity(), point.get());
        names.put(person.identity(), person.name());
        rotate();
      }
    }
    String wrapped = person.attributes().get("aye.k." + participant);
    byte[] point = members.get(person.identity());
    if (wrapped != null && point != null) {
      take(person.identity(), point, wrapped);
    }
  }

  /**
   * The ECDH key in a member record, if the record is one of this meeting and of that participant.
   */
  private Optional<byte[]> member(String identity, String record) {
    int dot = record.lastIndexOf('.');
    if (dot < 0) {
      return Optional.empty();
    }
    String jws = record.substring(0, dot);
    byte[] mac =
        Envelope.hmac(
            Envelope.knockKey(invitation.secret(), invitation.meeting()),
            jws.getBytes(StandardCharsets.US_ASCII));
    try {
      if (!MessageDigest.isEqual(mac, Device.fromB64u(record.substring(dot + 1)))) {
        return Optional.empty();
      }
      JsonNode payload = Device.verified(jws, "aye-member+jws");
      boolean same =
          payload.path("meeting").asString("").equals(invitation.meeting())
              && payload.path("participant").asString("").equals(identity);
      return same
          ? Optional.of(Device.fromB64u(payload.path("ecdh").asString("")))
          : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private void take(String sender, byte[] point, String wrapped) {
    int dot = wrapped.indexOf('.');
    try {
      int index = Integer.parseInt(wrapped.substring(0, dot));
      byte[] key =
          Envelope.open(
              Envelope.senderWrapKey(
                  ecdh.getPrivate(), point, invitation.meeting(), sender, participant, index),
              Device.fromB64u(wrapped.substring(dot + 1)));
      meetingClient().setKey(sender, new StreamKey(key), index);
    } catch (Envelope.Unreadable | RuntimeException e) {
      undecryptable.incrementAndGet();
    }
  }

  /** Draws a new sender key, gives it to each member, and uses it half a second later. */
  private void rotate() {
    Map<String, String> attributes = new HashMap<>();
    byte[] fresh = device.draw(32);
    int index;
    boolean first;
    synchronized (this) {
      first = keyIndex < 0;
      keyIndex = (keyIndex + 1) % KEYS;
      index = keyIndex;
    }
    members.forEach((member, point) -> {
      try {
        byte[] key =
            Envelope.senderWrapKey(
                ecdh.getPrivate(), point, invitation.meeting(), participant, member, index);
        attributes.put(
            "aye.k." + member, index + "." + Device.b64u(Envelope.close(key, fresh, random)));
      } catch (Envelope.Unreadable e) {
        members.remove(member);
      }
    });
    if (!attributes.isEmpty()) {
      meetingClient().setAttributes(attributes);
    }
    if (first) {
      meetingClient().useKey(new StreamKey(fresh), index);
    } else {
      Thread.startVirtualThread(() -> {
        pause(KEY_DELAY_MILLIS);
        synchronized (this) {
          if (keyIndex == index) {
            meetingClient().useKey(new StreamKey(fresh), index);
          }
        }
      });
    }
  }

  // ---- voice and picture

  private volatile @Nullable Screen screen;

  /** Shows a film again and again, given in its sizes, the smallest first. */
  void show(List<Film> sizes) throws IOException, InterruptedException {
    MediaClient.Camera camera =
        get(
            meetingClient()
                .publishCamera(
                    sizes.stream()
                        .map(film ->
                            new MediaClient.Layer(film.width(), film.height(), 400 * film.width()))
                        .toList()));
    Screen showing = new Screen(sizes, camera);
    screen = showing;
    showing.start();
  }

  /** Says something, and returns when it has been said. */
  void say(Voice voice) throws InterruptedException {
    mouth.say(voice);
  }

  /** Mutes: the copy first, then the meeting. */
  void mute(boolean on) {
    muted = on;
    MediaClient.Microphone copied = copy;
    if (copied != null) {
      copied.mute(on);
    }
    MediaClient.Microphone own = microphone;
    if (own != null) {
      own.mute(on);
    }
  }

  private void send(Voice.Packet packet) {
    if (muted) {
      return;
    }
    MediaClient.Microphone copied = copy;
    if (copied != null) {
      copied.send(packet.opus(), Voice.FRAME_TICKS, packet.level());
      if (defyingSince > 0 && shutOutAt < defyingSince) {
        defiantFrames.incrementAndGet();
      }
    }
    MediaClient.Microphone own = microphone;
    if (own != null) {
      own.send(packet.opus(), Voice.FRAME_TICKS, packet.level());
    }
  }

  /**
   * Writes a chat message to everybody, and a copy of it to the companion where that is granted.
   */
  void chat(String text) {
    byte[] message =
        JSON.writeValueAsBytes(
            Map.of(
                "id", Device.b64u(device.draw(16)),
                "text", text,
                "at", TIME.format(clock.instant())));
    MediaClient copying = copyClient;
    if (copying != null && granted("chat")) {
      copying.sendData("chat", message, true);
    }
    meetingClient().sendData("chat", message, true);
  }

  // ---- consent

  /**
   * Answers the card: signs it, has it logged, and checks the proof. What is said to training is a
   * receipt of its own (docs/protocol.md, Receipt).
   */
  void answer(List<String> yes, List<String> no) throws IOException, InterruptedException {
    JsonNode meeting = talk.get("/api/meetings/" + invitation.meeting(), "");
    String notice = meeting.path("notice").path("en").asString("");
    JsonNode shown = JSON.readTree(notice);
    JsonNode recipient = meeting.path("ai").path("recipients").path(0);
    checkKey(recipient);
    List<Map<String, Object>> training = new ArrayList<>();
    List<Map<String, Object>> others = new ArrayList<>();
    List<Slip> drawn = new ArrayList<>();
    for (JsonNode row : shown.path("rows")) {
      String purpose = row.path("purpose").asString("");
      boolean given = yes.contains(purpose);
      if (!given && !no.contains(purpose)) {
        continue;
      }
      for (JsonNode medium : row.path("media")) {
        String id = medium.path("medium").asString("");
        Map<String, Object> choice = new LinkedHashMap<>();
        choice.put("purpose", purpose);
        choice.put("purposeIri", IRIS.getOrDefault(purpose, ""));
        choice.put("medium", id);
        choice.put("state", given ? "given" : "refused");
        if (given) {
          byte[] secret = device.draw(32);
          String handle = Device.b64u(Device.sha256(secret));
          choice.put("handle", handle);
          drawn.add(new Slip(purpose, id, handle, Device.b64u(secret)));
        }
        (purpose.equals("training") ? training : others).add(choice);
      }
    }
    for (List<Map<String, Object>> choices : List.of(others, training)) {
      if (!choices.isEmpty()) {
        record(notice, recipient, choices, drawn);
      }
    }
    if (granted("voice") || granted("chat")) {
      openStream(recipient);
    }
  }

  /** Signs one receipt, has it logged, and keeps the slips of what it gives. */
  private void record(
      String notice, JsonNode recipient, List<Map<String, Object>> choices, List<Slip> drawn)
      throws IOException, InterruptedException {
    JsonNode shown = JSON.readTree(notice);
    Map<String, Object> receipt = new LinkedHashMap<>();
    receipt.put("schema", "urn:aye:receipt:1");
    receipt.put("id", Device.b64u(device.draw(16)));
    receipt.put("origin", origin);
    receipt.put("meeting", invitation.meeting());
    receipt.put("participant", participant);
    receipt.put("issued", TIME.format(clock.instant()));
    receipt.put(
        "notice",
        Map.of(
            "version", shown.path("version").asInt(),
            "locale", shown.path("locale").asString(""),
            "hash", Device.b64u(Device.sha256(notice.getBytes(StandardCharsets.UTF_8)))));
    receipt.put("controller", shown.path("controller").path("name").asString(""));
    receipt.put(
        "recipient",
        Map.of(
            "id", recipient.path("id").asString(""),
            "key", recipient.path("key").asString(""),
            "processor",
                Map.of(
                    "host", recipient.path("processor").path("host").asString(""),
                    "model", recipient.path("processor").path("model").asString(""))));
    receipt.put("scope", Map.of("kind", "meeting"));
    receipt.put("choices", choices);
    String jws = device.sign("aye-receipt+jws", receipt);
    byte[] salt = device.draw(32);
    JsonNode answered =
        talk.post(
            "/api/meetings/" + invitation.meeting() + "/answers",
            "Bearer " + seat,
            Map.of("receipt", jws, "salt", Device.b64u(salt)));
    byte[] commitment = Device.sha256(Device.concat(salt, jws.getBytes(StandardCharsets.US_ASCII)));
    String proof = answered.path("proof").asString("");
    Leaf leaf = new Leaf.Answer(dev.aye.log.Hash.of(commitment));
    if (!(log.proof(proof, leaf) instanceof Verdict.Holds)) {
      throw new IOException("the answer is not in the log");
    }
    Set<Object> handles = new HashSet<>();
    choices.forEach(choice -> handles.add(choice.getOrDefault("handle", "")));
    synchronized (slips) {
      drawn.stream().filter(slip -> handles.contains(slip.handle())).forEach(slips::add);
      receipts.add(
          JSON.writeValueAsString(
              Map.of(
                  "receipt",
                  jws,
                  "salt",
                  Device.b64u(salt),
                  "index",
                  answered.path("index").asLong(),
                  "proof",
                  proof)));
    }
  }

  private void checkKey(JsonNode recipient) throws IOException {
    Leaf leaf = new Leaf.Key(Point.of(Device.fromB64u(recipient.path("key").asString(""))));
    if (!(log.proof(recipient.path("keyProof").asString(""), leaf) instanceof Verdict.Holds)) {
      throw new IOException("the companion's key is not in the log");
    }
  }

  private boolean granted(String medium) {
    synchronized (slips) {
      return slips.stream().anyMatch(slip -> slip.medium().equals(medium));
    }
  }

  /** Publishes a copy of the voice into the listening room, under a key drawn for it. */
  private void openStream(JsonNode recipient) throws IOException, InterruptedException {
    closeStream();
    byte[] streamKey = device.draw(32);
    String id = recipient.path("id").asString("");
    byte[] wrapped;
    try {
      wrapped =
          Envelope.wrapStreamKey(
              streamKey,
              Device.fromB64u(recipient.path("key").asString("")),
              invitation.meeting(),
              participant,
              id,
              random);
    } catch (Envelope.Unreadable e) {
      throw new IOException("the companion's key is no key", e);
    }
    JsonNode stream =
        talk.post(
            "/api/meetings/" + invitation.meeting() + "/streams",
            "Bearer " + seat,
            Map.of("recipient", id, "wrappedKey", Device.b64u(wrapped)));
    MediaClient publishing =
        get(
            MediaClient.connect(
                URI.create(stream.path("serverUrl").asString("")),
                stream.path("token").asString(""),
                true,
                InetAddress.getLoopbackAddress(),
                random,
                clock,
                new MediaClient.Events() {
                  @Override
                  public void closed(String why) {
                    shutOutAt = clock.millis();
                  }
                }));
    publishing.useKey(new StreamKey(streamKey), 0);
    copyClient = publishing;
    if (granted("voice")) {
      copy = get(publishing.publishMicrophone());
    }
  }

  private void closeStream() {
    copy = null;
    MediaClient publishing = copyClient;
    copyClient = null;
    if (publishing != null) {
      publishing.close();
    }
  }

  /**
   * Takes back every yes for this purpose, or all. The stream ends at its source first; if
   * something is still granted it is opened anew under a new key.
   *
   * @param defiant the device goes on sending its copy all the same, as a broken or a false one
   *     would: it is then the server that has to end it
   * @return the handles that were withdrawn, each with a promise signed by the log
   */
  Map<String, String> withdraw(Optional<String> purpose, boolean defiant)
      throws IOException, InterruptedException {
    List<Slip> due;
    synchronized (slips) {
      due =
          slips.stream()
              .filter(slip -> purpose.isEmpty() || purpose.get().equals(slip.purpose()))
              .toList();
      slips.removeAll(due);
    }
    if (defiant) {
      defyingSince = clock.millis();
    } else {
      closeStream();
    }
    Map<String, String> promises = new LinkedHashMap<>();
    for (Slip slip : due) {
      JsonNode answer = talk.post("/api/withdrawals", "", Map.of("secret", slip.secret()));
      String promise = answer.path("promise").asString("");
      if (!(log.note(promise) instanceof Verdict.Holds)) {
        throw new IOException("the promise is not signed by the log");
      }
      promises.put(slip.handle(), promise);
    }
    if (!defiant && (granted("voice") || granted("chat"))) {
      JsonNode meeting = talk.get("/api/meetings/" + invitation.meeting(), "");
      openStream(meeting.path("ai").path("recipients").path(0));
    }
    return promises;
  }

  /** What the server holds and knows of this person, as they alone can see it. */
  JsonNode account() throws IOException, InterruptedException {
    return talk.post(
        "/api/me", "Device " + device.requestProof(origin, "POST", "/api/me"), Map.of());
  }

  /** The notes of the meeting, as everybody with a seat can read them. */
  JsonNode notes() throws IOException, InterruptedException {
    return talk.get("/api/meetings/" + invitation.meeting() + "/notes", "Bearer " + seat);
  }

  // ---- what it knows

  private void listen() {
    while (!closed) {
      try {
        talk.events(
            "/api/meetings/" + invitation.meeting() + "/events", "Bearer " + seat, this::told);
      } catch (IOException e) {
        pause(1_000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private void told(String event, JsonNode data) {
    switch (event) {
      case "caption" -> captions.put(data.path("id").asString(""), data);
      case "ai" -> sign = data;
      case "withdrawal" -> withdrawals.put(data.path("handle").asString(""), data);
      default -> {}
    }
  }

  /** Everything this person noticed so far, for the one who directs the simulation. */
  Map<String, Object> report() {
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("name", name);
    report.put("participant", participant);
    report.put("person", device.person());
    Map<String, Long> heard = new LinkedHashMap<>();
    heardFrames.forEach((who, count) -> heard.put(names.getOrDefault(who, who), count.get()));
    report.put("heard", heard);
    Map<String, Long> seen = new LinkedHashMap<>();
    seenFrames.forEach((who, count) -> seen.put(names.getOrDefault(who, who), count.get()));
    report.put("seen", seen);
    report.put("undecryptable", undecryptable.get());
    report.put("captions", List.copyOf(captions.values()));
    report.put("withdrawals", List.copyOf(withdrawals.values()));
    synchronized (slips) {
      report.put("receipts", List.copyOf(receipts));
    }
    if (defyingSince > 0) {
      report.put("defiantFrames", defiantFrames.get());
      report.put("shutOutAfterMs", shutOutAt < defyingSince ? -1 : shutOutAt - defyingSince);
    }
    JsonNode shown = sign;
    if (shown != null) {
      report.put("sign", shown);
    }
    return report;
  }

  private MediaClient meetingClient() {
    MediaClient joined = client;
    if (joined == null) {
      throw new IllegalStateException("not in the meeting yet");
    }
    return joined;
  }

  private static <T> T get(java.util.concurrent.CompletableFuture<T> future)
      throws IOException, InterruptedException {
    try {
      return future.get(30, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new IOException("media: " + e.getCause(), e);
    } catch (TimeoutException e) {
      throw new IOException("media did not come up within 30 s", e);
    }
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Leaves the meeting. */
  @Override
  public void close() {
    closed = true;
    mouth.close();
    Screen showing = screen;
    if (showing != null) {
      showing.close();
    }
    closeStream();
    MediaClient joined = client;
    if (joined != null) {
      joined.close();
    }
  }
}
