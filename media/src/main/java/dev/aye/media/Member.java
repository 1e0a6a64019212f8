package dev.aye.media;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.aye.media.transport.DataChannel;
import dev.aye.media.transport.IceCredentials;
import dev.aye.media.transport.Output;
import dev.aye.media.transport.Peer;
import dev.aye.media.transport.Rtcp;
import dev.aye.media.transport.RtpPacket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import livekit.LivekitModels.Codec;
import livekit.LivekitModels.DataPacket;
import livekit.LivekitModels.DisconnectReason;
import livekit.LivekitModels.Encryption;
import livekit.LivekitModels.ParticipantInfo;
import livekit.LivekitModels.ParticipantPermission;
import livekit.LivekitModels.ParticipantTracks;
import livekit.LivekitModels.ServerInfo;
import livekit.LivekitModels.SimulcastCodecInfo;
import livekit.LivekitModels.TrackInfo;
import livekit.LivekitModels.TrackSource;
import livekit.LivekitModels.TrackType;
import livekit.LivekitModels.VideoQuality;
import livekit.LivekitRtc.AddTrackRequest;
import livekit.LivekitRtc.JoinRequest;
import livekit.LivekitRtc.JoinResponse;
import livekit.LivekitRtc.LeaveRequest;
import livekit.LivekitRtc.MediaSectionsRequirement;
import livekit.LivekitRtc.MuteTrackRequest;
import livekit.LivekitRtc.ParticipantUpdate;
import livekit.LivekitRtc.Pong;
import livekit.LivekitRtc.ReconnectResponse;
import livekit.LivekitRtc.RequestResponse;
import livekit.LivekitRtc.SessionDescription;
import livekit.LivekitRtc.SignalRequest;
import livekit.LivekitRtc.SignalResponse;
import livekit.LivekitRtc.SubscribedCodec;
import livekit.LivekitRtc.SubscribedQuality;
import livekit.LivekitRtc.SubscribedQualityUpdate;
import livekit.LivekitRtc.SubscriptionPermission;
import livekit.LivekitRtc.TrackPermission;
import livekit.LivekitRtc.TrackPublishedResponse;
import livekit.LivekitRtc.TrackUnpublishedResponse;
import livekit.LivekitRtc.UpdateParticipantMetadata;
import livekit.LivekitRtc.UpdateSubscription;
import livekit.LivekitRtc.UpdateTrackSettings;
import org.jspecify.annotations.Nullable;

/**
 * A person in a room: their signalling, their one peer connection, what they publish and what they
 * receive. Room thread.
 *
 * <p>The client always offers. An answer gives each sending section to the publication whose client
 * track id it names, and each receiving one to a subscription or to nothing; when sections lack,
 * the client is asked for more. A section that a subscription leaves is answered inactive once
 * before another subscription gets it.
 */
final class Member {
  static final int SERVER_SSRC = 1;
  static final List<Codec> CODECS =
      List.of(
          Codec.newBuilder().setMime("audio/opus").build(),
          Codec.newBuilder().setMime("video/VP8").build());

  private static final int MAX_STREAMS = 32;
  private static final int MAX_PENDING_DATA = 64;
  private static final String RELIABLE = "_reliable";
  private static final String LOSSY = "_lossy";

  private final Room room;
  private final Context context;
  private final AccessToken token;
  private final String sid;
  private final long joinedAtMillis;
  private final long joinedAtNanos;
  private final Peer peer;
  private final Network.Link link;
  private final String sessionId;

  private @Nullable Session session;
  private long sessionLostAt;

  /** When the last token was sent over this connection; far in the future when none was. */
  private Instant renewedAt = Instant.MAX;

  private boolean gone;
  private boolean active;
  private DisconnectReason reason = DisconnectReason.UNKNOWN_REASON;
  private String name;
  private String metadata;
  private final Map<String, String> attributes = new LinkedHashMap<>();
  private int version;

  private @Nullable IceCredentials remote;
  private dev.aye.media.transport.@Nullable Fingerprint remoteFingerprint;
  private int answers;
  private Map<String, Sdp.Section> sections = Map.of();
  private final Set<String> closing = new HashSet<>();
  private int audiosAsked;
  private int videosAsked;
  private boolean offerAsked;

  private final Map<String, Publication> publications = new LinkedHashMap<>();
  private final Map<String, Subscription> subscriptions = new LinkedHashMap<>();
  private final Map<Integer, Stream> streams = new HashMap<>();
  private final Map<Integer, Subscription> sending = new HashMap<>();
  private final Set<String> declined = new HashSet<>();
  private boolean everybodyMaySubscribe = true;
  private Map<String, Set<String>> maySubscribe = Map.of();

  private final Map<String, Integer> channels = new HashMap<>();
  private final Map<Integer, String> labels = new HashMap<>();
  private final ArrayDeque<byte[]> pendingData = new ArrayDeque<>();
  private final Rate dataRate;
  private final Rate dataBytes;
  private final Rate attributeRate;
  private int lastMessageSequence;

  private final Downlink downlink = new Downlink();
  private final Upstream upstream = new Upstream();

  /** A stream that arrives, with the layer it belongs to. */
  private record Stream(Publication publication, Publication.Layer layer, Uplink uplink) {}

