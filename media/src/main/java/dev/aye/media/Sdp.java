package dev.aye.media;

import dev.aye.media.transport.Fingerprint;
import dev.aye.media.transport.IceCredentials;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Session descriptions (RFC 8866, JSEP RFC 9429) as far as one bundled WebRTC connection needs
 * them: reads offers and answers, writes the answers of the server and the offers of {@link
 * MediaClient}.
 *
 * <p>Reading is bounded (128 KiB, 64 sections, 64 codecs and 32 extensions a section) and refuses
 * what it cannot answer: no bundle, no SHA-256 fingerprint, no ICE credentials.
 */
final class Sdp {
  static final String MID = "urn:ietf:params:rtp-hdrext:sdes:mid";
  static final String RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
  static final String REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";
  static final String AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
  static final String ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
  static final String ORIENTATION = "urn:3gpp:video-orientation";
  static final String TRANSPORT_WIDE =
      "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

  static final String TRANSPORT_FEEDBACK = "transport-cc";

  /** The extensions that an answer keeps; every video section keeps all of them (see the traps). */
  private static final Set<String> EXTENSIONS =
      Set.of(MID, RID, REPAIRED_RID, AUDIO_LEVEL, ABS_SEND_TIME, ORIENTATION, TRANSPORT_WIDE);

  private static final int MAX_LENGTH = 128 * 1024;
  private static final int MAX_SECTIONS = 64;

  enum Kind {
    AUDIO,
    VIDEO,
    DATA,
    OTHER
  }

  enum Direction {
    SENDRECV,
    SENDONLY,
    RECVONLY,
    INACTIVE;

    String wire() {
      return name().toLowerCase(Locale.ROOT);
    }

    boolean sends() {
      return this == SENDRECV || this == SENDONLY;
    }
  }

  /** One payload type of a section. */
  record Codec(
      int payloadType, String name, int clock, int channels, String fmtp, Set<String> feedback) {
    boolean is(String other) {
      return name.equalsIgnoreCase(other);
    }
  }

  /**
   * One media section.
   *
   * @param trackId the track id of {@code a=msid}, empty if there is none
   * @param streamId the stream id of {@code a=msid}
   * @param extensions id by URI
   * @param rids those that the simulcast attribute sends, in its order
   */
  record Section(
      Kind kind,
      String media,
      String mid,
      boolean rejected,
      Direction direction,
      String trackId,
      String streamId,
      List<Codec> codecs,
      Map<String, Integer> extensions,
      List<String> rids,
      List<Integer> ssrcs) {

    Optional<Codec> codec() {
      String wanted = kind == Kind.AUDIO ? "opus" : "VP8";
      return codecs.stream().filter(c -> c.is(wanted)).findFirst();
    }

    int extension(String uri) {
      return extensions.getOrDefault(uri, 0);
    }
  }

  /** A description from the other side. */
  record Description(
      IceCredentials ice,
      Fingerprint fingerprint,
      List<InetSocketAddress> candidates,
      List<Section> sections) {}

  /** What the server says about one section of its answer. */
  record Reply(Direction direction, String msid, int ssrc, String cname, boolean dtx) {
    static final Reply INACTIVE = new Reply(Direction.INACTIVE, "", 0, "", false);
  }

  private Sdp() {}

  /** Reads a description; empty if it is malformed, too long, or lacks what a connection needs. */
  static Optional<Description> parse(String sdp) {
    if (sdp.length() > MAX_LENGTH) {
      return Optional.empty();
    }
    try {
      return Optional.of(new Reader().read(sdp));
    } catch (IllegalArgumentException malformed) {
      return Optional.empty();
    }
  }

  /** Reads lines into sections; throws {@link IllegalArgumentException} at what it cannot take. */
  private static final class Reader {
    private @Nullable String ufrag;
    private @Nullable String password;
    private @Nullable Fingerprint fingerprint;
    private final List<InetSocketAddress> candidates = new ArrayList<>();
    private final List<Section> sections = new ArrayList<>();
    private final Set<String> mids = new HashSet<>();
    private @Nullable Draft draft;

