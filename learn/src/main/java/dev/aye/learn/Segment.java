package dev.aye.learn;

import dev.aye.consent.Medium;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One thing to learn from: a stretch of speech, or a chat message. Its encoding is what a training
 * block of the vault holds, and (after the speaker's pseudonym) the canonical row of a data set.
 *
 * @param medium voice or chat
 * @param text what was said, by the pinned base recogniser, or what was typed
 * @param alternatives what else the recogniser considered, best first; none for chat
 * @param audio a WAV file, 16 kHz mono; empty where no sound was kept, and for chat
 * @param startMillis since 1970
 * @param durationMillis how long the speech lasts; 0 for chat
 * @param baseModel the recogniser, which no trained model touches; empty for chat
 */
@SuppressWarnings("ArrayRecordComponent") // compared by its encoding
public record Segment(
    Medium medium,
    String text,
    List<Hypothesis> alternatives,
    byte[] audio,
    long startMillis,
    long durationMillis,
    String baseModel) {
  private static final byte VERSION = 1;
  private static final int MAX_ALTERNATIVES = 1_000;

  public Segment {
    if (medium != Medium.VOICE && medium != Medium.CHAT) {
      throw new IllegalArgumentException("a segment is of voice or chat");
    }
    if (startMillis < 0 || durationMillis < 0) {
      throw new IllegalArgumentException("a segment starts after 1970 and lasts forwards");
    }
    if (alternatives.size() > MAX_ALTERNATIVES) {
      throw new IllegalArgumentException("too many alternatives");
    }
    text = wellFormed(text);
    baseModel = wellFormed(baseModel);
    alternatives = List.copyOf(alternatives);
  }

  /** A chat message. */
  public static Segment chat(String text, long startMillis) {
    return new Segment(Medium.CHAT, text, List.of(), new byte[0], startMillis, 0, "");
  }

  /** The one encoding of this segment: big-endian, lengths before contents. */
  public byte[] encode() {
    byte[] words = utf8(text);
    byte[] model = utf8(baseModel);
    int size = 1 + 1 + 8 + 8 + 4 + words.length + 4 + model.length + 2 + 4 + audio.length;
    List<byte[]> texts = new ArrayList<>();
    for (Hypothesis alternative : alternatives) {
      byte[] bytes = utf8(alternative.text());
      texts.add(bytes);
      size += 4 + bytes.length + 8;
    }
    ByteBuffer out = ByteBuffer.allocate(size);
    out.put(VERSION).put((byte) (medium == Medium.VOICE ? 0 : 1));
    out.putLong(startMillis).putLong(durationMillis);
    out.putInt(words.length).put(words);
    out.putInt(model.length).put(model);
    out.putShort((short) texts.size());
    for (int i = 0; i < texts.size(); i++) {
      out.putInt(texts.get(i).length).put(texts.get(i)).putDouble(alternatives.get(i).score());
    }
    out.putInt(audio.length).put(audio);
    return out.array();
  }

  /**
   * The inverse of {@link #encode}.
   *
   * @throws IllegalArgumentException if these bytes encode no segment
   */
  public static Segment decode(byte[] bytes) {
    try {
      ByteBuffer in = ByteBuffer.wrap(bytes);
      byte version = in.get();
      byte medium = in.get();
      if (version != VERSION || medium < 0 || medium > 1) {
        throw new IllegalArgumentException("not a segment of this version");
      }
      long start = in.getLong();
      long duration = in.getLong();
      String text = text(in);
      String model = text(in);
      int count = Short.toUnsignedInt(in.getShort());
      List<Hypothesis> alternatives = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        alternatives.add(new Hypothesis(text(in), in.getDouble()));
      }
      byte[] audio = bytes(in);
      if (in.hasRemaining()) {
        throw new IllegalArgumentException("a segment has bytes behind it");
      }
      Segment segment =
          new Segment(
              medium == 0 ? Medium.VOICE : Medium.CHAT,
              text,
              alternatives,
              audio,
              start,
              duration,
              model);
      if (!Arrays.equals(segment.encode(), bytes)) {
        throw new IllegalArgumentException("a segment is not in its one encoding");
      }
      return segment;
    } catch (BufferUnderflowException e) {
      throw new IllegalArgumentException("a segment is cut short", e);
    }
  }

  /** The text without NUL and lone surrogates, which not every format can hold. */
  static String wellFormed(String text) {
    return new String(utf8(text), StandardCharsets.UTF_8).replace('\0', '\uFFFD');
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(ByteBuffer in) {
    return new String(bytes(in), StandardCharsets.UTF_8);
  }

  private static byte[] bytes(ByteBuffer in) {
    int length = in.getInt();
    if (length < 0 || length > in.remaining()) {
      throw new IllegalArgumentException("a segment is cut short");
    }
    byte[] bytes = new byte[length];
    in.get(bytes);
    return bytes;
  }

  @Override
  public String toString() {
    return "Segment[" + medium.id() + " " + startMillis + "+" + durationMillis + "]";
  }
}
