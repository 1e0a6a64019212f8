package dev.aye.media;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import livekit.LivekitModels;
import livekit.LivekitModels.DataPacket;
import livekit.LivekitModels.DisconnectReason;
import livekit.LivekitModels.ParticipantInfo;
import livekit.LivekitModels.SpeakerInfo;
import livekit.LivekitRtc.JoinRequest;
import livekit.LivekitRtc.LeaveRequest;
import livekit.LivekitRtc.ParticipantUpdate;
import livekit.LivekitRtc.SignalResponse;
import livekit.LivekitRtc.SpeakersChanged;
import org.jspecify.annotations.Nullable;

/**
 * People who exchange media, or (a listening room) one publisher whom a {@link Tap} hears.
 *
 * <p>Lives on one thread: every method but {@link #tap}, {@link #view} and the getters of constants
 * is called there. In a listening room there is one identity, nobody subscribes and nobody is told
 * of anybody; a meeting room refuses a tap.
 */
final class Room {
  enum Kind {
    MEETING,
    LISTENING
  }

  private static final System.Logger LOG = System.getLogger(Room.class.getName());
  private static final long TICK_MILLIS = 10;
  private static final int MAX_REMOVED = 1024;
  private static final long ALLOCATION_NANOS = 250_000_000L;
  private static final long REPORT_NANOS = 1_000_000_000L;
  private static final long NACK_NANOS = 20_000_000L;

  private final String name;
  private final Kind kind;
  private final int capacity;
  private final Context context;
  private final ScheduledExecutorService owner;
  private final LivekitModels.Room info;
  private @Nullable ScheduledFuture<?> ticker;

  private final Map<String, Member> members = new LinkedHashMap<>();
  private final Set<String> removed = new HashSet<>();
  private final ArrayDeque<Member> dirty = new ArrayDeque<>();
  private final Speakers speakers = new Speakers();
  private final AtomicReference<@Nullable Tap> tap = new AtomicReference<>();
  private volatile List<RoomControl.Participant> view = List.of();
  private boolean closed;
  private @Nullable String claimedBy;
  private long speakersAt;
  private long allocationAt;
  private long reportAt;
  private long nackAt;

  Room(String name, Kind kind, int capacity, Context context, ScheduledExecutorService owner) {
    this.owner = owner;
    this.name = name;
    this.kind = kind;
    this.capacity = capacity;
    this.context = context;
    this.info =
        LivekitModels.Room.newBuilder()
            .setSid(context.id("RM_"))
            .setName(name)
            .setMaxParticipants(capacity)
            .setCreationTime(context.clock().instant().getEpochSecond())
            .setCreationTimeMs(context.clock().millis())
            .addAllEnabledCodecs(Member.CODECS)
            .build();
  }

  String name() {
    return name;
  }

  Kind kind() {
    return kind;
  }

  Context context() {
    return context;
  }

  ScheduledExecutorService owner() {
    return owner;
  }

  /**
   * Runs a task on the room's thread. Any thread. A defect is logged and leaves the room as it is.
   */
  void post(Runnable task) {
    try {
      owner.execute(guarded(task));
    } catch (RejectedExecutionException stopped) {
      LOG.log(System.Logger.Level.DEBUG, "the server has stopped");
    }
  }

  private static Runnable guarded(Runnable task) {
    return () -> {
      try {
        task.run();
      } catch (RuntimeException defect) {
        LOG.log(System.Logger.Level.ERROR, "a room failed at a task", defect);
      }
    };
  }

  /** Who is here, as last seen by the room's thread. Any thread. */
  List<RoomControl.Participant> view() {
    return view;
  }

  /**
   * What a member may go on doing: in a meeting all they could, in a listening room only what a
   * live permit covers at this moment; nothing when none is live.
   */
  Optional<AccessToken.Grants> standing(AccessToken.Grants grants) {
    if (kind == Kind.MEETING) {
      return Optional.of(grants);
    }
    return Optional.ofNullable(tap.get()).flatMap(listener -> listener.standing(grants));
  }

  /** Attaches a tap; false if this is a meeting or somebody taps already. Any thread. */
  boolean tap(Tap listener) {
    return kind == Kind.LISTENING && tap.compareAndSet(null, listener);
  }

  /** Detaches whatever tap is there. Any thread. */
  void untap() {
    tap.set(null);
  }

