package dev.aye.media.transport;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * One direction of SRTP and SRTCP (RFC 3711, RFC 7714) under one master key, for any number of
 * streams; no MKI, no re-keying, key derivation rate 0. A sender never uses an index twice, a
 * receiver never takes one twice. Not thread-safe.
 */
final class Srtp {

  /** The protection profiles of DTLS-SRTP (RFC 5764 section 4.1.2, RFC 7714 section 14.2). */
  enum Profile {
    AEAD_AES_128_GCM(0x0007, 12, 16, 16),
    AES_CM_128_HMAC_SHA1_80(0x0001, 14, 10, 10);

    final int id;
    final int salt;
    final int tag;
    final int rtcpTag;

    Profile(int id, int salt, int tag, int rtcpTag) {
      this.id = id;
      this.salt = salt;
      this.tag = tag;
      this.rtcpTag = rtcpTag;
    }

    static final int KEY = 16;
  }

  /** More room than this is never needed behind a plain packet. */
  static final int OVERHEAD = 20;

  private static final int MOST_STREAMS_IN = 512;
  private static final int MOST_STREAMS_OUT = 4096;
  private static final int INDEX_LIMIT = Integer.MAX_VALUE;

  private final boolean gcm;
  private final Profile profile;
  private final Keys rtp;
  private final Keys rtcp;
  private final boolean sending;
  private final Map<Integer, ReplayWindow> streams;
  private final Map<Integer, ReplayWindow> rtcpStreams;
  private final byte[] iv;
  private final byte[] four = new byte[4];
  private int rtcpIndex;

  private Srtp(Profile profile, Keys rtp, Keys rtcp, boolean sending) {
    this.profile = profile;
    this.gcm = profile == Profile.AEAD_AES_128_GCM;
    this.rtp = rtp;
    this.rtcp = rtcp;
    this.sending = sending;
    this.streams = sending ? new LinkedHashMap<>() : recent();
    this.rtcpStreams = recent();
    this.iv = new byte[gcm ? 12 : 16];
  }

  static Srtp sender(Profile profile, byte[] key, byte[] salt) {
    return derive(profile, key, salt, true);
  }

  static Srtp receiver(Profile profile, byte[] key, byte[] salt) {
    return derive(profile, key, salt, false);
  }

  /** With session keys instead of a master key, as the vectors of RFC 7714 give them. */
  static Srtp withSessionKeys(byte[] key, byte[] salt, boolean sending) {
    var profile = Profile.AEAD_AES_128_GCM;
    return new Srtp(
        profile, new Keys(profile, key, salt, key), new Keys(profile, key, salt, key), sending);
  }

  private static Srtp derive(Profile profile, byte[] key, byte[] salt, boolean sending) {
    return new Srtp(
        profile, Keys.derive(profile, key, salt, 0), Keys.derive(profile, key, salt, 3), sending);
  }

  /** The keys and ciphers of either RTP or RTCP. */
  private static final class Keys {
    final SecretKeySpec key;
    final byte[] salt;
    final Cipher cipher;
    final Mac mac;

    Keys(Profile profile, byte[] key, byte[] salt, byte[] authentication) {
      this.key = new SecretKeySpec(key, "AES");
      this.salt = salt;
      try {
        cipher =
            Cipher.getInstance(
                profile == Profile.AEAD_AES_128_GCM ? "AES/GCM/NoPadding" : "AES/CTR/NoPadding");
        mac = Mac.getInstance("HmacSHA1");
        mac.init(new SecretKeySpec(authentication, "HmacSHA1"));
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("every Java has AES and HMAC-SHA1", e);
      }
    }

    static Keys derive(Profile profile, byte[] key, byte[] salt, int label) {
      return new Keys(
          profile,
          Srtp.derive(key, salt, label, 16),
          Srtp.derive(key, salt, label + 2, profile.salt),
          Srtp.derive(key, salt, label + 1, 20));
    }
  }

