package dev.aye.app.people;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The device key of one simulated person, and what it signs (docs/protocol.md, Device proofs). */
final class Device {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final KeyPair key;
  private final SecureRandom random;
  private final InstantSource clock;

  Device(SecureRandom random, InstantSource clock) {
    this.key = pair(random);
    this.random = random;
    this.clock = clock;
  }

  static KeyPair pair(SecureRandom random) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"), random);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("P-256 is part of every JDK", e);
    }
  }

  /** The RFC 7638 thumbprint of the key, which is who this person is to the server. */
  String person() {
    String canonical =
        "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" + x() + "\",\"y\":\"" + y() + "\"}";
    return b64u(sha256(canonical.getBytes(StandardCharsets.US_ASCII)));
  }

  /** The proof that comes with joining. */
  String joinProof(String origin, String meeting) {
    return joinProof(origin, meeting, false);
  }

  /** The same, saying whether the key is kept beyond the meeting. */
  String joinProof(String origin, String meeting, boolean lasting) {
    Map<String, Object> payload = proof(origin);
    payload.put("meeting", meeting);
    if (lasting) {
      payload.put("lasting", true);
    }
    return sign("aye-device+jws", payload);
  }

  /** The proof that authorises one request. */
  String requestProof(String origin, String method, String path) {
    Map<String, Object> payload = proof(origin);
    payload.put("method", method);
    payload.put("path", path);
    return sign("aye-request+jws", payload);
  }

  private Map<String, Object> proof(String origin) {
    Map<String, Object> payload = new LinkedHashMap<>();
    payload.put("aud", origin);
    payload.put("iat", clock.instant().getEpochSecond());
    payload.put("jti", b64u(draw(16)));
    return payload;
  }

  /** A compact JWS of this payload. */
  String sign(String type, Map<String, ?> payload) {
    return sign(type, JSON.writeValueAsBytes(payload));
  }

  /** A compact JWS of exactly these bytes. */
  String sign(String type, byte[] payload) {
    Map<String, Object> jwk = new LinkedHashMap<>();
    jwk.put("crv", "P-256");
    jwk.put("kty", "EC");
    jwk.put("x", x());
    jwk.put("y", y());
    Map<String, Object> header = new LinkedHashMap<>();
    header.put("alg", "ES256");
    header.put("typ", type);
    header.put("jwk", jwk);
    String signed = b64u(JSON.writeValueAsBytes(header)) + "." + b64u(payload);
    try {
      Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
      signature.initSign(key.getPrivate(), random);
      signature.update(signed.getBytes(StandardCharsets.US_ASCII));
      return signed + "." + b64u(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("ES256 is part of every JDK", e);
    }
  }

  /**
   * The payload of a compact JWS whose signature matches the key in its header.
   *
   * @throws IllegalArgumentException when it is none, or of another type
   */
  static JsonNode verified(String jws, String type) {
    String[] parts = jws.split("\\.", -1);
    if (parts.length != 3) {
      throw new IllegalArgumentException("not a compact JWS");
    }
    JsonNode header = JSON.readTree(fromB64u(parts[0]));
    if (!header.path("typ").asString("").equals(type)
        || !header.path("alg").asString("").equals("ES256")) {
      throw new IllegalArgumentException("a JWS of another type");
    }
    JsonNode jwk = header.path("jwk");
    byte[] point =
        concat(
            new byte[] {4},
            fromB64u(jwk.path("x").asString("")),
            fromB64u(jwk.path("y").asString("")));
    try {
      Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
      signature.initVerify(Envelope.publicKey(point));
      signature.update((parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII));
      if (!signature.verify(fromB64u(parts[2]))) {
        throw new IllegalArgumentException("the signature does not match");
      }
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("the signature cannot be checked", e);
    }
    return JSON.readTree(fromB64u(parts[1]));
  }

  byte[] draw(int bytes) {
    byte[] drawn = new byte[bytes];
    random.nextBytes(drawn);
    return drawn;
  }

  private String x() {
    return b64u(fixed(((ECPublicKey) key.getPublic()).getW().getAffineX()));
  }

  private String y() {
    return b64u(fixed(((ECPublicKey) key.getPublic()).getW().getAffineY()));
  }

  /** The uncompressed point of a P-256 key: 65 bytes. */
  static byte[] point(KeyPair pair) {
    ECPublicKey key = (ECPublicKey) pair.getPublic();
    byte[] point = new byte[65];
    point[0] = 4;
    System.arraycopy(fixed(key.getW().getAffineX()), 0, point, 1, 32);
    System.arraycopy(fixed(key.getW().getAffineY()), 0, point, 33, 32);
    return point;
  }

  private static byte[] fixed(BigInteger number) {
    byte[] bytes = number.toByteArray();
    byte[] fixed = new byte[32];
    int length = Math.min(32, bytes.length);
    System.arraycopy(bytes, bytes.length - length, fixed, 32 - length, length);
    return fixed;
  }

  static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("SHA-256 is part of every JDK", e);
    }
  }

  static String b64u(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  static byte[] fromB64u(String text) {
    return Base64.getUrlDecoder().decode(text);
  }

  static byte[] concat(byte[]... parts) {
    int length = Arrays.stream(parts).mapToInt(part -> part.length).sum();
    byte[] all = new byte[length];
    int at = 0;
    for (byte[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }
}
