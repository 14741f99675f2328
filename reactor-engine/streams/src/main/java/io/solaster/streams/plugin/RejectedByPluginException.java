package io.solaster.streams.plugin;

import org.jspecify.annotations.Nullable;

/** A plug-in failed, or is not there, and its configuration says that messages are rejected then. */
public final class RejectedByPluginException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String plugin;

    RejectedByPluginException(String plugin, String topic, String reason, @Nullable Throwable cause) {
        // Without a stack: a plug-in that is away rejects each message, on the shard.
        super("plug-in '" + plugin + "' rejects what comes to topic '" + topic + "': " + reason, cause, false, false);
        this.plugin = plugin;
    }

    /** Its name. */
    public String plugin() {
        return plugin;
    }
}
