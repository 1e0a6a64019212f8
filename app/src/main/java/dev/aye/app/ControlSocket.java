package dev.aye.app;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The Unix domain socket by which commands reach the running server: in the data folder, for its
 * owner alone. A request and an answer are one line of JSON each. Where the folder's path is longer
 * than a socket's name can be (108 bytes), the socket stands in a folder of its own with a random
 * name under the system's temporary one, and a file in the data folder says where.
 */
final class ControlSocket implements AutoCloseable {
  private static final Logger logger = LoggerFactory.getLogger(ControlSocket.class);
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final int LONGEST_PATH = 100;

  /** The file in the data folder that says where else the socket is. */
  private static final String ELSEWHERE = "aye.sock.path";

  private final Path data;
  private final Path path;
  private final ServerSocketChannel channel;
  private final Workbench workbench;
  private final Consumer<Exception> failed;

  private ControlSocket(
      Path data,
      Path path,
      ServerSocketChannel channel,
      Workbench workbench,
      Consumer<Exception> failed) {
    this.data = data;
    this.path = path;
    this.channel = channel;
    this.workbench = workbench;
    this.failed = failed;
  }

  /**
   * Listens for commands; the caller holds the lock of the folder.
   *
   * @param failed told of what a command threw
   */
  static ControlSocket listen(Path data, Workbench workbench, Consumer<Exception> failed)
      throws IOException {
    Path path = data.resolve("aye.sock");
    Files.deleteIfExists(data.resolve(ELSEWHERE));
    if (path.toString().getBytes(StandardCharsets.UTF_8).length > LONGEST_PATH) {
      path = Files.createTempDirectory("aye-").resolve("aye.sock"); // made for its owner alone
      OwnFiles.write(data.resolve(ELSEWHERE), path.toString().getBytes(StandardCharsets.UTF_8));
    }
    Files.deleteIfExists(path);
    ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    channel.bind(UnixDomainSocketAddress.of(path));
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
    ControlSocket socket = new ControlSocket(data, path, channel, workbench, failed);
    Thread.ofPlatform().daemon().name("aye-control").start(socket::serve);
    return socket;
  }

  private static Path path(Path data) throws IOException {
    Path elsewhere = data.resolve(ELSEWHERE);
    return Files.exists(elsewhere)
        ? Path.of(Files.readString(elsewhere))
        : data.resolve("aye.sock");
  }

  private void serve() {
    while (channel.isOpen()) {
      try {
        SocketChannel client = channel.accept();
        Thread.ofVirtual().name("aye-command").start(() -> answer(client));
      } catch (ClosedChannelException closed) {
        return;
      } catch (IOException e) {
        logger.error("A command could not be taken: {}", e.getClass().getName());
      }
    }
  }

  private void answer(SocketChannel client) {
    try (client;
        BufferedReader in = reader(client);
        BufferedWriter out = writer(client)) {
      String line = in.readLine();
      out.write(JSON.writeValueAsString(line == null ? Map.of() : perform(line)));
      out.newLine();
    } catch (IOException e) {
      logger.warn("A command went away before its answer: {}", e.getClass().getName());
    }
  }

  private Map<String, Object> perform(String line) {
    try {
      return Map.of("done", workbench.perform(JSON.readTree(line)));
    } catch (Refusal refusal) {
      return Map.of("refused", String.valueOf(refusal.getMessage()));
    } catch (IOException | RuntimeException e) {
      failed.accept(e);
      logger.error("A command failed inside: {}", e.getClass().getName());
      return Map.of(
          "refused", "The server could not do this (" + e.getClass().getSimpleName() + ").");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Map.of("refused", "The server is stopping.");
    }
  }

  /**
   * Has the server that runs on this folder perform a command; empty when none runs.
   *
   * @throws Refusal what the server refused
   */
  static Optional<JsonNode> ask(Path data, Map<String, ?> command) throws IOException {
    Path path = path(data);
    if (!Files.exists(path)) {
      return Optional.empty();
    }
    try (SocketChannel server = SocketChannel.open(UnixDomainSocketAddress.of(path));
        BufferedReader in = reader(server);
        BufferedWriter out = writer(server)) {
      out.write(JSON.writeValueAsString(command));
      out.newLine();
      out.flush();
      String line = in.readLine();
      JsonNode answer = JSON.readTree(line == null ? "{}" : line);
      if (!answer.has("done")) {
        throw new Refusal(answer.path("refused").asString("The server went away."));
      }
      return Optional.of(answer.path("done"));
    } catch (ConnectException nobodyListens) {
      return Optional.empty();
    }
  }

  private static BufferedReader reader(SocketChannel channel) {
    return new BufferedReader(
        new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8));
  }

  private static BufferedWriter writer(SocketChannel channel) {
    return new BufferedWriter(
        new OutputStreamWriter(Channels.newOutputStream(channel), StandardCharsets.UTF_8));
  }

  @Override
  public void close() throws IOException {
    channel.close();
    Files.deleteIfExists(path);
    Path folder = path.toAbsolutePath().getParent();
    if (folder != null && !folder.equals(data.toAbsolutePath())) {
      Files.deleteIfExists(folder);
      Files.deleteIfExists(data.resolve(ELSEWHERE));
    }
  }
}
