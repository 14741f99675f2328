package io.solaster.streams.plugin;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

import io.solaster.config.plugin.PluginConfig;
import io.solaster.config.plugin.PluginConfig.Kind;
import io.solaster.config.plugin.PluginConfig.OnFailure;
import io.solaster.config.plugin.PluginLimits;
import io.solaster.config.plugin.PluginsConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.ShardStoppedException;
import io.solaster.engine.Sharded;
import io.solaster.engine.env.TimeSource;
import io.solaster.engine.stats.Counter;
import io.solaster.streams.plugin.PluginFiles.Found;
import io.solaster.streams.plugin.PluginSlot.Running;
import io.solaster.streams.plugin.PluginStats.State;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The plug-ins of an engine: finds their files, loads versions, puts them in the place of others on each shard, and sets aside
 * what fails. Any thread, unless said.
 *
 * <p>
 * A version is copied, loaded and verified off the shards, and started on each; once it has started on all it takes the
 * old one's place, on each shard between two tasks. One that does not start changes nothing. One that fails too often later
 * makes way for the version before, if there is one. Both stay aside until their file changes.
 *
 * <p>
 * Longer than 500 lines because the steps of a version's life share the lock and the record of what runs.
 */
public final class Plugins {
    private static final Logger log = LoggerFactory.getLogger(Plugins.class);
    /** What makes an instance of WebAssembly may take; of Java nobody stops it. */
    private static final long START_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final Duration SHARD_PATIENCE = Duration.ofSeconds(30);
    /** What loading a version may take: compiling one of 16 MiB takes some seconds. */
    private static final Duration LOADS = Duration.ofSeconds(30);
    /** How long a call of a version that is replaced may still run: only one in a fork can. */
    private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(5);

    /** A version on all shards. */
    private record Version(Kind kind, PluginCode code, String version, Path copy, long generation,
            List<Running> instances, AtomicLongArray startNanos) {}

    /** What is known of a plug-in. All but what the statistics read under the lock. */
    private static final class Entry {
        final PluginConfig config;
        @Nullable
        Version current;
        /** The copy of the version before, which is put back where the current one fails; null for none. */
        @Nullable
        Path before;
        @Nullable
        Kind beforeKind;
        /** Of the files that were tried last, whatever came of it. */
        @Nullable
        String tried;
        /** Of the files as they were looked at last: they are tried once they are seen twice. */
        @Nullable
        String seen;
        volatile @Nullable String kind;
        volatile @Nullable String version;
        volatile State state = State.MISSING;
        volatile @Nullable String error;
        volatile @Nullable String setAside;
        volatile long swapNanos;
        volatile long reloads;
        volatile List<String> left = List.of();
        /** What was loaded last, or is being loaded still. */
        @Nullable
        CompletableFuture<PluginCode> loading;

        Entry(PluginConfig config) {
            this.config = config;
        }
    }

    private final Engine engine;
    private final PluginsConfig config;
    private final Duration loads;
    private final PluginFiles files;
    private final Path directory;
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final WatchCell.Watchdog watchdog;
    private final Map<Integer, Map<String, PluginSlot>> slots = new ConcurrentHashMap<>();
    private final Sharded<PluginShard> shards;
    private long generations;
    private @Nullable Path copies;
    private @Nullable String directoryProblem;
    private volatile boolean closed;

    private Plugins(Engine engine, PluginsConfig config, Duration loads) {
        this.engine = engine;
        this.config = config;
        this.loads = loads;
        directory = Path.of(Objects.requireNonNull(config.directory(),
                "solaster.plugins.directory: nothing is given; write where the files of the plug-ins lie"));
        files = new PluginFiles(directory);
        config.processors().forEach((name, plugin) -> entries.put(name, new Entry(plugin)));
        watchdog = new WatchCell.Watchdog(engine.environment().clock());
        shards = engine.sharded(this::shard);
    }

    /**
     * Loads the plug-ins that there are, and goes on looking at their files until the engine stops. One that cannot be loaded is
     * logged, and its configuration says what becomes of messages meanwhile. Not on a shard.
     *
     * @param config checked, with a directory
     */
    public static Plugins start(Engine engine, PluginsConfig config) {
        return start(engine, config, LOADS);
    }

