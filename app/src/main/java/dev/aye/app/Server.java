package dev.aye.app;

import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.ssl.pem.PemContent;
import org.springframework.boot.web.server.servlet.context.ServletWebServerApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.web.servlet.HandlerMapping;

/** A running server: the house behind its HTTP edge. */
final class Server implements AutoCloseable {
  private static final String LOG_FOLDER = "logs";
  private static final String LOG_FILE = LOG_FOLDER + "/aye.log";

  private final House house;
  private final ServletWebServerApplicationContext web;
  private volatile @Nullable StandingDemo demo;

  private Server(House house, ServletWebServerApplicationContext web) {
    this.house = house;
    this.web = web;
  }

  /**
   * Opens the house and serves it.
   *
   * @throws Refusal when the port is taken, the folder cannot be written or has a server already
   */
  static Server start(AyeConfig config) {
    return start(config, Listening.Pour.STRAIGHT);
  }

  /** The same, with {@code pour} between each tap and its ear. */
  static Server start(AyeConfig config, Listening.Pour pour) {
    return start(config, pour, Clock.systemUTC());
  }

  /** The same, by another clock. */
  static Server start(AyeConfig config, Listening.Pour pour, Clock clock) {
    return start(config, pour, clock, () -> config.data().toFile().getUsableSpace());
  }

  /** The same, on a disk with so many free bytes. */
  static Server start(AyeConfig config, Listening.Pour pour, Clock clock, LongSupplier disk) {
    checkFree(config);
    checkTls(config);
    FileChannel lock = Archive.lock(config.data());
    long free = disk.getAsLong();
    if (free < Soundness.RESERVE) {
      Archive.unlock(lock);
      throw new Refusal(
          "The disk of the data folder %s is full (%d MB are free, %d are needed); make room, or choose another with --data."
              .formatted(config.data(), free >> 20, Soundness.RESERVE >> 20));
    }
    AtomicReference<House> opened = new AtomicReference<>();
    try {
      ownLog(config);
      SpringApplication application = new SpringApplication(Wiring.class);
      application.setBannerMode(Banner.Mode.OFF);
      application.setLogStartupInfo(false);
      application.setRegisterShutdownHook(true);
      application.addInitializers(context -> {
        House house = House.open(config, lock, pour, clock, disk);
        opened.set(house);
        ((GenericApplicationContext) context).registerBean(House.class, () -> house);
      });
      var context = (ServletWebServerApplicationContext) application.run(settings(config));
      House house = context.getBean(House.class);
      Server server = new Server(house, context);
      return server;
    } catch (RuntimeException e) {
      House house = opened.get();
      if (house != null) {
        house.close();
      } else {
        Archive.unlock(lock);
      }
      throw e;
    }
  }

  /** Makes the log file before any library would, so that nobody else can read it. */
  private static void ownLog(AyeConfig config) {
    Path file = config.data().resolve(LOG_FILE);
    try {
      OwnFiles.folder(config.data().resolve(LOG_FOLDER));
      OwnFiles.file(file);
    } catch (IOException e) {
      throw new Refusal("The log file " + file + " cannot be written; choose another --data.");
    }
  }

  /** The settings of Spring that follow from the configuration; no others are read. */
  private static String[] settings(AyeConfig config) {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("spring.config.location", "optional:classpath:/no-other-settings/");
    settings.put("spring.main.web-application-type", "servlet");
    settings.put("spring.threads.virtual.enabled", "true");
    settings.put("spring.web.resources.add-mappings", "false");
    settings.put("spring.servlet.multipart.enabled", "false");
    settings.put("spring.jmx.enabled", "false");
    settings.put("server.port", Integer.toString(config.port()));
    settings.put("server.address", config.address());
    settings.put("server.max-http-request-header-size", "32KB");
    settings.put("server.shutdown", "immediate");
    settings.put("server.error.whitelabel.enabled", "false");
    settings.put("server.compression.enabled", "true");
    settings.put("server.tomcat.max-connections", "8192");
    settings.put("server.tomcat.connection-timeout", "5s");
    settings.put("server.tomcat.keep-alive-timeout", "20s");
    settings.put("logging.file.name", config.data().resolve(LOG_FILE).toString());
    settings.put("logging.structured.format.file", "ecs");
    settings.put("logging.threshold.console", "OFF");
    settings.put("logging.level.root", "WARN");
    settings.put("logging.level.org.springframework.web", "ERROR");
    settings.put("logging.level.org.apache", "ERROR");
    settings.put("logging.level.dev.aye", "INFO");
    settings.put("logging.logback.rollingpolicy.max-file-size", "10MB");
    settings.put("logging.logback.rollingpolicy.max-history", "7");
    if (config.tls()) {
      settings.put("server.ssl.certificate", "file:" + config.tlsCert());
      settings.put("server.ssl.certificate-private-key", "file:" + config.tlsKey());
    }
    return settings.entrySet().stream()
        .map(setting -> "--" + setting.getKey() + "=" + setting.getValue())
        .toArray(String[]::new);
  }

