package io.solaster.engine;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Another JVM that runs one of the tests' classes. */
public final class Child implements AutoCloseable {
    private final Process process;
    private final BufferedReader output;
    private final StringBuilder read = new StringBuilder();

    private Child(Process process) {
        this.process = process;
        this.output = process.inputReader();
    }

    /** @param limits shell commands to run before, such as {@code ulimit -n 64}; may be empty */
    public static Child start(String limits, Class<?> main, List<String> flags, String... arguments)
            throws IOException {
        List<String> java = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-Xmx128m",
                "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dlog.level=INFO"));
        java.addAll(flags);
        java.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        java.addAll(List.of(arguments));
        List<String> command = new ArrayList<>(List.of("sh", "-c", limits + "\nexec \"$@\"", "sh"));
        command.addAll(java);
        return new Child(new ProcessBuilder(command).redirectErrorStream(true).start());
    }

    /** Reads on until a line contains this; empty where the output ends before. */
    public Optional<String> line(String word) throws IOException {
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            read.append(line).append('\n');
            if (line.contains(word)) {
                return Optional.of(line);
            }
        }
        return Optional.empty();
    }

    /** The number behind a word that begins a line. */
    public int number(String word) throws IOException {
        String line;
        do {
            line = line(word).orElseThrow(() -> new AssertionError("no '" + word + "' in\n" + read));
        } while (!line.startsWith(word));
        return Integer.parseInt(line.substring(word.length()).strip());
    }

    /** All that was printed, once it has ended. */
    public String all() throws IOException {
        line("\0");
        return read.toString();
    }

    /** Tells the child to go on. */
    public void tell(String line) throws IOException {
        process.outputWriter().write(line + "\n");
        process.outputWriter().flush();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor(60, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
