package dev.aye.app;

import ch.qos.logback.classic.Level;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * The command line of Aye. Whatever a person at a terminal can do wrong ends in one sentence and a
 * non-zero exit code: 2 for a command that makes no sense, 1 for one that could not be carried out,
 * 3 when what is kept is not what was written, or cannot be written.
 */
public final class Main {
  private Main() {}

  /** Runs one command and exits with its code, unless a server keeps running. */
  public static void main(String[] arguments) {
    quietLibraries();
    CommandLine line =
        new CommandLine(new Aye())
            .setOut(new PrintWriter(System.out, true, StandardCharsets.UTF_8))
            .setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8))
            .setParameterExceptionHandler((e, words) -> {
              say(e.getCommandLine(), sentence(e));
              return CommandLine.ExitCode.USAGE;
            })
            .setExecutionExceptionHandler((e, command, result) -> {
              Optional<String> unsound = Soundness.sentence(e);
              if (unsound.isPresent()) {
                say(command, unsound.get());
                return Soundness.EXIT;
              }
              say(command, e instanceof Refusal ? sentence(e) : unexpected(e));
              return CommandLine.ExitCode.SOFTWARE;
            });
    int code = line.execute(arguments);
    if (code != Serve.RUNNING) {
      System.exit(code);
    }
  }

  /** Until a server has opened its log file, libraries have nothing to say at a terminal. */
  static void quietLibraries() {
    if (LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)
        instanceof ch.qos.logback.classic.Logger root) {
      root.setLevel(Level.ERROR);
    }
  }

  private static void say(CommandLine command, String sentence) {
    command.getErr().println("aye: " + sentence);
  }

  private static String sentence(Exception e) {
    String message = String.valueOf(e.getMessage()).strip().replaceAll("\\s*\\R\\s*", " ");
    return message.endsWith(".") ? message : message + ".";
  }

  private static String unexpected(Exception e) {
    if (System.getenv(AyeConfig.TRACE) != null) {
      e.printStackTrace(System.err);
    }
    return "this did not work: "
        + e.getClass().getSimpleName()
        + (e.getMessage() == null ? "" : " (" + sentence(e) + ")")
        + " AYE_TRACE=1 shows where.";
  }

  /** Where a server keeps everything, and how it is reached. */
  static final class ServeOptions {
    @Option(names = "--port", paramLabel = "N", description = "TCP port of the pages (8080).")
    @Nullable Integer port;

    @Option(names = "--data", paramLabel = "DIR", description = "Folder of all data (./data).")
    @Nullable Path data;

    @Option(names = "--demo", description = "Hold a standing demo meeting.")
    boolean demo;

    @Option(names = "--public-url", paramLabel = "URL", description = "The URL people open.")
    @Nullable String publicUrl;

    @Option(names = "--tls-cert", paramLabel = "FILE", description = "PEM certificate chain.")
    @Nullable Path tlsCert;

    @Option(names = "--tls-key", paramLabel = "FILE", description = "PEM private key (PKCS#8).")
    @Nullable Path tlsKey;

    @Option(names = "--udp-port", paramLabel = "N", description = "UDP port of media (as --port).")
    @Nullable Integer udpPort;

    AyeConfig config() {
      Map<String, String> flags = new LinkedHashMap<>();
      put(flags, "port", port);
      put(flags, "data", data);
      put(flags, "demo", demo ? Boolean.TRUE : null);
      put(flags, "public-url", publicUrl);
      put(flags, "tls-cert", tlsCert);
      put(flags, "tls-key", tlsKey);
      put(flags, "udp-port", udpPort);
      return AyeConfig.read(flags, System.getenv());
    }
  }

  /** The folder a command works on. */
  static final class FolderOptions {
    @Option(names = "--data", paramLabel = "DIR", description = "Folder of all data (./data).")
    @Nullable Path data;

    AyeConfig config() {
      Map<String, String> flags = new LinkedHashMap<>();
      put(flags, "data", data);
      return AyeConfig.read(flags, System.getenv());
    }
  }

  private static void put(Map<String, String> flags, String key, @Nullable Object value) {
    if (value != null) {
      flags.put(key, value.toString());
    }
  }

  @Command(
      name = "aye",
      description = "Video meetings in which AI needs an aye from each person.",
      mixinStandardHelpOptions = true,
      versionProvider = Version.class,
      subcommands = {
        Serve.class,
        DemoCommand.class,
        Verify.class,
        LogCommand.class,
        BackupCommand.class,
        Restore.class,
        Dataset.class,
        Train.class,
        Revoke.class,
        Bench.class
      },
      footer = {"", "./aye test runs every test of the project."})
  static final class Aye implements Callable<Integer> {
    @Mixin ServeOptions options = new ServeOptions();

    @Override
    public Integer call() throws Exception {
      return Serve.run(options.config());
    }
  }

  @Command(
      name = "serve",
      description = "Start the server; the same as no command.",
      mixinStandardHelpOptions = true)
  static final class Serve implements Callable<Integer> {
    static final int RUNNING = -1;
    @Mixin ServeOptions options = new ServeOptions();

    @Override
    public Integer call() throws Exception {
      return run(options.config());
    }

    static int run(AyeConfig config) throws IOException {
      Server.start(config).announce(System.out);
      return RUNNING;
    }
  }

  @Command(
      name = "demo",
      description = "Live through the whole story with simulated people and check each claim.",
      mixinStandardHelpOptions = true)
  static final class DemoCommand implements Callable<Integer> {
    @Option(names = "--json", paramLabel = "FILE", description = "Write claims and figures here.")
    @Nullable Path json;

    @Option(
        names = "--keep",
        paramLabel = "DIR",
        description = "Leave data, export and receipts here.")
    @Nullable Path keep;

    @Override
    public Integer call() throws Exception {
      return Demo.run(Optional.ofNullable(json), Optional.ofNullable(keep), System.out) ? 0 : 1;
    }
  }

  @Command(
      name = "verify",
      description = {
        "Check a log, an export, a receipt or a proof with nothing but the log's public key.",
        "A path is checked offline; a URL is the one under which somebody serves a log."
      },
      mixinStandardHelpOptions = true)
  static final class Verify implements Callable<Integer> {
    @Parameters(
        paramLabel = "PATH|URL",
        description = {
          "A data folder, a log folder or its URL, an exported data set, a receipt file,",
          "a .tlog-proof file, the promise of a withdrawal, a file with a checkpoint,",
          "or a build of the pages (web/dist)."
        })
    String what = "";

    @Option(
        names = "--vkey",
        paramLabel = "KEY",
        description = "The log's public key, or a file with it; an export or receipt needs it.")
    @Nullable String vkey;

    @Option(
        names = "--since",
        paramLabel = "FILE",
        description = "A checkpoint from before, of which this must be a continuation.")
    List<Path> since = new ArrayList<>();

    @Option(
        names = "--log",
        paramLabel = "DIR|URL",
        description = "For two checkpoints, a promise or pages: where the tiles of the log are.")
    @Nullable String log;

    @Option(
        names = "--entry",
        paramLabel = "FILE|HEX",
        description = "For a .tlog-proof file: the entry that it is of.")
    @Nullable String entry;

    @Option(
        names = "--witness",
        paramLabel = "KEY",
        description = "The public key of a witness that must have cosigned; more than one may be.")
    List<String> witnesses = new ArrayList<>();

    @Option(
        names = "--quorum",
        paramLabel = "N",
        description = "How many of these witnesses must have (all).")
    @Nullable Integer quorum;

    @Option(
        names = "--as-of",
        paramLabel = "TIME",
        description = "For a promise: when the log in --log was copied (2026-03-01T10:00:00Z).")
    @Nullable Instant asOf;

    @Option(
        names = "--record",
        paramLabel = "FILE",
        description =
            "For a receipt that holds: write it here in W3C DPV and the fields of ISO/IEC TS 27560.")
    @Nullable Path record;

    @Override
    public Integer call() throws Exception {
      Verifying.Request request =
          new Verifying.Request(
              what,
              Optional.ofNullable(vkey),
              since,
              Optional.ofNullable(log),
              Optional.ofNullable(entry),
              witnesses,
              Optional.ofNullable(quorum),
              Optional.ofNullable(asOf));
      boolean holds = Verifying.verify(request, System.out);
      if (record != null) {
        Verifying.record(request, record);
      }
      return holds ? 0 : 1;
    }
  }

  @Command(
      name = "backup",
      description = {
        "Copy the data folder to another, or bring such a copy up to date; also while a server runs.",
        "It holds the log with its key, and what is kept, encrypted. The keys go apart or not at all."
      },
      mixinStandardHelpOptions = true)
  static final class BackupCommand implements Callable<Integer> {
    @Mixin FolderOptions folder = new FolderOptions();

    @Parameters(paramLabel = "DIR", description = "A new folder, or the last backup.")
    Path to = Path.of("");

    @Option(
        names = "--keys",
        paramLabel = "DIR",
        description = {
          "Where the keys go: another place, and for a few days only,",
          "as an old copy of a key would undo a forgetting."
        })
    @Nullable Path keys;

    @Override
    public Integer call() throws Exception {
      return Commands.perform(
          folder.config(),
          Map.of(
              "command",
              "backup",
              "to",
              to.toAbsolutePath().normalize().toString(),
              "keys",
              keys == null ? "" : keys.toAbsolutePath().normalize().toString()),
          System.out);
    }
  }

  @Command(
      name = "restore",
      description = "Make a data folder of a backup.",
      mixinStandardHelpOptions = true)
  static final class Restore implements Callable<Integer> {
    @Mixin FolderOptions folder = new FolderOptions();

    @Parameters(paramLabel = "DIR", description = "The backup.")
    Path from = Path.of("");

    @Option(names = "--keys", paramLabel = "DIR", description = "The backup of the keys.")
    @Nullable Path keys;

    @Option(
        names = "--log",
        paramLabel = "DIR",
        description = "A newer copy of the log's public files, as any mirror has them.")
    @Nullable Path log;

    @Option(
        names = "--nothing-after",
        description = "You know that nothing was appended to the log after what is restored.")
    boolean current;

    @Override
    public Integer call() throws Exception {
      Commands.restore(
          folder.config(),
          from.toAbsolutePath().normalize(),
          Optional.ofNullable(keys).map(path -> path.toAbsolutePath().normalize()),
          Optional.ofNullable(log).map(path -> path.toAbsolutePath().normalize()),
          current,
          System.out);
      return 0;
    }
  }

  @Command(
      name = "log",
      description = "Check the log of a data folder.",
      mixinStandardHelpOptions = true,
      subcommands = LogCheck.class)
  static final class LogCommand implements Callable<Integer> {
    @Override
    public Integer call() {
      throw new Refusal("log needs check");
    }
  }

  @Command(
      name = "check",
      description = {
        "Check every file of the log, also while a server runs; changes nothing.",
        "What is missing, cut short or altered is named, and has to come from a backup."
      },
      mixinStandardHelpOptions = true)
  static final class LogCheck implements Callable<Integer> {
    @Mixin FolderOptions folder = new FolderOptions();

    @Override
    public Integer call() throws Exception {
      return Commands.checkLog(folder.config(), System.out) ? 0 : 1;
    }
  }

  @Command(
      name = "dataset",
      description = "Build, list or export data sets.",
      mixinStandardHelpOptions = true,
      subcommands = {DatasetBuild.class, DatasetList.class, DatasetExport.class})
  static final class Dataset implements Callable<Integer> {
    @Override
    public Integer call() {
      throw new Refusal("dataset needs one of build, list and export");
    }
  }

  @Command(
      name = "build",
      description = "Cut a data set of what may be learned from now.",
      mixinStandardHelpOptions = true)
  static final class DatasetBuild implements Callable<Integer> {
    @Mixin FolderOptions folder = new FolderOptions();

    @Override
    public Integer call() throws Exception {
      return Commands.perform(folder.config(), Map.of("command", "dataset build"), System.out);
    }
  }

  @Command(name = "list", description = "List data sets.", mixinStandardHelpOptions = true)
  static final class DatasetList implements Callable<Integer> {
    @Mixin FolderOptions folder = new FolderOptions();

    @Override
    public Integer call() throws Exception {
      return Commands.perform(folder.config(), Map.of("command", "dataset list"), System.out);
    }
  }

  @Command(
      name = "export",
      description = "Write a data set as Parquet, with its proof.",
      mixinStandardHelpOptions = true)
  static final class DatasetExport implements Callable<Integer> {
    @Mixin FolderOptions folder = new FolderOptions();

    @Parameters(index = "0", paramLabel = "DIR", description = "A new folder.")
    Path to = Path.of("");

    @Option(names = "--id", paramLabel = "ID", description = "Which data set (the newest).")
    String id = "";

    @Override
    public Integer call() throws Exception {
      return Commands.perform(
          folder.config(),
          Map.of("command", "dataset export", "id", id, "to", to.toAbsolutePath().toString()),
          System.out);
    }
  }

  @Command(
      name = "train",
      description = "Learn a vocabulary from a data set.",
      mixinStandardHelpOptions = true)
  static final class Train implements Callable<Integer> {
    @Mixin FolderOptions folder = new FolderOptions();

    @Option(names = "--id", paramLabel = "ID", description = "Which data set (the newest).")
    String id = "";

    @Override
    public Integer call() throws Exception {
      return Commands.perform(folder.config(), Map.of("command", "train", "id", id), System.out);
    }
  }

  @Command(
      name = "revoke",
      description = {
        "End grants as the controller, such as for a person who lost their slip.",
        "The log shows that it was you. It cannot be undone."
      },
      mixinStandardHelpOptions = true)
  static final class Revoke implements Callable<Integer> {
    @Mixin FolderOptions folder = new FolderOptions();

    @Parameters(
        paramLabel = "RECEIPT|HANDLE",
        description = "A receipt file, for every yes in it, or the handle of one yes.")
    String what = "";

    @Override
    public Integer call() throws Exception {
      return Commands.revoke(folder.config(), what, System.out);
    }
  }

  @Command(
      name = "bench",
      description = "Measure one part: log, media, speech or consent.",
      mixinStandardHelpOptions = true)
  static final class Bench implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "log, media, speech or consent")
    String name = "";

    @Option(names = "--json", paramLabel = "FILE", description = "Write the figures here.")
    @Nullable Path json;

    @Override
    public Integer call() throws Exception {
      Commands.bench(name, Commands.Length.FULL, Optional.ofNullable(json), System.out);
      return 0;
    }
  }

  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() throws IOException {
      return new String[] {"aye " + number()};
    }

    static String number() throws IOException {
      Properties properties = new Properties();
      try (var in = Main.class.getResourceAsStream("/aye.properties")) {
        if (in != null) {
          properties.load(in);
        }
      }
      return properties.getProperty("version", "unknown");
    }
  }
}