  private static void checkFree(AyeConfig config) {
    if (config.port() == 0) {
      return;
    }
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(config.address(), config.port()));
    } catch (IOException e) {
      throw new Refusal(
          "Port "
              + config.port()
              + " is taken or not allowed; stop what uses it, or choose another with --port.");
    }
  }

  /** Reads certificate and key as the server will, where a sentence can say what is wrong. */
  private static void checkTls(AyeConfig config) {
    if (!config.tls()) {
      return;
    }
    PublicKey certified =
        read("tls-cert", "certificate", config.tlsCert(), PemContent::getCertificates)
            .getFirst()
            .getPublicKey();
    PrivateKey key =
        read("tls-key", "unencrypted private key", config.tlsKey(), PemContent::getPrivateKey);
    if (!belong(certified, key)) {
      throw new Refusal("The key in tls-key is not the one of the certificate in tls-cert.");
    }
  }

  /** Whether what the key signs is verified by the certificate. */
  private static boolean belong(PublicKey certified, PrivateKey key) {
    String algorithm =
        switch (key.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          default -> key.getAlgorithm(); // Ed25519 and the like name signatures as they name keys
        };
    try {
      Signature signing = Signature.getInstance(algorithm);
      signing.initSign(key);
      byte[] signature = signing.sign();
      Signature verifying = Signature.getInstance(algorithm);
      verifying.initVerify(certified);
      return verifying.verify(signature);
    } catch (GeneralSecurityException another) {
      return false;
    }
  }

  private static <T> T read(
      String setting, String what, String file, Function<PemContent, @Nullable T> part) {
    try {
      T found = part.apply(PemContent.of(Files.readString(Path.of(file))));
      if (found != null) {
        return found;
      }
    } catch (IOException | RuntimeException e) {
      throw new Refusal("The file of " + setting + " holds no PEM " + what + ": " + file);
    }
    throw new Refusal("The file of " + setting + " holds no PEM " + what + ": " + file);
  }

  int port() {
    return java.util.Objects.requireNonNull(web.getWebServer()).getPort();
  }

  House house() {
    return house;
  }

  /** Who answers which path, for the test that walks all of them. */
  Map<String, HandlerMapping> mappings() {
    return web.getBeansOfType(HandlerMapping.class);
  }

  /** The address to open, as the first thing a person reads. */
  String url() {
    AyeConfig config = house.config();
    return config.publicUrl().isEmpty()
        ? (config.tls() ? "https" : "http") + "://localhost:" + port()
        : config.publicUrl();
  }

  /** Holds the standing demo meeting until the server is closed. */
  private void holdDemo(PrintStream out) throws IOException {
    demo =
        StandingDemo.start(
            (house.config().tls() ? "https" : "http") + "://localhost:" + port(),
            house.config().data().resolve("logs/people.err"),
            house.meetings()::markDemo,
            link -> {
              out.println("  The demo meeting: " + link);
              out.flush();
            });
  }

  void announce(PrintStream out) throws IOException {
    out.println("Aye is ready at " + url());
    out.println("  Data is kept in " + house.config().data());
    house.config().namesNobody().ifPresent(sentence -> out.println("  " + sentence));
    out.flush();
    if (house.config().demo()) {
      holdDemo(out);
    }
  }

  @Override
  public void close() {
    StandingDemo held = demo;
    if (held != null) {
      held.close();
    }
    web.close();
    house.close();
  }
}