    Description read(String sdp) {
      for (String raw : sdp.split("\n", -1)) {
        String line = raw.strip();
        if (line.length() < 2 || line.charAt(1) != '=') {
          continue;
        }
        String value = line.substring(2);
        if (line.charAt(0) == 'm') {
          finish();
          draft = new Draft(value);
        } else if (line.charAt(0) == 'a') {
          int colon = value.indexOf(':');
          String key = colon < 0 ? value : value.substring(0, colon);
          attribute(key, colon < 0 ? "" : value.substring(colon + 1));
        }
      }
      finish();
      if (ufrag == null || password == null || fingerprint == null || sections.isEmpty()) {
        throw new IllegalArgumentException("no ICE credentials, fingerprint or sections");
      }
      return new Description(
          new IceCredentials(ufrag, password),
          fingerprint,
          List.copyOf(candidates),
          List.copyOf(sections));
    }

    private void finish() {
      if (draft == null) {
        return;
      }
      Section section = draft.section();
      if (!mids.add(section.mid()) || sections.size() == MAX_SECTIONS) {
        throw new IllegalArgumentException("a mid twice, or too many sections");
      }
      sections.add(section);
    }

    private void attribute(String key, String value) {
      switch (key) {
        case "ice-ufrag" -> ufrag = ufrag == null ? value : ufrag;
        case "ice-pwd" -> password = password == null ? value : password;
        case "fingerprint" -> {
          if (fingerprint == null && value.regionMatches(true, 0, "sha-256 ", 0, 8)) {
            fingerprint = Fingerprint.parse(value);
          }
        }
        case "candidate" -> candidate(value);
        default -> {
          if (draft != null) {
            draft.attribute(key, value);
          }
        }
      }
    }

    private void candidate(String value) {
      String[] parts = value.split(" ", -1);
      if (parts.length < 8
          || candidates.size() >= 32
          || !"udp".equalsIgnoreCase(parts[2])
          || !parts[4].matches("[0-9.]{7,15}|[0-9a-fA-F:]{2,39}")) {
        return;
      }
      InetSocketAddress address = new InetSocketAddress(parts[4], number(parts[5], 65535));
      if (!candidates.contains(address)) {
        candidates.add(address);
      }
    }
  }

  /** A section while its lines are read. */
  private static final class Draft {
    private final String media;
    private final boolean zeroPort;
    private final Map<Integer, Codec> codecs = new LinkedHashMap<>();
    private final Map<String, Integer> extensions = new HashMap<>();
    private final List<Integer> ssrcs = new ArrayList<>();
    private final List<Integer> payloadTypes = new ArrayList<>();
    private List<String> rids = List.of();
    private String mid = "";
    private String trackId = "";
    private String streamId = "";
    private boolean bundleOnly;
    private Direction direction = Direction.SENDRECV;

    Draft(String line) {
      String[] parts = line.split(" ", -1);
      if (parts.length < 4 || parts.length > 80) {
        throw new IllegalArgumentException("not a media line");
      }
      media = parts[0];
      zeroPort = parts[1].equals("0");
      if (!media.equals("application")) {
        for (int i = 3; i < parts.length; i++) {
          payloadTypes.add(number(parts[i], 127));
        }
      }
    }

    void attribute(String key, String value) {
      switch (key) {
        case "mid" -> mid = token(value, 16);
        case "bundle-only" -> bundleOnly = true;
        case "sendrecv" -> direction = Direction.SENDRECV;
        case "sendonly" -> direction = Direction.SENDONLY;
        case "recvonly" -> direction = Direction.RECVONLY;
        case "inactive" -> direction = Direction.INACTIVE;
        case "msid" -> {
          String[] parts = value.split(" ", -1);
          streamId = token(parts[0], 128);
          trackId = parts.length > 1 ? token(parts[1], 128) : "";
        }
        case "rtpmap" -> rtpmap(value);
        case "fmtp" -> {
          int pt = leading(value);
          Codec c = codecs.get(pt);
          if (c != null && value.length() < 1024) {
            String fmtp = value.substring(value.indexOf(' ') + 1);
            codecs.put(
                pt, new Codec(pt, c.name, c.clock, c.channels, token(fmtp, 1024), c.feedback));
          }
        }
        case "rtcp-fb" -> {
          Codec c = value.startsWith("*") ? null : codecs.get(leading(value));
          if (c != null && c.feedback.size() < 16) {
            c.feedback.add(token(value.substring(value.indexOf(' ') + 1), 64));
          }
        }
        case "extmap" -> {
          String[] parts = value.split(" ", -1);
          if (parts.length >= 2 && extensions.size() < 32) {
            String id = parts[0].contains("/") ? parts[0].split("/", -1)[0] : parts[0];
            extensions.put(token(parts[1], 256), number(id, 255));
          }
        }
        case "simulcast" -> {
          String[] parts = value.split(" ", -1);
          for (int i = 0; i + 1 < parts.length; i += 2) {
            if (parts[i].equals("send")) {
              rids = simulcast(parts[i + 1]);
            }
          }
        }
        case "ssrc" -> {
          int ssrc = Integer.parseUnsignedInt(value.split(" ", 2)[0]);
          if (!ssrcs.contains(ssrc) && ssrcs.size() < 8) {
            ssrcs.add(ssrc);
          }
        }
        default -> {}
      }
    }