  Member(Room room, Context context, AccessToken token) {
    this.room = room;
    this.context = context;
    this.token = token;
    this.sid = context.id("PA_");
    this.name = token.name();
    this.metadata = token.metadata();
    this.attributes.putAll(token.attributes());
    this.joinedAtMillis = context.clock().millis();
    this.joinedAtNanos = now();
    this.dataRate = new Rate(Limits.DATA_BURST, Limits.DATA_RATE, joinedAtNanos);
    this.dataBytes = new Rate(Limits.DATA_BYTES_BURST, Limits.DATA_BYTES_RATE, joinedAtNanos);
    this.attributeRate = new Rate(Limits.ATTRIBUTE_BURST, Limits.ATTRIBUTE_RATE, joinedAtNanos);
    this.sessionId = Long.toString(context.random().nextLong() >>> 2);
    this.peer =
        new Peer(
            Peer.Role.SERVER,
            context.identity(),
            context.random(),
            new Peer.Settings(Duration.ofSeconds(20), Duration.ofSeconds(30), Limits.MESSAGE),
            joinedAtNanos);
    this.link = context.network().attach(peer, room.owner(), this::event);
  }

  private long now() {
    return context.nanos().getAsLong();
  }

  Room room() {
    return room;
  }

  AccessToken token() {
    return token;
  }

  String identity() {
    return token.identity();
  }

  String sid() {
    return sid;
  }

  String name() {
    return name;
  }

  boolean publishes() {
    return !publications.isEmpty();
  }

  /** The tracks that others may see: those whose section has been negotiated. */
  Collection<Publication> publications() {
    return publications.values().stream().filter(p -> p.mid() != null).toList();
  }

  // ------------------------------------------------------------------ signalling

  /** Begins: the join response and, if the request holds an offer, its answer. */
  void start(Session with, JoinRequest request) {
    attach(with);
    JoinResponse.Builder join =
        JoinResponse.newBuilder()
            .setRoom(room.info())
            .setParticipant(info())
            .setServerVersion("1.9.0")
            .setServerInfo(serverInfo())
            .setPingInterval(5)
            .setPingTimeout(15)
            .addAllEnabledPublishCodecs(CODECS);
    room.others(this).forEach(o -> join.addOtherParticipants(o.info()));
    signal(SignalResponse.newBuilder().setJoin(join).build());
    request.getAddTrackRequestsList().stream().limit(Limits.TRACKS).forEach(this::addTrack);
    if (request.hasPublisherOffer()) {
      offer(request.getPublisherOffer());
    }
  }

  /** Goes on with another signalling connection after the first was lost. */
  void resume(Session with) {
    if (session != null) {
      session.end();
    }
    attach(with);
    signal(
        SignalResponse.newBuilder()
            .setReconnect(
                ReconnectResponse.newBuilder()
                    .setServerInfo(serverInfo())
                    .setLastMessageSeq(lastMessageSequence))
            .build());
    ParticipantUpdate.Builder all = ParticipantUpdate.newBuilder().addParticipants(info());
    room.others(this).forEach(o -> all.addParticipants(o.info()));
    signal(SignalResponse.newBuilder().setUpdate(all).build());
    offerAsked = false;
    audiosAsked = 0;
    videosAsked = 0;
  }

  private void attach(Session with) {
    session = with;
    with.speaksFor(this);
    renewedAt = Instant.MAX;
  }

  /**
   * Sends a new token when half the life of the last one is over, or none was sent over this
   * connection yet: the one that the client came with may be about to end. A clock that was set
   * back counts as well.
   */
  void renewToken() {
    Instant now = context.clock().instant();
    Duration half = context.tokens().life().dividedBy(2);
    if (session == null || (!now.isBefore(renewedAt) && now.isBefore(renewedAt.plus(half)))) {
      return;
    }
    room.standing(token.grants())
        .ifPresent(grants -> {
          AccessToken renewed =
              new AccessToken(
                  token.identity(), token.name(), token.metadata(), token.attributes(), grants);
          signal(
              SignalResponse.newBuilder()
                  .setRefreshToken(renewed.mint(context.tokens(), now))
                  .build());
          renewedAt = now;
        });
  }

  private static ServerInfo serverInfo() {
    return ServerInfo.newBuilder()
        .setEdition(ServerInfo.Edition.Standard)
        .setVersion("1.9.0")
        .setProtocol(16)
        .build();
  }

  /** The signalling connection is gone; the member stays for a while. */
  void lost(Session which) {
    if (session == which) {
      session = null;
      sessionLostAt = now();
    }
  }

  void signal(SignalResponse response) {
    if (session != null) {
      session.send(response);
    }
  }

