package io.solaster.testkit.junit;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

import org.junit.jupiter.engine.JupiterTestEngine;
import org.junit.platform.engine.CancellationToken;
import org.junit.platform.engine.ConfigurationParameters;
import org.junit.platform.engine.DiscoveryFilter;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.EngineDiscoveryRequest;
import org.junit.platform.engine.EngineExecutionListener;
import org.junit.platform.engine.ExecutionRequest;
import org.junit.platform.engine.OutputDirectoryCreator;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.UniqueId;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.engine.support.store.NamespacedHierarchicalStore;

/** Runs classes of tests within a test, by the engine's own interface. */
final class Runs {

    static final Map<String, String> HASTY = Map.of("solaster.testkit.patience", "PT0.2S");

    private Runs() {}

    /** What became of tests and classes. */
    static List<Throwable> failuresOf(Class<?> tests) {
        return failuresOf(tests, Map.of());
    }

    static List<Throwable> failuresOf(Class<?> tests, Map<String, String> parameters) {
        return run(DiscoverySelectors.selectClass(tests), parameters);
    }

    /** What became of one test; what it leaves has a moment to end, since it is planted. */
    static List<Throwable> failuresOf(Class<?> tests, String method, Class<?>... parameters) {
        return run(DiscoverySelectors.selectMethod(tests, method, parameters), HASTY);
    }

    private static List<Throwable> run(DiscoverySelector selector, Map<String, String> parameters) {
        Request request = new Request(selector, new Parameters(parameters));
        JupiterTestEngine engine = new JupiterTestEngine();
        TestDescriptor root = engine.discover(request, UniqueId.forEngine(engine.getId()));
        // As launchers do: templates take their tests aside then.
        root.accept(TestDescriptor::prune);
        Outcomes outcomes = new Outcomes();
        try (var session = new NamespacedHierarchicalStore<org.junit.platform.engine.support.store.Namespace>(null,
                NamespacedHierarchicalStore.CloseAction.closeAutoCloseables());
                var store = session.newChild()) {
            engine.execute(ExecutionRequest.create(root, outcomes, request.parameters, request, store,
                    CancellationToken.disabled()));
        }
        if (outcomes.tests == 0 && outcomes.failures.isEmpty()) {
            throw new AssertionError("no test ran of " + selector);
        }
        return outcomes.failures;
    }

    private static final class Outcomes implements EngineExecutionListener {
        private final List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
        private volatile int tests;

        @Override
        public synchronized void executionFinished(TestDescriptor test, TestExecutionResult result) {
            tests += test.isTest() ? 1 : 0;
            if (result.getStatus() == TestExecutionResult.Status.FAILED) {
                failures.add(result.getThrowable().orElseThrow());
            }
        }
    }

    private record Request(DiscoverySelector selector, Parameters parameters)
            implements
                EngineDiscoveryRequest,
                OutputDirectoryCreator {

        @Override
        public <T extends DiscoverySelector> List<T> getSelectorsByType(Class<T> type) {
            return type.isInstance(selector) ? List.of(type.cast(selector)) : List.of();
        }

        @Override
        public <T extends DiscoveryFilter<?>> List<T> getFiltersByType(Class<T> type) {
            return List.of();
        }

        @Override
        public ConfigurationParameters getConfigurationParameters() {
            return parameters;
        }

        @Override
        public OutputDirectoryCreator getOutputDirectoryCreator() {
            return this;
        }

        @Override
        public Path getRootDirectory() {
            return Path.of("target");
        }

        @Override
        public Path createOutputDirectory(TestDescriptor test) {
            return getRootDirectory();
        }
    }

    private record Parameters(Map<String, String> values) implements ConfigurationParameters {
        @Override
        public Optional<String> get(String key) {
            return Optional.ofNullable(values.get(key));
        }

        @Override
        public Optional<Boolean> getBoolean(String key) {
            return get(key).map(Boolean::valueOf);
        }

        @Override
        public Set<String> keySet() {
            return values.keySet();
        }
    }
}
