package dev.aye.app;

import dev.aye.media.Sfu;
import dev.aye.media.SignalSession;
import dev.aye.media.SignalSink;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.http.server.ServerHttpRequest;
import org.springframework.http.server.ServerHttpResponse;
import org.springframework.http.server.ServletServerHttpRequest;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.socket.BinaryMessage;
import org.springframework.web.socket.CloseStatus;
import org.springframework.web.socket.WebSocketHandler;
import org.springframework.web.socket.WebSocketSession;
import org.springframework.web.socket.handler.BinaryWebSocketHandler;
import org.springframework.web.socket.server.HandshakeInterceptor;
import tools.jackson.databind.json.JsonMapper;

/**
 * LiveKit's signalling socket {@code /rtc/v1}: from any origin, for whoever brings a valid access
 * token. It carries frames between the socket and the media house and understands none of them.
 */
final class RtcSocket extends BinaryWebSocketHandler implements HandshakeInterceptor {
  private static final String TOKEN = "access_token";
  private static final String REQUEST = "join_request";
  private static final int MOST_WAITING = 1024;
  private static final int MOST_BYTES_WAITING = 2 << 20;
  private static final int LONGEST_FRAME = 256 * 1024;

  private final Sfu sfu;
  private final JsonMapper json;

  RtcSocket(Sfu sfu, JsonMapper json) {
    this.sfu = sfu;
    this.json = json;
  }

  @Override
  public boolean beforeHandshake(
      ServerHttpRequest request,
      ServerHttpResponse response,
      WebSocketHandler handler,
      Map<String, Object> attributes)
      throws IOException {
    if (!(request instanceof ServletServerHttpRequest servlet)) {
      return false;
    }
    HttpServletRequest http = servlet.getServletRequest();
    String token = Optional.ofNullable(http.getParameter(TOKEN)).orElse("");
    Optional<Problem> problem = problem(http, sfu.validate(token));
    if (problem.isPresent()) {
      ProblemDetail body = problem.get().body();
      response.setStatusCode(HttpStatusCode.valueOf(body.getStatus()));
      response.getHeaders().setContentType(MediaType.APPLICATION_PROBLEM_JSON);
      response.getBody().write(json.writeValueAsBytes(body));
      return false;
    }
    attributes.put(TOKEN, token);
    attributes.put(REQUEST, Optional.ofNullable(http.getParameter(REQUEST)).orElse(""));
    return true;
  }

  /** What is wrong with a handshake (RFC 6455, section 4.2.1), if anything is. */
  private static Optional<Problem> problem(HttpServletRequest http, Sfu.Validation validation) {
    if (!http.getMethod().equals("GET")) {
      return Optional.of(
          Problem.of(405, "method-not-allowed", "This address does not take this method."));
    }
    if (validation.status() != 200) {
      return Optional.of(Problem.of(validation.status(), "token", validation.text()));
    }
    if (!"websocket".equalsIgnoreCase(http.getHeader("Upgrade"))
        || http.getHeader("Connection") == null
        || !http.getHeader("Connection").toLowerCase(Locale.ROOT).contains("upgrade")
        || http.getHeader("Sec-WebSocket-Key") == null
        || !"13".equals(http.getHeader("Sec-WebSocket-Version"))) {
      return Optional.of(
          Problem.badRequest("no-upgrade", "This address takes WebSocket handshakes alone."));
    }
    return Optional.empty();
  }

  @Override
  public void afterHandshake(
      ServerHttpRequest request,
      ServerHttpResponse response,
      WebSocketHandler handler,
      @Nullable Exception failure) {}

  @Override
  public void afterConnectionEstablished(WebSocketSession socket) {
    socket.setBinaryMessageSizeLimit(LONGEST_FRAME);
    String token = String.valueOf(socket.getAttributes().remove(TOKEN));
    String request = String.valueOf(socket.getAttributes().remove(REQUEST));
    Outbox outbox = new Outbox(socket);
    socket.getAttributes().put("session", sfu.join(token, request, outbox));
    Thread.ofVirtual().name("aye-signalling").start(outbox::drain);
  }

  @Override
  protected void handleBinaryMessage(WebSocketSession socket, BinaryMessage message) {
    ByteBuffer payload = message.getPayload();
    byte[] frame = new byte[payload.remaining()];
    payload.get(frame);
    if (socket.getAttributes().get("session") instanceof SignalSession session) {
      session.receive(frame);
    }
  }

  @Override
  public void afterConnectionClosed(WebSocketSession socket, CloseStatus status) {
    if (socket.getAttributes().remove("session") instanceof SignalSession session) {
      session.closed();
    }
  }

  /** Writes to one socket from a thread of its own; a socket that does not read is closed. */
  private static final class Outbox implements SignalSink {
    private final WebSocketSession socket;

    /** Frames, and nothing for the end. */
    private final BlockingQueue<Optional<byte[]>> waiting = new ArrayBlockingQueue<>(MOST_WAITING);

    private final AtomicInteger bytes = new AtomicInteger();

    Outbox(WebSocketSession socket) {
      this.socket = socket;
    }

    @Override
    public void send(byte[] frame) {
      if (bytes.addAndGet(frame.length) > MOST_BYTES_WAITING) {
        waiting.clear(); // it does not read: what it lost it gets by coming back
        close();
      } else if (!waiting.offer(Optional.of(frame))) {
        close();
      }
    }

    @Override
    public void close() {
      if (!waiting.offer(Optional.empty())) {
        waiting.clear();
        waiting.add(Optional.empty());
      }
    }

    void drain() {
      try {
        for (var frame = waiting.take(); frame.isPresent(); frame = waiting.take()) {
          bytes.addAndGet(-frame.get().length);
          socket.sendMessage(new BinaryMessage(frame.get()));
        }
        socket.close(CloseStatus.NORMAL);
      } catch (IOException | IllegalStateException gone) {
        // The client is gone; its session hears of it through afterConnectionClosed.
        return;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** What a client asks after its upgrade was refused. */
  @RestController
  static final class Validation {
    private final Sfu sfu;

    Validation(Sfu sfu) {
      this.sfu = sfu;
    }

    @GetMapping("/rtc/v1/validate")
    ResponseEntity<String> validate(HttpServletRequest request) {
      String token = Optional.ofNullable(request.getParameter(TOKEN)).orElse("");
      String header = request.getHeader("Authorization");
      if (token.isEmpty() && header != null && header.startsWith("Bearer ")) {
        token = header.substring(7);
      }
      Sfu.Validation validation = sfu.validate(token);
      if (validation.status() != 200) {
        throw Problem.of(validation.status(), "token", validation.text());
      }
      return ResponseEntity.ok()
          .header("Content-Type", "text/plain; charset=utf-8")
          .header("Access-Control-Allow-Origin", "*")
          .body(validation.text());
    }
  }
}
