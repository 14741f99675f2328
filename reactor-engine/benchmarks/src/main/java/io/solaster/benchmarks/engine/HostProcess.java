package io.solaster.benchmarks.engine;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import io.solaster.benchmarks.rig.Children;
import io.solaster.benchmarks.rig.ProcFs;
import io.solaster.benchmarks.rig.Workplace;

/** An {@link EngineHost} that runs. */
final class HostProcess implements AutoCloseable {
    private final Process process;
    private final BufferedReader answers;
    private final List<Integer> ports = new ArrayList<>();

    /** Starts one on certain CPUs, with an echo server for each group. */
    HostProcess(Workplace workplace, String cpus, int shards, String transport, String... groups) throws IOException {
        Path log = workplace.file("engine-" + transport + ".log");
        List<String> command = new ArrayList<>(List.of(Workplace.java(), "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow"));
        command.addAll(workplace.options().jvm());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), EngineHost.class.getName(),
                Integer.toString(shards), transport));
        command.addAll(List.of(groups));
        process = Children.start(cpus, log, command);
        answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
        String line = answers.readLine();
        if (line == null) {
            close();
            throw new IOException("the engine over " + transport + " did not start:\n" + Files.readString(log));
        }
        for (String port : line.split(" ", 0)) {
            if (!port.isEmpty()) {
                ports.add(Integer.valueOf(port));
            }
        }
    }

    int port(int server) {
        return ports.get(server);
    }

    long cpuNanos() {
        return ProcFs.cpuNanos(process.pid());
    }

    /** Asks for something and gives the numbers in the answer. */
    long[] ask(String command) throws IOException {
        OutputStream control = process.getOutputStream();
        control.write((command + "\n").getBytes(StandardCharsets.US_ASCII));
        control.flush();
        String line = answers.readLine();
        if (line == null) {
            throw new IOException("the engine has ended at '" + command + "'");
        }
        return Arrays.stream(line.split(" ", -1)).mapToLong(Long::parseLong).toArray();
    }

    @Override
    public void close() {
        Children.end(process);
    }
}