    /** @param loads how long a version may take to be loaded */
    static Plugins start(Engine engine, PluginsConfig config, Duration loads) {
        Shard.refuseToBlock("loading plug-ins", "do it on another thread");
        Plugins plugins = new Plugins(engine, config, loads);
        engine.onStop(plugins::close);
        engine.environment().threads().start(engine.name() + "-plugin-watchdog", plugins.watchdog);
        plugins.scan(false);
        plugins.arm();
        return plugins;
    }

    private PluginShard shard(Shard shard) {
        Map<String, PluginSlot> mine = new LinkedHashMap<>();
        entries.forEach((name, entry) -> mine.put(name, new PluginSlot(name, entry.config, shard,
                (generation, reason) -> failing(name, generation, reason),
                generation -> broken(name, shard, generation))));
        slots.put(shard.id(), mine);
        return new PluginShard(mine);
    }

    /** What topics of each shard join. */
    public Sharded<PluginShard> shards() {
        return shards;
    }

    /** Looks at the files now and not at the next poll; done once what has changed is in place, or set aside. */
    public ShardFuture<Boolean> reload() {
        return engine.offload().call(() -> {
            scan(false);
            return true;
        });
    }

    private void arm() {
        if (!closed && !engine.isStopping()) {
            try {
                engine.shard(0).schedule(this::poll, config.pollInterval().toNanos(), TimeUnit.NANOSECONDS);
            } catch (RejectedExecutionException stopping) {
                log.debug("No further look at plug-ins: the engine stops");
            }
        }
    }

    private void poll() {
        try {
            engine.offload().execute(() -> {
                try {
                    scan(true);
                } finally {
                    arm();
                }
            });
        } catch (RejectedExecutionException full) {
            // There is always a next time.
            arm();
        }
    }

    /** @param twice whether files count only once they were seen twice: what is being written is not read */
    private void scan(boolean twice) {
        lock.lock();
        try {
            if (!closed) {
                read();
                entries.forEach((name, entry) -> look(name, entry, twice));
            }
        } catch (RuntimeException e) {
            log.error("Looking at plug-ins in {} failed", directory, e);
        } finally {
            lock.unlock();
        }
    }

    private void read() {
        String problem = null;
        try {
            files.read();
        } catch (NoSuchFileException | NotDirectoryException e) {
            problem = "there is no directory " + directory + "; make it, or change solaster.plugins.directory";
        } catch (IOException e) {
            problem = "directory " + directory + " cannot be read: " + e;
        }
        if (problem != null && !problem.equals(directoryProblem)) {
            log.warn("Plug-ins: {}", problem);
        }
        directoryProblem = problem;
        String told = problem;
        if (told != null) {
            entries.values().stream().filter(entry -> entry.current == null).forEach(entry -> entry.error = told);
        }
    }

    private void look(String name, Entry entry, boolean twice) {
        if (directoryProblem != null) {
            // What runs goes on: a directory that is away for a moment takes no plug-in along.
            return;
        }
        Found found = null;
        String print;
        String problem = null;
        try {
            found = files.find(name, entry.config);
            print = found == null ? "" : found.print();
        } catch (PluginException e) {
            problem = e.getMessage();
            print = String.valueOf(problem);
        }
        boolean settled = !twice || print.equals(entry.seen);
        entry.seen = print;
        if (!settled || print.equals(entry.tried)) {
            return;
        }
        entry.tried = print;
        if (problem != null) {
            refused(name, entry, problem, null);
        } else if (found == null) {
            missing(name, entry);
        } else {
            load(name, entry, found);
        }
    }

    private void missing(String name, Entry entry) {
        Version gone = entry.current;
        entry.error = "there is no file of plug-in '" + name + "' in " + directory;
        entry.state = State.MISSING;
        entry.before = forget(entry.before);
        if (gone != null) {
            log.info("Plug-in '{}' {} is unloaded, since its file is gone", name, gone.version);
            swap(name, entry, null);
        } else {
            log.warn("Plug-in '{}' is not there: no file of its name in {}", name, directory);
        }
    }

