package io.solaster.streams.plugin.jar;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

import io.solaster.streams.plugin.Processor;
import org.pf4j.DefaultPluginManager;
import org.pf4j.JarPluginRepository;
import org.pf4j.ManifestPluginDescriptorFinder;
import org.pf4j.PluginClassLoader;
import org.pf4j.PluginDescriptor;
import org.pf4j.PluginDescriptorFinder;
import org.pf4j.PluginLoader;
import org.pf4j.PluginManager;
import org.pf4j.PluginRepository;
import org.pf4j.PluginStatusProvider;
import org.pf4j.RuntimeMode;

/** PF4J for one version of one plug-in and what it depends on. It is called by its superclass's constructor: no fields. */
final class JarManager extends DefaultPluginManager {

    JarManager(Path directory) {
        super(directory);
    }

    @Override
    public RuntimeMode getRuntimeMode() {
        return RuntimeMode.DEPLOYMENT;
    }

    @Override
    protected PluginDescriptorFinder createPluginDescriptorFinder() {
        return new ManifestPluginDescriptorFinder();
    }

    @Override
    protected PluginRepository createPluginRepository() {
        return new JarPluginRepository(getPluginsRoot());
    }

    /** No lists of enabled and disabled plug-ins: the configuration says which there are. */
    @Override
    protected PluginStatusProvider createPluginStatusProvider() {
        return new PluginStatusProvider() {
            @Override
            public boolean isPluginDisabled(String pluginId) {
                return false;
            }

            @Override
            public void disablePlugin(String pluginId) {}

            @Override
            public void enablePlugin(String pluginId) {}
        };
    }

    @Override
    protected PluginLoader createPluginLoader() {
        return new PluginLoader() {
            @Override
            public boolean isApplicable(Path path) {
                return true;
            }

            @Override
            public ClassLoader loadPlugin(Path path, PluginDescriptor descriptor) {
                Loader loader = new Loader(JarManager.this, descriptor);
                loader.addFile(path.toFile());
                return loader;
            }
        };
    }

    /** @throws RuntimeException of PF4J, if one of them is none, or what they depend on is not among them */
    void load(List<Path> files) {
        for (Path file : files) {
            loadPluginFromPath(file);
        }
        resolvePlugins();
    }

    Map<String, ClassLoader> loaders() {
        return getPluginClassLoaders();
    }

    /** Lets go of all, whatever state it is in. */
    void end() {
        List<ClassLoader> all = List.copyOf(loaders().values());
        for (String id : List.copyOf(plugins.keySet())) {
            try {
                unloadPlugin(id, true, false);
            } catch (RuntimeException e) {
                // Its loader is closed below.
                plugins.remove(id);
            }
        }
        for (ClassLoader loader : all) {
            try {
                ((Loader) loader).close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** What it loaded can be told, for threads that are left behind; and the plug-in's own copy of our classes is not taken. */
    static final class Loader extends PluginClassLoader {
        private static final String OURS = Processor.class.getPackageName() + ".";

        Loader(PluginManager manager, PluginDescriptor descriptor) {
            super(manager, descriptor, Processor.class.getClassLoader());
        }

        @Override
        protected boolean shouldDelegateToParent(String className) {
            return className.startsWith(OURS) || super.shouldDelegateToParent(className);
        }

        boolean loaded(String className) {
            Class<?> known = findLoadedClass(className);
            return known != null && known.getClassLoader() == this;
        }
    }
}
