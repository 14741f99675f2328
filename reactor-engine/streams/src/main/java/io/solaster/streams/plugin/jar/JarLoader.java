package io.solaster.streams.plugin.jar;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

import io.solaster.config.plugin.PluginLimits;
import io.solaster.streams.plugin.PluginCode;
import io.solaster.streams.plugin.PluginException;
import io.solaster.streams.plugin.Processor;
import org.pf4j.PluginState;
import org.pf4j.PluginWrapper;

/** Loads jars by PF4J: each version by a manager of its own, with what it depends on, so that two versions stand side by side. */
public final class JarLoader implements PluginCode.Loader {

    /** For the room above. */
    public JarLoader() {}

    @Override
    public PluginCode load(String name, Path file, List<Path> files, PluginLimits limits) {
        JarManager manager = new JarManager(file.resolveSibling(""));
        try {
            manager.load(files);
            PluginWrapper plugin = manager.getPlugin(name);
            if (plugin == null) {
                throw new PluginException(file.getFileName() + " is not plug-in '" + name + "' any more");
            }
            PluginState state = manager.startPlugin(name);
            if (state != PluginState.STARTED) {
                throw new PluginException("PF4J does not start it: it is " + state, plugin.getFailedException());
            }
            return new JarCode(manager, plugin.getDescriptor().getVersion(), processor(plugin));
        } catch (RuntimeException | LinkageError e) {
            manager.end();
            throw e instanceof PluginException said
                    ? said
                    : new PluginException("PF4J refuses it: " + e.getMessage(), e);
        }
    }

    private static ServiceLoader.Provider<Processor> processor(PluginWrapper plugin) {
        ClassLoader loader = plugin.getPluginClassLoader();
        List<ServiceLoader.Provider<Processor>> own = new ArrayList<>();
        try {
            ServiceLoader.load(Processor.class, loader).stream()
                    .filter(each -> loader.equals(each.type().getClassLoader())).forEach(own::add);
        } catch (ServiceConfigurationError e) {
            throw new PluginException("its META-INF/services/" + Processor.class.getName() + " names no "
                    + Processor.class.getSimpleName() + ": " + e.getMessage(), e);
        }
        if (own.size() != 1) {
            throw new PluginException("the jar names " + own.size() + " classes in META-INF/services/"
                    + Processor.class.getName() + "; name one");
        }
        try {
            // Here, and not on a shard: it reads the jar, and runs what the class does at first.
            var ignored = Class.forName(own.getFirst().type().getName(), true, loader);
        } catch (ClassNotFoundException e) {
            throw new PluginException("its class is gone", e);
        }
        return own.getFirst();
    }
}
