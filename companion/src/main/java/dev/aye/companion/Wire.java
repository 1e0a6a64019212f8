package dev.aye.companion;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The messages between the server and its speech process, over the process's standard input and
 * output.
 *
 * <p>A message is a big-endian length (of type and body, at most 64 KiB), a byte of type, and a
 * body. The server says {@code BEGIN}, any number of {@code AUDIO} (16-bit little-endian samples,
 * 16 kHz), then {@code END} or {@code DISCARD}; the process says {@code READY} (model name) once,
 * and for each begin any number of {@code PARTIAL} (text; also the sign of life), then one of
 * {@code HEARD} (count, then score and text each) or {@code FAILED} (the class of what went wrong;
 * never content).
 */
final class Wire {
  static final int MOST_BYTES = 1 << 16;
  static final int MOST_HYPOTHESES = 64;
  private static final int MOST_TEXT = 4_000;

  enum Type {
    BEGIN('b'),
    AUDIO('a'),
    END('e'),
    DISCARD('d'),
    READY('r'),
    PARTIAL('p'),
    HEARD('h'),
    FAILED('f');

    private final int code;

    Type(int code) {
      this.code = code;
    }

    static Type of(int code) throws IOException {
      for (Type type : values()) {
        if (type.code == code) {
          return type;
        }
      }
      throw new IOException("message of unknown type");
    }
  }

  /** One message. */
  static final class Message {
    private final Type type;
    private final byte[] body;

    Message(Type type, byte[] body) {
      this.type = type;
      this.body = body;
    }

    Type type() {
      return type;
    }

    byte[] body() {
      return body;
    }

    String text() {
      return new String(body, StandardCharsets.UTF_8);
    }
  }

  private final DataInputStream in;
  private final DataOutputStream out;

  Wire(InputStream in, OutputStream out) {
    this.in = new DataInputStream(in);
    this.out = new DataOutputStream(out);
  }

  void send(Type type, byte[] body) throws IOException {
    if (body.length + 1 > MOST_BYTES) {
      throw new IOException("message too long");
    }
    synchronized (out) {
      out.writeInt(body.length + 1);
      out.writeByte(type.code);
      out.write(body);
      out.flush();
    }
  }

  void send(Type type, String text) throws IOException {
    send(type, bounded(text).getBytes(StandardCharsets.UTF_8));
  }

  void send(Type type) throws IOException {
    send(type, new byte[0]);
  }

  /** The next message; {@link java.io.EOFException} when the other side is gone. */
  Message receive() throws IOException {
    int length = in.readInt();
    if (length < 1 || length > MOST_BYTES) {
      throw new IOException("message of impossible length");
    }
    Type type = Type.of(in.readUnsignedByte());
    byte[] body = new byte[length - 1];
    in.readFully(body);
    return new Message(type, body);
  }

  /** Body of {@code HEARD}: as many hypotheses as fit, at most {@link #MOST_HYPOTHESES}. */
  static byte[] encode(List<Hypothesis> hypotheses) {
    var bytes = new ByteArrayOutputStream();
    try (var data = new DataOutputStream(bytes)) {
      int n = Math.min(hypotheses.size(), MOST_HYPOTHESES);
      List<byte[]> texts = new ArrayList<>();
      int size = 1;
      for (Hypothesis h : hypotheses.subList(0, n)) {
        byte[] text = bounded(h.text()).getBytes(StandardCharsets.UTF_8);
        if (size + 10 + text.length >= MOST_BYTES - 1) {
          break;
        }
        size += 10 + text.length;
        texts.add(text);
      }
      data.writeByte(texts.size());
      for (int i = 0; i < texts.size(); i++) {
        data.writeDouble(hypotheses.get(i).score());
        data.writeShort(texts.get(i).length);
        data.write(texts.get(i));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory", e);
    }
    return bytes.toByteArray();
  }

  /** Reads the body of {@code HEARD}, refusing whatever {@link #encode} would not have written. */
  static List<Hypothesis> decode(byte[] body) throws IOException {
    var data = new DataInputStream(new java.io.ByteArrayInputStream(body));
    int n = data.readUnsignedByte();
    if (n == 0 || n > MOST_HYPOTHESES) {
      throw new IOException("impossible number of hypotheses");
    }
    List<Hypothesis> hypotheses = new ArrayList<>(n);
    for (int i = 0; i < n; i++) {
      double score = data.readDouble();
      byte[] text = new byte[data.readUnsignedShort()];
      data.readFully(text);
      if (Double.isNaN(score) || score > 0) {
        throw new IOException("impossible score");
      }
      hypotheses.add(new Hypothesis(new String(text, StandardCharsets.UTF_8), score));
    }
    if (data.read() >= 0) {
      throw new IOException("bytes after the last hypothesis");
    }
    return hypotheses;
  }

  private static String bounded(String text) {
    return text.length() <= MOST_TEXT ? text : text.substring(0, MOST_TEXT);
  }
}