    private static List<String> simulcast(String list) {
      List<String> out = new ArrayList<>();
      for (String alternatives : list.split(";", -1)) {
        String rid = alternatives.split(",", -1)[0];
        out.add(token(rid.startsWith("~") ? rid.substring(1) : rid, 16));
      }
      if (out.size() > 3) {
        throw new IllegalArgumentException("more than three layers");
      }
      return List.copyOf(out);
    }

    private void rtpmap(String value) {
      int pt = leading(value);
      String[] parts = value.substring(value.indexOf(' ') + 1).split("/", -1);
      if (!payloadTypes.contains(pt) || codecs.size() >= 64 || parts.length < 2) {
        return;
      }
      int channels = parts.length > 2 ? number(parts[2], 8) : 1;
      codecs.put(
          pt,
          new Codec(
              pt, token(parts[0], 32), number(parts[1], 192000), channels, "", new HashSet<>()));
    }

    Section section() {
      if (mid.isEmpty()) {
        throw new IllegalArgumentException("a section without mid");
      }
      Kind kind =
          switch (media) {
            case "audio" -> Kind.AUDIO;
            case "video" -> Kind.VIDEO;
            case "application" -> Kind.DATA;
            default -> Kind.OTHER;
          };
      List<Codec> ordered =
          payloadTypes.stream().map(codecs::get).filter(c -> c != null).distinct().toList();
      return new Section(
          kind,
          token(media, 16),
          mid,
          zeroPort && !bundleOnly,
          direction,
          trackId,
          streamId,
          ordered,
          Map.copyOf(extensions),
          rids,
          List.copyOf(ssrcs));
    }
  }

  /** A space-free (but for codec parameters), printable value, so that it can be written back. */
  private static String token(String value, int max) {
    if (value.length() > max || value.chars().anyMatch(c -> c < 0x20 || c > 0x7e)) {
      throw new IllegalArgumentException("a value is too long or not printable");
    }
    return value;
  }

  private static int leading(String value) {
    int space = value.indexOf(' ');
    if (space < 0) {
      throw new IllegalArgumentException("no value");
    }
    return number(value.substring(0, space), 127);
  }

  private static int number(String text, int max) {
    int n = Integer.parseInt(text);
    if (n < 0 || n > max) {
      throw new IllegalArgumentException("number out of range");
    }
    return n;
  }

  /** What the server's own side of a connection is called. */
  record Local(
      IceCredentials ice,
      Fingerprint fingerprint,
      List<InetSocketAddress> candidates,
      String sessionId,
      int version) {}

  /** Writes the answer: the offer's sections in their order, each as its reply says. */
  static String answer(Description offer, Local local, Map<String, Reply> replies) {
    StringBuilder out = new StringBuilder(4096);
    header(out, local.sessionId(), local.version());
    out.append("a=ice-lite\r\n");
    out.append("a=group:BUNDLE ")
        .append(
            offer.sections().stream()
                .filter(Sdp::accepted)
                .map(Section::mid)
                .collect(Collectors.joining(" ")))
        .append("\r\n");
    for (Section section : offer.sections()) {
      if (!accepted(section)) {
        reject(out, section);
      } else if (section.kind() == Kind.DATA) {
        out.append("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n");
        transport(out, section.mid(), local, "passive");
        out.append("a=sctp-port:5000\r\na=max-message-size:").append(Limits.MESSAGE).append("\r\n");
      } else {
        media(out, section, local, replies.getOrDefault(section.mid(), Reply.INACTIVE));
      }
    }
    return out.toString();
  }

  private static void header(StringBuilder out, String sessionId, int version) {
    out.append("v=0\r\no=- ").append(sessionId).append(' ').append(version);
    out.append(" IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=extmap-allow-mixed\r\n");
  }

