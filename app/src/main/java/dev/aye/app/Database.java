package dev.aye.app;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.nio.file.Path;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/**
 * The embedded SQL database. A statement that returned is durable: journalled with {@code
 * synchronous=FULL}.
 */
final class Database implements AutoCloseable {
  private final HikariDataSource pool;
  private final JdbcClient client;
  private final TransactionTemplate transaction;

  private Database(HikariDataSource pool) {
    this.pool = pool;
    this.client = JdbcClient.create(pool);
    this.transaction = new TransactionTemplate(new JdbcTransactionManager(pool));
  }

  static Database open(Path file) {
    SQLiteConfig sqlite = new SQLiteConfig();
    sqlite.setJournalMode(SQLiteConfig.JournalMode.WAL);
    sqlite.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
    sqlite.setTransactionMode(SQLiteConfig.TransactionMode.IMMEDIATE);
    sqlite.setBusyTimeout(10_000);
    sqlite.enforceForeignKeys(true);
    sqlite.setPragma(SQLiteConfig.Pragma.SECURE_DELETE, "true");
    SQLiteDataSource source = new SQLiteDataSource(sqlite);
    source.setUrl("jdbc:sqlite:" + file);
    HikariConfig config = new HikariConfig();
    config.setDataSource(source);
    config.setPoolName("aye");
    config.setMaximumPoolSize(4);
    HikariDataSource pool = new HikariDataSource(config);
    migrate(pool);
    return new Database(pool);
  }

  private static void migrate(DataSource source) {
    Flyway.configure().dataSource(source).locations("classpath:db/migration").load().migrate();
  }

  JdbcClient sql() {
    return client;
  }

  TransactionTemplate transaction() {
    return transaction;
  }

  /** Writes what is in the database at this moment to a new file. */
  void copyTo(Path file) {
    client.sql("VACUUM INTO ?").param(file.toString()).update();
  }

  /** Whether the database answers now. */
  boolean answers() {
    try {
      return client.sql("SELECT 1").query(Integer.class).single() == 1;
    } catch (org.springframework.dao.DataAccessException e) {
      return false;
    }
  }

  @Override
  public void close() {
    pool.close();
  }
}
