package dev.aye.media;

import dev.aye.media.transport.Rtcp;
import dev.aye.media.transport.RtpExtensions;
import dev.aye.media.transport.RtpPacket;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A track on its way to one member: the section it goes out in, the rewriting, and which layer the
 * member gets. Room thread.
 */
final class Subscription {
  private static final long KEY_FRAME_RETRY = 300_000_000L;

  private final Publication publication;
  private final Member member;
  private final int ssrc;
  private final Forwarder forwarder;

  private @Nullable String mid;
  private int payloadType;
  private byte[] midBytes = {};
  private int midId;
  private int levelId;
  private int sendTimeId;
  private int transportId;
  private int orientationId;

  private boolean disabled;
  private int wantedWidth;
  private int wantedQuality = 2;
  private int allowed = 2;

  private long packets;
  private long octets;
  private long lastKeyFrameRequest = Long.MIN_VALUE / 2;
  private final Repairs repairs = new Repairs();

  Subscription(Publication publication, Member member, Context context) {
    this.publication = publication;
    this.member = member;
    this.ssrc = context.ssrc();
    this.forwarder =
        new Forwarder(
            ssrc,
            publication.clock(),
            !publication.audio(),
            context.random().nextInt(0x8000),
            context.random().nextInt());
  }

  Publication publication() {
    return publication;
  }

  Member member() {
    return member;
  }

  int ssrc() {
    return ssrc;
  }

  @Nullable String mid() {
    return mid;
  }

  String msid() {
    return publication.owner().sid() + "|" + publication.sid() + " " + publication.sid();
  }

  /** From now on the track goes out in this section of the member's connection. */
  void bind(Sdp.Section section) {
    mid = section.mid();
    payloadType = section.codec().orElseThrow().payloadType();
    midBytes = section.mid().getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    midId = section.extension(Sdp.MID);
    levelId = section.extension(Sdp.AUDIO_LEVEL);
    sendTimeId = section.extension(Sdp.ABS_SEND_TIME);
    orientationId = section.extension(Sdp.ORIENTATION);
    boolean numbered =
        publication.audio()
            || section.codec().orElseThrow().feedback().contains(Sdp.TRANSPORT_FEEDBACK);
    transportId = numbered ? section.extension(Sdp.TRANSPORT_WIDE) : 0;
  }

  /** What the member's client said it needs: nothing, or at least this size or quality. */
  void settings(boolean off, int width, int quality) {
    disabled = off;
    wantedWidth = width;
    wantedQuality = quality;
    if (off) {
      forwarder.want(-1);
    }
  }

  /** The stream starts anew when packets come again. */
  void pause() {
    forwarder.restart();
  }

  /** The layer that the member's client needs, before the network has a say; -1 for none. */
  int wantedLayer() {
    int top = publication.layers().size() - 1;
    if (disabled || mid == null || top < 0) {
      return -1;
    }
    if (wantedWidth > 0) {
      for (int i = 0; i < top; i++) {
        if (publication.width(i) >= wantedWidth) {
          return i;
        }
      }
      return top;
    }
    return Math.min(top, wantedQuality);
  }

  /** The highest layer that the network bears. */
  void allow(int layer) {
    allowed = layer;
  }

  int allowed() {
    return allowed;
  }

  /** Chooses the layer: the best that is wanted, allowed and alive; and asks for key frames. */
  void choose(long now) {
    int wanted = wantedLayer();
    if (wanted < 0 || publication.audio()) {
      forwarder.want(wanted < 0 ? -1 : 0);
      return;
    }
    List<Publication.Layer> layers = publication.layers();
    int best = Math.min(wanted, Math.max(0, allowed));
    while (best > 0 && !layers.get(best).alive(now)) {
      best--;
    }
    int lowest = best;
    while (lowest < layers.size() - 1 && !layers.get(lowest).alive(now)) {
      lowest++;
    }
    forwarder.want(layers.get(lowest).alive(now) ? lowest : best);
    if (forwarder.waits() && now - lastKeyFrameRequest >= KEY_FRAME_RETRY) {
      lastKeyFrameRequest = now;
      publication.wantKeyFrame(forwarder.wanted(), now);
    }
  }

