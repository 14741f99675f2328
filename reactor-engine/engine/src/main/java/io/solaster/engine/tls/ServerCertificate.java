package io.solaster.engine.tls;

import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * What is in force for some of a server's names.
 *
 * @param bundle the key material's name
 * @param names the hosts that it is for; empty for the default
 * @param subjects whose certificates they are, one for each kind of key
 * @param expires when the first of them is no longer good
 * @param expiresSoon whether that is near, or past
 * @param problem why newer material is not in force; null if none was refused since the last good one
 * @param updates how often newer material was put in force
 * @param refusedUpdates how often newer material was no good
 */
public record ServerCertificate(String bundle, List<String> names, List<String> subjects, Instant expires,
        boolean expiresSoon, @Nullable String problem, long updates, long refusedUpdates) {}
