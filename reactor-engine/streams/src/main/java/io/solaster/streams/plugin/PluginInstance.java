package io.solaster.streams.plugin;

import io.solaster.config.Internal;

/** A plug-in on one shard. */
@Internal
public interface PluginInstance {

    /** On the shard, before the first message. */
    void start() throws Exception;

    /** Looks at a message, on the shard. */
    Verdict process(MessageView view) throws Exception;

    /**
     * Whether a call that ended amid its work has left it in no state to be called again: another instance takes its place then,
     * and how often that happens is counted as failures are.
     */
    default boolean isBroken() {
        return false;
    }

    /** On the shard, after the last message. */
    void stop() throws Exception;
}