  void handle(Session from, SignalRequest request) {
    if (from != session || gone) {
      return;
    }
    switch (request.getMessageCase()) {
      case OFFER -> offer(request.getOffer());
      case ADD_TRACK -> addTrack(request.getAddTrack());
      case MUTE -> mute(request.getMute());
      case SUBSCRIPTION -> subscription(request.getSubscription());
      case TRACK_SETTING -> trackSetting(request.getTrackSetting());
      case SUBSCRIPTION_PERMISSION -> permission(request.getSubscriptionPermission());
      case UPDATE_METADATA -> updateMetadata(request.getUpdateMetadata());
      case LEAVE -> {
        reason = DisconnectReason.CLIENT_INITIATED;
        end();
      }
      case PING -> signal(SignalResponse.newBuilder().setPong(request.getPing()).build());
      case PING_REQ ->
          signal(
              SignalResponse.newBuilder()
                  .setPongResp(
                      Pong.newBuilder()
                          .setLastPingTimestamp(request.getPingReq().getTimestamp())
                          .setTimestamp(context.clock().millis()))
                  .build());
      // An ICE-lite server needs no candidates; layers and features are read from packets.
      case TRICKLE,
          ANSWER,
          UPDATE_LAYERS,
          SYNC_STATE,
          SIMULATE,
          UPDATE_AUDIO_TRACK,
          UPDATE_VIDEO_TRACK,
          PUBLISH_DATA_TRACK_REQUEST,
          UNPUBLISH_DATA_TRACK_REQUEST,
          UPDATE_DATA_SUBSCRIPTION,
          MESSAGE_NOT_SET -> {}
      default -> {}
    }
  }

  /** Puts the member out, with a word to their client. */
  void leave(LeaveRequest.Action action, DisconnectReason why) {
    reason = why;
    if (session != null) {
      session.leave(action, why);
    }
    end();
  }

  private void end() {
    if (gone) {
      return;
    }
    gone = true;
    if (session != null) {
      session.end();
      session = null;
    }
    peer.close(now());
    link.flush();
    for (Subscription s : subscriptions.values()) {
      s.publication().subscriptions().remove(s);
    }
    room.left(this);
  }

  ParticipantInfo info() {
    AccessToken.Grants grants = token.grants();
    ParticipantPermission.Builder permission =
        ParticipantPermission.newBuilder()
            .setCanPublish(grants.canPublish())
            .setCanSubscribe(grants.canSubscribe())
            .setCanPublishData(grants.canPublishData())
            .setCanUpdateMetadata(grants.canUpdateOwnMetadata())
            .setHidden(grants.hidden());
    for (AccessToken.Source source : grants.canPublishSources()) {
      permission.addCanPublishSources(wire(source));
    }
    ParticipantInfo.Builder out =
        ParticipantInfo.newBuilder()
            .setSid(sid)
            .setIdentity(identity())
            .setName(name)
            .setMetadata(metadata)
            .putAllAttributes(attributes)
            .setJoinedAt(joinedAtMillis / 1000)
            .setJoinedAtMs(joinedAtMillis)
            .setVersion(++version)
            .setIsPublisher(publishes())
            .setPermission(permission)
            .setState(
                gone
                    ? ParticipantInfo.State.DISCONNECTED
                    : active ? ParticipantInfo.State.ACTIVE : ParticipantInfo.State.JOINED);
    if (gone) {
      out.setDisconnectReason(reason);
    } else {
      publications().forEach(p -> out.addTracks(p.info()));
    }
    return out.build();
  }

  private static TrackSource wire(AccessToken.Source source) {
    return switch (source) {
      case CAMERA -> TrackSource.CAMERA;
      case MICROPHONE -> TrackSource.MICROPHONE;
      case SCREEN_SHARE -> TrackSource.SCREEN_SHARE;
      case SCREEN_SHARE_AUDIO -> TrackSource.SCREEN_SHARE_AUDIO;
    };
  }

  private static Optional<AccessToken.Source> source(AddTrackRequest request) {
    boolean audio = request.getType() == TrackType.AUDIO;
    return switch (request.getSource()) {
      case CAMERA -> audio ? Optional.empty() : Optional.of(AccessToken.Source.CAMERA);
      case MICROPHONE -> audio ? Optional.of(AccessToken.Source.MICROPHONE) : Optional.empty();
      case SCREEN_SHARE -> audio ? Optional.empty() : Optional.of(AccessToken.Source.SCREEN_SHARE);
      case SCREEN_SHARE_AUDIO ->
          audio ? Optional.of(AccessToken.Source.SCREEN_SHARE_AUDIO) : Optional.empty();
      default ->
          request.getType() == TrackType.AUDIO
              ? Optional.of(AccessToken.Source.MICROPHONE)
              : request.getType() == TrackType.VIDEO
                  ? Optional.of(AccessToken.Source.CAMERA)
                  : Optional.empty();
    };
  }

  // ------------------------------------------------------------------ publishing

