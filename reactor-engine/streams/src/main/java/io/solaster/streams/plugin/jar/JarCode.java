package io.solaster.streams.plugin.jar;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

import io.solaster.streams.plugin.MessageView;
import io.solaster.streams.plugin.PluginCode;
import io.solaster.streams.plugin.PluginInstance;
import io.solaster.streams.plugin.Processor;
import io.solaster.streams.plugin.Verdict;
import io.solaster.streams.plugin.WatchCell;
import org.jspecify.annotations.Nullable;

/** One version of a jar. */
final class JarCode implements PluginCode {
    private final JarManager manager;
    private final String version;
    private final ServiceLoader.Provider<Processor> provider;

    JarCode(JarManager manager, String version, ServiceLoader.Provider<Processor> provider) {
        this.manager = manager;
        this.version = version;
        this.provider = provider;
    }

    @Override
    public String version() {
        return version;
    }

    @Override
    public ClassLoader loader() {
        return provider.type().getClassLoader();
    }

    @Override
    public boolean stops() {
        return false;
    }

    @Override
    public PluginInstance instance(WatchCell start) {
        return new Instance(provider);
    }

    @Override
    public List<String> unload() {
        List<JarManager.Loader> loaders = manager.loaders().values().stream().map(JarManager.Loader.class::cast)
                .toList();
        manager.end();
        List<String> left = new ArrayList<>();
        for (Map.Entry<Thread, StackTraceElement[]> each : Thread.getAllStackTraces().entrySet()) {
            if (loaders.stream().anyMatch(loader -> belongs(each.getKey(), each.getValue(), loader))) {
                left.add(each.getKey().getName());
            }
        }
        left.sort(null);
        return left;
    }

    private static boolean belongs(Thread thread, StackTraceElement[] stack, JarManager.Loader loader) {
        if (thread.getContextClassLoader() == loader || thread.getClass().getClassLoader() == loader) {
            return true;
        }
        for (StackTraceElement frame : stack) {
            if (loader.loaded(frame.getClassName())) {
                return true;
            }
        }
        return false;
    }

    /** A processor on its shard. */
    private static final class Instance implements PluginInstance {
        private final ServiceLoader.Provider<Processor> provider;
        private @Nullable Processor processor;

        Instance(ServiceLoader.Provider<Processor> provider) {
            this.provider = provider;
        }

        @Override
        public void start() throws Exception {
            Thread thread = Thread.currentThread();
            ClassLoader before = thread.getContextClassLoader();
            // Threads that it starts inherit this: so they are known for its own.
            thread.setContextClassLoader(provider.type().getClassLoader());
            try {
                Processor made = provider.get();
                made.start();
                processor = made;
            } finally {
                thread.setContextClassLoader(before);
            }
        }

        @Override
        public Verdict process(MessageView view) throws Exception {
            Processor started = processor;
            if (started == null) {
                throw new IllegalStateException("it has not started");
            }
            return started.process(view);
        }

        @Override
        public void stop() throws Exception {
            Processor started = processor;
            processor = null;
            if (started != null) {
                Thread thread = Thread.currentThread();
                ClassLoader before = thread.getContextClassLoader();
                thread.setContextClassLoader(provider.type().getClassLoader());
                try {
                    started.stop();
                } finally {
                    thread.setContextClassLoader(before);
                }
            }
        }
    }
}
