package io.solaster.streams.plugin;

import io.solaster.config.Internal;

/** A plug-in on one shard. */
@Internal
public interface PluginInstance {

    /** On the shard, before the first message. */
    void start() throws Exception;

    /** Looks at a message, on the shard. */
    Verdict process(MessageView view) throws Exception;

    /** On the shard, after the last message. */
    void stop() throws Exception;
}