  // livekit-client 2.23 still reads the fields that the protocol calls deprecated.
  @SuppressWarnings("deprecation")
  private void addTrack(AddTrackRequest request) {
    Optional<AccessToken.Source> source = source(request);
    boolean sane =
        request.getCid().length() <= 128
            && !request.getCid().isEmpty()
            && request.getName().length() <= Limits.NAME
            && request.getStream().length() <= Limits.NAME
            && request.getLayersCount() <= 3;
    boolean known = publications.values().stream().anyMatch(p -> p.cid().equals(request.getCid()));
    if (source.isEmpty()
        || !sane
        || known
        || publications.size() >= Limits.TRACKS
        || !token.grants().mayPublish(source.get())) {
      signal(
          SignalResponse.newBuilder()
              .setRequestResponse(
                  RequestResponse.newBuilder()
                      .setReason(
                          sane && !known
                              ? RequestResponse.Reason.NOT_ALLOWED
                              : RequestResponse.Reason.LIMIT_EXCEEDED)
                      .setMessage("this track may not be published")
                      .setAddTrack(request))
              .build());
      return;
    }
    boolean audio = request.getType() == TrackType.AUDIO;
    String mime = audio ? "audio/opus" : "video/VP8";
    TrackInfo info =
        TrackInfo.newBuilder()
            .setSid(context.id(audio ? "TR_A" : "TR_V"))
            .setType(request.getType())
            .setSource(wire(source.get()))
            .setName(request.getName())
            .setMuted(request.getMuted())
            .setWidth(request.getWidth())
            .setHeight(request.getHeight())
            .setDisableDtx(request.getDisableDtx())
            .setDisableRed(true)
            .setStereo(request.getStereo())
            .setStream(request.getStream())
            .setEncryption(request.getEncryption())
            .setSimulcast(!audio && request.getLayersCount() > 1)
            .setMimeType(mime)
            .addAllLayers(request.getLayersList())
            .addCodecs(
                SimulcastCodecInfo.newBuilder()
                    .setMimeType(mime)
                    .setCid(request.getCid())
                    .addAllLayers(request.getLayersList()))
            .build();
    Publication publication = new Publication(this, request.getCid(), source.get(), info);
    publications.put(info.getSid(), publication);
    signal(
        SignalResponse.newBuilder()
            .setTrackPublished(
                TrackPublishedResponse.newBuilder().setCid(request.getCid()).setTrack(info))
            .build());
  }

  private void mute(MuteTrackRequest request) {
    Publication p = publications.get(request.getSid());
    if (p != null && p.muted() != request.getMuted()) {
      p.mute(request.getMuted());
      room.muted(p);
    }
  }

  /** Mutes by the host's word: dropped here at once, and the client is told. */
  void muteMicrophones() {
    for (Publication p : List.copyOf(publications.values())) {
      if (p.source() == AccessToken.Source.MICROPHONE && !p.muted()) {
        p.mute(true);
        signal(
            SignalResponse.newBuilder()
                .setMute(MuteTrackRequest.newBuilder().setSid(p.sid()).setMuted(true))
                .build());
        room.muted(p);
      }
    }
  }

  private void unpublish(Publication p) {
    publications.remove(p.sid());
    streams.values().removeIf(s -> s.publication() == p);
    signal(
        SignalResponse.newBuilder()
            .setTrackUnpublished(TrackUnpublishedResponse.newBuilder().setTrackSid(p.sid()))
            .build());
    room.unpublished(p);
  }

  private void updateMetadata(UpdateParticipantMetadata request) {
    RequestResponse.Reason verdict = admit(request);
    if (verdict == RequestResponse.Reason.OK) {
      request
          .getAttributesMap()
          .forEach((key, value) -> {
            if (value.isEmpty()) {
              attributes.remove(key);
            } else {
              attributes.put(key, value);
            }
          });
      if (!request.getName().isEmpty()) {
        name = request.getName();
      }
      if (!request.getMetadata().isEmpty()) {
        metadata = request.getMetadata();
      }
      room.announce(this, true);
    }
    signal(
        SignalResponse.newBuilder()
            .setRequestResponse(
                RequestResponse.newBuilder()
                    .setRequestId(request.getRequestId())
                    .setReason(verdict)
                    .setUpdateMetadata(request))
            .build());
  }

  private RequestResponse.Reason admit(UpdateParticipantMetadata request) {
    if (!token.grants().canUpdateOwnMetadata()) {
      return RequestResponse.Reason.NOT_ALLOWED;
    }
    if (!attributeRate.allow(now())) {
      return RequestResponse.Reason.LIMIT_EXCEEDED;
    }
    Map<String, String> after = new HashMap<>(attributes);
    request
        .getAttributesMap()
        .forEach((k, v) -> {
          if (v.isEmpty()) {
            after.remove(k);
          } else {
            after.put(k, v);
          }
        });
    long bytes = 0;
    for (Map.Entry<String, String> e : after.entrySet()) {
      bytes += e.getKey().length() + e.getValue().getBytes(StandardCharsets.UTF_8).length;
    }
    boolean fits =
        after.size() <= Limits.ATTRIBUTES
            && bytes <= Limits.ATTRIBUTE_BYTES
            && request.getMetadata().length() <= Limits.METADATA
            && request.getName().length() <= Limits.NAME;
    return fits ? RequestResponse.Reason.OK : RequestResponse.Reason.LIMIT_EXCEEDED;
  }

  private void permission(SubscriptionPermission request) {
    Map<String, Set<String>> allowed = new HashMap<>();
    for (TrackPermission p :
        request
            .getTrackPermissionsList()
            .subList(0, Math.min(64, request.getTrackPermissionsCount()))) {
      allowed.put(
          p.getParticipantIdentity(),
          p.getAllTracks() ? Set.of("*") : Set.copyOf(p.getTrackSidsList()));
    }
    everybodyMaySubscribe = request.getAllParticipants();
    maySubscribe = allowed;
    for (Member other : room.others(this)) {
      for (Publication p : publications()) {
        if (admits(other, p)) {
          other.subscribe(p);
        } else {
          other.unsubscribe(p.sid());
        }
      }
      other.requireSections();
    }
  }

  private boolean admits(Member other, Publication p) {
    Set<String> allowed = maySubscribe.getOrDefault(other.identity(), Set.of());
    return everybodyMaySubscribe || allowed.contains("*") || allowed.contains(p.sid());
  }

