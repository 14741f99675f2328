package io.solaster.spring.reload;

import java.util.List;
import java.util.concurrent.CompletableFuture;

import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.SolasterConfig;

/**
 * Something besides engine and servers that goes by the configuration. Every bean of this type is asked when files have
 * changed, and is told before the application's listeners are, so that none of those can come between. On the thread that
 * reloads, which is no shard.
 */
public interface ReloadPart {

    /** What keeps it from going by another configuration; with one violation of any part, nothing changes. */
    default List<Violation> check(SolasterConfig newConfig) {
        return List.of();
    }

    /**
     * Goes by another configuration, which {@link #check} has let pass.
     *
     * @return done once every shard goes by it
     */
    CompletableFuture<?> reconfigure(SolasterConfig newConfig);
}
