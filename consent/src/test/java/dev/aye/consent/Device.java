package dev.aye.consent;

import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * A person's device in tests: it has a key, draws secrets, and signs what it is told to, also
 * nonsense.
 */
final class Device {
  final Dice dice;
  final ECKey key;
  private final KeyPair pair;
  private final PersonId person;

  Device(String seed) {
    try {
      dice = new Dice(seed);
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"), dice);
      pair = generator.generateKeyPair();
      key =
          new ECKey.Builder(Curve.P_256, (ECPublicKey) pair.getPublic())
              .privateKey(pair.getPrivate())
              .build();
      person = new PersonId(key.computeThumbprint().toString());
    } catch (GeneralSecurityException | com.nimbusds.jose.JOSEException e) {
      throw new AssertionError(e);
    }
  }

  PersonId person() {
    return person;
  }

  String header(String typ) {
    return "{\"alg\":\"ES256\",\"typ\":\"%s\",\"jwk\":{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}}"
        .formatted(typ, key.getX(), key.getY());
  }

  String sign(String typ, String payload) {
    return signRaw(header(typ), payload.getBytes(StandardCharsets.UTF_8));
  }

  String signRaw(String header, byte[] payload) {
    return signRaw(header.getBytes(StandardCharsets.UTF_8), payload);
  }

  String signRaw(byte[] header, byte[] payload) {
    String signed = Base64Url.encode(header) + "." + Base64Url.encode(payload);
    try {
      Signature es256 = Signature.getInstance("SHA256withECDSAinP1363Format");
      es256.initSign(pair.getPrivate(), dice);
      es256.update(signed.getBytes(StandardCharsets.US_ASCII));
      return signed + "." + Base64Url.encode(es256.sign());
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  /** The same token with the other one of the two signatures that ES256 has for it. */
  static String malleated(String jws) {
    int dot = jws.lastIndexOf('.');
    byte[] signature = Base64.getUrlDecoder().decode(jws.substring(dot + 1));
    BigInteger order = Curve.P_256.toECParameterSpec().getOrder();
    BigInteger s = new BigInteger(1, signature, 32, 32);
    byte[] other = order.subtract(s).toByteArray();
    java.util.Arrays.fill(signature, 32, 64, (byte) 0);
    int length = Math.min(32, other.length);
    System.arraycopy(other, other.length - length, signature, 64 - length, length);
    return jws.substring(0, dot + 1) + Base64Url.encode(signature);
  }

  WithdrawalSecret secret() {
    return WithdrawalSecret.of(dice.bytes(32));
  }

  Salt salt() {
    return Salt.of(dice.bytes(32));
  }

  String sign(Draft draft) {
    return sign("aye-receipt+jws", draft.json());
  }

  /** A receipt's payload in the making, every field of which can be put wrong. */
  static final class Draft {
    final Map<String, Object> fields = new LinkedHashMap<>();

    Draft with(String key, Object value) {
      fields.put(key, value);
      return this;
    }

    Draft without(String key) {
      fields.remove(key);
      return this;
    }

    @SuppressWarnings("unchecked")
    Map<String, Object> object(String key) {
      return (Map<String, Object>) fields.get(key);
    }

    @SuppressWarnings("unchecked")
    List<Map<String, Object>> choices() {
      return (List<Map<String, Object>>) fields.get("choices");
    }

    Draft yes(Purpose purpose, Medium medium, Handle handle) {
      choices().add(row(purpose, medium, "given"));
      choices().getLast().put("handle", handle.value());
      return this;
    }

    Draft no(Purpose purpose, Medium medium) {
      choices().add(row(purpose, medium, "refused"));
      return this;
    }

    private static Map<String, Object> row(Purpose purpose, Medium medium, String state) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("purpose", purpose.id());
      row.put("purposeIri", purpose.iri());
      row.put("medium", medium.id());
      row.put("state", state);
      return row;
    }

    String json() {
      return JsonMapper.shared().writeValueAsString(fields);
    }
  }
}
