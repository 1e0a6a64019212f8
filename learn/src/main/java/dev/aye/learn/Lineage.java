package dev.aye.learn;

/**
 * Where a model comes from: enough to train it again to the same hash.
 *
 * @param dataset the hash in the {@code DATASET} leaf of what it learned from, base64url
 * @param root of the rows of that data set, base64url
 * @param trainer {@link CountModel#TRAINER}
 * @param parameters the hash over the parameters, base64url
 */
record Lineage(
    String schema,
    String datasetId,
    String dataset,
    String root,
    String trainer,
    long segments,
    String parameters) {
  static final String SCHEMA = "urn:aye:lineage:1";
}
