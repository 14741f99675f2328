package io.solaster.streams.plugin;

import java.nio.file.Path;
import java.util.List;

import io.solaster.config.Internal;
import io.solaster.config.plugin.PluginLimits;
import org.jspecify.annotations.Nullable;

/** One version of a plug-in, loaded and not started yet. Off the shards. */
@Internal
public interface PluginCode {

    /** The version, as the file says; a part of the file's hash where it says none. */
    String version();

    /**
     * Makes an instance, off the shards, so that a shard has little to do but to take it.
     *
     * @param start watches over what runs meanwhile
     */
    PluginInstance instance(WatchCell start) throws Exception;

    /**
     * Lets go of all that it holds, after its instances have stopped.
     *
     * @return threads that it left behind, by name
     */
    List<String> unload();

    /** What loaded its classes, if they have a loader of their own. */
    default @Nullable ClassLoader loader() {
        return null;
    }

    /** Whether a call is stopped when its time is over, by an interrupt; else it is only told of. */
    boolean stops();

    /** Loads code of one kind. */
    interface Loader {

        /**
         * Loads a version.
         *
         * @param name the plug-in's
         * @param file a copy that is this version's own
         * @param files copies of all that it depends on, its own among them
         * @param limits of its configuration
         * @throws PluginException saying what is wrong with it
         */
        PluginCode load(String name, Path file, List<Path> files, PluginLimits limits);
    }
}
