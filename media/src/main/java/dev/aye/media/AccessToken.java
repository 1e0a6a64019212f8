package dev.aye.media;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a person may do in one room, as LiveKit's access tokens say it (a JWT, HS256, whose {@code
 * sub} is the identity and whose {@code video} claim holds the grants).
 *
 * <p>A token is a bearer secret: it lives minutes, and nothing prints it. Verification refuses any
 * algorithm but HS256, another issuer, tokens over 8 KiB and tokens outside their time (5 s of
 * leeway).
 */
public record AccessToken(
    String identity, String name, String metadata, Map<String, String> attributes, Grants grants) {

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
  private static final TypeReference<Map<String, Object>> MAP = new TypeReference<>() {};
  private static final int MAX_LENGTH = 8192;
  private static final Duration LEEWAY = Duration.ofSeconds(5);
  private static final String HEADER = b64("{\"alg\":\"HS256\",\"typ\":\"JWT\"}");

  /** Where a published track comes from. */
  public enum Source {
    CAMERA,
    MICROPHONE,
    SCREEN_SHARE,
    SCREEN_SHARE_AUDIO;

    String wire() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** The grants. An empty {@code canPublishSources} with {@code canPublish} means every source. */
  public record Grants(
      String room,
      boolean roomJoin,
      boolean canPublish,
      boolean canSubscribe,
      boolean canPublishData,
      boolean canUpdateOwnMetadata,
      Set<Source> canPublishSources,
      boolean hidden) {
    public Grants {
      if (room.isEmpty() || room.length() > 128) {
        throw new IllegalArgumentException("a room name has 1 to 128 characters");
      }
      canPublishSources = Set.copyOf(canPublishSources);
    }

    /** Everything a person in a meeting may do: publish, subscribe, send data, set attributes. */
    public static Grants meeting(String room) {
      return new Grants(room, true, true, true, true, true, Set.of(), false);
    }

    /** Publish into a listening room and nothing else: no subscription, no attributes. */
    public static Grants listening(String room, Set<Source> sources, boolean data) {
      return new Grants(room, true, !sources.isEmpty(), false, data, false, sources, false);
    }

    boolean mayPublish(Source source) {
      return canPublish && (canPublishSources.isEmpty() || canPublishSources.contains(source));
    }
  }

  /** The outcome of a verification. */
  public sealed interface Verdict {}

  /** The token is authentic and in its time. */
  public record Valid(AccessToken token) implements Verdict {}

  /** The token is not accepted; {@code why} is fit for the person who holds it. */
  public record Invalid(String why) implements Verdict {}

  public AccessToken {
    if (identity.isEmpty() || identity.length() > 128) {
      throw new IllegalArgumentException("an identity has 1 to 128 characters");
    }
    if (name.length() > 256 || metadata.length() > 2048 || attributes.size() > 64) {
      throw new IllegalArgumentException("name, metadata or attributes of a token are too long");
    }
    attributes = Map.copyOf(attributes);
  }

  public AccessToken(String identity, String name, Grants grants) {
    this(identity, name, "", Map.of(), grants);
  }

  /** Signs the token, valid from now for as long as tokens of this key live. */
  public String mint(TokenKey key, Instant now) {
    return mint(key, now, key.life());
  }

  /** Signs the token, valid from now for the given time. */
  public String mint(TokenKey key, Instant now, Duration life) {
    Map<String, Object> video = new LinkedHashMap<>();
    video.put("room", grants.room());
    video.put("roomJoin", grants.roomJoin());
    video.put("canPublish", grants.canPublish());
    video.put("canSubscribe", grants.canSubscribe());
    video.put("canPublishData", grants.canPublishData());
    video.put("canUpdateOwnMetadata", grants.canUpdateOwnMetadata());
    if (!grants.canPublishSources().isEmpty()) {
      video.put(
          "canPublishSources",
          grants.canPublishSources().stream().map(Source::wire).sorted().toList());
    }
    if (grants.hidden()) {
      video.put("hidden", true);
    }
    Map<String, Object> claims = new LinkedHashMap<>();
    claims.put("iss", key.issuer());
    claims.put("sub", identity);
    claims.put("nbf", now.getEpochSecond());
    claims.put("exp", now.plus(life).getEpochSecond());
    claims.put("name", name);
    if (!metadata.isEmpty()) {
      claims.put("metadata", metadata);
    }
    if (!attributes.isEmpty()) {
      claims.put("attributes", attributes);
    }
    claims.put("video", video);
    String signed = HEADER + "." + b64(JSON.writeValueAsString(claims));
    return signed + "." + Base64.getUrlEncoder().withoutPadding().encodeToString(key.mac(signed));
  }

  /** Checks signature, issuer and time, and reads the grants. */
  public static Verdict verify(String jwt, TokenKey key, Instant now) {
    if (jwt.length() > MAX_LENGTH) {
      return new Invalid("token too long");
    }
    String[] parts = jwt.split("\\.", -1);
    if (parts.length != 3) {
      return new Invalid("not a token");
    }
    try {
      byte[] mac = Base64.getUrlDecoder().decode(parts[2]);
      if (!MessageDigest.isEqual(mac, key.mac(parts[0] + "." + parts[1]))) {
        return new Invalid("signature does not match");
      }
      Map<String, Object> header = object(parts[0]);
      if (!"HS256".equals(header.get("alg"))) {
        return new Invalid("algorithm is not HS256");
      }
      Map<String, Object> claims = object(parts[1]);
      if (!key.issuer().equals(claims.get("iss"))) {
        return new Invalid("issuer is not known");
      }
      long exp = number(claims, "exp", 0);
      long nbf = number(claims, "nbf", 0);
      if (now.minus(LEEWAY).getEpochSecond() >= exp) {
        return new Invalid("token has expired");
      }
      if (now.plus(LEEWAY).getEpochSecond() < nbf) {
        return new Invalid("token is not valid yet");
      }
      return new Valid(read(claims));
    } catch (IllegalArgumentException | JacksonException malformed) {
      return new Invalid("not a token");
    }
  }

  private static AccessToken read(Map<String, Object> claims) {
    if (!(claims.get("video") instanceof Map<?, ?> raw)) {
      throw new IllegalArgumentException("no video grant");
    }
    Map<String, Object> video = new LinkedHashMap<>();
    raw.forEach((k, v) -> video.put((String) k, v));
    Set<Source> sources = EnumSet.noneOf(Source.class);
    if (video.get("canPublishSources") instanceof List<?> list) {
      for (Object o : list) {
        sources.add(Source.valueOf(String.valueOf(o).toUpperCase(Locale.ROOT)));
      }
    }
    Map<String, String> attributes = new LinkedHashMap<>();
    if (claims.get("attributes") instanceof Map<?, ?> map) {
      map.forEach((k, v) -> attributes.put((String) k, String.valueOf(v)));
    }
    Grants grants =
        new Grants(
            string(video, "room"),
            flag(video, "roomJoin", false),
            flag(video, "canPublish", true),
            flag(video, "canSubscribe", true),
            flag(video, "canPublishData", flag(video, "canPublish", true)),
            flag(video, "canUpdateOwnMetadata", false),
            sources,
            flag(video, "hidden", false));
    return new AccessToken(
        string(claims, "sub"),
        string(claims, "name"),
        string(claims, "metadata"),
        attributes,
        grants);
  }

  /** Redacts everything but the identity's presence; a token's content belongs to its holder. */
  @Override
  public String toString() {
    return "AccessToken[room=" + grants.room() + "]";
  }

  private static boolean flag(Map<String, Object> map, String key, boolean absent) {
    return map.get(key) instanceof Boolean b ? b : absent;
  }

  private static String string(Map<String, Object> map, String key) {
    return map.get(key) instanceof String s ? s : "";
  }

  private static long number(Map<String, Object> map, String key, long absent) {
    return map.get(key) instanceof Number n ? n.longValue() : absent;
  }

  /** Only what carries our own signature gets here, and it is bounded by {@link #MAX_LENGTH}. */
  private static Map<String, Object> object(String b64) {
    return JSON.readValue(Base64.getUrlDecoder().decode(b64), MAP);
  }

  private static String b64(String text) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
