package dev.aye.consent;

import java.util.Optional;

/**
 * One thing that two versions of a {@link Notice} in one language say differently: the words
 * before, the words after.
 *
 * @param part of the text: "controller", "lead", "rows", "foot" or "full"
 * @param row the purpose whose row it is in, if it is in one
 * @param field in that part, such as {@code retention}, or {@code media.voice}; in a part that is a
 *     list of paragraphs it is {@code text}
 * @param before empty when it is new
 * @param after empty when it is gone
 */
public record Difference(
    String part,
    Optional<Purpose> row,
    String field,
    Optional<String> before,
    Optional<String> after) {}