  private static boolean accepted(Section s) {
    return !s.rejected()
        && switch (s.kind()) {
          case AUDIO, VIDEO -> s.codec().isPresent();
          case DATA -> true;
          case OTHER -> false;
        };
  }

  private static void reject(StringBuilder out, Section s) {
    boolean data = s.kind() == Kind.DATA;
    String format = data ? "webrtc-datachannel" : "0";
    if (!data && !s.codecs().isEmpty()) {
      format = Integer.toString(s.codecs().getFirst().payloadType());
    }
    out.append("m=").append(s.media()).append(" 0 ");
    out.append(data ? "UDP/DTLS/SCTP " : "UDP/TLS/RTP/SAVPF ").append(format).append("\r\n");
    out.append("c=IN IP4 0.0.0.0\r\na=mid:").append(s.mid()).append("\r\na=inactive\r\n");
  }

  private static void media(StringBuilder out, Section s, Local local, Reply reply) {
    Codec codec = s.codec().orElseThrow();
    int pt = codec.payloadType();
    boolean audio = s.kind() == Kind.AUDIO;
    out.append("m=").append(s.media()).append(" 9 UDP/TLS/RTP/SAVPF ").append(pt).append("\r\n");
    transport(out, s.mid(), local, "passive");
    out.append("a=rtcp-mux\r\na=rtcp-rsize\r\na=").append(reply.direction().wire()).append("\r\n");
    codec(out, codec, audio ? audioParameters(codec.fmtp(), reply.dtx()) : codec.fmtp());
    // What the server sends is numbered and reported on; what it receives it judges itself.
    boolean sends = reply.direction() == Direction.SENDONLY;
    boolean receives = reply.direction() == Direction.RECVONLY;
    String estimate = sends ? TRANSPORT_FEEDBACK : "goog-remb";
    for (String kind : List.of("nack", "nack pli", "ccm fir", estimate)) {
      // Browsers do not offer NACK for sound, but do it on both ways when the answer says so.
      boolean sound = audio && kind.equals("nack");
      if (sound || codec.feedback().contains(kind)) {
        out.append("a=rtcp-fb:").append(pt).append(' ').append(kind).append("\r\n");
      }
    }
    s.extensions().entrySet().stream()
        .filter(e -> EXTENSIONS.contains(e.getKey()))
        // A browser that numbers its packets waits for reports, and sends ever less without them.
        .filter(e -> !receives || !e.getKey().equals(TRANSPORT_WIDE))
        .sorted(Map.Entry.comparingByValue())
        .forEach(e ->
            out.append("a=extmap:")
                .append(e.getValue())
                .append(' ')
                .append(e.getKey())
                .append("\r\n"));
    if (reply.direction() == Direction.RECVONLY && !s.rids().isEmpty()) {
      for (String rid : s.rids()) {
        out.append("a=rid:").append(rid).append(" recv\r\n");
      }
      out.append("a=simulcast:recv ").append(String.join(";", s.rids())).append("\r\n");
    }
    if (reply.direction() == Direction.SENDONLY) {
      source(out, reply.msid(), reply.ssrc(), reply.cname());
    }
  }

  private static void codec(StringBuilder out, Codec codec, String fmtp) {
    int pt = codec.payloadType();
    out.append("a=rtpmap:").append(pt).append(' ').append(codec.name()).append('/');
    out.append(codec.clock());
    if (codec.channels() > 1) {
      out.append('/').append(codec.channels());
    }
    out.append("\r\n");
    if (!fmtp.isEmpty()) {
      out.append("a=fmtp:").append(pt).append(' ').append(fmtp).append("\r\n");
    }
  }

  private static String audioParameters(String offered, boolean dtx) {
    String rest =
        List.of(offered.split(";", -1)).stream()
            .filter(p -> !p.isBlank() && !p.strip().startsWith("usedtx"))
            .collect(Collectors.joining(";"));
    return dtx ? rest + (rest.isEmpty() ? "" : ";") + "usedtx=1" : rest;
  }

  private static void source(StringBuilder out, String msid, int ssrc, String cname) {
    String id = Integer.toUnsignedString(ssrc);
    out.append("a=msid:").append(msid).append("\r\n");
    out.append("a=ssrc:").append(id).append(" cname:").append(cname).append("\r\n");
    out.append("a=ssrc:").append(id).append(" msid:").append(msid).append("\r\n");
  }

