package dev.aye.media;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.BiFunction;

/**
 * A tiny HTTP server for tests: LiveKit's signalling WebSocket in front of an {@link Sfu}, and
 * whatever else a test serves. One virtual thread a connection; loopback only.
 */
final class SignalServer implements AutoCloseable {
  /** An HTTP answer. */
  @SuppressWarnings("ArrayRecordComponent")
  record Answer(int status, String type, byte[] body) {
    static Answer text(int status, String text) {
      return new Answer(status, "text/plain", text.getBytes(StandardCharsets.UTF_8));
    }
  }

  private final Sfu sfu;
  private final ServerSocket socket;
  private final BiFunction<String, Map<String, String>, Answer> other;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  SignalServer(Sfu sfu, int port, BiFunction<String, Map<String, String>, Answer> other)
      throws IOException {
    this.sfu = sfu;
    this.other = other;
    this.socket = new ServerSocket(port, 64, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  SignalServer(Sfu sfu) throws IOException {
    this(sfu, 0, (path, query) -> Answer.text(404, "nothing here"));
  }

  String url() {
    return "ws://127.0.0.1:" + socket.getLocalPort();
  }

  int port() {
    return socket.getLocalPort();
  }

  /** Cuts every connection, as a network change would. */
  void cut() throws IOException {
    for (Socket s : open) {
      s.close();
    }
  }

  private void accept() {
    while (!socket.isClosed()) {
      try {
        Socket s = socket.accept();
        Thread.ofVirtual().start(() -> serve(s));
      } catch (IOException closed) {
        return;
      }
    }
  }

  private void serve(Socket s) {
    open.add(s);
    try (s) {
      s.setTcpNoDelay(true);
      DataInputStream in = new DataInputStream(new BufferedInputStream(s.getInputStream()));
      OutputStream out = new BufferedOutputStream(s.getOutputStream(), 65536);
      String request = line(in);
      Map<String, String> headers = new HashMap<>();
      for (String h = line(in); !h.isEmpty(); h = line(in)) {
        int colon = h.indexOf(':');
        headers.put(h.substring(0, colon).toLowerCase(Locale.ROOT), h.substring(colon + 1).strip());
      }
      String target = request.split(" ", -1)[1];
      int mark = target.indexOf('?');
      String path = mark < 0 ? target : target.substring(0, mark);
      Map<String, String> query = query(mark < 0 ? "" : target.substring(mark + 1));
      String token = query.getOrDefault("access_token", "");
      Sfu.Validation validation = sfu.validate(token);
      if (path.equals("/rtc/v1") && validation.status() == 200) {
        upgrade(s, in, out, headers, token, query.getOrDefault("join_request", ""));
      } else if (path.startsWith("/rtc/v1")) {
        answer(out, Answer.text(validation.status(), validation.text()));
      } else {
        answer(out, other.apply(path, query));
      }
    } catch (IOException | InterruptedException gone) {
      // The connection ended; its session was told.
    } finally {
      open.remove(s);
    }
  }

  private static Map<String, String> query(String text) {
    Map<String, String> out = new HashMap<>();
    for (String pair : text.split("&", -1)) {
      int eq = pair.indexOf('=');
      if (eq > 0) {
        out.put(
            pair.substring(0, eq),
            URLDecoder.decode(pair.substring(eq + 1), StandardCharsets.UTF_8));
      }
    }
    return out;
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder out = new StringBuilder();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0 || out.length() > 65536) {
        throw new IOException("no line");
      }
      if (c != '\r') {
        out.append((char) c);
      }
    }
    return out.toString();
  }

  private static void answer(OutputStream out, Answer a) throws IOException {
    String head =
        "HTTP/1.1 %d x\r\nContent-Type: %s\r\nContent-Length: %d\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n"
            .formatted(a.status(), a.type(), a.body().length);
    out.write(head.getBytes(StandardCharsets.US_ASCII));
    out.write(a.body());
    out.flush();
  }

  private static final byte[] END = new byte[0];

  private void upgrade(
      Socket s,
      DataInputStream in,
      OutputStream out,
      Map<String, String> headers,
      String token,
      String joinRequest)
      throws IOException, InterruptedException {
    String accept;
    try {
      byte[] sum =
          MessageDigest.getInstance("SHA-1")
              .digest(
                  (headers.get("sec-websocket-key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
                      .getBytes(StandardCharsets.US_ASCII));
      accept = Base64.getEncoder().encodeToString(sum);
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
    out.write(
        ("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
                + accept
                + "\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII));
    out.flush();
    LinkedBlockingQueue<byte[]> queue = new LinkedBlockingQueue<>(1024);
    SignalSession session =
        sfu.join(
            token,
            joinRequest,
            new SignalSink() {
              @Override
              public void send(byte[] frame) {
                if (!queue.offer(frame)) {
                  throw new IllegalStateException("a test client does not read");
                }
              }

              @Override
              public void close() {
                queue.add(END);
              }
            });
    Thread writer =
        Thread.ofVirtual()
            .start(() -> {
              try {
                for (byte[] f = queue.take(); f.length > 0; f = queue.take()) {
                  write(out, 2, f);
                }
                write(out, 8, new byte[] {3, (byte) 0xe8});
                Thread.sleep(200);
                s.close();
              } catch (IOException | InterruptedException gone) {
                // The reader ends the session.
              }
            });
    try {
      while (read(in, out, session)) {}
    } finally {
      session.closed();
      writer.interrupt();
    }
  }

  private static boolean read(DataInputStream in, OutputStream out, SignalSession session)
      throws IOException {
    int opcode = 0;
    byte[] message = {};
    boolean last;
    do {
      int first = in.readUnsignedByte();
      int second = in.readUnsignedByte();
      last = (first & 0x80) != 0;
      if ((first & 15) != 0) {
        opcode = first & 15;
      }
      int length = second & 127;
      if (length == 126) {
        length = in.readUnsignedShort();
      } else if (length == 127) {
        length = (int) in.readLong();
      }
      byte[] mask = in.readNBytes((second & 128) != 0 ? 4 : 0);
      byte[] part = in.readNBytes(length);
      for (int i = 0; mask.length > 0 && i < part.length; i++) {
        part[i] ^= mask[i & 3];
      }
      byte[] joined = java.util.Arrays.copyOf(message, message.length + part.length);
      System.arraycopy(part, 0, joined, message.length, part.length);
      message = joined;
    } while (!last);
    if (opcode == 8) {
      return false;
    } else if (opcode == 9) {
      write(out, 10, message);
    } else if (opcode == 2) {
      session.receive(message);
    }
    return true;
  }

  private static void write(OutputStream out, int opcode, byte[] data) throws IOException {
    synchronized (out) {
      out.write(0x80 | opcode);
      if (data.length < 126) {
        out.write(data.length);
      } else if (data.length < 65536) {
        out.write(126);
        out.write(data.length >> 8);
        out.write(data.length);
      } else {
        out.write(127);
        for (int shift = 56; shift >= 0; shift -= 8) {
          out.write((int) ((long) data.length >> shift));
        }
      }
      out.write(data);
      out.flush();
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
    cut();
  }
}
