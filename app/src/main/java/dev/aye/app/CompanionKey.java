package dev.aye.app;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import javax.crypto.Cipher;
import javax.crypto.KDF;
import javax.crypto.KeyAgreement;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The key pair of the companion: devices wrap the keys of their streams to it (docs/protocol.md,
 * Listening room). The private key stays in the keys folder and in this process.
 */
final class CompanionKey {
  private static final int POINT = 65;
  private static final int WRAPPED = POINT + 12 + 32 + 16;
  private static final String CURVE = "secp256r1";

  private final PrivateKey secret;
  private final byte[] point;

  private CompanionKey(PrivateKey secret, byte[] point) {
    this.secret = secret;
    this.point = point;
  }

  /** The key pair in the keys folder, drawn when there is none. */
  static CompanionKey of(Keys keys, SecureRandom random) throws IOException {
    byte[] stored = keys.stored("companion", () -> draw(random));
    try {
      byte[] point = Arrays.copyOf(stored, POINT);
      PrivateKey secret =
          KeyFactory.getInstance("EC")
              .generatePrivate(
                  new PKCS8EncodedKeySpec(Arrays.copyOfRange(stored, POINT, stored.length)));
      publicKey(point);
      return new CompanionKey(secret, point);
    } catch (GeneralSecurityException e) {
      throw new IOException("the companion's key has been damaged", e);
    }
  }

  private static byte[] draw(SecureRandom random) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec(CURVE), random);
      KeyPair pair = generator.generateKeyPair();
      ECPoint w = ((ECPublicKey) pair.getPublic()).getW();
      byte[] secret = pair.getPrivate().getEncoded();
      return ByteBuffer.allocate(POINT + secret.length)
          .put((byte) 4)
          .put(fixed(w.getAffineX()))
          .put(fixed(w.getAffineY()))
          .put(secret)
          .array();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("P-256 is part of every JDK", e);
    }
  }

  private static byte[] fixed(BigInteger number) {
    byte[] bytes = number.toByteArray();
    byte[] fixed = new byte[32];
    int length = Math.min(32, bytes.length);
    System.arraycopy(bytes, bytes.length - length, fixed, 32 - length, length);
    return fixed;
  }

  /** The uncompressed point, 65 bytes. */
  byte[] point() {
    return point.clone();
  }

  String b64u() {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(point);
  }

  /** The stream key in {@code wrapped}; empty when it was not wrapped for this key and this use. */
  Optional<byte[]> unwrap(byte[] wrapped, String meeting, String participant, String recipient) {
    if (wrapped.length != WRAPPED) {
      return Optional.empty();
    }
    try {
      KeyAgreement agreement = KeyAgreement.getInstance("ECDH");
      agreement.init(secret);
      agreement.doPhase(publicKey(Arrays.copyOf(wrapped, POINT)), true);
      byte[] key =
          KDF.getInstance("HKDF-SHA256")
              .deriveData(
                  HKDFParameterSpec.ofExtract()
                      .addIKM(agreement.generateSecret())
                      .addSalt("aye/stream/1".getBytes(StandardCharsets.UTF_8))
                      .thenExpand(
                          (meeting + "\n" + participant + "\n" + recipient)
                              .getBytes(StandardCharsets.UTF_8),
                          32));
      Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(
          Cipher.DECRYPT_MODE,
          new SecretKeySpec(key, "AES"),
          new GCMParameterSpec(128, wrapped, POINT, 12));
      return Optional.of(cipher.doFinal(wrapped, POINT + 12, wrapped.length - POINT - 12));
    } catch (GeneralSecurityException e) {
      return Optional.empty();
    }
  }

  /** The point as a public key; the curve equation is checked, so that no other curve slips in. */
  private static PublicKey publicKey(byte[] point) throws GeneralSecurityException {
    if (point[0] != 4) {
      throw new GeneralSecurityException("not an uncompressed point");
    }
    AlgorithmParameters curve = AlgorithmParameters.getInstance("EC");
    curve.init(new ECGenParameterSpec(CURVE));
    ECParameterSpec p256 = curve.getParameterSpec(ECParameterSpec.class);
    BigInteger x = new BigInteger(1, Arrays.copyOfRange(point, 1, 33));
    BigInteger y = new BigInteger(1, Arrays.copyOfRange(point, 33, 65));
    BigInteger p = ((java.security.spec.ECFieldFp) p256.getCurve().getField()).getP();
    BigInteger right =
        x.multiply(x).add(p256.getCurve().getA()).multiply(x).add(p256.getCurve().getB()).mod(p);
    if (x.compareTo(p) >= 0 || y.compareTo(p) >= 0 || !y.multiply(y).mod(p).equals(right)) {
      throw new GeneralSecurityException("not a point of P-256");
    }
    return KeyFactory.getInstance("EC")
        .generatePublic(new ECPublicKeySpec(new ECPoint(x, y), p256));
  }

  @Override
  public String toString() {
    return "CompanionKey";
  }
}
