package dev.aye.companion;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The built-in speech model: a recogniser in a child process of low priority, so that its memory,
 * its garbage collection and its crashes disturb no meeting.
 *
 * <p>Same Java and class path, a heap of its own, standard error to nowhere, no dumps, no
 * performance files: nothing of what it hears can reach a file. It is started when first needed and
 * again after it died; the speech it had is given to the new one once from its beginning, then
 * given up. A process that says nothing for {@link #PATIENCE} while it should is killed. One caller
 * at a time.
 */
final class SpeechProcess extends SpeechModel {
  /**
   * The longest silence of a process at work. Both engines answer at least every second of sound.
   */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final Duration START = Duration.ofSeconds(90);
  private static final int CHUNK = Speech.RATE / 10;
  private static final int ATTEMPTS = 2;

  private final Settings settings;
  private @Nullable Child child;
  private volatile boolean closed;
  private volatile String model;
  private volatile @Nullable String failure;

  /**
   * What to start.
   *
   * @param name of the model, until the process has told its own
   */
  record Settings(
      String name, String mainClass, List<String> arguments, int heapMegabytes, Duration patience) {
    static Settings of(Engine engine) {
      Engine resolved = engine.resolve();
      return new Settings(
          resolved == Engine.POCKETSPHINX ? PocketSphinx.NAME : Sphinx4.NAME,
          "dev.aye.companion.SpeechChild",
          List.of(resolved.name()),
          resolved == Engine.POCKETSPHINX ? 64 : 900,
          PATIENCE);
    }
  }

  SpeechProcess(Settings settings) {
    this.settings = settings;
    this.model = settings.name;
  }

  @Override
  public String host() {
    return "this server";
  }

  @Override
  public String model() {
    return model;
  }

  @Override
  void warm() throws IOException, InterruptedException {
    running();
  }

  /** The process id, for measuring. */
  long pid() {
    Child c = child;
    return c == null ? -1 : c.process.pid();
  }

  @Override
  synchronized Reading hear(Speech speech, Consumer<String> partial) throws InterruptedException {
    String reason = "";
    for (int attempt = 0; attempt < ATTEMPTS && !closed; attempt++) {
      try {
        Reading reading = running().hear(speech, partial);
        failure = null;
        return reading;
      } catch (Speech.Discarded e) {
        return new Reading.Discarded();
      } catch (IOException e) {
        reason = "the speech process ended";
        stop();
      } catch (InterruptedException e) {
        stop(); // it is in the middle of a speech that nobody will end
        throw e;
      }
    }
    failure = reason;
    return new Reading.Failed(closed ? "closed" : reason);
  }

  @Override
  public Optional<String> failure() {
    return Optional.ofNullable(failure);
  }

  @Override
  public void close() {
    closed = true;
    stop();
  }

  private synchronized Child running() throws IOException, InterruptedException {
    Child c = child;
    if (c == null || !c.process.isAlive()) {
      if (closed) {
        throw new IOException("closed");
      }
      stop();
      c = new Child(settings);
      child = c;
      try {
        model = c.awaitReady();
      } catch (IOException e) {
        failure = "the speech process does not start";
        throw e;
      }
      failure = null;
    }
    return c;
  }

  private void stop() {
    Child c = child;
    if (c != null) {
      c.process.destroyForcibly();
    }
    child = null;
  }

  private static final class Child {
    final Process process;
    private final Wire wire;
    private final Duration patience;
    private final BlockingQueue<Wire.Message> answers = new ArrayBlockingQueue<>(64);
    private volatile long lastSign = System.nanoTime();
    private volatile boolean expecting;

    Child(Settings settings) throws IOException {
      patience = settings.patience;
      var builder = new ProcessBuilder(command(settings));
      builder.environment().keySet().removeIf(name -> !name.equals("PATH") && !name.equals("LANG"));
      builder.redirectError(ProcessBuilder.Redirect.DISCARD);
      process = builder.start();
      wire = new Wire(process.getInputStream(), process.getOutputStream());
      Thread.ofPlatform().daemon().name("aye-speech-answers").start(this::readAnswers);
    }

    private static List<String> command(Settings settings) {
      var command = new ArrayList<String>();
      if (Path.of("/usr/bin/nice").toFile().canExecute()) {
        command.addAll(List.of("/usr/bin/nice", "-n", "10"));
      }
      command.addAll(
          List.of(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "-Xmx" + settings.heapMegabytes + "m",
              "-XX:+UseSerialGC",
              "-XX:TieredStopAtLevel=4",
              "-XX:+ExitOnOutOfMemoryError",
              "-XX:-HeapDumpOnOutOfMemoryError",
              "-XX:-CreateCoredumpOnCrash",
              "-XX:+SuppressFatalErrorMessage",
              "-XX:+DisableAttachMechanism",
              "-XX:-UsePerfData",
              "--enable-native-access=ALL-UNNAMED",
              "-Djava.awt.headless=true",
              "-cp",
              System.getProperty("java.class.path"),
              settings.mainClass));
      command.addAll(settings.arguments);
      return command;
    }

    String awaitReady() throws IOException, InterruptedException {
      Wire.Message ready = answers.poll(START.toMillis(), TimeUnit.MILLISECONDS);
      if (ready == null || ready.type() != Wire.Type.READY) {
        process.destroyForcibly();
        throw new IOException("the speech process did not start");
      }
      return ready.text();
    }

    Reading hear(Speech speech, Consumer<String> partial)
        throws IOException, InterruptedException, Speech.Discarded {
      expecting = true;
      lastSign = System.nanoTime();
      Thread watchdog = Thread.ofVirtual().name("aye-speech-watchdog").start(this::watch);
      try {
        wire.send(Wire.Type.BEGIN);
        try {
          feed(speech, partial);
        } catch (Speech.Discarded e) {
          wire.send(Wire.Type.DISCARD);
          awaitEnd(text -> {});
          throw e;
        }
        wire.send(Wire.Type.END);
        return awaitEnd(partial);
      } finally {
        expecting = false;
        watchdog.interrupt();
      }
    }

    private void feed(Speech speech, Consumer<String> partial)
        throws IOException, InterruptedException, Speech.Discarded {
      short[] chunk = new short[CHUNK];
      int at = 0;
      for (int n = speech.read(at, chunk); n >= 0; n = speech.read(at, chunk)) {
        at += n;
        ByteBuffer bytes = ByteBuffer.allocate(2 * n).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asShortBuffer().put(chunk, 0, n);
        lastSign = System.nanoTime(); // sound came: from here on it is the process's turn
        wire.send(Wire.Type.AUDIO, bytes.array());
        for (Wire.Message m = answers.poll(); m != null; m = answers.poll()) {
          if (m.type() == Wire.Type.PARTIAL) {
            partial.accept(m.text());
          } else {
            throw new IOException("the speech process answered too early");
          }
        }
      }
    }

    private Reading awaitEnd(Consumer<String> partial) throws IOException, InterruptedException {
      while (true) {
        Wire.Message m = answers.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
        if (m == null) {
          throw new IOException("the speech process is silent");
        }
        switch (m.type()) {
          case PARTIAL -> partial.accept(m.text());
          case HEARD -> {
            return new Reading.Heard(Wire.decode(m.body()));
          }
          case FAILED -> {
            return new Reading.Failed("the engine failed");
          }
          case BEGIN, AUDIO, END, DISCARD, READY -> throw new IOException("unexpected answer");
        }
      }
    }

    /** Reads until the process is gone; its end is told as an answer that nobody expects. */
    private void readAnswers() {
      try {
        while (true) {
          Wire.Message message = wire.receive();
          lastSign = System.nanoTime();
          answers.put(message);
        }
      } catch (IOException e) {
        process.destroyForcibly();
        answers.clear();
        answers.add(new Wire.Message(Wire.Type.DISCARD, new byte[0]));
      } catch (InterruptedException e) {
        process.destroyForcibly();
      }
    }

    /** Kills a process that takes no more input: {@code send} blocks and only this gets it out. */
    private void watch() {
      try {
        while (expecting) {
          Thread.sleep(Math.max(1, patience.toMillis() / 4));
          if (expecting && System.nanoTime() - lastSign > 2 * patience.toNanos()) {
            process.destroyForcibly();
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