  // ------------------------------------------------------------------ subscribing

  void subscribe(Publication p) {
    if (gone
        || !token.grants().canSubscribe()
        || declined.contains(p.sid())
        || subscriptions.containsKey(p.sid())
        || !p.owner().admits(this, p)) {
      return;
    }
    Subscription s = new Subscription(p, this, context);
    subscriptions.put(p.sid(), s);
    sending.put(s.ssrc(), s);
    p.subscriptions().add(s);
  }

  void unsubscribe(String trackSid) {
    Subscription s = subscriptions.remove(trackSid);
    if (s == null) {
      return;
    }
    sending.remove(s.ssrc());
    s.publication().subscriptions().remove(s);
    if (s.mid() != null) {
      closing.add(s.mid());
    }
  }

  void forgetSubscriptionsOf(Member member) {
    for (Subscription s : List.copyOf(subscriptions.values())) {
      if (s.publication().owner() == member) {
        unsubscribe(s.publication().sid());
      }
    }
    declined.removeIf(sid -> room.publication(sid).isEmpty());
    requireSections();
  }

  private void subscription(UpdateSubscription request) {
    List<String> sids = new ArrayList<>(request.getTrackSidsList());
    for (ParticipantTracks t : request.getParticipantTracksList()) {
      sids.addAll(t.getTrackSidsList());
    }
    for (String trackSid : sids.subList(0, Math.min(sids.size(), 64))) {
      Optional<Publication> p = room.publication(trackSid);
      if (p.isEmpty() || p.get().owner() == this || room.kind() == Room.Kind.LISTENING) {
        continue;
      }
      if (request.getSubscribe()) {
        declined.remove(trackSid);
        subscribe(p.get());
      } else {
        declined.add(trackSid);
        unsubscribe(trackSid);
      }
    }
    requireSections();
  }

  private void trackSetting(UpdateTrackSettings request) {
    for (String trackSid : request.getTrackSidsList()) {
      Subscription s = subscriptions.get(trackSid);
      if (s != null) {
        int quality = request.getQuality() == VideoQuality.OFF ? 2 : request.getQualityValue();
        s.settings(
            request.getDisabled() || request.getQuality() == VideoQuality.OFF,
            request.getWidth(),
            request.getWidth() > 0 ? 2 : Math.clamp(quality, 0, 2));
        s.choose(now());
      }
    }
  }

  /** Asks the client for another offer, with more sections if there are too few. */
  void requireSections() {
    if (session == null || sections.isEmpty() || gone) {
      return;
    }
    int audios = waiting(Sdp.Kind.AUDIO) - free(Sdp.Kind.AUDIO).size() - audiosAsked;
    int videos = waiting(Sdp.Kind.VIDEO) - free(Sdp.Kind.VIDEO).size() - videosAsked;
    boolean any = !closing.isEmpty() || waiting(Sdp.Kind.AUDIO) > 0 || waiting(Sdp.Kind.VIDEO) > 0;
    if (audios <= 0 && videos <= 0 && (!any || offerAsked)) {
      return;
    }
    audiosAsked += Math.max(0, audios);
    videosAsked += Math.max(0, videos);
    offerAsked = true;
    signal(
        SignalResponse.newBuilder()
            .setMediaSectionsRequirement(
                MediaSectionsRequirement.newBuilder()
                    .setNumAudios(Math.max(0, audios))
                    .setNumVideos(Math.max(0, videos)))
            .build());
  }

  private int waiting(Sdp.Kind kind) {
    return (int)
        subscriptions.values().stream().filter(s -> s.mid() == null && kind(s) == kind).count();
  }

  private static Sdp.Kind kind(Subscription s) {
    return s.publication().audio() ? Sdp.Kind.AUDIO : Sdp.Kind.VIDEO;
  }

  private List<Sdp.Section> free(Sdp.Kind kind) {
    Set<String> taken = new HashSet<>(closing);
    subscriptions.values().forEach(s -> taken.add(String.valueOf(s.mid())));
    return sections.values().stream()
        .filter(s -> s.kind() == kind && s.direction() == Sdp.Direction.RECVONLY)
        .filter(s -> !s.rejected() && s.codec().isPresent() && !taken.contains(s.mid()))
        .toList();
  }

  // ------------------------------------------------------------------ negotiation

  private void offer(SessionDescription message) {
    Optional<Sdp.Description> parsed = Sdp.parse(message.getSdp());
    if (parsed.isEmpty() || !"offer".equals(message.getType())) {
      leave(LeaveRequest.Action.DISCONNECT, DisconnectReason.STATE_MISMATCH);
      return;
    }
    Sdp.Description offer = parsed.get();
    if (remoteFingerprint != null && !remoteFingerprint.equals(offer.fingerprint())) {
      leave(LeaveRequest.Action.RECONNECT, DisconnectReason.STATE_MISMATCH);
      return;
    }
    connect(offer);
    Map<String, Sdp.Section> now = new LinkedHashMap<>();
    offer.sections().forEach(s -> now.put(s.mid(), s));
    sections = now;
    audiosAsked = 0;
    videosAsked = 0;
    offerAsked = false;
    Map<String, Sdp.Reply> replies = new HashMap<>();
    Map<String, String> tracks = new HashMap<>();
    List<Publication> fresh = takePublications(offer, replies);
    placeSubscriptions(replies, tracks);
    Sdp.Local local =
        new Sdp.Local(
            peer.localCredentials(),
            peer.fingerprint(),
            context.candidates(),
            sessionId,
            ++answers);
    signal(
        SignalResponse.newBuilder()
            .setAnswer(
                SessionDescription.newBuilder()
                    .setType("answer")
                    .setSdp(Sdp.answer(offer, local, replies))
                    .setId(message.getId())
                    .putAllMidToTrackId(tracks))
            .build());
    closing.clear();
    fresh.forEach(room::published);
    requireSections();
  }