  /** The key derivation of RFC 3711 section 4.3.1; a shorter salt is padded on its right. */
  static byte[] derive(byte[] key, byte[] salt, int label, int length) {
    byte[] x = Arrays.copyOf(salt, 16);
    x[7] ^= (byte) label;
    try {
      var cipher = Cipher.getInstance("AES/CTR/NoPadding");
      cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new IvParameterSpec(x));
      return cipher.doFinal(new byte[length]);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("cannot derive SRTP keys", e);
    }
  }

  /**
   * Protects the RTP packet in the first {@code length} bytes in place; the array has {@link
   * #OVERHEAD} bytes of room behind it. Returns the new length, or -1 if that index was used
   * before, is older than the window, or there are too many streams.
   */
  int protectRtp(byte[] b, int length) {
    int header = RtpPacket.headerLength(b, length);
    int ssrc = header < 0 ? 0 : Bytes.i32(b, 8);
    ReplayWindow window = header < 0 ? null : streamOut(ssrc);
    if (window == null) {
      return -1;
    }
    long index = index(window, Bytes.u16(b, 2));
    if (index < 0 || !window.isNew(index)) {
      return -1;
    }
    window.add(index);
    try {
      if (gcm) {
        gcmIv(rtp.salt, ssrc, index);
        initGcm(rtp, Cipher.ENCRYPT_MODE);
        rtp.cipher.updateAAD(b, 0, header);
        return header + rtp.cipher.doFinal(b, header, length - header, b, header);
      }
      counterMode(rtp, ssrc, index, b, header, length);
      Bytes.put32(four, 0, (int) (index >>> 16));
      rtp.mac.update(b, 0, length);
      rtp.mac.update(four);
      System.arraycopy(rtp.mac.doFinal(), 0, b, length, profile.tag);
      return length + profile.tag;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("cannot protect an RTP packet", e);
    }
  }

  private @org.jspecify.annotations.Nullable ReplayWindow streamOut(int ssrc) {
    if (!sending) {
      throw new IllegalStateException("this direction receives");
    }
    ReplayWindow window = streams.get(ssrc);
    if (window == null && streams.size() < MOST_STREAMS_OUT) {
      window = new ReplayWindow();
      streams.put(ssrc, window);
    }
    return window;
  }

  /** Opens the packet in place and returns the plain length; -1 if it is forged, old or broken. */
  int unprotectRtp(byte[] b, int length) {
    int end = length - profile.tag;
    int header = RtpPacket.headerLength(b, end);
    if (header < 0) {
      return -1;
    }
    int ssrc = Bytes.i32(b, 8);
    ReplayWindow known = streams.get(ssrc);
    ReplayWindow window = known == null ? new ReplayWindow() : known;
    long index = index(window, Bytes.u16(b, 2));
    if (index < 0 || !window.isNew(index)) {
      return -1;
    }
    try {
      if (gcm) {
        gcmIv(rtp.salt, ssrc, index);
        initGcm(rtp, Cipher.DECRYPT_MODE);
        rtp.cipher.updateAAD(b, 0, header);
        rtp.cipher.doFinal(b, header, length - header, b, header);
      } else {
        Bytes.put32(four, 0, (int) (index >>> 16));
        rtp.mac.update(b, 0, end);
        rtp.mac.update(four);
        if (!tagMatches(rtp.mac.doFinal(), b, end)) {
          return -1;
        }
        counterMode(rtp, ssrc, index, b, header, end);
      }
    } catch (AEADBadTagException e) {
      return -1;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("cannot open an RTP packet", e);
    }
    window.add(index);
    if (known == null) {
      streams.put(ssrc, window);
    }
    return end;
  }

  /** Protects a compound RTCP packet; the result is a new array. */
  byte[] protectRtcp(byte[] packet) {
    if (packet.length < 8 || rtcpIndex == INDEX_LIMIT) {
      throw new IllegalStateException("cannot protect this RTCP packet");
    }
    int index = rtcpIndex++;
    int ssrc = Bytes.i32(packet, 4);
    try {
      if (gcm) {
        byte[] out = Arrays.copyOf(packet, packet.length + 20);
        Bytes.put32(four, 0, index | 0x80000000);
        gcmRtcpIv(ssrc, index);
        initGcm(rtcp, Cipher.ENCRYPT_MODE);
        rtcp.cipher.updateAAD(packet, 0, 8);
        rtcp.cipher.updateAAD(four);
        int sealed = rtcp.cipher.doFinal(packet, 8, packet.length - 8, out, 8);
        System.arraycopy(four, 0, out, 8 + sealed, 4);
        return out;
      }
      byte[] out = Arrays.copyOf(packet, packet.length + 14);
      counterMode(rtcp, ssrc, index, out, 8, packet.length);
      Bytes.put32(out, packet.length, index | 0x80000000);
      rtcp.mac.update(out, 0, packet.length + 4);
      System.arraycopy(rtcp.mac.doFinal(), 0, out, packet.length + 4, profile.rtcpTag);
      return out;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("cannot protect an RTCP packet", e);
    }
  }

  /** Opens the packet in place and returns the plain length; -1 if it is forged, old or plain. */
  int unprotectRtcp(byte[] b, int length) {
    if (length < 8 + 4 + profile.rtcpTag) {
      return -1;
    }
    int trailer = gcm ? length - 4 : length - 4 - profile.rtcpTag;
    int end = gcm ? trailer - profile.rtcpTag : trailer;
    if ((b[trailer] & 0x80) == 0) {
      return -1;
    }
    int index = Bytes.i32(b, trailer) & 0x7fffffff;
    int ssrc = Bytes.i32(b, 4);
    ReplayWindow known = rtcpStreams.get(ssrc);
    ReplayWindow window = known == null ? new ReplayWindow() : known;
    if (!window.isNew(index)) {
      return -1;
    }
    try {
      if (gcm) {
        gcmRtcpIv(ssrc, index);
        initGcm(rtcp, Cipher.DECRYPT_MODE);
        rtcp.cipher.updateAAD(b, 0, 8);
        rtcp.cipher.updateAAD(b, trailer, 4);
        rtcp.cipher.doFinal(b, 8, trailer - 8, b, 8);
      } else {
        rtcp.mac.update(b, 0, trailer + 4);
        if (!tagMatches(rtcp.mac.doFinal(), b, trailer + 4)) {
          return -1;
        }
        counterMode(rtcp, ssrc, index, b, 8, end);
      }
    } catch (AEADBadTagException e) {
      return -1;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("cannot open an RTCP packet", e);
    }
    window.add(index);
    if (known == null) {
      rtcpStreams.put(ssrc, window);
    }
    return end;
  }

  /**
   * The 48-bit index that a sequence number most likely means (RFC 3711 appendix A); negative if it
   * would lie before the first.
   */
  private static long index(ReplayWindow window, int sequence) {
    long highest = window.highest();
    if (highest < 0) {
      return sequence;
    }
    int last = (int) (highest & 0xffff);
    long rollover = highest >>> 16;
    if (last < 32768) {
      rollover -= sequence - last > 32768 ? 1 : 0;
    } else {
      rollover += last - 32768 > sequence ? 1 : 0;
    }
    return rollover << 16 | sequence;
  }

  private void initGcm(Keys keys, int mode) throws GeneralSecurityException {
    keys.cipher.init(mode, keys.key, new GCMParameterSpec(128, iv));
  }

  private void gcmIv(byte[] salt, int ssrc, long index) {
    Bytes.put16(iv, 0, 0);
    Bytes.put32(iv, 2, ssrc);
    Bytes.put32(iv, 6, (int) (index >>> 16));
    Bytes.put16(iv, 10, (int) index);
    saltIv(salt);
  }

  private void gcmRtcpIv(int ssrc, int index) {
    Bytes.put16(iv, 0, 0);
    Bytes.put32(iv, 2, ssrc);
    Bytes.put16(iv, 6, 0);
    Bytes.put32(iv, 8, index);
    saltIv(rtcp.salt);
  }

  private void saltIv(byte[] salt) {
    for (int i = 0; i < salt.length; i++) {
      iv[i] ^= salt[i];
    }
  }

  /** RFC 3711 section 4.1.1. */
  private void counterMode(Keys keys, int ssrc, long index, byte[] b, int from, int to)
      throws GeneralSecurityException {
    Arrays.fill(iv, (byte) 0);
    Bytes.put32(iv, 4, ssrc);
    Bytes.put16(iv, 8, (int) (index >>> 32));
    Bytes.put32(iv, 10, (int) index);
    saltIv(keys.salt);
    keys.cipher.init(Cipher.ENCRYPT_MODE, keys.key, new IvParameterSpec(iv));
    keys.cipher.doFinal(b, from, to - from, b, from);
  }

  private boolean tagMatches(byte[] mac, byte[] b, int at) {
    return MessageDigest.isEqual(
        Arrays.copyOf(mac, profile.tag), Bytes.slice(b, at, at + profile.tag));
  }

  private static Map<Integer, ReplayWindow> recent() {
    return new LinkedHashMap<>(16, 0.75f, true) {
      @Override
      protected boolean removeEldestEntry(Map.Entry<Integer, ReplayWindow> eldest) {
        return size() > MOST_STREAMS_IN;
      }
    };
  }
}