  /** The member's decoder has lost the picture. */
  void pictureLost(long now) {
    if (!publication.audio()) {
      publication.wantKeyFrame(forwarder.wanted(), now);
    }
  }

  /** A packet of the track arrived. */
  void forward(
      Publication.Layer layer,
      RtpPacket in,
      Vp8 vp8,
      int level,
      byte @Nullable [] orientation,
      long now) {
    if (mid == null || disabled) {
      return;
    }
    if (forwarder.wanted() < 0 && !disabled) {
      choose(now);
    }
    boolean change = layer.index == forwarder.wanted() && forwarder.waits();
    Optional<Integer> hint = change ? hint(layer, in) : Optional.empty();
    Optional<RtpPacket> out = forwarder.forward(layer.index, in, vp8, now, hint);
    if (out.isEmpty()) {
      return;
    }
    send(out.get(), level, orientation, now);
    if (change && !publication.audio()) {
      for (RtpPacket ahead : layer.aheadOf(in)) {
        Vp8 descriptor = Vp8.parse(ahead.payload());
        forwarder
            .forward(layer.index, ahead, descriptor, now, Optional.empty())
            .ifPresent(p -> send(p, level, null, now));
      }
    }
  }

  private void send(RtpPacket out, int level, byte @Nullable [] orientation, long now) {
    RtpExtensions extensions = RtpExtensions.NONE;
    if (midId > 0) {
      extensions = extensions.with(midId, midBytes);
    }
    int number = member.downlink().number();
    if (transportId > 0) {
      extensions = extensions.with(transportId, new byte[] {(byte) (number >> 8), (byte) number});
    } else if (sendTimeId > 0) {
      extensions = extensions.with(sendTimeId, Upstream.sendTime(now));
    }
    if (levelId > 0 && publication.audio()) {
      extensions = extensions.with(levelId, new byte[] {(byte) level});
    }
    if (orientationId > 0 && orientation != null) {
      extensions = extensions.with(orientationId, orientation);
    }
    RtpPacket packet = out.withPayloadType(payloadType).withExtensions(extensions);
    if (member.sendRtp(packet)) {
      packets++;
      octets += packet.payload().length;
      repairs.sent();
      if (transportId > 0) {
        member.downlink().sent(number, packet.payload().length, now);
      }
    }
  }

  /** Where a packet of another layer lies on the outgoing time line, by both sender reports. */
  private Optional<Integer> hint(Publication.Layer layer, RtpPacket in) {
    int current = forwarder.current();
    Uplink to = layer.uplink;
    if (current < 0 || current >= publication.layers().size() || to == null) {
      return Optional.empty();
    }
    Uplink from = publication.layers().get(current).uplink;
    if (from == null) {
      return Optional.empty();
    }
    return to.ntpAt(in.timestamp()).flatMap(from::timestampAt).map(forwarder::timestamp);
  }

  /** Translates a sender report of the layer that is being forwarded. */
  void senderReport(Publication.Layer layer, Rtcp.SenderReport report) {
    if (mid != null && layer.index == forwarder.current() && packets > 0) {
      member.sendRtcp(
          List.of(
              new Rtcp.SenderReport(
                  ssrc,
                  report.ntp(),
                  forwarder.timestamp(report.rtpTimestamp()),
                  packets,
                  octets,
                  List.of()),
              new Rtcp.Cname(ssrc, publication.owner().sid())));
    }
  }

  /** Sends again what the member misses, within bounds. */
  void resend(List<Integer> sequences, long now) {
    for (int sequence : sequences) {
      if (repairs.allow(sequence, now)) {
        member.resendRtp(ssrc, sequence);
      }
    }
  }

  /** Bits per second that the layer has at the moment. */
  long cost(int layer, long now) {
    List<Publication.Layer> layers = publication.layers();
    return layer < 0 || layer >= layers.size() ? 0 : layers.get(layer).bitrate(now);
  }

  int forwarding() {
    return forwarder.current();
  }
}
