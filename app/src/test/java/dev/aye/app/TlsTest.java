package dev.aye.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Serving HTTPS with a certificate that keytool makes for each test. */
class TlsTest {
  private static final char[] PASSWORD = "change it".toCharArray();

  /** Certificates by name and algorithm, made once: each takes a process of its own. */
  private static final Map<String, Certified> MADE = new HashMap<>();

  @TempDir static Path certificates;

  @TempDir Path folder;

  /** A certificate for this machine and its key, as PEM files. */
  private record Certified(Path cert, Path key, X509Certificate certificate) {}

  private static Certified certify(String name, String algorithm) throws Exception {
    String file = name + "-" + algorithm;
    Certified made = MADE.get(file);
    if (made == null) {
      made = make(file, algorithm);
      MADE.put(file, made);
    }
    return made;
  }

  private static Certified make(String name, String algorithm) throws Exception {
    Path store = certificates.resolve(name + ".p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "server",
                "-keyalg",
                algorithm,
                "-dname",
                "CN=localhost",
                "-ext",
                "san=dns:localhost",
                "-validity",
                "2",
                "-storetype",
                "PKCS12",
                "-storepass",
                new String(PASSWORD),
                "-keystore",
                store.toString())
            .redirectErrorStream(true)
            .start();
    String told = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(keytool.waitFor()).as(told).isZero();
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD);
    }
    X509Certificate certificate = (X509Certificate) keys.getCertificate("server");
    return new Certified(
        pem(name + "-chain.pem", "CERTIFICATE", certificate.getEncoded()),
        pem(name + "-key.pem", "PRIVATE KEY", keys.getKey("server", PASSWORD).getEncoded()),
        certificate);
  }

  private static Path pem(String file, String what, byte[] der) throws Exception {
    String text =
        "-----BEGIN %s-----%n%s%n-----END %s-----%n"
            .formatted(what, Base64.getMimeEncoder().encodeToString(der), what);
    return Files.writeString(certificates.resolve(file), text);
  }

  private AyeConfig config(Path cert, Path key) {
    return AyeConfig.read(
        Map.of(
            "port", "0",
            "address", "127.0.0.1",
            "data", folder.resolve("data").toString(),
            "tls-cert", cert.toString(),
            "tls-key", key.toString()),
        Map.of());
  }

  private static SSLContext trusting(X509Certificate certificate) throws Exception {
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("server", certificate);
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, factory.getTrustManagers(), null);
    return context;
  }

  @ParameterizedTest
  @CsvSource({"RSA", "EC"})
  void withACertificateEverythingIsHttps(String algorithm) throws Exception {
    Certified own = certify("own", algorithm);
    try (Server server = Server.start(config(own.cert(), own.key()));
        HttpClient http = HttpClient.newBuilder().sslContext(trusting(own.certificate())).build()) {
      ByteArrayOutputStream printed = new ByteArrayOutputStream();
      server.announce(new PrintStream(printed, true, StandardCharsets.UTF_8));
      assertThat(printed.toString(StandardCharsets.UTF_8))
          .startsWith("Aye is ready at https://localhost:" + server.port() + "\n");
      HttpResponse<String> health = get(http, server.url() + "/healthz");
      assertThat(health.statusCode()).isEqualTo(200);
      assertThat(health.body()).contains("\"status\":\"ready\"");
      HttpResponse<String> opened =
          http.send(
              HttpRequest.newBuilder(URI.create(server.url() + "/api/meetings"))
                  .header("Content-Type", "application/json")
                  .POST(HttpRequest.BodyPublishers.ofString("{}"))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(opened.body()).contains("\"link\":\"https://localhost:" + server.port() + "/m/");
    }
  }

  private static HttpResponse<String> get(HttpClient http, String url) throws Exception {
    return http.send(
        HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString());
  }

  @ParameterizedTest
  @CsvSource({"RSA, RSA", "EC, EC", "RSA, EC"})
  void theKeyOfAnotherCertificateEndsInOneSentence(String one, String other) throws Exception {
    Certified own = certify("own", one);
    Certified foreign = certify("foreign", other);
    assertThatThrownBy(() -> Server.start(config(own.cert(), foreign.key())))
        .isInstanceOf(Refusal.class)
        .hasMessage("The key in tls-key is not the one of the certificate in tls-cert.");
  }

  @Test
  void aCertificateInThePlaceOfTheKeyEndsInOneSentence() throws Exception {
    Certified own = certify("own", "EC");
    assertThatThrownBy(() -> Server.start(config(own.cert(), own.cert())))
        .isInstanceOf(Refusal.class)
        .hasMessage("The file of tls-key holds no PEM unencrypted private key: " + own.cert());
  }
}