  private void connect(Sdp.Description offer) {
    if (offer.ice().equals(remote)) {
      return;
    }
    if (remote != null) {
      peer.restartIce(now());
    }
    remote = offer.ice();
    remoteFingerprint = offer.fingerprint();
    peer.setRemote(offer.ice(), offer.fingerprint(), now());
    room.dirty(this);
  }

  /** Gives sending sections to publications; returns those that are new to the room. */
  private List<Publication> takePublications(
      Sdp.Description offer, Map<String, Sdp.Reply> replies) {
    List<Publication> fresh = new ArrayList<>();
    Set<Publication> alive = new HashSet<>();
    for (Sdp.Section s : offer.sections()) {
      if (!s.direction().sends() || s.rejected() || s.codec().isEmpty()) {
        continue;
      }
      Optional<Publication> match = match(s);
      if (match.isEmpty()) {
        continue;
      }
      Publication p = match.get();
      boolean first = p.mid() == null;
      p.bind(s.mid(), s.rids());
      alive.add(p);
      if (s.rids().isEmpty() && !s.ssrcs().isEmpty()) {
        bind(s.ssrcs().getFirst(), p, p.layers().getFirst());
      }
      boolean dtx = p.audio() && p.dtx();
      replies.put(s.mid(), new Sdp.Reply(Sdp.Direction.RECVONLY, "", 0, "", dtx));
      if (first) {
        fresh.add(p);
      }
    }
    for (Publication p : List.copyOf(publications.values())) {
      if (p.mid() != null && !alive.contains(p)) {
        unpublish(p);
      }
    }
    return fresh;
  }

  private Optional<Publication> match(Sdp.Section s) {
    List<Publication> sameKind =
        publications.values().stream()
            .filter(p -> p.audio() == (s.kind() == Sdp.Kind.AUDIO))
            .toList();
    for (Publication p : sameKind) {
      if (s.mid().equals(p.mid())) {
        return Optional.of(p);
      }
    }
    List<Publication> unbound = sameKind.stream().filter(p -> p.mid() == null).toList();
    for (Publication p : unbound) {
      if (p.cid().equals(s.trackId())) {
        return Optional.of(p);
      }
    }
    return unbound.size() == 1 ? Optional.of(unbound.getFirst()) : Optional.empty();
  }

  /** Gives receiving sections to subscriptions. */
  private void placeSubscriptions(Map<String, Sdp.Reply> replies, Map<String, String> tracks) {
    for (Subscription s : subscriptions.values()) {
      if (s.mid() == null) {
        free(kind(s)).stream().findFirst().ifPresent(s::bind);
      }
      Sdp.Section section = s.mid() == null ? null : sections.get(s.mid());
      if (section != null && section.direction() == Sdp.Direction.RECVONLY) {
        s.bind(section);
        replies.put(
            section.mid(),
            new Sdp.Reply(
                Sdp.Direction.SENDONLY, s.msid(), s.ssrc(), s.publication().owner().sid(), false));
        tracks.put(section.mid(), s.publication().sid());
        s.choose(now());
      }
    }
  }

  // ------------------------------------------------------------------ media

  /** Sends what the connection has to send. */
  void flush() {
    link.flush();
  }

  /** Something happened on the connection. */
  private void event(Output.Event event) {
    switch (event) {
      case Output.RtpReceived r -> rtp(r.packet(), r.atNanos());
      case Output.RtcpReceived r -> rtcp(r.packets(), r.atNanos());
      case Output.Connected c -> {
        active = true;
        room.announce(this, true);
      }
      case Output.ChannelOpened c -> opened(c.channel());
      case Output.ChannelClosed c -> closed(c.channel());
      case Output.MessageReceived m -> message(m.channel(), m.data());
      case Output.Closed c -> closed(c.reason());
      case Output.PathChanged p -> {}
      case Output.DataReady d -> {}
      case Output.DataLost d -> {
        channels.clear();
        labels.clear();
      }
    }
    room.flush();
  }

  private void closed(Output.Reason why) {
    if (!gone) {
      if (why == Output.Reason.REMOTE) {
        reason = DisconnectReason.CLIENT_INITIATED;
        end();
      } else {
        leave(LeaveRequest.Action.RECONNECT, DisconnectReason.CONNECTION_TIMEOUT);
      }
    }
  }

