/**
 * The append-only transparency log: a C2SP tlog-tiles folder, its signed checkpoints, its proofs
 * and their verifier. Needs nothing but the JDK.
 */
@org.jspecify.annotations.NullMarked
package dev.aye.log;
