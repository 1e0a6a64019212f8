package dev.aye.media;

import dev.aye.media.transport.Rtcp;
import dev.aye.media.transport.RtpPacket;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import livekit.LivekitModels.Encryption;
import livekit.LivekitModels.TrackInfo;
import livekit.LivekitModels.TrackType;
import livekit.LivekitModels.VideoLayer;
import org.jspecify.annotations.Nullable;

/**
 * A track that a member publishes: what the others are told about it, and the streams (one, or one
 * a simulcast layer) in which it arrives. Room thread.
 */
final class Publication {
  private static final int RECENT = 64;
  private static final long PLI_INTERVAL = 250_000_000L;

  private final Member owner;
  private final String cid;
  private final AccessToken.Source source;
  private TrackInfo info;
  private @Nullable String mid;
  private final List<Layer> layers = new ArrayList<>();
  private final List<Subscription> subscriptions = new ArrayList<>();
  private int announcedQuality = -1;

  /** One stream of a track; {@code index} 0 is the smallest. */
  static final class Layer {
    final int index;
    final String rid;
    @Nullable Uplink uplink;
    private long lastPli = Long.MIN_VALUE / 2;
    private final ArrayDeque<RtpPacket> recent = new ArrayDeque<>();

    Layer(int index, String rid) {
      this.index = index;
      this.rid = rid;
    }

    /** Remembers a packet of video, for those who change to this layer a little later. */
    void keep(RtpPacket packet) {
      recent.add(packet);
      if (recent.size() > RECENT) {
        recent.remove();
      }
    }

    /** Packets that follow this one in sequence but came before it. */
    List<RtpPacket> aheadOf(RtpPacket packet) {
      return recent.stream()
          .filter(p -> p.ssrc() == packet.ssrc())
          .filter(p -> (short) (p.sequence() - packet.sequence()) > 0)
          .toList();
    }

    boolean alive(long now) {
      return uplink != null && uplink.alive(now);
    }

    long bitrate(long now) {
      return uplink == null ? 0 : uplink.bitrate(now);
    }
  }

  Publication(Member owner, String cid, AccessToken.Source source, TrackInfo info) {
    this.owner = owner;
    this.cid = cid;
    this.source = source;
    this.info = info;
  }

  Member owner() {
    return owner;
  }

  String cid() {
    return cid;
  }

  String sid() {
    return info.getSid();
  }

  AccessToken.Source source() {
    return source;
  }

  TrackInfo info() {
    return info;
  }

  boolean audio() {
    return info.getType() == TrackType.AUDIO;
  }

  boolean muted() {
    return info.getMuted();
  }

  void mute(boolean muted) {
    info = info.toBuilder().setMuted(muted).build();
    if (muted) {
      subscriptions.forEach(Subscription::pause);
    }
  }

  RoomControl.Track view() {
    return new RoomControl.Track(
        sid(), source, muted(), info.getEncryption() != Encryption.Type.NONE);
  }

  @Nullable String mid() {
    return mid;
  }

  /** The section of the negotiation that carries this track, with its layers in ascending order. */
  void bind(String section, List<String> rids) {
    if (section.equals(mid)) {
      return;
    }
    mid = section;
    info = info.toBuilder().setMid(section).build();
    layers.clear();
    if (rids.isEmpty()) {
      layers.add(new Layer(0, ""));
    } else {
      List<String> ascending = rids.stream().sorted((a, b) -> rank(a) - rank(b)).toList();
      for (int i = 0; i < ascending.size(); i++) {
        layers.add(new Layer(i, ascending.get(i)));
      }
    }
  }

  /** livekit-client names its layers q, h and f, from small to full. */
  private static int rank(String rid) {
    return switch (rid.toLowerCase(Locale.ROOT)) {
      case "q" -> 0;
      case "h" -> 1;
      case "f" -> 2;
      default -> 3;
    };
  }

  List<Layer> layers() {
    return layers;
  }

  Optional<Layer> layer(String rid) {
    if (layers.size() == 1) {
      return Optional.of(layers.getFirst());
    }
    return layers.stream().filter(l -> l.rid.equals(rid)).findFirst();
  }

  int clock() {
    return audio() ? 48000 : 90000;
  }

  List<Subscription> subscriptions() {
    return subscriptions;
  }

  /** Whether the publisher's silence is not sent. */
  @SuppressWarnings("deprecation")
  boolean dtx() {
    return !info.getDisableDtx();
  }

  /** The width that the publisher said a layer has; 0 if it did not say. */
  @SuppressWarnings("deprecation")
  int width(int layer) {
    for (VideoLayer l : info.getLayersList()) {
      if (l.getQuality().getNumber() == layer) {
        return l.getWidth();
      }
    }
    return 0;
  }

  /** Asks for a key frame of a layer, at most four times a second. */
  void wantKeyFrame(int index, long now) {
    if (index < 0 || index >= layers.size()) {
      return;
    }
    Layer layer = layers.get(index);
    Uplink uplink = layer.uplink;
    if (uplink != null && now - layer.lastPli >= PLI_INTERVAL) {
      layer.lastPli = now;
      owner.sendRtcp(List.of(new Rtcp.Pli(Member.SERVER_SSRC, uplink.ssrc())));
    }
  }

  /** Whether the highest layer that anybody wants has changed since the last call; -1 is none. */
  boolean qualityChanged(int highest) {
    if (highest == announcedQuality) {
      return false;
    }
    announcedQuality = highest;
    return true;
  }
}
