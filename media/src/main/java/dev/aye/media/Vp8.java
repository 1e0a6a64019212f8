package dev.aye.media;

/**
 * The VP8 payload descriptor of an RTP packet (RFC 7741, 4.2): what a forwarding server reads and
 * rewrites.
 *
 * @param size bytes of the descriptor
 * @param frameStart the packet begins a frame
 * @param keyFrame the packet begins a key frame (RFC 6386, 9.1; readable under encryption)
 * @param pictureIdAt offset of the picture id, -1 if there is none
 * @param wide the picture id has 15 bits, else 7
 * @param tl0At offset of TL0PICIDX, -1 if there is none
 */
record Vp8(
    int size,
    boolean frameStart,
    boolean keyFrame,
    int pictureIdAt,
    boolean wide,
    int pictureId,
    int tl0At,
    int tl0) {

  static final Vp8 NONE = new Vp8(0, false, false, -1, false, 0, -1, 0);

  /** Reads the descriptor; {@link #NONE} if the payload is too short to hold it. */
  static Vp8 parse(byte[] p) {
    if (p.length < 2) {
      return NONE;
    }
    int at = 1;
    int pictureIdAt = -1;
    int pictureId = 0;
    boolean wide = false;
    int tl0At = -1;
    int tl0 = 0;
    if ((p[0] & 0x80) != 0) {
      int flags = p[at++];
      if ((flags & 0x80) != 0) {
        if (at + 2 > p.length) {
          return NONE;
        }
        pictureIdAt = at;
        wide = (p[at] & 0x80) != 0;
        pictureId = wide ? (p[at] & 0x7f) << 8 | (p[at + 1] & 0xff) : p[at] & 0x7f;
        at += wide ? 2 : 1;
      }
      if ((flags & 0x40) != 0) {
        if (at >= p.length) {
          return NONE;
        }
        tl0At = at;
        tl0 = p[at++] & 0xff;
      }
      if ((flags & 0x30) != 0) {
        at++;
      }
    }
    if (at >= p.length) {
      return NONE;
    }
    boolean start = (p[0] & 0x10) != 0 && (p[0] & 0x07) == 0;
    return new Vp8(at, start, start && (p[at] & 1) == 0, pictureIdAt, wide, pictureId, tl0At, tl0);
  }

  /** Whether there is a descriptor at all; a packet of padding has none. */
  boolean present() {
    return size > 0;
  }

  /** The payload with another picture id and TL0PICIDX; the same array if nothing changes. */
  byte[] rewrite(byte[] payload, int newPictureId, int newTl0) {
    int id = newPictureId & (wide ? 0x7fff : 0x7f);
    int index = newTl0 & 0xff;
    if ((pictureIdAt < 0 || id == pictureId) && (tl0At < 0 || index == tl0)) {
      return payload;
    }
    byte[] out = payload.clone();
    if (pictureIdAt >= 0 && wide) {
      out[pictureIdAt] = (byte) (0x80 | id >> 8);
      out[pictureIdAt + 1] = (byte) id;
    } else if (pictureIdAt >= 0) {
      out[pictureIdAt] = (byte) id;
    }
    if (tl0At >= 0) {
      out[tl0At] = (byte) index;
    }
    return out;
  }
}
