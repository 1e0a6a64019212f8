package dev.aye.learn;

import dev.aye.consent.Medium;
import java.nio.file.Path;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;

/**
 * Canonical rows as Parquet, by an in-memory DuckDB that may not spill to disk and loads nothing
 * from the network. The only SQL of this house.
 */
final class Table implements AutoCloseable {
  private final DuckDBConnection connection;

  private Table(DuckDBConnection connection) {
    this.connection = connection;
  }

  static Table open() throws SQLException {
    Connection opened = DriverManager.getConnection("jdbc:duckdb:");
    Table table = new Table(opened.unwrap(DuckDBConnection.class));
    table.run("SET temp_directory = ''");
    table.run("SET autoinstall_known_extensions = false");
    table.run("SET autoload_known_extensions = false");
    table.run("SET threads = 2");
    return table;
  }

  /** A row to be written, with its id. */
  record Identified(String id, Row row) {}

  /** Writes one Parquet file, in order of id. */
  void write(List<Identified> rows, Path file) throws SQLException {
    run(
        """
        CREATE OR REPLACE TABLE staged (id VARCHAR, speaker VARCHAR, bucket INTEGER, medium VARCHAR,
          text VARCHAR, base_model VARCHAR, start_ms BIGINT, duration_ms BIGINT,
          texts VARCHAR[], scores DOUBLE[], audio BLOB)
        """);
    try (DuckDBAppender appender = connection.createAppender("main", "staged")) {
      for (Identified identified : rows) {
        Segment segment = identified.row().segment();
        appender.beginRow();
        appender.append(identified.id());
        appender.append(HexFormat.of().formatHex(identified.row().speaker()));
        appender.append(identified.row().bucket());
        appender.append(segment.medium().id());
        appender.append(segment.text());
        appender.append(segment.baseModel());
        appender.append(segment.startMillis());
        appender.append(segment.durationMillis());
        appender.append(segment.alternatives().stream().map(Hypothesis::text).toList());
        appender.append(segment.alternatives().stream().mapToDouble(Hypothesis::score).toArray());
        appender.append(segment.audio());
        appender.endRow();
      }
    }
    run(
        """
        COPY (SELECT id, speaker, bucket, medium, text, base_model, start_ms, duration_ms,
            list_zip(texts, scores)::STRUCT(text VARCHAR, score DOUBLE)[] AS alternatives,
            CASE WHEN octet_length(audio) = 0 THEN NULL
              ELSE struct_pack(bytes := audio, path := id || '.wav') END AS audio
          FROM staged ORDER BY id)
        TO '%s' (FORMAT parquet, COMPRESSION zstd)
        """
            .formatted(quoted(file)));
    run("DROP TABLE staged");
  }

  /**
   * Shows the rows of a Parquet file in its order of id.
   *
   * @throws SQLException when it is no such file
   * @throws IllegalArgumentException when a row is none
   */
  void read(Path file, BiConsumer<String, Row> reader) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                """
                SELECT id, speaker, bucket, medium, text, base_model, start_ms, duration_ms,
                  list_transform(alternatives, lambda a: a.text) AS texts,
                  list_transform(alternatives, lambda a: a.score) AS scores,
                  audio.bytes AS audio, audio.path AS path
                FROM read_parquet('%s') ORDER BY id
                """
                    .formatted(quoted(file)))) {
      while (rows.next()) {
        String id = text(rows, "id");
        byte[] speaker = HexFormat.of().parseHex(text(rows, "speaker"));
        if (speaker.length != 8 || rows.getInt("bucket") != Row.bucket(speaker)) {
          throw new IllegalArgumentException("a row is not in the bucket of its speaker");
        }
        byte[] audio = rows.getBytes("audio");
        String path = rows.getString("path");
        if (audio != null && !(id + ".wav").equals(path)) {
          throw new IllegalArgumentException("the audio of a row has another row's name");
        }
        Segment segment =
            new Segment(
                medium(text(rows, "medium")),
                text(rows, "text"),
                alternatives(rows),
                Objects.requireNonNullElse(audio, new byte[0]),
                rows.getLong("start_ms"),
                rows.getLong("duration_ms"),
                text(rows, "base_model"));
        reader.accept(id, new Row(speaker, segment));
      }
    }
  }

  private static Medium medium(String name) {
    Optional<Medium> medium = Medium.named(name);
    return medium.orElseThrow(() -> new IllegalArgumentException("a row of no known medium"));
  }

  private static List<Hypothesis> alternatives(ResultSet rows) throws SQLException {
    List<Object> texts = list(rows, "texts");
    List<Object> scores = list(rows, "scores");
    List<Hypothesis> alternatives = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      if (!(texts.get(i) instanceof String text) || !(scores.get(i) instanceof Double score)) {
        throw new IllegalArgumentException("an alternative of a row is incomplete");
      }
      alternatives.add(new Hypothesis(text, score));
    }
    return alternatives;
  }

  private static List<Object> list(ResultSet rows, String column) throws SQLException {
    Array array = rows.getArray(column);
    if (array == null) {
      throw new IllegalArgumentException("a row has no alternatives");
    }
    return Arrays.asList((Object[]) array.getArray());
  }

  private static String text(ResultSet rows, String column) throws SQLException {
    String text = rows.getString(column);
    if (text == null) {
      throw new IllegalArgumentException("a row has no " + column);
    }
    return text;
  }

  private void run(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static String quoted(Path file) {
    return file.toAbsolutePath().toString().replace("'", "''");
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
