package dev.aye.app.people;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.KDF;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The key wrapping of docs/protocol.md: ECDH on P-256, HKDF-SHA256 and AES-256-GCM; the same for
 * sender keys, stream keys and the knock.
 */
final class Envelope {
  private static final int IV = 12;

  private Envelope() {}

  /** What can go wrong with a key that came from somebody else. */
  static final class Unreadable extends Exception {
    private static final long serialVersionUID = 1;

    Unreadable(String what) {
      super(what);
    }
  }

  static byte[] hkdf(byte[] secret, String salt, String info, int length) {
    try {
      return KDF.getInstance("HKDF-SHA256")
          .deriveData(
              HKDFParameterSpec.ofExtract()
                  .addIKM(secret)
                  .addSalt(salt.getBytes(StandardCharsets.UTF_8))
                  .thenExpand(info.getBytes(StandardCharsets.UTF_8), length));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("HKDF is part of JDK 25", e);
    }
  }

  static byte[] hmac(byte[] key, byte[] message) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      return mac.doFinal(message);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("HMAC-SHA256 is part of every JDK", e);
    }
  }

  /** The x-coordinate that two P-256 keys agree on. */
  static byte[] agree(PrivateKey own, byte[] point) throws Unreadable {
    try {
      KeyAgreement agreement = KeyAgreement.getInstance("ECDH");
      agreement.init(own);
      agreement.doPhase(publicKey(point), true);
      return agreement.generateSecret();
    } catch (GeneralSecurityException e) {
      throw new Unreadable("the other key is no point of P-256");
    }
  }

  static PublicKey publicKey(byte[] point) throws GeneralSecurityException {
    if (point.length != 65 || point[0] != 4) {
      throw new GeneralSecurityException("not an uncompressed point");
    }
    ECPoint w =
        new ECPoint(
            new BigInteger(1, Arrays.copyOfRange(point, 1, 33)),
            new BigInteger(1, Arrays.copyOfRange(point, 33, 65)));
    AlgorithmParameters curve = AlgorithmParameters.getInstance("EC");
    curve.init(new ECGenParameterSpec("secp256r1"));
    return KeyFactory.getInstance("EC")
        .generatePublic(new ECPublicKeySpec(w, curve.getParameterSpec(ECParameterSpec.class)));
  }

  /** {@code iv(12) ‖ AES-256-GCM}. */
  static byte[] close(byte[] key, byte[] plain, SecureRandom random) {
    byte[] iv = new byte[IV];
    random.nextBytes(iv);
    try {
      Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(
          Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, iv));
      return Device.concat(iv, cipher.doFinal(plain));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-GCM is part of every JDK", e);
    }
  }

  static byte[] open(byte[] key, byte[] closed) throws Unreadable {
    if (closed.length < IV + 16) {
      throw new Unreadable("a wrapped key is cut short");
    }
    try {
      Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(
          Cipher.DECRYPT_MODE,
          new SecretKeySpec(key, "AES"),
          new GCMParameterSpec(128, closed, 0, IV));
      return cipher.doFinal(closed, IV, closed.length - IV);
    } catch (GeneralSecurityException e) {
      throw new Unreadable("a wrapped key does not open");
    }
  }

  /** The stream key wrapped to a recipient: {@code ephemeral point(65) ‖ iv(12) ‖ AES-256-GCM}. */
  static byte[] wrapStreamKey(
      byte[] streamKey,
      byte[] recipientPoint,
      String meeting,
      String participant,
      String recipient,
      SecureRandom random)
      throws Unreadable {
    KeyPair ephemeral = Device.pair(random);
    byte[] key =
        hkdf(
            agree(ephemeral.getPrivate(), recipientPoint),
            "aye/stream/1",
            meeting + "\n" + participant + "\n" + recipient,
            32);
    return Device.concat(Device.point(ephemeral), close(key, streamKey, random));
  }

  /** The key under which one member's sender key is wrapped to another. */
  static byte[] senderWrapKey(
      PrivateKey own, byte[] otherPoint, String meeting, String sender, String receiver, int index)
      throws Unreadable {
    return hkdf(
        agree(own, otherPoint),
        "aye/sender-key/1",
        meeting + "\n" + sender + "\n" + receiver + "\n" + index,
        32);
  }

  /** The key of the knock, derived from the link secret. */
  static byte[] knockKey(byte[] linkSecret, String meeting) {
    return hkdf(linkSecret, "aye/knock/1", meeting, 32);
  }
}
