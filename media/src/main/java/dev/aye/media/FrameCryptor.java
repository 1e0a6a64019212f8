package dev.aye.media;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReferenceArray;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import livekit.LivekitModels.EncryptedPacket;
import livekit.LivekitModels.EncryptedPacketPayload;
import livekit.LivekitModels.Encryption;
import org.jspecify.annotations.Nullable;

/**
 * LiveKit's end-to-end encryption of one sender: media frames and data packets under up to 16 keys.
 *
 * <p>Raw key → HKDF-SHA-256 (salt {@code LKFrameEncryptionKey}, info 128 zero bytes) → AES-128-GCM.
 * A frame is {@code header | ciphertext and tag | IV(12) | 0x0C | key index}, where the header
 * stays readable and is authenticated: 1 byte of Opus, 10 of a VP8 key frame, 3 of another VP8
 * frame. An empty frame (DTX) stays empty. A data packet carries IV and key index beside the
 * ciphertext.
 *
 * <p>Keys may be set from any thread; one thread encrypts, one thread decrypts.
 */
public final class FrameCryptor {
  static final int IV_LENGTH = 12;
  static final int TAG_LENGTH = 16;
  private static final int KEYS = 16;

  /** How many bytes at the start of a frame stay readable. */
  public enum Kind {
    OPUS(1),
    VP8_KEY(10),
    VP8_DELTA(3);

    private final int header;

    Kind(int header) {
      this.header = header;
    }

    /** The kind of a VP8 frame by its first bit (RFC 6386, 9.1): zero is a key frame. */
    public static Kind ofVp8(byte[] frame) {
      return frame.length > 0 && (frame[0] & 1) == 0 ? VP8_KEY : VP8_DELTA;
    }
  }

  private final AtomicReferenceArray<@Nullable SecretKeySpec> keys =
      new AtomicReferenceArray<>(KEYS);
  private final SecureRandom random;
  private final Cipher encrypt = aesGcm();
  private final Cipher decrypt = aesGcm();
  private volatile int current;

  public FrameCryptor(SecureRandom random) {
    this.random = random;
  }

  /** Knows the key under an index from now on; encryption goes on under the index it had. */
  public void setKey(StreamKey key, int index) {
    keys.set(checked(index), derive(key.raw()));
  }

  /** Encrypts under this index from now on. */
  public void use(int index) {
    if (keys.get(checked(index)) == null) {
      throw new IllegalStateException("no key at this index");
    }
    current = index;
  }

  /** Forgets the key under an index. */
  public void forget(int index) {
    keys.set(checked(index), null);
  }

  /** Encrypts one frame; throws if there is no key, for a frame must never leave in clear. */
  public byte[] encrypt(Kind kind, byte[] frame) {
    if (frame.length == 0) {
      return frame;
    }
    int index = current;
    SecretKeySpec key = keys.get(index);
    if (key == null) {
      throw new IllegalStateException("no key to encrypt with");
    }
    int header = Math.min(kind.header, frame.length);
    byte[] iv = new byte[IV_LENGTH];
    random.nextBytes(iv);
    byte[] out = new byte[frame.length + TAG_LENGTH + IV_LENGTH + 2];
    try {
      encrypt.init(Cipher.ENCRYPT_MODE, key, new GCMParameterSpec(TAG_LENGTH * 8, iv));
      encrypt.updateAAD(frame, 0, header);
      System.arraycopy(frame, 0, out, 0, header);
      int n = encrypt.doFinal(frame, header, frame.length - header, out, header);
      System.arraycopy(iv, 0, out, header + n, IV_LENGTH);
      out[header + n + IV_LENGTH] = IV_LENGTH;
      out[header + n + IV_LENGTH + 1] = (byte) index;
      return out;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("could not encrypt a frame", e);
    }
  }

