package io.solaster.boot.actuate;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

/**
 * What is known of reloading the configuration. A bean of this type completes the endpoint {@code solasterconfig}, the
 * live page and health. Any thread may call.
 */
public interface ConfigReloads {

    /** Whether a change of this key is applied without a restart. */
    boolean isReloadable(String key);

    /** The last time that a change was seen; empty if there was none. */
    Optional<Last> last();

    /**
     * One reload.
     *
     * @param at when it ended
     * @param applied whether the new configuration is in force
     * @param changed the keys that were applied
     * @param restart the keys that differ in the file and need a restart
     * @param problem why nothing changed; null where it was applied
     */
    record Last(Instant at, boolean applied, List<String> changed, List<String> restart, @Nullable String problem) {
        public Last {
            changed = List.copyOf(changed);
            restart = List.copyOf(restart);
        }
    }
}
