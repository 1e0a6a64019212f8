package dev.aye.media;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.aye.media.transport.DtlsIdentity;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import livekit.LivekitRtc.SignalResponse;

/** A room and the people in it, in a {@link Simulation}. */
final class Meeting {
  static final int FRAME = 60;

  /** Its tokens live for a minute. */
  static final TokenKey KEY = new TokenKey("aye", new byte[32], Duration.ofMinutes(1));

  final Simulation time;
  final Context context;
  final Room room;
  final List<String> told = new ArrayList<>();
  private final SecureRandom random;

  /** A token that was sent over the signalling. */
  record Renewed(String token, Instant at) {}

  /** Somebody in the meeting, with what they got. */
  final class Guest implements MediaClient.Events {
    final String name;
    final MediaClient client;
    boolean connected;
    String closed = "";
    final Map<String, List<VoiceFrame>> heard = new HashMap<>();
    final Map<String, List<MediaClient.VideoFrame>> seen = new HashMap<>();
    final Map<String, MediaClient.Person> people = new HashMap<>();
    final List<String> messages = new ArrayList<>();
    final List<String> gone = new ArrayList<>();
    int undecryptable;
    int keyFramesWanted;
    final List<String> muted = new ArrayList<>();

    /** The tokens that came over the signalling, with when they came. */
    final List<Renewed> renewed = new ArrayList<>();

    private Session session;

    Guest(String name, AccessToken.Grants grants, boolean encrypted) {
      this.name = name;
      client =
          new MediaClient(
              encrypted,
              random,
              time::instant,
              time::nanos,
              time.owner(),
              time.clientNetwork(),
              () -> {},
              this);
      session =
          new Session(
              context,
              Optional.of(room),
              new SignalSink() {
                @Override
                public void send(byte[] frame) {
                  renewed(frame);
                  time.owner().execute(() -> client.received(frame));
                }

                @Override
                public void close() {}
              });
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
      var join = client.begin();
      AccessToken token = new AccessToken(name, name, grants);
      room.post(() -> room.join(session, token, join));
    }

    private void renewed(byte[] frame) {
      try {
        SignalResponse response = SignalResponse.parseFrom(frame);
        if (response.hasRefreshToken()) {
          renewed.add(new Renewed(response.getRefreshToken(), time.instant()));
        }
      } catch (InvalidProtocolBufferException e) {
        throw new AssertionError(e);
      }
    }

    void cutSignalling() {
      session.closed();
    }

    @Override
    public void connected() {
      connected = true;
    }

    @Override
    public void person(MediaClient.Person person) {
      people.put(person.identity(), person);
    }

    @Override
    public void left(String identity) {
      gone.add(identity);
      people.remove(identity);
    }

    @Override
    public void audio(String identity, VoiceFrame frame) {
      heard.computeIfAbsent(identity, i -> new ArrayList<>()).add(frame);
    }

    @Override
    public void video(String identity, MediaClient.VideoFrame frame) {
      seen.computeIfAbsent(identity, i -> new ArrayList<>()).add(frame);
    }

    @Override
    public void data(String identity, String topic, byte[] payload) {
      messages.add(
          identity
              + " "
              + topic
              + " "
              + new String(payload, java.nio.charset.StandardCharsets.UTF_8));
    }

    @Override
    public void undecryptable(String identity) {
      undecryptable++;
    }

    @Override
    public void keyFrameWanted(MediaClient.Camera camera, int layer) {
      keyFramesWanted++;
    }

    @Override
    public void muted(String sid) {
      muted.add(sid);
    }

    @Override
    public void closed(String why) {
      closed = why;
    }
  }

  Meeting(long seed, Room.Kind kind, double loss, long delayMillis, long jitterMillis) {
    time = new Simulation(seed, loss, delayMillis, jitterMillis);
    Random repeatable = new Random(seed);
    random =
        new SecureRandom() {
          @Override
          public void nextBytes(byte[] bytes) {
            repeatable.nextBytes(bytes);
          }
        };
    context =
        new Context(
            DtlsIdentity.create(random, time.instant()),
            random,
            time::instant,
            time::nanos,
            List.of(Simulation.SERVER),
            time.serverNetwork(),
            new RoomListener() {
              @Override
              public void joined(String room, String identity) {
                told.add("joined " + identity);
              }

              @Override
              public void left(String room, String identity) {
                told.add("left " + identity);
              }

              @Override
              public void trackMuted(String room, String identity, RoomControl.Track track) {
                told.add("muted " + identity + " " + track.muted());
              }

              @Override
              public void speaking(String room, String identity, boolean active, double level) {
                told.add("speaking " + identity + " " + active);
              }
            },
            KEY);
    room = new Room("r", kind, kind == Room.Kind.MEETING ? 5 : 1, context, time.owner());
  }

  Guest join(String name, boolean encrypted) {
    Guest guest = new Guest(name, AccessToken.Grants.meeting("r"), encrypted);
    time.runUntil(() -> guest.connected, 20_000);
    return guest;
  }

  static StreamKey key(String name) {
    byte[] raw = new byte[32];
    new Random(name.hashCode()).nextBytes(raw);
    return new StreamKey(raw);
  }

  <T> T wait(CompletableFuture<T> future) {
    if (!time.runUntil(future::isDone, 20_000)) {
      throw new AssertionError("nothing came of it");
    }
    return future.join();
  }

  /** Sends so many frames of 20 ms, numbered from a start, while time passes. */
  void talk(MediaClient.Microphone microphone, int from, int frames, int level) {
    for (int i = 0; i < frames; i++) {
      microphone.send(frame(from + i), 960, level);
      time.run(20);
    }
  }

  static byte[] frame(int number) {
    byte[] frame = new byte[FRAME];
    new Random(number).nextBytes(frame);
    frame[0] = 0x78;
    frame[1] = (byte) (number >> 8);
    frame[2] = (byte) number;
    return frame;
  }

  static int number(byte[] frame) {
    return (frame[1] & 0xff) << 8 | (frame[2] & 0xff);
  }
}
