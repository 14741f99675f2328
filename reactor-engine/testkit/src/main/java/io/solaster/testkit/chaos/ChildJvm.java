package io.solaster.testkit.chaos;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;

/**
 * Another JVM that runs a main class of this class path, to be killed, stopped and starved. It ends with its test, and with
 * this JVM, however that ends: nothing outlives a run that was interrupted. Only children of this JVM are touched. Stopping
 * and starving need Linux. Any thread.
 *
 * {@snippet :
 * try (ChildJvm server = ChildJvm.of(MyServer.class, "--port=0").start(events)) {
 *     int port = server.number("listening on ");
 *     server.stop();              // it answers nobody, and its sockets stay open
 *     server.goOn();
 *     server.starveOfDescriptors();
 *     server.feed();
 *     server.kill();              // as kill -9 does
 * }
 * }
 */
public final class ChildJvm implements AutoCloseable {
    /** How much of its output is kept for reports, in characters. */
    private static final int MOST_OUTPUT = 1 << 18;
    private static final Duration ENDS = Duration.ofSeconds(30);
    private static final Set<ChildJvm> LIVING = ConcurrentHashMap.newKeySet();
    /** Linux ends a child together with the thread that started it: one that lives as long as this JVM does. */
    private static final ExecutorService STARTER = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "child-jvms");
        thread.setDaemon(true);
        return thread;
    });

    static {
        Runtime.getRuntime().addShutdownHook(
                new Thread(() -> LIVING.forEach(each -> each.process.destroyForcibly()), "child-jvms-end"));
    }

    private final String name;
    private final Process process;
    private final Events events;
    private final StringBuilder output = new StringBuilder();
    private int read;
    private boolean ended;
    private final Map<Integer, Long> limitsBefore = new HashMap<>();

    /** How a child is to be started. */
    public static final class Start {
        private final List<String> command = new ArrayList<>();
        private final List<String> main = new ArrayList<>();
        private final Map<String, String> environment = new HashMap<>();
        private @Nullable Path directory;

        private Start(String mainClass, String... arguments) {
            command.addAll(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED", "--add-opens=java.base/java.lang=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow", "-Xmx256m", "-XX:+UseSerialGC",
                    "-XX:TieredStopAtLevel=1"));
            main.add(mainClass);
            main.addAll(List.of(arguments));
        }

        /** With these flags for the JVM; they overrule the kit's, such as {@code -Xmx256m}. */
        public Start flags(String... flags) {
            command.addAll(List.of(flags));
            return this;
        }

        /** With a variable of its environment. */
        public Start environment(String variable, String value) {
            environment.put(variable, value);
            return this;
        }

        /** In this directory. */
        public Start in(Path newDirectory) {
            directory = newDirectory;
            return this;
        }

        /**
         * Starts it.
         *
         * @param events told of what is done to the child
         */
        public ChildJvm start(Events events) throws IOException {
            List<String> whole = new ArrayList<>(command);
            whole.addAll(List.of("-cp", System.getProperty("java.class.path"), ChildMain.class.getName()));
            whole.addAll(main);
            ProcessBuilder builder = new ProcessBuilder(whole).redirectErrorStream(true)
                    .directory(directory == null ? null : directory.toFile());
            builder.environment().putAll(environment);
            String simple = main.getFirst().substring(main.getFirst().lastIndexOf('.') + 1);
            try {
                return STARTER.submit(() -> new ChildJvm(simple, builder.start(), events)).get();
            } catch (ExecutionException e) {
                throw new IOException("cannot start " + whole, e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while a child was started", e);
            }
        }
    }

    private ChildJvm(String simpleName, Process process, Events events) {
        this.name = "child " + process.pid() + " (" + simpleName + ")";
        this.process = process;
        this.events = events;
        LIVING.add(this);
        process.onExit().thenRun(() -> LIVING.remove(this));
        events.add(name + " starts");
        Thread.ofVirtual().name("output-of-" + process.pid()).start(this::readOutput);
    }

    /** A child that is yet to start, and runs the main method of a class. */
    public static Start of(Class<?> main, String... arguments) {
        return new Start(main.getName(), arguments);
    }

    private void readOutput() {
        try (BufferedReader lines = process.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                synchronized (output) {
                    if (output.length() + line.length() >= MOST_OUTPUT) {
                        // What stood before has been waited for, or never will be.
                        int cut = Math.max(output.length() / 2, 0);
                        output.delete(0, cut);
                        read = Math.max(0, read - cut);
                    }
                    output.append(line).append('\n');
                    output.notifyAll();
                }
            }
        } catch (IOException e) {
            // It has been killed.
        } finally {
            synchronized (output) {
                ended = true;
                output.notifyAll();
            }
        }
    }

    /** The process's number. */
    public long pid() {
        return process.pid();
    }

    /** Whether it runs, or is stopped. */
    public boolean isAlive() {
        return process.isAlive();
    }

    /**
     * Waits for the next line that contains a text, and goes past it.
     *
     * @throws AssertionError with what the child printed, where it ends or time runs out before
     */
    public String line(String text, Duration limit) {
        long end = System.nanoTime() + limit.toNanos();
        synchronized (output) {
            while (true) {
                for (int from = read, to = output.indexOf("\n", from); to >= 0; from = to + 1, to = output
                        .indexOf("\n", from)) {
                    String line = output.substring(from, to);
                    read = to + 1;
                    if (line.contains(text)) {
                        return line;
                    }
                }
                long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
                if (ended || left <= 0) {
                    throw new AssertionError(name + (ended ? " has ended" : " has run for " + limit)
                            + " without a line that contains '" + text + "'; it printed:\n" + output);
                }
                try {
                    output.wait(left);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new AssertionError("interrupted while waiting for '" + text + "' of " + name, e);
                }
            }
        }
    }

    /** The number behind a text, such as a port, as {@link #line} finds it; waits for a minute. */
    public int number(String text) {
        String line = line(text, Duration.ofMinutes(1));
        String behind = line.substring(line.indexOf(text) + text.length()).strip();
        int digits = 0;
        while (digits < behind.length() && Character.isDigit(behind.charAt(digits))) {
            digits++;
        }
        if (digits == 0) {
            throw new AssertionError("no number behind '" + text + "' in: " + line);
        }
        return Integer.parseInt(behind.substring(0, digits));
    }

    /** The latest of what it printed. */
    public String output() {
        synchronized (output) {
            return output.toString();
        }
    }

    /** Writes a line to its standard input. */
    public void tell(String line) {
        try {
            Writer writer = process.outputWriter();
            writer.write(line + "\n");
            writer.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(name + " does not take its input", e);
        }
    }

    /** Ends it as {@code kill -9} does: it can do nothing more. Returns once it has ended. */
    public void kill() {
        events.add(name + " is killed");
        process.destroyForcibly();
        awaitEnd();
    }

    /** It does nothing any more, and nobody is told: its sockets stay open. Until {@link #goOn}. */
    public void stop() {
        events.add(name + " is stopped");
        signal(Signals.STOP);
    }

    /** It goes on after {@link #stop}; nothing happens if it has ended meanwhile. */
    public void goOn() {
        events.add(name + " goes on");
        if (process.isAlive()) {
            signal(Signals.CONT);
        }
    }

    /** It can open no further file and no further socket, until {@link #feed}. */
    public void starveOfDescriptors() {
        events.add(name + " is starved of descriptors");
        limit(Signals.DESCRIPTORS, 0);
    }

    /**
     * Its disk is as good as full: no file grows beyond so many bytes, and what was to be written fails. Until
     * {@link #feed}.
     */
    public void starveOfDisk(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("files of " + bytes + " bytes; give 0 or more");
        }
        events.add(name + " is starved of disk from " + bytes + " bytes a file");
        limit(Signals.FILE_SIZE, bytes);
    }

    /** It has again what it was starved of; nothing happens if it has ended meanwhile. */
    public synchronized void feed() {
        events.add(name + " is fed");
        UncheckedIOException failure = null;
        for (Map.Entry<Integer, Long> each : limitsBefore.entrySet()) {
            // The number of a child that has ended may be another process's by now.
            if (process.isAlive()) {
                try {
                    Signals.limit(process.pid(), each.getKey(), each.getValue());
                } catch (IOException e) {
                    failure = new UncheckedIOException(e);
                }
            }
        }
        limitsBefore.clear();
        if (failure != null && process.isAlive()) {
            throw failure;
        }
    }

    private synchronized void limit(int resource, long newLimit) {
        mine();
        try {
            long before = Signals.limit(process.pid(), resource, newLimit);
            limitsBefore.putIfAbsent(resource, before);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void signal(int signal) {
        mine();
        try {
            Signals.send(process.pid(), signal);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A number that has ended may be another process's by now. */
    private void mine() {
        if (!Signals.isLinux()) {
            throw new UnsupportedOperationException("children are stopped and starved on Linux only");
        }
        if (!process.isAlive()) {
            throw new IllegalStateException(
                    name + " has ended with " + process.exitValue() + "; it printed:\n" + output());
        }
    }

    private void awaitEnd() {
        try {
            if (!process.waitFor(ENDS.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException(name + " has not ended within " + ENDS + " of its kill");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Kills it where it still runs. Returns once it has ended. */
    @Override
    public void close() {
        if (process.isAlive()) {
            kill();
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
