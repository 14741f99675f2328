package io.solaster.benchmarks.rig;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs what a script starts, as the script does. */
public final class Script {

    private Script() {}

    /** Gives what it printed; where that is nothing, what it complained of. */
    public static String run(Class<?> main, Path folder, String... arguments) throws Exception {
        Path out = folder.resolve("out");
        List<String> command = new ArrayList<>(List.of(Workplace.java(), "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow", "-XX:+UseSerialGC", "-Xmx128m", "-cp",
                System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(false).redirectOutput(out.toFile())
                .redirectError(folder.resolve("err").toFile()).start();
        try {
            assertThat(process.waitFor(9, TimeUnit.MINUTES)).isTrue();
            String text = Files.readString(out, StandardCharsets.UTF_8);
            return text.isEmpty() ? Files.readString(folder.resolve("err"), StandardCharsets.UTF_8) : text;
        } finally {
            process.destroy();
        }
    }
}
