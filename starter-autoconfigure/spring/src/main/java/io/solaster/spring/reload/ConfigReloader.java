package io.solaster.spring.reload;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.SolasterConfig;
import io.solaster.config.check.ConfigDiff;
import io.solaster.config.check.ConfigDiff.Change;
import io.solaster.config.check.ConfigReport;
import io.solaster.config.plan.Fingerprint;
import io.solaster.engine.Engine;
import io.solaster.spring.Live;
import io.solaster.spring.SolasterConfigChanged;
import io.solaster.spring.reload.ReloadStatus.State;
import io.solaster.spring.server.ServerLifecycle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.logging.LogLevel;
import org.springframework.boot.logging.LoggingSystem;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.SmartLifecycle;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;

/**
 * Puts changed configuration files in force while the application runs: read, bind, check, compare, apply on every shard.
 * All of a change or nothing of it. It is a {@code Live<SolasterConfig>}. Any thread may call, but no shard.
 */
public final class ConfigReloader implements Live<SolasterConfig>, SmartLifecycle {
    private static final Logger log = LoggerFactory.getLogger(ConfigReloader.class);
    /** A shard that does not answer takes the change when it does. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    /** Our own loggers alone: others are the application's. */
    private static final String LEVELS = "logging.level";
    private static final ConfigurationPropertyName LEVELS_NAME = ConfigurationPropertyName.of(LEVELS);
    private static final String OWN = "io.solaster";

    private final Engine engine;
    private final ServerLifecycle servers;
    private final ConfigCheck check;
    private final ApplicationEventPublisher events;
    private final @Nullable LoggingSystem logging;
    private final Supplier<List<ReloadPart>> parts;
    private final ConfigSources sources;
    private final boolean fromFiles;
    /** Spring reads at the start how long a phase may take, and goes by that until the end. */
    private final Duration phase;
    private volatile SolasterConfig config;
    private volatile ReloadStatus status = ReloadStatus.none();
    private Map<String, String> levels;
    /** The last that was valid, put in force or not. */
    private @Nullable ConfigReading last;
    /** What the files said of our keys when they and what is in force were the same; null if that is not known. */
    private @Nullable Map<String, String> inForce;
    private @Nullable Thread watcher;
    private volatile boolean running;

    /**
     * Watches nothing yet.
     *
     * @param config what engine and servers were made with
     * @param fromFiles whether it was read from the environment; if not, there is nothing to read again
     * @param environment where it was read from
     * @param parts what else goes by it; asked for when something has changed
     * @param logging sets the levels of our loggers; null to leave them
     */
    public ConfigReloader(SolasterConfig config, boolean fromFiles, Engine engine, ServerLifecycle servers,
            ConfigCheck check, ConfigurableEnvironment environment, Supplier<List<ReloadPart>> parts,
            ApplicationEventPublisher events, @Nullable LoggingSystem logging) {
        this.config = config;
        this.fromFiles = fromFiles;
        this.engine = engine;
        this.servers = servers;
        this.check = check;
        this.parts = parts;
        this.events = events;
        this.logging = logging;
        this.sources = new ConfigSources(environment);
        this.phase = ConfigCheck.phase(environment);
        this.levels = levels(environment);
    }

    /** The configuration that is in force. */
    @Override
    public SolasterConfig get() {
        return config;
    }

    /** What came of the last time that files were read again. */
    public ReloadStatus status() {
        return status;
    }

    /**
     * Reads all files again now, those too that have come since, and puts in force what they say. Does nothing where there is
     * no file.
     */
    public ReloadStatus reload() {
        return reload(true);
    }

    /** @param inFull also where the files that are known say the same of our keys, as others may be there now */
    private synchronized ReloadStatus reload(boolean inFull) {
        if (!fromFiles || !sources.hasFiles()) {
            return status;
        }
        // Before they are read: what is written meanwhile is read the next time, and never told too early.
        Map<String, String> prints = fingerprints(sources.files());
        return read(prints, inFull);
    }

