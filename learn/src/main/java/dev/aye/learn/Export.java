package dev.aye.learn;

import dev.aye.consent.Card;
import dev.aye.consent.Handle;
import dev.aye.consent.Purpose;
import dev.aye.consent.Use;
import dev.aye.log.Checkpoint;
import dev.aye.log.Hash;
import dev.aye.vault.Block;
import dev.aye.vault.Capture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A data set on its way out: the folder that others read, with all that proves it. It is written
 * beside its place under a drawn name that ends in {@code .part}, and moved there when it is whole;
 * what was begun and not finished is removed, at the latest when the data folder is opened again.
 */
final class Export {
  /** About how much content goes into one Parquet file, as it is in memory meanwhile. */
  private static final long SHARD = 128L << 20;

  private static final int ATTEMPTS = 10;
  private final Workshop workshop;
  private final Shelf.Dataset dataset;
  private final Path target;
  private final Path folder;
  private final byte[] salted;
  private final Manifest manifest;
  private final Totals totals = new Totals();

  /** What the rows add up to, for the card. */
  private static final class Totals {
    private long speechMillis;
    private int withSound;

    void add(Segment segment) {
      speechMillis += segment.durationMillis();
      withSound += segment.audio().length > 0 ? 1 : 0;
    }

    String speech() {
      Duration all = Duration.ofMillis(speechMillis);
      return "%d h %02d min %02d.%03d s"
          .formatted(all.toHours(), all.toMinutesPart(), all.toSecondsPart(), all.toMillisPart());
    }

    /** What of the sound there is, as the card says it. */
    String sound() {
      return withSound == 0
          ? "The sound itself was not kept: rows hold words, and what else the recogniser considered."
          : "%d rows hold their sound.".formatted(withSound);
    }
  }

  Export(Workshop workshop, Shelf.Dataset dataset, Path folder) {
    this.workshop = workshop;
    this.dataset = dataset;
    this.target = folder.toAbsolutePath().normalize();
    this.folder =
        target.resolveSibling(
            "%s.%016x.part".formatted(target.getFileName(), workshop.random().nextLong()));
    this.salted = workshop.salted(dataset.manifest());
    this.manifest = Json.read(Workshop.unsalted(salted), Manifest.class);
  }

