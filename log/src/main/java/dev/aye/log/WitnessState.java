package dev.aye.log;

import java.net.URI;
import java.time.Instant;
import java.util.Optional;

/**
 * How it stands with one witness.
 *
 * @param vkey its public key
 * @param size how many leaves the log had when it last cosigned; 0 if it has not since the start
 * @param at when that was, by the clock of this server
 * @param trouble why it is not cosigning now, in plain words
 */
public record WitnessState(
    String name, String vkey, URI url, long size, Optional<Instant> at, Optional<String> trouble) {}
