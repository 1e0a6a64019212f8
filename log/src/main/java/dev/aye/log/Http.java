package dev.aye.log;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The way to the network: the only class of the log that has one. Each exchange is bounded in time
 * and in bytes as a whole; redirects are not followed.
 */
final class Http {
  /** What came back, whatever the status. */
  static final class Response {
    private final int status;
    private final byte[] body;

    private Response(int status, byte[] body) {
      this.status = status;
      this.body = body;
    }

    int status() {
      return status;
    }

    byte[] body() {
      return body;
    }
  }

  private static final Duration CONNECT = Duration.ofSeconds(5);

  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(CONNECT)
          .followRedirects(HttpClient.Redirect.NEVER)
          .build();

  Response post(URI url, byte[] body, int limit, Duration timeout) throws IOException {
    return exchange(
        HttpRequest.newBuilder(url)
            .header("Content-Type", "text/plain; charset=utf-8")
            .POST(HttpRequest.BodyPublishers.ofByteArray(body)),
        limit,
        timeout);
  }

  Response get(URI url, int limit, Duration timeout) throws IOException {
    return exchange(HttpRequest.newBuilder(url).GET(), limit, timeout);
  }

  private Response exchange(HttpRequest.Builder request, int limit, Duration timeout)
      throws IOException {
    CompletableFuture<HttpResponse<byte[]>> exchange =
        client.sendAsync(
            request.header("User-Agent", "aye-log").build(),
            HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), limit));
    try {
      HttpResponse<byte[]> response = exchange.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
      return new Response(response.statusCode(), response.body());
    } catch (ExecutionException e) {
      throw new IOException(
          "no answer: " + (e.getCause() == null ? e : e.getCause()).getClass().getSimpleName(), e);
    } catch (TimeoutException e) {
      exchange.cancel(true);
      throw new IOException("no answer in " + timeout.toSeconds() + " s", e);
    } catch (InterruptedException e) {
      exchange.cancel(true);
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for an answer");
    }
  }
}
