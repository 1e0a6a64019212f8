package dev.aye.app;

import dev.aye.consent.Ceiling;
import dev.aye.consent.Scope;
import dev.aye.log.Verdict;
import dev.aye.log.Witness;
import dev.aye.log.Witnessing;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.FileSystemResource;

/**
 * Everything that can be configured, as one record: from flags, then the environment ({@code
 * AYE_PUBLIC_URL}), then {@code aye.yaml} in the data folder ({@code aye.public-url}), then the
 * defaults here. Unknown keys and values that make no sense are refused with one sentence.
 *
 * @param port TCP port of pages, calls and signalling; 0 takes a free one
 * @param address the address that pages are served on; {@code 0.0.0.0} is every IPv4 address
 * @param data the folder that everything is kept in; it is made when missing
 * @param keys the folder of the keys, so that it can be kept apart from the data and its backups;
 *     empty is {@code keys} in the data folder
 * @param publicUrl the URL people open, without a path; empty is the URL that each request came by
 * @param tlsCert PEM file with the certificate chain; empty serves plain HTTP
 * @param tlsKey PEM file with the PKCS#8 private key of the certificate
 * @param udpPort UDP port of all media; 0 is the number of {@code port}
 * @param trustedProxies the IP addresses of proxies before this server, whose {@code
 *     X-Forwarded-For} says whom a request comes from; empty believes nobody
 * @param mediaAddresses the addresses that media is offered at; empty is each address of this
 *     machine
 * @param purposes what may be asked of people at all: {@code captions}, {@code notes}, {@code
 *     training}; a host can only narrow it
 * @param minorsMayBePresent whether children may be in the meetings; then training is never asked,
 *     whatever {@code purposes} says
 * @param scope the reach that the operator calls usual: {@code meeting}, {@code room} (a series of
 *     meetings) or {@code organisation}; told to pages, whose card starts at one meeting all the
 *     same
 * @param scopeWidest how far a yes can reach at most
 * @param scopeDays how many days a yes beyond one meeting can reach at most
 * @param controller who answers for what is done with people's data, as it reads within a sentence;
 *     stands in the notice in every language; empty says there who it usually is
 * @param contact how a person reaches the controller; stands in the notice likewise
 * @param authority where a person can complain; stands in the notice likewise
 * @param logOrigin the name of the log, fixed for its life; empty is the public name, or a drawn
 *     one
 * @param witnesses who is asked to cosign the log's checkpoints: of each its public key, a space
 *     and its URL (C2SP tlog-witness)
 * @param witnessQuorum how many of them must have cosigned before an answer or a capture counts; 0
 *     waits for nobody, and withdrawals never wait
 * @param maxPeople how many people one meeting can hold
 * @param demo whether a standing demo meeting with simulated people is held
 */