    private void refused(String name, Entry entry, String problem, @Nullable Throwable cause) {
        entry.error = problem;
        Version running = entry.current;
        if (running == null) {
            entry.state = State.SET_ASIDE;
            log.error("Plug-in '{}' is not loaded: {}", name, problem, cause);
        } else {
            entry.state = State.FALLEN_BACK;
            log.error("Plug-in '{}' stays at {}: {}", name, running.version, problem, cause);
        }
    }

    private void load(String name, Entry entry, Found found) {
        Path copy = null;
        Version before = entry.current;
        try {
            copy = copy(name, found.files());
            Version version = start(name, entry, found.kind(), copy);
            Path old = before == null ? null : before.copy;
            swap(name, entry, version);
            forget(entry.before);
            entry.before = old;
            entry.beforeKind = before == null ? null : before.kind;
            entry.state = State.RUNNING;
            entry.error = null;
            log.info(before == null
                    ? "Plug-in '{}' {} ({}) runs on {} shards"
                    : "Plug-in '{}' {} ({}) runs on {} shards, in the place of {}", name, version.version,
                    entry.kind, engine.shards().size(), before == null ? "" : before.version);
        } catch (PluginException e) {
            forget(copy);
            entry.setAside = String.valueOf(e.getMessage());
            refused(name, entry, String.valueOf(e.getMessage()), e.getCause());
        } catch (IOException e) {
            forget(copy);
            // It may go by: a full disk, a file that went meanwhile.
            entry.tried = null;
            refused(name, entry, "its files cannot be copied: " + e, e);
        } catch (RuntimeException | LinkageError e) {
            forget(copy);
            entry.setAside = PluginSlot.words(e);
            refused(name, entry, PluginSlot.words(e), e);
        }
    }

    /** Loads a version, and starts it on each shard; nothing of it is left where that fails. */
    private Version start(String name, Entry entry, Kind kind, Path copy) throws IOException {
        List<Path> copied = list(copy);
        Path main = copied.stream().filter(file -> file.getFileName().toString().startsWith("0-")).findFirst()
                .orElseThrow(() -> new IOException("the copy in " + copy + " is gone"));
        PluginCode code = load(name, entry, kind, main, copied);
        long generation = ++generations;
        List<Running> made = new ArrayList<>();
        WatchCell starting = watchdog.watch(START_NANOS, code.stops());
        try {
            for (int i = 0; i < engine.shards().size(); i++) {
                PluginInstance instance = code.instance(starting);
                made.add(new Running(instance, watchdog.watch(entry.config.limits().time().toNanos(), code.stops()),
                        generation, code.version(), code.stops()));
            }
            AtomicLongArray nanos = new AtomicLongArray(made.size());
            String problem = startOnShards(made, nanos);
            if (problem != null) {
                throw new PluginException("version " + code.version() + " does not start: " + problem);
            }
            return new Version(kind, code, code.version(), copy, generation, made, nanos);
        } catch (Exception | LinkageError | StackOverflowError e) {
            made.forEach(each -> watchdog.forget(each.cell()));
            unload(name, entry, code, code.version());
            throw e instanceof PluginException failure
                    ? failure
                    : new PluginException("version " + code.version() + " does not start: " + PluginSlot.words(e), e);
        } finally {
            watchdog.forget(starting);
        }
    }

    /**
     * Loads code on a thread of its own, which nobody waits for longer than {@link #LOADS}: what is compiled may be made to
     * take long, and no thread can be stopped. The next version of the plug-in waits until it has ended.
     */
    private PluginCode load(String name, Entry entry, Kind kind, Path main, List<Path> files) {
        CompletableFuture<PluginCode> before = entry.loading;
        if (before != null && !before.isDone()) {
            throw new PluginException("the version before is still being loaded, after more than "
                    + loads.toSeconds() + " s; change the file again later, or restart");
        }
        CompletableFuture<PluginCode> loading = new CompletableFuture<>();
        entry.loading = loading;
        engine.environment().threads().start(engine.name() + "-plugin-load-" + name, () -> {
            try {
                loading.complete(load(kind, name, main, files, entry.config.limits()));
            } catch (Throwable e) {
                loading.completeExceptionally(e);
            }
        });
        try {
            if (!engine.environment().threads().await(loading, loads)) {
                // Whatever comes of it is let go of.
                loading.thenAccept(late -> unload(name, entry, late, late.version()));
                throw new PluginException("it is not loaded after " + loads.toSeconds()
                        + " s: it is too large, or made to take long; put a simpler one there");
            }
            PluginCode loaded = loading.join();
            entry.loading = null;
            return loaded;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PluginException("loading it was interrupted", e);
        } catch (CompletionException failed) {
            entry.loading = null;
            Throwable cause = ShardFuture.causeOf(failed);
            throw cause instanceof RuntimeException known ? known : new PluginException(PluginSlot.words(cause), cause);
        }
    }

