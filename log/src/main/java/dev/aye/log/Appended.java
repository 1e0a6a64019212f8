package dev.aye.log;

/**
 * The answer to an append: the leaf is durable, at this index, in a published checkpoint, and the
 * proof (C2SP tlog-proof text) shows it to anybody who has the log's key.
 */
public record Appended(long index, String proof) {}