  LivekitModels.Room info() {
    return info.toBuilder()
        .setNumParticipants(members.size())
        .setNumPublishers((int) members.values().stream().filter(Member::publishes).count())
        .build();
  }

  /** A client has come or come back. The first thing it hears is join, reconnect or leave. */
  void join(Session session, AccessToken token, JoinRequest request) {
    String identity = token.identity();
    if (closed || removed.contains(identity)) {
      session.leave(LeaveRequest.Action.DISCONNECT, DisconnectReason.PARTICIPANT_REMOVED);
      return;
    }
    Member present = members.get(identity);
    if (request.getReconnect()) {
      if (present != null && present.sid().equals(request.getParticipantSid())) {
        present.resume(session);
      } else {
        session.leave(LeaveRequest.Action.RECONNECT, DisconnectReason.STATE_MISMATCH);
      }
      return;
    }
    if (kind == Kind.LISTENING && claimedBy != null && !claimedBy.equals(identity)) {
      session.leave(LeaveRequest.Action.DISCONNECT, DisconnectReason.JOIN_FAILURE);
      return;
    }
    if (present != null) {
      present.leave(LeaveRequest.Action.DISCONNECT, DisconnectReason.DUPLICATE_IDENTITY);
    } else if (members.size() >= capacity) {
      session.leave(LeaveRequest.Action.DISCONNECT, DisconnectReason.JOIN_FAILURE);
      return;
    }
    claimedBy = identity;
    Member member = new Member(this, context, token);
    members.put(identity, member);
    refresh(); // who is told that they are in is listed by then
    member.start(session, request);
    if (ticker == null) {
      Runnable tick = guarded(() -> tick(context.nanos().getAsLong()));
      ticker = owner.scheduleAtFixedRate(tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    }
    refresh();
    context.listener().joined(name, identity);
    announce(member, false);
    for (Member other : members.values()) {
      if (other != member) {
        other.publications().forEach(p -> subscribe(member, p));
      }
    }
    member.requireSections();
    flush();
  }

  /** Those of whom a member is told. */
  Collection<Member> others(Member of) {
    if (kind == Kind.LISTENING) {
      return List.of();
    }
    return members.values().stream().filter(m -> m != of && !m.token().grants().hidden()).toList();
  }

  /** Tells everybody who may see the member how they are now. */
  void announce(Member member, boolean toSelf) {
    refresh();
    ParticipantInfo state = member.info();
    SignalResponse update =
        SignalResponse.newBuilder()
            .setUpdate(ParticipantUpdate.newBuilder().addParticipants(state))
            .build();
    if (toSelf) {
      member.signal(update);
    }
    if (kind == Kind.MEETING && !member.token().grants().hidden()) {
      for (Member other : members.values()) {
        if (other != member) {
          other.signal(update);
        }
      }
    }
  }

  /** The member is gone: out of the map, out of every subscription, and everybody knows. */
  void left(Member member) {
    if (!members.remove(member.identity(), member)) {
      return;
    }
    speakers.forget(member.sid());
    for (Publication p : List.copyOf(member.publications())) {
      unsubscribeAll(p);
    }
    for (Member other : members.values()) {
      other.forgetSubscriptionsOf(member);
    }
    announce(member, false);
    context.listener().left(name, member.identity());
  }

  /** A track is there: told to all, and subscribed to by all who may. */
  void published(Publication publication) {
    announce(publication.owner(), false);
    context.listener().trackPublished(name, publication.owner().identity(), publication.view());
    for (Member other : members.values()) {
      if (other != publication.owner()) {
        subscribe(other, publication);
        other.requireSections();
      }
    }
  }

  void unpublished(Publication publication) {
    unsubscribeAll(publication);
    announce(publication.owner(), false);
    context.listener().trackUnpublished(name, publication.owner().identity(), publication.view());
  }

  void muted(Publication publication) {
    announce(publication.owner(), false);
    context.listener().trackMuted(name, publication.owner().identity(), publication.view());
  }

  private void subscribe(Member member, Publication publication) {
    if (kind == Kind.MEETING && publication.mid() != null) {
      member.subscribe(publication);
    }
  }

  private static void unsubscribeAll(Publication publication) {
    for (Subscription s : List.copyOf(publication.subscriptions())) {
      s.member().unsubscribe(publication.sid());
      s.member().requireSections();
    }
  }

  Optional<Publication> publication(String sid) {
    return members.values().stream()
        .flatMap(m -> m.publications().stream())
        .filter(p -> p.sid().equals(sid))
        .findFirst();
  }

  /** An audio packet with its level, seen before forwarding. */
  void heard(
      Publication publication, dev.aye.media.transport.RtpPacket packet, int level, long at) {
    if (publication.source() == AccessToken.Source.MICROPHONE) {
      speakers.heard(publication.owner().sid(), level);
      Tap listener = tap.get();
      if (listener != null) {
        listener.packet(packet, level, at);
      }
    }
  }

  /** A data packet from a member, already stamped with who sent it. */
  void message(Member from, String channel, DataPacket packet) {
    Tap listener = tap.get();
    if (listener != null) {
      listener.message(packet);
    }
    if (kind == Kind.LISTENING) {
      return;
    }
    byte[] bytes = packet.toByteArray();
    for (Member other : members.values()) {
      boolean addressed =
          packet.getDestinationIdentitiesCount() == 0
              || packet.getDestinationIdentitiesList().contains(other.identity());
      if (other != from && addressed && other.token().grants().canSubscribe()) {
        other.sendData(channel, bytes);
      }
    }
  }

  void mute(String identity) {
    Member member = members.get(identity);
    if (member != null) {
      member.muteMicrophones();
      flush();
    }
  }

  void remove(String identity) {
    if (removed.size() < MAX_REMOVED) {
      removed.add(identity);
    }
    Member member = members.get(identity);
    if (member != null) {
      member.leave(LeaveRequest.Action.DISCONNECT, DisconnectReason.PARTICIPANT_REMOVED);
      flush();
    }
  }

  void close() {
    closed = true;
    for (Member member : List.copyOf(members.values())) {
      member.leave(LeaveRequest.Action.DISCONNECT, DisconnectReason.ROOM_DELETED);
    }
    flush();
    Tap listener = tap.getAndSet(null);
    if (listener != null) {
      listener.close();
    }
  }

  /** Lets time pass; every 10 ms or so. */
  void tick(long now) {
    if (members.isEmpty()) {
      if (ticker != null) {
        ticker.cancel(false);
        ticker = null;
      }
      return;
    }
    for (Member member : List.copyOf(members.values())) {
      member.tick(now);
    }
    Tap listener = tap.get();
    if (listener != null) {
      listener.pour(now);
    }
    if (now - nackAt >= NACK_NANOS) {
      nackAt = now;
      members.values().forEach(m -> m.askAgain(now));
    }
    if (now - allocationAt >= ALLOCATION_NANOS) {
      allocationAt = now;
      members.values().forEach(m -> m.allocate(now));
      members.values().forEach(m -> m.announceQualities(now));
    }
    if (now - speakersAt >= Speakers.WINDOW_NANOS) {
      speakersAt = now;
      tellSpeakers();
    }
    if (now - reportAt >= REPORT_NANOS) {
      reportAt = now;
      members.values().forEach(m -> m.report(now));
      members.values().forEach(Member::renewToken);
    }
    flush();
  }

  private void tellSpeakers() {
    List<Speakers.Change> changes = speakers.window();
    if (changes.isEmpty()) {
      return;
    }
    SpeakersChanged.Builder message = SpeakersChanged.newBuilder();
    for (Speakers.Change c : changes) {
      message.addSpeakers(
          SpeakerInfo.newBuilder()
              .setSid(c.sid())
              .setActive(c.active())
              .setLevel((float) c.level()));
      if (c.turned()) {
        for (Member m : members.values()) {
          if (m.sid().equals(c.sid())) {
            context.listener().speaking(name, m.identity(), c.active(), c.level());
          }
        }
      }
    }
    if (kind == Kind.MEETING) {
      SignalResponse response = SignalResponse.newBuilder().setSpeakersChanged(message).build();
      members.values().forEach(m -> m.signal(response));
    }
  }

  /** The member's connection has something to send. */
  void dirty(Member member) {
    dirty.add(member);
  }

  /** Drains every connection that has outputs, until none has. */
  void flush() {
    Member member;
    while ((member = dirty.poll()) != null) {
      member.flush();
    }
  }

  private void refresh() {
    List<RoomControl.Participant> out = new ArrayList<>();
    for (Member m : members.values()) {
      out.add(
          new RoomControl.Participant(
              m.identity(), m.name(), m.publications().stream().map(Publication::view).toList()));
    }
    view = List.copyOf(out);
  }
}