    private ReloadStatus read(Map<String, String> prints, boolean inFull) {
        String unreadable = unreadable(sources.files());
        if (unreadable != null) {
            return refuse(State.UNREADABLE, List.of(unreadable), none(), prints);
        }
        Map<String, String> own = OwnKeys.read(sources.files());
        if (!inFull && own != null && own.equals(inForce)) {
            // What else has changed is the application's.
            status = status.unchanged().read(prints);
            return status;
        }
        ConfigurableEnvironment read;
        try {
            read = sources.read();
        } catch (RuntimeException e) {
            return refuse(State.UNREADABLE, List.of("the files cannot be read: " + firstLine(e)), none(), prints);
        }
        long start = System.nanoTime();
        ConfigReading reading = check.check(read, last, phase);
        ConfigReport report = reading.report();
        if (!report.isValid()) {
            return refuse(State.INVALID, report.errors().stream().map(Violation::toString).toList(), none(),
                    prints);
        }
        last = reading;
        Map<String, String> newLevels = levels(read);
        ConfigDiff diff = ConfigDiff.between(config, report.config()).plus(changes(levels, newLevels));
        List<Change> fixed = diff.needingRestart();
        if (!fixed.isEmpty()) {
            return refuse(State.NEEDS_RESTART, Restarts.of(config, report.config(), fixed), diff,
                    prints);
        }
        if (diff.isEmpty()) {
            inForce = own;
            status = status.unchanged().read(prints);
            return status;
        }
        List<ReloadPart> others = parts.get();
        List<Violation> refused = others.stream().flatMap(part -> part.check(report.config()).stream()).toList();
        if (!refused.isEmpty()) {
            return refuse(State.INVALID, refused.stream().map(Violation::toString).toList(), diff, prints);
        }
        ReloadStatus applied = apply(report, read, newLevels, others, diff, start, prints);
        if (applied.state() == State.APPLIED) {
            inForce = own;
        }
        return applied;
    }

    private ReloadStatus apply(ConfigReport report, ConfigurableEnvironment read, Map<String, String> newLevels,
            List<ReloadPart> others, ConfigDiff diff, long start, Map<String, String> prints) {
        List<CompletableFuture<?>> answers = new ArrayList<>();
        try {
            // The one step that may refuse: what follows cannot.
            answers.add(engine.reconfigure(report.config().engine()));
        } catch (InvalidConfigException e) {
            return refuse(State.INVALID, e.violations().stream().map(Violation::toString).toList(), diff, prints);
        } catch (IllegalArgumentException e) {
            return refuse(State.NEEDS_RESTART, List.of(firstLine(e)), diff, prints);
        }
        answers.addAll(servers.reconfigure(report.config()));
        sources.publish(read);
        others.forEach(part -> answers.add(reconfigure(part, report.config())));
        List<String> problems = await(answers);
        long nanos = System.nanoTime() - start;
        setLevels(newLevels);
        config = report.config();
        status = status.applied(diff, nanos, problems).read(prints);
        log.info("The changed configuration is in force on every shard after {} us: {}",
                TimeUnit.NANOSECONDS.toMicros(nanos), diff.changes());
        report.warnings().forEach(warning -> log.warn("{}", warning));
        tell(new SolasterConfigChanged(diff, report.config()));
        return status;
    }