  private static void transport(StringBuilder out, String mid, Local local, String setup) {
    out.append("c=IN IP4 0.0.0.0\r\na=mid:").append(mid).append("\r\n");
    out.append("a=ice-ufrag:").append(local.ice().ufrag()).append("\r\n");
    out.append("a=ice-pwd:").append(local.ice().password()).append("\r\n");
    out.append("a=fingerprint:").append(local.fingerprint().attribute()).append("\r\n");
    out.append("a=setup:").append(setup).append("\r\n");
    int foundation = 1;
    for (InetSocketAddress address : local.candidates()) {
      boolean six = address.getAddress() instanceof Inet6Address;
      long priority = (126L << 24) | ((six ? 65535L : 65534L - foundation) << 8) | 255;
      String host = address.getAddress().getHostAddress();
      int scope = host.indexOf('%');
      out.append("a=candidate:").append(foundation++).append(" 1 udp ").append(priority);
      out.append(' ').append(scope < 0 ? host : host.substring(0, scope)).append(' ');
      out.append(address.getPort()).append(" typ host\r\n");
    }
    if (!local.candidates().isEmpty()) {
      out.append("a=end-of-candidates\r\n");
    }
  }

  /** One section of an offer by {@link MediaClient}. */
  record Offered(
      Kind kind, String mid, Direction direction, String msid, int ssrc, List<String> rids) {}

  static final int CLIENT_OPUS = 111;
  static final int CLIENT_VP8 = 96;
  static final int CLIENT_TRANSPORT_WIDE = 3;
  static final Map<String, Integer> CLIENT_AUDIO_EXTENSIONS =
      Map.of(MID, 4, AUDIO_LEVEL, 1, ABS_SEND_TIME, 2, TRANSPORT_WIDE, CLIENT_TRANSPORT_WIDE);
  static final Map<String, Integer> CLIENT_VIDEO_EXTENSIONS =
      Map.of(
          MID,
          4,
          RID,
          10,
          REPAIRED_RID,
          11,
          ABS_SEND_TIME,
          2,
          TRANSPORT_WIDE,
          CLIENT_TRANSPORT_WIDE);

  /** Writes the offer of a client that speaks Opus and VP8. */
  static String offer(Local local, List<Offered> sections) {
    StringBuilder out = new StringBuilder(4096);
    header(out, local.sessionId(), local.version());
    out.append("a=group:BUNDLE ")
        .append(sections.stream().map(Offered::mid).collect(Collectors.joining(" ")))
        .append("\r\n");
    for (Offered s : sections) {
      if (s.kind() == Kind.DATA) {
        out.append("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n");
        transport(out, s.mid(), local, "actpass");
        out.append("a=sctp-port:5000\r\na=max-message-size:").append(Limits.MESSAGE).append("\r\n");
        continue;
      }
      boolean audio = s.kind() == Kind.AUDIO;
      int pt = audio ? CLIENT_OPUS : CLIENT_VP8;
      out.append(audio ? "m=audio" : "m=video").append(" 9 UDP/TLS/RTP/SAVPF ").append(pt);
      out.append("\r\n");
      transport(out, s.mid(), local, "actpass");
      out.append("a=rtcp-mux\r\na=").append(s.direction().wire()).append("\r\n");
      if (audio) {
        codec(out, new Codec(pt, "opus", 48000, 2, "", Set.of()), "minptime=10;useinbandfec=1");
        out.append("a=rtcp-fb:111 nack\r\n");
      } else {
        codec(out, new Codec(pt, "VP8", 90000, 1, "", Set.of()), "");
        for (String kind : List.of("nack", "nack pli", "goog-remb", TRANSPORT_FEEDBACK)) {
          out.append("a=rtcp-fb:96 ").append(kind).append("\r\n");
        }
      }
      (audio ? CLIENT_AUDIO_EXTENSIONS : CLIENT_VIDEO_EXTENSIONS)
          .forEach((uri, id) ->
              out.append("a=extmap:").append(id).append(' ').append(uri).append("\r\n"));
      if (s.direction() == Direction.SENDONLY && s.rids().isEmpty()) {
        source(out, s.msid(), s.ssrc(), "aye");
      } else if (s.direction() == Direction.SENDONLY) {
        out.append("a=msid:").append(s.msid()).append("\r\n");
        s.rids().forEach(rid -> out.append("a=rid:").append(rid).append(" send\r\n"));
        out.append("a=simulcast:send ").append(String.join(";", s.rids())).append("\r\n");
      }
    }
    return out.toString();
  }
}
