/**
 * The vault: what people agreed to keep, encrypted so that it can be made unreadable for good.
 *
 * <p>Content enters only with a live {@link dev.aye.consent.Permit} of a keeping purpose, lies in
 * append-only blocks under a key of its person, and becomes noise, backups included, when that key
 * is destroyed.
 */
@org.jspecify.annotations.NullMarked
package dev.aye.vault;