    /** One part that throws must not leave the others where they were: the change is in force by now. */
    private static CompletableFuture<?> reconfigure(ReloadPart part, SolasterConfig newConfig) {
        try {
            return Objects.requireNonNull(part.reconfigure(newConfig), () -> part + " returned no future");
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private void tell(SolasterConfigChanged changed) {
        try {
            events.publishEvent(changed);
        } catch (RuntimeException e) {
            log.error("A listener of the application failed when it was told of the changed configuration, which is in"
                    + " force nevertheless", e);
        }
    }

    private static List<String> await(List<CompletableFuture<?>> answers) {
        try {
            CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new)).get(PATIENCE.toMillis(),
                    TimeUnit.MILLISECONDS);
            return List.of();
        } catch (TimeoutException e) {
            String late = "a shard has not answered within " + PATIENCE.toSeconds() + " s; it changes when it does";
            log.warn("The changed configuration is not in force everywhere: {}", late);
            return List.of(late);
        } catch (ExecutionException e) {
            log.warn("The changed configuration is not in force everywhere", e.getCause());
            return List.of(firstLine(e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of("interrupted");
        }
    }

    private ReloadStatus refuse(State state, List<String> problems, ConfigDiff diff,
            Map<String, String> prints) {
        boolean told = status.state() == state && status.problems().equals(problems);
        status = status.refused(state, problems, diff).read(prints);
        if (!told) {
            log.warn("The configuration stays as it is: {}{}", switch (state) {
                case NEEDS_RESTART -> "these changes need a restart:";
                case INVALID -> "the changed files are wrong:";
                default -> "files are not there or cannot be read:";
            }, String.join("", problems.stream().map(problem -> "\n    " + problem).toList()));
        }
        return status;
    }

    private static Map<String, String> fingerprints(Collection<Path> files) {
        Map<String, String> prints = new TreeMap<>();
        for (Path file : files) {
            try {
                if (Files.isRegularFile(file)) {
                    prints.put(file.toString(), Fingerprint.of(Files.readAllBytes(file)));
                }
            } catch (IOException e) {
                log.debug("{} cannot be read", file, e);
            }
        }
        return prints;
    }

    private static @Nullable String unreadable(Collection<Path> files) {
        for (Path file : files) {
            if (!Files.isReadable(file)) {
                return file + (Files.exists(file) ? " may not be read" : " is gone");
            }
            if (Files.isRegularFile(file) && file.toFile().length() == 0) {
                return file + " is empty";
            }
        }
        return null;
    }

    private static String firstLine(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return String.valueOf(root.getMessage()).lines().limit(3).reduce((a, b) -> a.strip() + " " + b.strip())
                .orElse(root.getClass().getSimpleName());
    }

    private static ConfigDiff none() {
        return new ConfigDiff(List.of());
    }

    private static Map<String, String> levels(Environment environment) {
        Map<String, String> own = new TreeMap<>();
        ConfigCheck.binder(environment, LEVELS_NAME).bind(LEVELS, Bindable.mapOf(String.class, String.class))
                .ifBound(all -> all.forEach((logger, level) -> {
                    if (logger.equals(OWN) || logger.startsWith(OWN + ".")) {
                        own.put(logger, level);
                    }
                }));
        return own;
    }

    private static List<Change> changes(Map<String, String> before, Map<String, String> after) {
        Set<String> loggers = new TreeSet<>(before.keySet());
        loggers.addAll(after.keySet());
        return loggers.stream().filter(logger -> !Objects.equals(before.get(logger), after.get(logger)))
                .map(logger -> new Change(LEVELS + "." + logger, before.getOrDefault(logger, ""),
                        after.getOrDefault(logger, ""), true))
                .toList();
    }

    private void setLevels(Map<String, String> newLevels) {
        if (logging != null) {
            for (Change change : changes(levels, newLevels)) {
                String logger = change.key().substring(LEVELS.length() + 1);
                try {
                    logging.setLogLevel(logger, change.after().isEmpty()
                            ? null
                            : "false".equalsIgnoreCase(change.after())
                                    ? LogLevel.OFF
                                    : LogLevel.valueOf(change.after().toUpperCase(java.util.Locale.ROOT)));
                } catch (IllegalArgumentException e) {
                    log.warn("{}: '{}' is no level; write one of trace, debug, info, warn, error, off", change.key(),
                            change.after());
                }
            }
        }
        levels = newLevels;
    }

    /** Watches the files that Spring Boot has read, in a thread of its own. */
    @Override
    public synchronized void start() {
        if (running || !fromFiles || !config.reload().enabled() || !sources.hasFiles()) {
            return;
        }
        Set<Path> files = sources.files();
        if (files.isEmpty()) {
            log.debug("No configuration file to watch: all are in jars");
            return;
        }
        boolean young = files.stream().anyMatch(ConfigReloader::isYoungerThanTheProcess);
        status = status.watching(files.stream().map(Path::toString).toList())
                .read(young ? Map.of() : fingerprints(files));
        FileWatch watch = new FileWatch();
        watch.remember(FileWatch.prints(files));
        if (young) {
            // Changed while the application started, after they had been read: they are read again, and told then.
            watch.remember(Map.of());
        } else if (inForce == null) {
            inForce = OwnKeys.read(files);
        }
        running = true;
        Thread thread = new Thread(() -> run(watch), engine.name() + "-reload");
        thread.setDaemon(true);
        thread.start();
        watcher = thread;
        log.debug("Watching {}", files);
    }

    private static boolean isYoungerThanTheProcess(Path file) {
        return file.toFile().lastModified() > ManagementFactory.getRuntimeMXBean().getStartTime();
    }

    private void run(FileWatch watch) {
        try (watch) {
            while (running) {
                List<Path> files;
                synchronized (this) {
                    files = List.copyOf(sources.files());
                }
                Map<Path, String> now = watch.await(files, config.reload().debounce(), config.reload().pollInterval());
                // Before reading: what is written meanwhile is seen the next time.
                watch.remember(now);
                reloadQuietly();
            }
        } catch (InterruptedException e) {
            // Told to stop.
        }
    }

    private void reloadQuietly() {
        try {
            ReloadStatus now = reload(false);
            synchronized (this) {
                status = now.watching(sources.files().stream().map(Path::toString).toList());
            }
        } catch (RuntimeException e) {
            log.error("Reading the changed configuration failed; it stays as it is", e);
        }
    }

    @Override
    public synchronized void stop() {
        running = false;
        if (watcher != null) {
            watcher.interrupt();
            watcher = null;
        }
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** After the servers, and stopped before they drain. */
    @Override
    public int getPhase() {
        return ServerLifecycle.PHASE + 1;
    }
}
