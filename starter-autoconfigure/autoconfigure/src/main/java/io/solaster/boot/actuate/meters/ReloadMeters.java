package io.solaster.boot.actuate.meters;

import java.util.function.ToDoubleFunction;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.solaster.engine.Engine;
import io.solaster.spring.reload.ConfigReloader;
import io.solaster.spring.reload.ReloadStatus;

/** What came of changed configuration files. */
final class ReloadMeters implements MeterBinder {
    private final Engine engine;
    private final ConfigReloader reloader;

    ReloadMeters(Engine engine, ConfigReloader reloader) {
        this.engine = engine;
        this.reloader = reloader;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        bind(registry, "applied", ReloadStatus::applied);
        bind(registry, "refused", ReloadStatus::refused);
    }

    private void bind(MeterRegistry registry, String outcome, ToDoubleFunction<ReloadStatus> count) {
        FunctionCounter.builder("solaster.config.reloads", reloader, files -> count.applyAsDouble(files.status()))
                .tags("engine", engine.name(), "outcome", outcome)
                .description("Changes of configuration files that were put in force, or refused").register(registry);
    }
}
