package dev.aye.consent;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.util.Base64URL;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.spec.ECFieldFp;
import java.util.regex.Pattern;

/**
 * Something a device signed: a compact JWS (RFC 7515) with ES256 (RFC 7518 section 3.4) and the
 * P-256 key in its header.
 *
 * <p>An instance exists only when the signature is good. The header is exactly {@code alg, typ,
 * jwk} and the jwk exactly {@code crv, kty, x, y}: the algorithm is not the sender's to choose, and
 * no other key can be pointed at. ES256 signatures are malleable, so nothing may be identified by
 * the signature.
 */
final class DeviceToken {
  private static final Pattern COMPACT =
      Pattern.compile("([A-Za-z0-9_-]+)\\.([A-Za-z0-9_-]+)\\.([A-Za-z0-9_-]+)");
  private static final BigInteger PRIME =
      ((ECFieldFp) Curve.P_256.toECParameterSpec().getCurve().getField()).getP();
  private static final JWSHeader ES256 = new JWSHeader(JWSAlgorithm.ES256);

  private final PersonId person;
  private final byte[] payload;

  private DeviceToken(PersonId person, byte[] payload) {
    this.person = person;
    this.payload = payload;
  }

  /** The thumbprint (RFC 7638) of the key that signed. */
  PersonId person() {
    return person;
  }

  /** The signed bytes; the caller's to keep. */
  byte[] payload() {
    return payload.clone();
  }

  static DeviceToken verify(String compact, String typ, int maxLength) throws Flaw {
    if (compact.length() > maxLength) {
      throw new Flaw(Refusal.OVERSIZED, "longer than " + maxLength + " characters");
    }
    var parts = COMPACT.matcher(compact);
    if (!parts.matches()) {
      throw new Flaw(Refusal.NOT_A_TOKEN, "not three parts of base64url");
    }
    byte[] header = part(parts.group(1), "header");
    byte[] payload = part(parts.group(2), "payload");
    if (part(parts.group(3), "signature").length != 64) {
      throw new Flaw(Refusal.BAD_SIGNATURE, "the signature is not 64 bytes");
    }
    ECKey key = key(header, typ);
    byte[] signed = compact.substring(0, parts.end(2)).getBytes(StandardCharsets.US_ASCII);
    try {
      if (!new ECDSAVerifier(key).verify(ES256, signed, new Base64URL(parts.group(3)))) {
        throw new Flaw(Refusal.BAD_SIGNATURE, "the signature does not match");
      }
      return new DeviceToken(new PersonId(key.computeThumbprint().toString()), payload);
    } catch (JOSEException e) {
      throw new Flaw(Refusal.BAD_SIGNATURE, "the signature cannot be checked");
    }
  }

  private static ECKey key(byte[] header, String typ) throws Flaw {
    try {
      StrictJson fields = StrictJson.read(header, "header", "alg", "typ", "jwk");
      fields.exactly("alg", "ES256");
      fields.exactly("typ", typ);
      StrictJson jwk = fields.object("jwk", "crv", "kty", "x", "y");
      jwk.exactly("crv", "P-256");
      jwk.exactly("kty", "EC");
      Base64URL x = new Base64URL(jwk.base64url("x", 32));
      Base64URL y = new Base64URL(jwk.base64url("y", 32));
      if (!isOnField(x) || !isOnField(y)) {
        throw new Flaw(Refusal.BAD_KEY, "a coordinate is not below the prime of P-256");
      }
      try {
        return new ECKey.Builder(Curve.P_256, x, y).build();
      } catch (IllegalStateException | IllegalArgumentException e) {
        throw new Flaw(Refusal.BAD_KEY, "the point is not on P-256");
      }
    } catch (Flaw flaw) {
      if (flaw.reason() == Refusal.BAD_KEY) {
        throw flaw;
      }
      throw new Flaw(Refusal.NOT_A_TOKEN, flaw.detail());
    }
  }

  /** Below the prime: a larger number is another spelling of a coordinate, so of a person. */
  private static boolean isOnField(Base64URL coordinate) {
    return coordinate.decodeToBigInteger().compareTo(PRIME) < 0;
  }

  private static byte[] part(String text, String what) throws Flaw {
    try {
      return Base64Url.decode(text);
    } catch (IllegalArgumentException e) {
      throw new Flaw(Refusal.NOT_A_TOKEN, "the " + what + " is " + e.getMessage());
    }
  }

  @Override
  public String toString() {
    return "token of " + person;
  }
}
