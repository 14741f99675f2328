package io.solaster.spring.reload;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import io.solaster.config.EngineConfig;
import io.solaster.config.SolasterConfig;
import io.solaster.config.check.ConfigBinder;
import io.solaster.config.check.ConfigReport;
import io.solaster.config.check.ConfigValidator;
import io.solaster.config.plan.Jvm;
import io.solaster.config.plan.Machine;
import io.solaster.engine.Engine;
import io.solaster.engine.os.MachineProbe;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.PropertySourcesPlaceholdersResolver;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.ConfigurationPropertyState;
import org.springframework.core.env.Environment;

/**
 * Reads {@code solaster.*} from an environment and checks it: by itself, against this machine and this JVM, and against
 * the application around it. Starts nothing. For the start of an application, {@code --solaster.validate}, a reload, and
 * whoever wants to know. Any thread, but no shard: it reads files.
 */
public final class ConfigCheck {
    static final ConfigurationPropertyName SOLASTER = ConfigurationPropertyName.of("solaster");
    private static final ConfigurationPropertyName DRAIN = ConfigurationPropertyName
            .of("solaster.engine.shutdown-timeout");
    private static final String PHASE = "spring.lifecycle.timeout-per-shutdown-phase";
    private static final Duration PHASE_DEFAULT = Duration.ofSeconds(30);

    private final Machine machine;

    /** Against the machine that this runs on. */
    public ConfigCheck() {
        this(MachineProbe.probe());
    }

    /** Against a machine that is known already. */
    public ConfigCheck(Machine machine) {
        this.machine = machine;
    }

    /** Reads and checks what an environment holds now. */
    public ConfigReport check(Environment environment) {
        Duration phase = phase(environment);
        return check(read(environment, phase), phase, PHASE);
    }

    /**
     * As {@link #check(Environment)}, with less work where little has changed since what was read before.
     *
     * @param phase what Spring gives a drain, whatever the environment says of that now
     */
    ConfigReading check(Environment environment, @Nullable ConfigReading before, Duration phase) {
        ConfigReading reading = ConfigReading.of(environment, before, phase);
        return reading.with(check(reading.report(), phase, PHASE + " (read at the start)"));
    }

    private ConfigReport check(ConfigReport report, Duration phase, String phaseKey) {
        SolasterConfig config = report.config();
        return report.plus(ConfigValidator.check(config, machine, Jvm.current())).plus(Engine.check(config.engine()))
                .plus(ConfigValidator.checkDrain(config, phase, phaseKey));
    }

    /** Reads what an environment holds now, and checks it by itself. */
    public static ConfigReport read(Environment environment) {
        return read(environment, phase(environment));
    }

    static ConfigReport read(Environment environment, Duration phase) {
        return within(phase, ConfigBinder.read(binder(environment, SOLASTER)), environment);
    }

    /** A drain of which nothing is said ends with the phase that Spring gives it. */
    static ConfigReport within(Duration phase, ConfigReport report, Environment environment) {
        EngineConfig engine = report.config().engine();
        if (engine.shutdownTimeout().compareTo(phase) <= 0 || isSet(DRAIN, environment)) {
            return report;
        }
        return new ConfigReport(report.config().withEngine(engine.withShutdownTimeout(phase)), report.violations(),
                report.ignored(), report.origins());
    }

    private static boolean isSet(ConfigurationPropertyName name, Environment environment) {
        for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
            if (source.getConfigurationProperty(name) != null) {
                return true;
            }
        }
        return false;
    }

    /** A binder for what stands below a name. */
    static Binder binder(Environment environment, ConfigurationPropertyName below) {
        return new Binder(sources(environment, below), new PropertySourcesPlaceholdersResolver(environment));
    }

    /** The sources that hold something below a name. */
    static List<ConfigurationPropertySource> sources(Environment environment, ConfigurationPropertyName below) {
        List<ConfigurationPropertySource> sources = new ArrayList<>();
        for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
            // Each is asked for each key: those that have none of them would take most of the time.
            if (source.containsDescendantOf(below) != ConfigurationPropertyState.ABSENT) {
                sources.add(source);
            }
        }
        return sources;
    }

    /** How long Spring waits for the servers to drain before it goes on and destroys what their connections need. */
    static Duration phase(Environment environment) {
        try {
            return Binder.get(environment).bind(PHASE, Duration.class).orElse(PHASE_DEFAULT);
        } catch (BindException e) {
            // Spring Boot itself will tell.
            return PHASE_DEFAULT;
        }
    }
}
