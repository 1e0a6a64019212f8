/**
 * Who agreed to what, and the permits that follow from it.
 *
 * <p>{@link dev.aye.consent.Consents} is the way in: signed answers and withdrawal secrets go in,
 * {@link dev.aye.consent.Permit}s come out. A grant takes effect only after it is in the log; a
 * withdrawal takes effect before it is.
 */
@org.jspecify.annotations.NullMarked
package dev.aye.consent;