    /**
     * Returns what went wrong on the first shard on which something did, once all others have stopped again.
     *
     * @param nanos gets how long each shard took
     */
    private @Nullable String startOnShards(List<Running> made, AtomicLongArray nanos) {
        TimeSource clock = engine.environment().clock();
        List<String> problems = onEach(shard -> {
            long start = clock.nanoTime();
            try {
                made.get(shard.id()).instance().start();
                return "";
            } catch (Throwable e) {
                return "on shard " + shard.id() + ": " + PluginSlot.words(e);
            } finally {
                nanos.set(shard.id(), clock.nanoTime() - start);
            }
        }, "a shard does not answer, or has died");
        String problem = problems.stream().filter(each -> !each.isEmpty()).findFirst().orElse(null);
        if (problem != null) {
            onEach(shard -> {
                if (problems.get(shard.id()).isEmpty()) {
                    stop(shard, made.get(shard.id()), "a version that did not start elsewhere");
                }
                return "";
            }, "");
        }
        return problem;
    }

    /**
     * Runs work on each shard and waits.
     *
     * @param silent the result of a shard that does not answer in time, or has died
     */
    private <R> List<R> onEach(Function<Shard, R> work, R silent) {
        List<ShardFuture<R>> all = engine.shards().stream()
                .map(shard -> engine.submitTo(shard.id(), () -> work.apply(shard)))
                .toList();
        List<R> results = new ArrayList<>();
        for (ShardFuture<R> each : all) {
            R result;
            try {
                result = each.get(SHARD_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException | InterruptedException | ExecutionException e) {
                log.debug("A shard did not do its part for plug-ins", e);
                result = silent;
            }
            results.add(result);
        }
        return results;
    }

    /** Puts a version, or none, in the place of what runs, and lets that go. */
    private void swap(String name, Entry entry, @Nullable Version version) {
        Version before = entry.current;
        TimeSource clock = engine.environment().clock();
        List<Long> nanos = onEach(shard -> {
            long start = clock.nanoTime();
            shards.on(shard).swap(name, version == null ? null : version.instances.get(shard.id()));
            return clock.nanoTime() - start + (version == null ? 0 : version.startNanos.get(shard.id()));
        }, 0L);
        entry.current = version;
        entry.kind = version == null ? null : version.kind.name().toLowerCase(Locale.ROOT);
        entry.version = version == null ? null : version.version;
        entry.swapNanos = nanos.stream().mapToLong(Long::longValue).max().orElse(0);
        if (before != null) {
            if (version != null) {
                long reloads = entry.reloads;
                entry.reloads = reloads + 1;
            }
            drain(before);
            onEach(shard -> {
                stop(shard, before.instances.get(shard.id()), name);
                return "";
            }, "");
            before.instances.forEach(each -> watchdog.forget(each.cell()));
            unload(name, entry, before.code, before.version);
        }
    }

    private void drain(Version version) {
        TimeSource clock = engine.environment().clock();
        long until = clock.nanoTime() + DRAIN_NANOS;
        for (Running each : version.instances) {
            while (each.cell().isRunning() && clock.nanoTime() < until) {
                LockSupport.parkNanos(this, 1_000_000);
            }
        }
    }

    private static void stop(Shard shard, Running running, String name) {
        try {
            running.instance().stop();
        } catch (Throwable e) {
            log.warn("Plug-in '{}' {} did not stop on shard {}: {}", name, running.version(), shard.id(),
                    PluginSlot.words(e), e);
        }
    }

    private void unload(String name, Entry entry, PluginCode code, String version) {
        try {
            List<String> left = code.unload();
            if (!left.isEmpty()) {
                List<String> all = new ArrayList<>(entry.left);
                all.addAll(left);
                entry.left = List.copyOf(all.subList(Math.max(0, all.size() - 100), all.size()));
                log.warn(
                        "Plug-in '{}' {} left threads behind: {}. Its classes stay in memory until they end; end them in"
                                + " stop()",
                        name, version, String.join(", ", left));
            }
        } catch (RuntimeException | LinkageError e) {
            log.warn("Plug-in '{}' {} could not be unloaded", name, version, e);
        }
    }

    /** On a shard: a version failed too often. */
    private void failing(String name, long generation, String reason) {
        try {
            engine.offload().execute(() -> setAside(name, generation, reason));
        } catch (RejectedExecutionException full) {
            // The shard asks once a version; asked for again in a second, it may be replaced already.
            engine.shard(0).schedule(() -> failing(name, generation, reason), 1, TimeUnit.SECONDS);
        }
    }

    /** On a shard: a version's instance there is of no use any more. */
    private void broken(String name, Shard shard, long generation) {
        try {
            engine.offload().execute(() -> renew(name, shard, generation));
        } catch (RejectedExecutionException full) {
            shard.schedule(() -> broken(name, shard, generation), 1, TimeUnit.SECONDS);
        }
    }

    private void renew(String name, Shard shard, long generation) {
        lock.lock();
        try {
            Version version = Objects.requireNonNull(entries.get(name)).current;
            if (closed || version == null || version.generation != generation) {
                return;
            }
            Running broken = version.instances.get(shard.id());
            String problem;
            WatchCell starting = watchdog.watch(START_NANOS, version.code.stops());
            try {
                Running made = new Running(version.code.instance(starting), broken.cell(), generation,
                        version.version, version.code.stops());
                problem = engine.submitTo(shard.id(), () -> {
                    made.instance().start();
                    PluginSlot slot = shards.on(shard).slot(name);
                    slot.renewed(made);
                    slot.renewals.increment();
                    return "";
                }).get(SHARD_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
                version.instances.set(shard.id(), made);
            } catch (Exception | LinkageError | StackOverflowError e) {
                if (e.getCause() instanceof ShardStoppedException) {
                    // The other shards have theirs.
                    return;
                }
                problem = "another instance on shard " + shard.id() + " does not start: " + PluginSlot.words(e);
            } finally {
                watchdog.forget(starting);
            }
            if (!problem.isEmpty()) {
                setAside(name, generation, problem);
            }
        } finally {
            lock.unlock();
        }
    }

    private void setAside(String name, long generation, String reason) {
        lock.lock();
        try {
            Entry entry = Objects.requireNonNull(entries.get(name));
            Version failed = entry.current;
            if (closed || failed == null || failed.generation != generation) {
                return;
            }
            entry.setAside = failed.version + ": " + reason;
            entry.error = reason;
            Path back = entry.before;
            Kind kind = entry.beforeKind;
            entry.before = null;
            Version version = null;
            if (back != null && kind != null) {
                try {
                    version = start(name, entry, kind, back);
                } catch (RuntimeException | IOException e) {
                    forget(back);
                    log.error("Plug-in '{}': the version before does not start any more", name, e);
                }
            }
            swap(name, entry, version);
            forget(failed.copy);
            entry.state = version == null ? State.SET_ASIDE : State.FALLEN_BACK;
            if (version == null) {
                log.error("Plug-in '{}' {} is set aside: {}. Messages {} until its file changes", name, failed.version,
                        reason, fate(entry.config.onFailure()));
            } else {
                log.error("Plug-in '{}' {} is set aside: {}. {} is back in its place until the file changes", name,
                        failed.version, reason, version.version);
            }
        } catch (RuntimeException e) {
            log.error("Plug-in '{}' could not be set aside", name, e);
        } finally {
            lock.unlock();
        }
    }

    private static String fate(OnFailure onFailure) {
        return switch (onFailure) {
            case PASS -> "pass by";
            case DROP -> "are dropped";
            case REJECT -> "are rejected";
        };
    }

    private static PluginCode load(Kind kind, String name, Path main, List<Path> files, PluginLimits limits) {
        // By name: the rooms stand on this one, and what they need may be missing.
        String room = Plugins.class.getPackageName() + (kind == Kind.JAVA ? ".jar.JarLoader" : ".wasm.WasmLoader");
        try {
            return Class.forName(room).asSubclass(PluginCode.Loader.class).getConstructor().newInstance().load(name,
                    main, files, limits);
        } catch (ReflectiveOperationException | NoClassDefFoundError e) {
            throw new PluginException(kind == Kind.JAVA
                    ? "plug-ins in Java need org.pf4j:pf4j; add that"
                    : "plug-ins in WebAssembly need run.endive:runtime and run.endive:compiler; add these", e);
        }
    }

    private Path copy(String name, List<Path> from) throws IOException {
        Path root = copies;
        if (root == null) {
            root = Files.createTempDirectory("solaster-plugins-");
            copies = root;
        }
        Path to = Files.createTempDirectory(root, name + "-");
        int number = 0;
        for (Path file : from) {
            Files.copy(file, to.resolve(number++ + "-" + file.getFileName()));
        }
        return to;
    }

    private static List<Path> list(Path copy) throws IOException {
        try (var all = Files.list(copy)) {
            return all.sorted().toList();
        }
    }

    private static @Nullable Path forget(@Nullable Path copy) {
        if (copy != null) {
            try {
                Files.walkFileTree(copy, new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes is) throws IOException {
                        Files.delete(file);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(Path each, @Nullable IOException e) throws IOException {
                        Files.delete(each);
                        return FileVisitResult.CONTINUE;
                    }
                });
            } catch (IOException e) {
                log.debug("A copy of a plug-in is left in {}", copy, e);
            }
        }
        return null;
    }

    /** What there is to say of each, in the order in which they look. */
    public List<PluginStats> stats() {
        List<PluginStats> stats = new ArrayList<>();
        entries.forEach((name, entry) -> {
            long timed = sum(name, slot -> slot.timedCalls);
            long nanos = sum(name, slot -> slot.timedNanos);
            String error = entry.error;
            for (Map<String, PluginSlot> each : slots.values()) {
                PluginSlot slot = each.get(name);
                error = error == null && slot != null ? slot.lastError : error;
            }
            stats.add(new PluginStats(name, entry.kind, entry.version, entry.state, sum(name, slot -> slot.calls),
                    sum(name, slot -> slot.failures), sum(name, slot -> slot.overruns),
                    sum(name, slot -> slot.missed), Duration.ofNanos(timed == 0 ? 0 : nanos / timed), entry.reloads,
                    Duration.ofNanos(entry.swapNanos), error, entry.setAside, entry.left,
                    sum(name, slot -> slot.drops), sum(name, slot -> slot.replaces), sum(name, slot -> slot.routes),
                    sum(name, slot -> slot.renewals),
                    timed == 0 ? 0 : Math.round((double) nanos / timed * sum(name, slot -> slot.calls))));
        });
        return stats;
    }

    /** Of what runs, for tests. */
    @Nullable
    ClassLoader loaderOf(String name) {
        lock.lock();
        try {
            Version running = Objects.requireNonNull(entries.get(name)).current;
            return running == null ? null : running.code.loader();
        } finally {
            lock.unlock();
        }
    }

    private long sum(String name, Function<PluginSlot, Counter> count) {
        long sum = 0;
        for (Map<String, PluginSlot> each : slots.values()) {
            PluginSlot slot = each.get(name);
            sum += slot == null ? 0 : count.apply(slot).get();
        }
        return sum;
    }

    /** Stops and unloads all. The engine calls this when it stops. */
    private void close() {
        lock.lock();
        try {
            closed = true;
            entries.forEach((name, entry) -> {
                try {
                    if (entry.current != null) {
                        swap(name, entry, null);
                    }
                } catch (RuntimeException e) {
                    log.warn("Plug-in '{}' did not stop", name, e);
                }
            });
            forget(copies);
        } finally {
            lock.unlock();
            watchdog.close();
        }
    }
}
