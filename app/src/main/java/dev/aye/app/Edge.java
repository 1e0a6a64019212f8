package dev.aye.app;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.springframework.web.filter.OncePerRequestFilter;
import tools.jackson.databind.json.JsonMapper;

/**
 * What every request passes first: how often and how much an address may ask, and what a browser is
 * told to keep to.
 */
final class Edge extends OncePerRequestFilter {
  private static final int MOST_BODY = 64 * 1024;

  private final AyeConfig config;
  private final RateLimits limits;
  private final Proxies proxies;
  private final JsonMapper json;

  Edge(AyeConfig config, RateLimits limits, JsonMapper json) {
    this.config = config;
    this.limits = limits;
    this.proxies = new Proxies(config.trustedProxies());
    this.json = json;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    headers(request, response);
    try {
      if (request.getMethod().equals("TRACE")) {
        throw Problem.of(405, "method-not-allowed", "This address does not take this method.");
      }
      RateLimits.Kind kind = kind(request);
      limits.demand(proxies.client(request), kind);
      chain.doFilter(hasBody(request) ? new Read(request, body(request)) : request, response);
    } catch (Problem problem) {
      var detail = problem.body();
      response.setStatus(detail.getStatus());
      if (problem.retrySeconds() > 0) {
        response.setHeader("Retry-After", Long.toString(problem.retrySeconds()));
      }
      response.setContentType("application/problem+json");
      response.getOutputStream().write(json.writeValueAsBytes(detail));
    }
  }

  private static RateLimits.Kind kind(HttpServletRequest request) {
    String path = request.getRequestURI();
    if (path.startsWith("/rtc")) {
      return RateLimits.Kind.SIGNAL;
    }
    if (path.startsWith("/api/")) {
      boolean reads = request.getMethod().equals("GET");
      if (!reads && path.equals("/api/withdrawals")) {
        return RateLimits.Kind.WITHDRAW;
      }
      if (!reads && path.equals("/api/me/withdrawals")) {
        return RateLimits.Kind.WITHDRAW_BY_KEY;
      }
      if (!reads && path.startsWith("/api/meetings/") && path.endsWith("/answers")) {
        return RateLimits.Kind.ANSWER;
      }
      boolean creates = !reads && path.equals("/api/meetings");
      return creates
          ? RateLimits.Kind.CREATE
          : reads ? RateLimits.Kind.READ : RateLimits.Kind.WRITE;
    }
    return RateLimits.Kind.PAGE;
  }

  private void headers(HttpServletRequest request, HttpServletResponse response) {
    String path = request.getRequestURI();
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("Referrer-Policy", "no-referrer");
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
    boolean reading = path.startsWith("/i/");
    String devices = reading ? "()" : "(self)"; // the invitation cannot open any, whatever it tries
    response.setHeader(
        "Permissions-Policy",
        "camera=%1$s, microphone=%1$s, display-capture=%1$s, speaker-selection=%1$s,"
                .formatted(devices)
            + " autoplay=(self), fullscreen=(self), geolocation=(), payment=(), usb=(), serial=(),"
            + " bluetooth=(), browsing-topics=()");
    if (config.tls() || config.publicUrl().startsWith("https:")) {
      response.setHeader("Strict-Transport-Security", "max-age=31536000");
    }
    response.setHeader(
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self';"
            + " img-src 'self' data: blob:; media-src 'self' blob: mediastream:; font-src 'self';"
            + " connect-src 'self' "
            + Origin.of(config, request).socket()
            + "; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none';"
            + " form-action 'none'; frame-ancestors 'none'; object-src 'none'");
    if (path.startsWith("/api/") || path.startsWith("/m/") || reading || path.startsWith("/rtc")) {
      response.setHeader("Content-Usage", "train-ai=n");
    }
    if (path.startsWith("/api/") || path.startsWith("/healthz") || path.startsWith("/rtc")) {
      response.setHeader("Cache-Control", "no-store");
    }
  }

  private static boolean hasBody(HttpServletRequest request) {
    return request.getContentLengthLong() > 0 || request.getHeader("Transfer-Encoding") != null;
  }

  private static byte[] body(HttpServletRequest request) throws IOException {
    if (request.getContentLengthLong() > MOST_BODY) {
      throw Problem.tooLarge("A request can hold 64 KiB.");
    }
    byte[] read = request.getInputStream().readNBytes(MOST_BODY + 1);
    if (read.length > MOST_BODY) {
      throw Problem.tooLarge("A request can hold 64 KiB.");
    }
    return read;
  }

  /** A request whose bounded body has been read. */
  private static final class Read extends HttpServletRequestWrapper {
    private final byte[] body;

    Read(HttpServletRequest request, byte[] body) {
      super(request);
      this.body = body;
    }

    @Override
    public ServletInputStream getInputStream() {
      InputStream in = new ByteArrayInputStream(body);
      return new ServletInputStream() {
        @Override
        public int read() throws IOException {
          return in.read();
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
          return in.read(into, offset, length);
        }

        @Override
        public boolean isFinished() {
          try {
            return in.available() == 0;
          } catch (IOException e) {
            return true;
          }
        }

        @Override
        public boolean isReady() {
          return true;
        }

        @Override
        public void setReadListener(ReadListener listener) {
          throw new IllegalStateException("the body has been read");
        }
      };
    }

    @Override
    public java.io.BufferedReader getReader() {
      return new java.io.BufferedReader(
          new java.io.InputStreamReader(new ByteArrayInputStream(body), StandardCharsets.UTF_8));
    }
  }
}