  private void rtp(RtpPacket packet, long at) {
    Stream stream = streams.get(packet.ssrc());
    if (stream == null) {
      stream = identify(packet);
      if (stream == null) {
        return;
      }
    }
    if (!stream.uplink().receive(packet, at)) {
      return;
    }
    Publication p = stream.publication();
    if (p.muted()) {
      return;
    }
    Sdp.Section section = sections.get(String.valueOf(p.mid()));
    if (section == null) {
      return;
    }
    byte[] sendTime = packet.extensions().get(section.extension(Sdp.ABS_SEND_TIME));
    if (sendTime != null) {
      upstream.received(sendTime, packet.payload().length, at);
    }
    if (p.audio()) {
      byte[] level = packet.extensions().get(section.extension(Sdp.AUDIO_LEVEL));
      int loudness = level == null || level.length == 0 ? 127 : level[0] & 0x7f;
      room.heard(p, packet, loudness, at);
      int voiced = level == null || level.length == 0 ? 127 : level[0];
      for (Subscription s : p.subscriptions()) {
        s.forward(stream.layer(), packet, Vp8.NONE, voiced, null, at);
      }
    } else {
      Vp8 vp8 = Vp8.parse(packet.payload());
      byte[] orientation = packet.extensions().get(section.extension(Sdp.ORIENTATION));
      for (Subscription s : p.subscriptions()) {
        s.forward(stream.layer(), packet, vp8, 127, orientation, at);
      }
      stream.layer().keep(packet);
    }
  }

  /** Finds out to which publication and layer an unknown stream belongs, by its MID and RID. */
  private @Nullable Stream identify(RtpPacket packet) {
    for (Publication p : publications.values()) {
      Sdp.Section section = sections.get(String.valueOf(p.mid()));
      if (section == null) {
        continue;
      }
      String mid = text(packet.extensions().get(section.extension(Sdp.MID)));
      if (!section.mid().equals(mid)) {
        continue;
      }
      String rid = text(packet.extensions().get(section.extension(Sdp.RID)));
      Optional<Publication.Layer> layer = p.layer(rid);
      if (layer.isPresent()) {
        return bind(packet.ssrc(), p, layer.get());
      }
    }
    return null;
  }

  private @Nullable Stream bind(int ssrc, Publication p, Publication.Layer layer) {
    Stream known = streams.get(ssrc);
    if (known != null && known.layer() == layer) {
      return known;
    }
    if (streams.size() >= MAX_STREAMS) {
      return null;
    }
    Stream stream = new Stream(p, layer, new Uplink(ssrc, p.clock()));
    layer.uplink = stream.uplink();
    streams.values().removeIf(s -> s.layer() == layer);
    streams.put(ssrc, stream);
    return stream;
  }

  private static String text(byte @Nullable [] bytes) {
    return bytes == null ? "" : new String(bytes, StandardCharsets.US_ASCII);
  }

  private void rtcp(List<Rtcp> packets, long at) {
    for (Rtcp packet : packets) {
      switch (packet) {
        case Rtcp.SenderReport r -> {
          blocks(r.blocks());
          Stream stream = streams.get(r.ssrc());
          if (stream != null) {
            stream.uplink().senderReport(r, at);
            for (Subscription s : stream.publication().subscriptions()) {
              s.senderReport(stream.layer(), r);
            }
          }
        }
        case Rtcp.ReceiverReport r -> blocks(r.blocks());
        case Rtcp.Nack n -> {
          Subscription s = sending.get(n.media());
          if (s != null) {
            s.resend(n.sequences(), at);
          }
        }
        case Rtcp.Pli p -> pictureLost(p.media(), at);
        case Rtcp.Fir f -> pictureLost(f.media(), at);
        case Rtcp.TransportFeedback f -> downlink.feedback(f, at);
        case Rtcp.Remb r -> {}
        case Rtcp.Cname c -> {}
        case Rtcp.Bye b -> {}
      }
    }
  }

  private void blocks(List<Rtcp.ReportBlock> blocks) {
    for (Rtcp.ReportBlock b : blocks) {
      Subscription s = sending.get(b.ssrc());
      if (s != null && !s.publication().audio()) {
        downlink.loss(b.fractionLost());
      }
    }
  }

  private void pictureLost(int ssrc, long at) {
    Subscription s = sending.get(ssrc);
    if (s != null) {
      s.pictureLost(at);
    }
  }

  boolean sendRtp(RtpPacket packet) {
    boolean sent = !gone && peer.sendRtp(packet);
    if (sent) {
      room.dirty(this);
    }
    return sent;
  }

  void resendRtp(int ssrc, int sequence) {
    if (!gone && peer.resendRtp(ssrc, sequence)) {
      room.dirty(this);
    }
  }

  Downlink downlink() {
    return downlink;
  }

  void sendRtcp(List<Rtcp> packets) {
    if (!gone && peer.sendRtcp(packets)) {
      room.dirty(this);
    }
  }

  // ------------------------------------------------------------------ data

  private void opened(DataChannel channel) {
    if (channel.label().equals(RELIABLE) || channel.label().equals(LOSSY)) {
      channels.put(channel.label(), channel.id());
      labels.put(channel.id(), channel.label());
    }
    if (channel.label().equals(RELIABLE)) {
      byte[] bytes;
      while ((bytes = pendingData.poll()) != null) {
        sendData(RELIABLE, bytes);
      }
    }
  }

  private void closed(int channel) {
    String label = labels.remove(channel);
    if (label != null) {
      channels.remove(label, channel);
    }
  }