  void write() throws IOException {
    if (Files.exists(target)) {
      try (Stream<Path> there = Files.list(target)) {
        if (there.findAny().isPresent()) {
          throw new IllegalStateException("the folder for the export is not empty");
        }
      }
    }
    Exporting exporting = workshop.shelf().exporting();
    exporting.sweep();
    try {
      Path _ = begin();
      List<Path> files = data();
      proof();
      log();
      Files.writeString(folder.resolve("README.md"), card(files));
      Files.write(folder.resolve("croissant.json"), Json.pretty(croissant(files)));
      String all = Proof.files(folder, dataset.index().orElseThrow());
      Files.writeString(
          folder.resolve(Proof.FOLDER).resolve(Proof.FILES), workshop.log().sign(all));
      Files.move(folder, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      exporting.end(folder); // nothing is there any more when it took its place
    }
  }

  /** Makes the folder, which is remembered before it is there, and gives it. */
  Path begin() throws IOException {
    workshop.shelf().exporting().begin(folder);
    Files.createDirectories(target.getParent());
    Files.createDirectory(
        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Files.createDirectory(folder.resolve("data"));
    Files.createDirectory(folder.resolve(Proof.FOLDER));
    return folder;
  }

  // ---- rows ----

  private List<Path> data() throws IOException {
    Map<String, Integer> shardOf = shards();
    int count = shardOf.values().stream().mapToInt(Integer::intValue).max().orElse(0) + 1;
    Map<String, String> ids = new HashMap<>();
    manifest.rows().forEach(row -> ids.put(row.block(), row.id()));
    List<Path> files = new ArrayList<>();
    try (Table table = Table.open()) {
      for (int shard = 0; shard < count; shard++) {
        int now = shard;
        List<Table.Identified> rows = new ArrayList<>();
        workshop.open(
            manifest,
            (row, content) -> {
              String block = content.block().id().hex();
              if (shardOf.getOrDefault(block, -1) == now) {
                rows.add(new Table.Identified(ids.getOrDefault(block, ""), row));
                totals.add(row.segment());
              }
            });
        Path file =
            folder.resolve("data").resolve("train-%05d-of-%05d.parquet".formatted(shard, count));
        table.write(rows, file);
        files.add(file);
      }
    } catch (SQLException e) {
      throw new IOException("writing Parquet failed", e);
    }
    return files;
  }

  /** Which file each block goes into: rows in order of id, cut when enough is together. */
  private Map<String, Integer> shards() {
    Map<String, Integer> lengths = new HashMap<>();
    workshop.vault().blocks().forEach(block -> lengths.put(block.id().hex(), block.length()));
    Map<String, Integer> shardOf = new HashMap<>();
    long filled = 0;
    int shard = 0;
    for (Manifest.Row row : manifest.rows()) {
      int length = lengths.getOrDefault(row.block(), 0);
      if (filled > 0 && filled + length > SHARD) {
        shard++;
        filled = 0;
      }
      filled += length;
      shardOf.put(row.block(), shard);
    }
    return shardOf;
  }

  // ---- proof ----

  private void proof() throws IOException {
    Path proof = folder.resolve(Proof.FOLDER);
    Files.write(proof.resolve(Proof.MANIFEST), Workshop.unsalted(salted));
    Files.write(
        proof.resolve(Proof.SEAL),
        Json.write(
            new Proof.Seal(
                dataset.id(), b64u(Workshop.salt(salted)), dataset.index().orElseThrow())));
    Files.write(proof.resolve(Proof.RECEIPTS), Json.write(receipts()));
    Files.write(proof.resolve(Proof.CAPTURES), Json.write(captures()));
  }

  private Proof.Receipts receipts() {
    Map<Long, Proof.ReceiptRef> receipts = new LinkedHashMap<>();
    for (Manifest.GrantRef grant : manifest.grants()) {
      Handle handle = new Handle(grant.handle());
      Use<Purpose.Training> use = workshop.consents().use(handle, Purpose.TRAINING).orElseThrow();
      for (Card card : workshop.consents().cards(use.person())) {
        if (card.index() == grant.answer()) {
          receipts.put(
              card.index(),
              new Proof.ReceiptRef(card.receipt(), card.salt().value(), card.index()));
        }
      }
    }
    return new Proof.Receipts(List.copyOf(receipts.values()));
  }

  private Proof.Captures captures() {
    Map<Long, Proof.CaptureRef> captures = new LinkedHashMap<>();
    List<Proof.SaltRef> salts = new ArrayList<>();
    workshop.open(
        manifest,
        (row, content) -> {
          salts.add(new Proof.SaltRef(content.block().id().hex(), b64u(content.salt())));
          if (content.block().capture() instanceof Block.CaptureState.Logged logged
              && !captures.containsKey(logged.index())) {
            Capture capture = workshop.vault().captureWith(logged.root()).orElseThrow();
            captures.put(
                logged.index(),
                new Proof.CaptureRef(
                    logged.index(), capture.leaves().stream().map(Hash::b64u).toList()));
          }
        });
    return new Proof.Captures(List.copyOf(captures.values()), salts);
  }

  // ---- the log up to now ----

  private void log() throws IOException {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      Checkpoint at = workshop.log().checkpoint();
      Map<String, byte[]> files = new LinkedHashMap<>();
      for (String path : logFiles(at.size())) {
        workshop.log().resource(path).ifPresent(resource -> files.put(path, resource.bytes()));
      }
      if (files.size() == logFiles(at.size()).size()) {
        Path log = folder.resolve(Proof.FOLDER).resolve(Proof.LOG);
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
          Path path = log.resolve(file.getKey());
          Files.createDirectories(path.getParent());
          Files.write(path, file.getValue());
        }
        Files.writeString(log.resolve("checkpoint"), at.note());
        return;
      }
    }
    throw new IOException("the log grows faster than it can be copied");
  }

  /** Every tile and entry bundle of a log of that size (C2SP tlog-tiles). */
  static List<String> logFiles(long size) {
    List<String> files = new ArrayList<>();
    addTiles("entries", size, files);
    long nodes = size;
    for (int level = 0; nodes > 0; level++) {
      addTiles(Integer.toString(level), nodes, files);
      nodes >>= 8;
    }
    return files;
  }

  private static void addTiles(String level, long nodes, List<String> files) {
    for (long tile = 0; tile < nodes >> 8; tile++) {
      files.add("tile/" + level + "/" + number(tile));
    }
    long rest = nodes & 255;
    if (rest > 0) {
      files.add("tile/" + level + "/" + number(nodes >> 8) + ".p/" + rest);
    }
  }

  private static String number(long tile) {
    String text = "%03d".formatted(tile % 1000);
    for (long rest = tile / 1000; rest > 0; rest /= 1000) {
      text = "x%03d/".formatted(rest % 1000) + text;
    }
    return text;
  }

  // ---- for those who read it ----

