package dev.aye.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.servlet.http.HttpServletRequest;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JacksonException;

/** What is decided about a request before anything reads it. */
class EdgeTest {
  @TempDir Path data;

  @Test
  void meetingsMadeFromAnAddressLeaveItsWithdrawalsFree() {
    RateLimits limits = new RateLimits(() -> Instant.EPOCH);
    while (limits.take("192.0.2.1", RateLimits.Kind.CREATE)) {}
    for (int i = 0; i < 500; i++) {
      assertThat(limits.take("192.0.2.1", RateLimits.Kind.WITHDRAW)).isTrue();
    }
  }

  @Test
  void whoHasAWholeNetworkOfIpv6HasNoMoreThanOneAddress() {
    RateLimits limits = new RateLimits(() -> Instant.EPOCH);
    while (limits.take("2001:db8:0:1::1", RateLimits.Kind.CREATE)) {}
    assertThat(limits.take("2001:db8:0:1:ffff::2", RateLimits.Kind.CREATE)).isFalse();
    assertThat(limits.take("2001:db8:0:2::1", RateLimits.Kind.CREATE)).isTrue();
  }

  @Test
  void nobodyIsBelievedAboutTheClientUnlessTheyAreConfigured() {
    HttpServletRequest request =
        request("198.51.100.7", Map.of("X-Forwarded-For", "203.0.113.9, 192.0.2.1"));
    assertThat(new Proxies(List.of()).client(request)).isEqualTo("198.51.100.7");
    assertThat(new Proxies(List.of("198.51.100.7")).client(request)).isEqualTo("192.0.2.1");
    assertThat(new Proxies(List.of("198.51.100.7", "192.0.2.1")).client(request))
        .isEqualTo("203.0.113.9");
    assertThatThrownBy(() -> new Proxies(List.of("999.1.1.1"))).isInstanceOf(Refusal.class);
  }

  @Test
  void whatAClientMadeUpBeforeTheProxyIsNotItsAddress() {
    Proxies proxies = new Proxies(List.of("198.51.100.7"));
    assertThat(
            proxies.client(
                request("198.51.100.7", Map.of("X-Forwarded-For", "10.0.0.1, 2001:db8::1"))))
        .isEqualTo("2001:db8:0:0:0:0:0:1");
    assertThat(proxies.client(request("198.51.100.7", Map.of("X-Forwarded-For", "example.org"))))
        .isEqualTo("198.51.100.7");
  }

  @Test
  void aPlainRequestOnALanAddressIsSeenThoughThePublicUrlIsHttps() {
    AyeConfig config = config("https://meet.example.org");
    assertThat(actual(config, Map.of("Host", "192.168.1.4:8080")).trustworthy()).isFalse();
    assertThat(actual(config, Map.of("Host", "meet.example.org:8080")).trustworthy()).isFalse();
    assertThat(actual(config, Map.of("Host", "localhost:8080")).trustworthy()).isTrue();
    assertThat(actual(config, Map.of("Host", "meet.example.org")).trustworthy()).isTrue();
    assertThat(
            actual(config, Map.of("Host", "aye:8080", "X-Forwarded-Proto", "https")).trustworthy())
        .isTrue();
  }

  @Test
  void withoutAPublicUrlAHeaderMakesNothingTrustworthy() {
    Map<String, String> headers = Map.of("Host", "192.168.1.4", "X-Forwarded-Proto", "https");
    assertThat(actual(config(""), headers).trustworthy()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"title\":1}",
        "{\"title\":1.5}",
        "{\"title\":true}",
        "{\"title\":{}}",
        "{\"purposes\":[1]}",
        "{\"purposes\":\"notes\"}",
        "{\"title\":\"a\"} x"
      })
  void aValueOfAnotherTypeIsRefused(String json) {
    assertThatThrownBy(() -> Wiring.strictJson().readValue(json, Says.NewMeeting.class))
        .isInstanceOf(JacksonException.class);
  }

  private static Origin actual(AyeConfig config, Map<String, String> headers) {
    return Origin.actual(config, request("192.168.1.20", headers));
  }

  private AyeConfig config(String publicUrl) {
    return AyeConfig.read(Map.of("data", data.toString(), "public-url", publicUrl), Map.of());
  }

  private static HttpServletRequest request(String from, Map<String, String> headers) {
    return (HttpServletRequest)
        Proxy.newProxyInstance(
            EdgeTest.class.getClassLoader(),
            new Class<?>[] {HttpServletRequest.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "getRemoteAddr" -> from;
                  case "getLocalPort" -> 8080;
                  case "isSecure" -> false;
                  case "getHeader" -> headers.get(arguments[0]);
                  case "getHeaders" ->
                      Collections.enumeration(
                          Optional.ofNullable(headers.get(arguments[0])).stream().toList());
                  default -> throw new AssertionError(method);
                });
  }
}