  @SuppressWarnings("deprecation") // who sent it, for clients that read it in the user packet
  private void message(int channel, byte[] data) {
    String label = labels.get(channel);
    if (label == null
        || !token.grants().canPublishData()
        || !dataRate.allow(now())
        || !dataBytes.allow(now(), data.length)) {
      return;
    }
    DataPacket packet;
    try {
      packet = DataPacket.parseFrom(data);
    } catch (InvalidProtocolBufferException malformed) {
      return;
    }
    if (packet.getDestinationIdentitiesCount() > 64) {
      return;
    }
    if (label.equals(RELIABLE) && packet.getSequence() > lastMessageSequence) {
      lastMessageSequence = packet.getSequence();
    }
    switch (packet.getValueCase()) {
      // What the server alone says, or what nobody here understands, is not passed on.
      case SPEAKER, METRICS, VALUE_NOT_SET -> {}
      default -> {
        DataPacket.Builder stamped =
            packet.toBuilder().setParticipantIdentity(identity()).setParticipantSid(sid);
        if (packet.hasUser()) {
          stamped.getUserBuilder().setParticipantIdentity(identity()).setParticipantSid(sid);
        }
        if (packet.hasEncryptedPacket()) {
          // livekit-client leaves the type out, and shows its receiver what stands here. A packet
          // in
          // clear is shown as such whatever a server says, so that a page can insist on encryption.
          stamped.getEncryptedPacketBuilder().setEncryptionType(Encryption.Type.GCM);
        }
        room.message(this, label, stamped.build());
      }
    }
  }

  /** Sends a data packet; a reliable one waits, within bounds, until the channel is there. */
  void sendData(String label, byte[] bytes) {
    Integer channel = channels.get(label);
    if (channel == null) {
      if (label.equals(RELIABLE) && pendingData.size() < MAX_PENDING_DATA) {
        pendingData.add(bytes);
      }
      return;
    }
    boolean queued = peer.sendMessage(channel, false, bytes, now());
    room.dirty(this);
    if (!queued && label.equals(RELIABLE)) {
      leave(LeaveRequest.Action.RECONNECT, DisconnectReason.STATE_MISMATCH);
    }
  }

  // ------------------------------------------------------------------ time

  void tick(long now) {
    boolean unconnected = !active && now - joinedAtNanos > Limits.CONNECT.toNanos();
    boolean unheard = session == null && now - sessionLostAt > Limits.RESUME.toNanos();
    if (unconnected || unheard) {
      leave(LeaveRequest.Action.RECONNECT, DisconnectReason.CONNECTION_TIMEOUT);
    }
  }

  /** Asks for lost packets again. */
  void askAgain(long now) {
    for (Stream s : streams.values()) {
      List<Integer> missing = s.publication().muted() ? List.of() : s.uplink().due(now);
      if (!missing.isEmpty()) {
        sendRtcp(List.of(new Rtcp.Nack(SERVER_SSRC, s.uplink().ssrc(), missing)));
      }
    }
  }

  /** Chooses layers by what is wanted and what fits. */
  void allocate(long now) {
    if (upstream.lowered(now)) {
      sendRtcp(List.of(new Rtcp.ReceiverReport(SERVER_SSRC, List.of()), allowance()));
    }
    List<Subscription> video =
        subscriptions.values().stream()
            .filter(s -> s.mid() != null && !s.publication().audio())
            .toList();
    if (!video.isEmpty()) {
      downlink.allocate(video, now);
    }
    subscriptions.values().forEach(s -> s.choose(now));
  }

  /** Tells the client which layers of its tracks nobody needs (dynacast). */
  @SuppressWarnings("deprecation") // both forms, as clients of either age read them
  void announceQualities(long now) {
    for (Publication p : publications()) {
      if (p.audio() || p.layers().size() < 2) {
        continue;
      }
      int highest = p.subscriptions().stream().mapToInt(Subscription::wantedLayer).max().orElse(-1);
      if (!p.qualityChanged(highest)) {
        continue;
      }
      SubscribedCodec.Builder codec = SubscribedCodec.newBuilder().setCodec("vp8");
      SubscribedQualityUpdate.Builder update =
          SubscribedQualityUpdate.newBuilder().setTrackSid(p.sid());
      for (int i = 0; i < 3; i++) {
        SubscribedQuality quality =
            SubscribedQuality.newBuilder().setQualityValue(i).setEnabled(i <= highest).build();
        codec.addQualities(quality);
        update.addSubscribedQualities(quality);
      }
      signal(
          SignalResponse.newBuilder()
              .setSubscribedQualityUpdate(update.addSubscribedCodecs(codec))
              .build());
    }
  }

  /** Reports on what arrived, and how much may be sent. */
  void report(long now) {
    if (!active || streams.isEmpty()) {
      return;
    }
    List<Rtcp.ReportBlock> blocks = new ArrayList<>();
    for (Stream s : streams.values()) {
      s.uplink().report(now).filter(b -> blocks.size() < 31).ifPresent(blocks::add);
    }
    sendRtcp(List.of(new Rtcp.ReceiverReport(SERVER_SSRC, List.copyOf(blocks)), allowance()));
  }

  private Rtcp allowance() {
    List<Integer> video =
        streams.values().stream()
            .filter(s -> !s.publication().audio())
            .limit(16)
            .map(s -> s.uplink().ssrc())
            .toList();
    return new Rtcp.Remb(SERVER_SSRC, upstream.allowance(), video);
  }
}