  private String card(List<Path> files) {
    Set<String> speakers = new HashSet<>();
    manifest.grants().forEach(grant -> speakers.add(grant.handle()));
    return """
    ---
    pretty_name: Words said and written in meetings, with proof of consent
    license: other
    license_name: consented-use-only
    language:
    - en
    size_categories:
    - %s
    configs:
    - config_name: default
      data_files:
      - split: train
        path: data/train-*.parquet
    ---

    # Data set %s

    %d rows from meetings, under %d grants for training, cut %s. Every row is of a person who
    agreed, on their own device, that models may be trained on it, and had not withdrawn when this
    was exported. A withdrawal after that recalls this copy: ask the log.

    The rows stand for %s of speech. %s

    | column | what it is |
    |---|---|
    | id | the row's place in the order of rows |
    | speaker, bucket | a pseudonym, and one of 64 groups of people |
    | medium | voice or chat |
    | text | what the base recogniser heard, or what was typed |
    | base_model | that recogniser; empty for chat |
    | start_ms, duration_ms | milliseconds since 1970, and how long the speech lasts; 0 for chat |
    | alternatives | what else the recogniser considered, with natural-log scores |
    | audio | 16 kHz mono WAV as bytes; null where no sound was kept, and for chat |

    Files: %d. Root over the rows (RFC 6962): `%s`.
    Leaf %d of the log `%s`.

    ## Checking it

    `aye verify` on this folder checks, offline and with the public key of the log alone: that
    each row was captured under a logged answer, that nobody in it withdrew, that the rows are the
    ones that were logged, and that each file, this one too, is the one that was exported. The folder `proof` holds what is needed, receipts included; these
    are personal data.

    ## Limits

    The transcripts are a machine's and contain its errors. The proof shows that each use follows
    a logged yes, not that no other use exists.
    """
        .formatted(
            size(),
            dataset.id(),
            manifest.rows().size(),
            speakers.size(),
            manifest.built(),
            totals.speech(),
            totals.sound(),
            files.size(),
            manifest.root(),
            dataset.index().orElseThrow(),
            workshop.log().origin());
  }

  private String size() {
    int rows = manifest.rows().size();
    return rows < 1_000
        ? "n<1K"
        : rows < 10_000 ? "1K<n<10K" : rows < 100_000 ? "10K<n<100K" : "100K<n<1M";
  }

  /** Croissant 1.1, the required fields and the columns. */
  private Map<String, Object> croissant(List<Path> files) throws IOException {
    List<Object> distribution = new ArrayList<>();
    for (Path file : files) {
      distribution.add(
          object(
              "@type",
              "cr:FileObject",
              "@id",
              "data/" + file.getFileName(),
              "name",
              file.getFileName().toString(),
              "contentUrl",
              "data/" + file.getFileName(),
              "encodingFormat",
              "application/vnd.apache.parquet",
              "sha256",
              Proof.sha256(file)));
    }
    List<Object> fields = new ArrayList<>();
    Map<String, String> columns = new LinkedHashMap<>();
    for (String text : List.of("id", "speaker", "medium", "text", "base_model")) {
      columns.put(text, "sc:Text");
    }
    for (String number : List.of("bucket", "start_ms", "duration_ms")) {
      columns.put(number, "sc:Integer");
    }
    columns.put("audio", "sc:AudioObject");
    columns.forEach((name, type) ->
        fields.add(
            object(
                "@type",
                "cr:Field",
                "@id",
                "rows/" + name,
                "name",
                name,
                "dataType",
                type,
                "source",
                object(
                    "fileObject",
                    object("@id", "data/" + files.getFirst().getFileName()),
                    "extract",
                    object("column", name)))));
    return object(
        "@context",
        object(
            "@language", "en",
            "@vocab", "https://schema.org/",
            "sc", "https://schema.org/",
            "cr", "http://mlcommons.org/croissant/",
            "dct", "http://purl.org/dc/terms/",
            "recordSet", "cr:recordSet",
            "field", "cr:field",
            "dataType", object("@id", "cr:dataType", "@type", "@vocab"),
            "source", "cr:source",
            "extract", "cr:extract",
            "column", "cr:column",
            "fileObject", "cr:fileObject"),
        "@type",
        "sc:Dataset",
        "dct:conformsTo",
        "http://mlcommons.org/croissant/1.1",
        "name",
        dataset.id(),
        "description",
        "What people who agreed to training said and wrote, as text, with proof of consent. "
            + totals.sound(),
        "license",
        "https://schema.org/Thing#consented-use-only",
        "url",
        "urn:aye:dataset:" + manifest.root(),
        "creator",
        object("@type", "sc:Organization", "name", workshop.log().origin()),
        "datePublished",
        Instant.parse(manifest.built()).toString().substring(0, 10),
        "version",
        "1.0.0",
        "distribution",
        distribution,
        "recordSet",
        List.of(object("@type", "cr:RecordSet", "@id", "rows", "name", "rows", "field", fields)));
  }

  private static Map<String, Object> object(Object... namesAndValues) {
    Map<String, Object> object = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      object.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return object;
  }

  private static String b64u(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
