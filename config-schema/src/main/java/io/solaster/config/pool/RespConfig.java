package io.solaster.config.pool;

import io.solaster.config.value.Range;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What holds for a pool whose endpoints speak RESP.
 *
 * @param version the protocol's version that is asked for: 2 or 3
 * @param username who we are to AUTH; none by default
 * @param password what proves that; none by default
 * @param database the number of the database
 * @param clientName what CLIENT LIST shows; none by default
 * @param exclusive connections of the process, beside connections.max, that are had alone: for WATCH, for commands that
 *            block, for subscriptions; they are made as they are asked for. 0 for none
 */
public record RespConfig(@DefaultValue("3") @Range(min = 2, max = 3) int version, @Nullable String username,
        @Nullable String password, @DefaultValue("0") @Range(min = 0, max = 1_000_000) int database,
        @Nullable String clientName, @DefaultValue("64") @Range(min = 0, max = 1_000_000) int exclusive) {

    /** What an empty configuration gives. */
    public static RespConfig defaults() {
        return new RespConfig(3, null, null, 0, null, 64);
    }

    /** Everything but the password, which must not reach a log. */
    @Override
    public String toString() {
        return "RespConfig[version=" + version + ", username=" + username + ", password="
                + (password == null ? "none" : "******") + ", database=" + database + ", clientName=" + clientName
                + ", exclusive=" + exclusive + "]";
    }
}