@ConfigurationProperties("aye")
record AyeConfig(
    @DefaultValue("8080") int port,
    @DefaultValue("0.0.0.0") String address,
    @DefaultValue("data") Path data,
    @DefaultValue("") String keys,
    @DefaultValue("") String publicUrl,
    @DefaultValue("") String tlsCert,
    @DefaultValue("") String tlsKey,
    @DefaultValue("0") int udpPort,
    @DefaultValue List<String> trustedProxies,
    @DefaultValue List<String> mediaAddresses,
    @DefaultValue({"captions", "notes", "training"}) List<String> purposes,
    @DefaultValue("false") boolean minorsMayBePresent,
    @DefaultValue("meeting") String scope,
    @DefaultValue("meeting") String scopeWidest,
    @DefaultValue("90") int scopeDays,
    @DefaultValue("") String controller,
    @DefaultValue("") String contact,
    @DefaultValue("") String authority,
    @DefaultValue("") String logOrigin,
    @DefaultValue List<String> witnesses,
    @DefaultValue("0") int witnessQuorum,
    @DefaultValue("5") int maxPeople,
    @DefaultValue("false") boolean demo) {

  static final String FILE = "aye.yaml";

  /** Set to anything, it makes the command line show where something unexpected happened. */
  static final String TRACE = "AYE_TRACE";

  private static final Set<String> KEYS =
      Set.of(
          "port",
          "address",
          "data",
          "keys",
          "public-url",
          "tls-cert",
          "tls-key",
          "udp-port",
          "trusted-proxies",
          "media-addresses",
          "purposes",
          "minors-may-be-present",
          "scope",
          "scope-widest",
          "scope-days",
          "controller",
          "contact",
          "authority",
          "log-origin",
          "witnesses",
          "witness-quorum",
          "max-people",
          "demo");

  private static final Set<String> ASKABLE = Set.of("captions", "notes", "training");

  AyeConfig {
    checkPort("port", port);
    checkPort("udp-port", udpPort);
    data = data.toAbsolutePath().normalize();
    trustedProxies = addresses("trusted-proxies", trustedProxies);
    mediaAddresses = addresses("media-addresses", mediaAddresses);
    purposes = List.copyOf(purposes);
    if (!publicUrl.isEmpty()) {
      publicUrl = checkedUrl(publicUrl);
    }
    if (tlsCert.isEmpty() != tlsKey.isEmpty()) {
      throw new Refusal("TLS needs both tls-cert and tls-key, and only one of them is given.");
    }
    checkReadable("tls-cert", tlsCert);
    checkReadable("tls-key", tlsKey);
    if (!ASKABLE.containsAll(purposes) || new HashSet<>(purposes).size() != purposes.size()) {
      throw new Refusal("purposes can hold captions, notes and training, each once.");
    }
    witnesses = List.copyOf(witnesses);
    witnessing(witnesses, witnessQuorum);
    if (!logOrigin.isEmpty() && !logOrigin.matches("[\\x21-\\x2a\\x2c-\\x7e]{1,200}")) {
      throw new Refusal("log-origin is a name like log.example.org/aye, without spaces and plus.");
    }
    if (kind("scope", scope).compareTo(kind("scope-widest", scopeWidest)) > 0) {
      throw new Refusal("scope cannot be wider than scope-widest.");
    }
    if (scopeDays < 1 || scopeDays > 730) {
      throw new Refusal("scope-days must be between 1 and 730.");
    }
    if (maxPeople < 2 || maxPeople > 50) {
      throw new Refusal("max-people must be between 2 and 50.");
    }
    if (isBlank(controller) || isBlank(contact) || isBlank(authority)) {
      throw new Refusal(
          "controller, contact and authority stand in the notice and cannot be blank.");
    }
  }

  private static boolean isBlank(String text) {
    return !text.isEmpty() && text.isBlank();
  }

  /**
   * What to tell the operator of a service that others can reach while its notice does not say who
   * answers for people's data; nothing where all is said, or where nobody else comes.
   */
  Optional<String> namesNobody() {
    Map<String, String> said = new LinkedHashMap<>();
    said.put("controller", controller);
    said.put("contact", contact);
    said.put("authority", authority);
    List<String> unset =
        said.entrySet().stream()
            .filter(e -> e.getValue().isEmpty())
            .map(Map.Entry::getKey)
            .toList();
    if (unset.isEmpty() || publicUrl.isEmpty() || isLoopback(publicUrl)) {
      return Optional.empty();
    }
    return Optional.of(
        "People are not told who answers for their data and where to complain, as "
            + String.join(", ", unset)
            + (unset.size() == 1 ? " is" : " are")
            + " not set: say it in "
            + data.resolve(FILE)
            + ".");
  }

  private static boolean isLoopback(String url) {
    String host = URI.create(url).getHost().toLowerCase(Locale.ROOT);
    return host.equals("localhost")
        || host.endsWith(".localhost")
        || host.matches("127(\\.\\d{1,3}){3}")
        || host.equals("[::1]");
  }

  /** Whom the log asks for cosignatures, and what waits for them. */
  Witnessing witnessing() {
    return witnessing(witnesses, witnessQuorum);
  }

  private static Witnessing witnessing(List<String> lines, int quorum) {
    List<Witness> witnesses = new ArrayList<>();
    for (String line : lines) {
      switch (Witness.read(line)) {
        case Verdict.Holds<Witness>(Witness witness) -> witnesses.add(witness);
        case Verdict.Fails<Witness>(String reason) ->
            throw new Refusal("One of witnesses cannot be used: " + reason + ".");
      }
    }
    try {
      return new Witnessing(witnesses, quorum, Witnessing.NONE.patience());
    } catch (IllegalArgumentException e) {
      throw new Refusal("witnesses and witness-quorum: " + e.getMessage() + ".");
    }
  }

  private static Scope.Kind kind(String key, String value) {
    return Scope.Kind.named(value)
        .orElseThrow(() -> new Refusal(key + " can be meeting, room or organisation."));
  }

  /** How far a yes can reach. */
  Ceiling ceiling() {
    return new Ceiling(kind("scope-widest", scopeWidest), Duration.ofDays(scopeDays));
  }

  boolean tls() {
    return !tlsCert.isEmpty();
  }

  Path keysFolder() {
    return keys.isEmpty() ? data.resolve("keys") : Path.of(keys).toAbsolutePath().normalize();
  }

  /**
   * Reads the configuration from flags, environment and file, in this order of precedence.
   *
   * @param flags values by key without prefix ({@code public-url})
   * @param environment the process environment
   * @throws Refusal when a key is unknown or a value makes no sense
   */
  static AyeConfig read(Map<String, String> flags, Map<String, String> environment) {
    Map<String, Object> values = new TreeMap<>(fromEnvironment(environment));
    values.putAll(flags);
    Path data = Path.of(values.getOrDefault("data", "data").toString());
    Map<String, Object> merged = new LinkedHashMap<>(fromFile(data.resolve(FILE)));
    for (String key : values.keySet()) {
      merged.keySet().removeIf(k -> k.startsWith(key + "["));
    }
    merged.putAll(values);
    Map<String, Object> prefixed = new LinkedHashMap<>();
    merged.forEach((key, value) -> prefixed.put("aye." + key, value));
    ConfigurationPropertySource source = new MapConfigurationPropertySource(prefixed);
    try {
      return new Binder(source).bindOrCreate("aye", Bindable.of(AyeConfig.class));
    } catch (BindException e) {
      throw refusal(e);
    }
  }

  private static Refusal refusal(BindException e) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (t instanceof Refusal refusal) {
        return refusal;
      }
    }
    String key = e.getName().toString().replaceFirst("^aye\\.?", "");
    return new Refusal("The value of " + key + " makes no sense.");
  }

  private static Map<String, Object> fromEnvironment(Map<String, String> environment) {
    Map<String, Object> found = new TreeMap<>();
    environment.forEach((name, value) -> {
      if (name.startsWith("AYE_") && !name.equals(TRACE)) {
        String key = name.substring(4).toLowerCase(Locale.ROOT).replace('_', '-');
        if (!KEYS.contains(key)) {
          throw new Refusal("The environment variable " + name + " is none that Aye knows.");
        }
        found.put(key, value);
      }
    });
    return found;
  }

  private static Map<String, Object> fromFile(Path file) {
    Map<String, Object> found = new LinkedHashMap<>();
    if (!Files.exists(file)) {
      return found;
    }
    List<PropertySource<?>> documents = new ArrayList<>();
    try {
      documents.addAll(new YamlPropertySourceLoader().load(FILE, new FileSystemResource(file)));
    } catch (IOException | RuntimeException e) {
      throw new Refusal(file + " cannot be read as YAML.");
    }
    for (PropertySource<?> document : documents) {
      for (String name : ((EnumerablePropertySource<?>) document).getPropertyNames()) {
        String key = name.startsWith("aye.") ? name.substring(4) : "";
        String plain = key.replaceFirst("\\[\\d+]$", "");
        if (!KEYS.contains(plain)) {
          throw new Refusal("The key " + name + " in " + file + " is none that Aye knows.");
        }
        if (plain.equals("data")) {
          throw new Refusal(
              "The key aye.data cannot stand in " + file + ": it is read from there.");
        }
        Object value = document.getProperty(name);
        found.put(key, value == null ? "" : value.toString());
      }
    }
    return found;
  }

  private static void checkPort(String key, int value) {
    if (value < 0 || value > 65535) {
      throw new Refusal("The value of " + key + " must be between 0 and 65535.");
    }
  }

  private static List<String> addresses(String key, List<String> literals) {
    for (String literal : literals) {
      if (!literal.matches("[0-9.]{7,15}|[0-9a-fA-F:.]{2,45}")) {
        throw new Refusal(key + " takes IP addresses, and one of them is not.");
      }
    }
    return List.copyOf(literals);
  }

  private static void checkReadable(String key, String file) {
    if (!file.isEmpty() && !Files.isReadable(Path.of(file))) {
      throw new Refusal("The file of " + key + " cannot be read: " + file);
    }
  }

  private static String checkedUrl(String text) {
    try {
      URI url = new URI(text);
      boolean web = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
      boolean bare =
          (url.getRawPath() == null || url.getRawPath().isEmpty() || url.getRawPath().equals("/"))
              && url.getRawQuery() == null
              && url.getRawFragment() == null
              && url.getRawUserInfo() == null;
      if (web && bare && url.getHost() != null) {
        return url.getScheme() + "://" + url.getRawAuthority();
      }
    } catch (URISyntaxException e) {
      throw new Refusal("public-url is no URL: " + text);
    }
    throw new Refusal("public-url must be like https://meet.example.org, without a path: " + text);
  }
}
