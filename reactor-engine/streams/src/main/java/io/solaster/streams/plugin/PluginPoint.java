package io.solaster.streams.plugin;

import org.jspecify.annotations.Nullable;

/**
 * What a topic is on one shard, to plug-ins: they tell it which of them look at its messages, and it keeps that in two fields, so
 * that a message costs one test of a field where there is none. On its shard, between two turns of other work.
 */
@FunctionalInterface
public interface PluginPoint {

    /**
     * From now on these look at messages.
     *
     * @param publish what looks before a message is published; null for nothing
     * @param delivery what looks before a message is delivered; null for nothing
     */
    void look(@Nullable PluginChain publish, @Nullable PluginChain delivery);
}
