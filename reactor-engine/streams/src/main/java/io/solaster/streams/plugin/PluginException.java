package io.solaster.streams.plugin;

import io.solaster.config.Internal;
import org.jspecify.annotations.Nullable;

/** A file is no plug-in, or one that cannot be used. */
@Internal
public final class PluginException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message what is wrong, and what to do */
    public PluginException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /** @param message what is wrong, and what to do */
    public PluginException(String message) {
        this(message, null);
    }
}