  /** Decrypts one frame; empty if it is malformed, forged or under a key that is not known. */
  public Optional<byte[]> decrypt(Kind kind, byte[] frame) {
    if (frame.length == 0) {
      return Optional.of(frame);
    }
    int header = kind.header;
    int body = frame.length - header - IV_LENGTH - 2;
    if (body < TAG_LENGTH || frame[frame.length - 2] != IV_LENGTH) {
      return Optional.empty();
    }
    SecretKeySpec key = key(frame[frame.length - 1] & 0xff);
    if (key == null) {
      return Optional.empty();
    }
    byte[] out = new byte[header + body - TAG_LENGTH];
    try {
      decrypt.init(
          Cipher.DECRYPT_MODE,
          key,
          new GCMParameterSpec(TAG_LENGTH * 8, frame, header + body, IV_LENGTH));
      decrypt.updateAAD(frame, 0, header);
      System.arraycopy(frame, 0, out, 0, header);
      decrypt.doFinal(frame, header, body, out, header);
      return Optional.of(out);
    } catch (AEADBadTagException forged) {
      return Optional.empty();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("could not decrypt a frame", e);
    }
  }

  /** Encrypts the content of a data packet. */
  EncryptedPacket seal(EncryptedPacketPayload payload) {
    int index = current;
    SecretKeySpec key = keys.get(index);
    if (key == null) {
      throw new IllegalStateException("no key to encrypt with");
    }
    byte[] iv = new byte[IV_LENGTH];
    random.nextBytes(iv);
    try {
      encrypt.init(Cipher.ENCRYPT_MODE, key, new GCMParameterSpec(TAG_LENGTH * 8, iv));
      return EncryptedPacket.newBuilder()
          .setEncryptionType(Encryption.Type.GCM)
          .setIv(ByteString.copyFrom(iv))
          .setKeyIndex(index)
          .setEncryptedValue(ByteString.copyFrom(encrypt.doFinal(payload.toByteArray())))
          .build();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("could not encrypt a data packet", e);
    }
  }

  /** Decrypts a data packet; empty if it is malformed, forged or under an unknown key. */
  Optional<EncryptedPacketPayload> open(EncryptedPacket packet) {
    SecretKeySpec key = key(packet.getKeyIndex());
    if (key == null || packet.getIv().size() != IV_LENGTH) {
      return Optional.empty();
    }
    try {
      decrypt.init(
          Cipher.DECRYPT_MODE,
          key,
          new GCMParameterSpec(TAG_LENGTH * 8, packet.getIv().toByteArray()));
      byte[] plain = decrypt.doFinal(packet.getEncryptedValue().toByteArray());
      return Optional.of(EncryptedPacketPayload.parseFrom(plain));
    } catch (AEADBadTagException | InvalidProtocolBufferException forged) {
      return Optional.empty();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("could not decrypt a data packet", e);
    }
  }

  private @Nullable SecretKeySpec key(int index) {
    return index < 0 || index >= KEYS ? null : keys.get(index);
  }

  private static int checked(int index) {
    if (index < 0 || index >= KEYS) {
      throw new IllegalArgumentException("a key index is 0 to 15");
    }
    return index;
  }

  /** HKDF-SHA-256 (RFC 5869) of one block, as livekit-client derives a key from raw bytes. */
  private static SecretKeySpec derive(byte[] raw) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      byte[] salt = "LKFrameEncryptionKey".getBytes(StandardCharsets.US_ASCII);
      mac.init(new SecretKeySpec(salt, "HmacSHA256"));
      byte[] prk = mac.doFinal(raw);
      mac.init(new SecretKeySpec(prk, "HmacSHA256"));
      mac.update(new byte[128]);
      byte[] okm = mac.doFinal(new byte[] {1});
      Arrays.fill(prk, (byte) 0);
      Arrays.fill(raw, (byte) 0);
      return new SecretKeySpec(okm, 0, 16, "AES");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("HMAC-SHA256 is part of every JDK", e);
    }
  }

  private static Cipher aesGcm() {
    try {
      return Cipher.getInstance("AES/GCM/NoPadding");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-GCM is part of every JDK", e);
    }
  }
}
