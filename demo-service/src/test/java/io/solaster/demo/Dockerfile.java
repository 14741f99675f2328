package io.solaster.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import com.jayway.jsonpath.JsonPath;

/**
 * The Dockerfile, read, and carried out in a directory where there is no engine to build images: every stage is a folder
 * below it, and its commands run there by the same shell and the Java of this test. It knows what our file uses: every
 * path in a RUN is relative.
 */
record Dockerfile(Path context, List<Instruction> instructions) {

    record Instruction(String name, String value) {
        List<String> words() {
            return List.of(value.split("\\s+"));
        }
    }

    /** What came of it: where the last stage works, what is in its environment, and how it starts. */
    record Image(Path directory, Map<String, String> environment, List<String> entrypoint) {}

    static Dockerfile read(Path file) throws IOException {
        String joined = String.join("\n",
                Files.readAllLines(file).stream().filter(line -> !line.strip().startsWith("#")).toList())
                .replaceAll("\\\\\\n\\s*", "");
        return new Dockerfile(file.getParent(),
                joined.lines().filter(line -> !line.isBlank()).map(line -> line.split("\\s+", 2))
                        .map(parts -> new Instruction(parts[0], parts[1].strip())).toList());
    }

    List<String> all(String name) {
        return instructions.stream().filter(one -> one.name.equals(name)).map(Instruction::value).toList();
    }

    /** Carries it out below a directory, with other values for some arguments. */
    Image build(Path root, Map<String, String> arguments) throws Exception {
        Map<String, Path> stages = new HashMap<>();
        Map<String, String> environment = new HashMap<>();
        Path stage = root;
        Path work = root;
        List<String> entrypoint = List.of();
        for (Instruction one : instructions) {
            List<String> words = one.words();
            switch (one.name) {
                case "FROM" -> {
                    stage = Files.createDirectories(root.resolve("stage-" + stages.size()));
                    stages.put(words.size() == 3 ? words.get(2) : words.getFirst(), stage);
                    environment.clear();
                }
                case "WORKDIR" -> work = Files.createDirectories(below(stage, one.value));
                case "ARG" -> {
                    String[] pair = one.value.split("=", 2);
                    environment.put(pair[0], arguments.getOrDefault(pair[0], pair[1]));
                }
                case "ENV" -> words.forEach(word -> environment.put(word.split("=", 2)[0], word.split("=", 2)[1]));
                case "COPY" -> {
                    boolean fromStage = words.getFirst().startsWith("--from=");
                    Path from = fromStage ? stages.get(words.getFirst().substring("--from=".length())) : context;
                    for (String source : words.subList(fromStage ? 1 : 0, words.size() - 1)) {
                        copy(below(from, source), work.resolve(words.getLast()).normalize());
                    }
                }
                case "RUN" -> run(one.value, work, environment);
                case "ENTRYPOINT" -> entrypoint = JsonPath.read(one.value, "$");
                case "EXPOSE", "USER" -> {
                    // Facts, for those who read them.
                }
                default -> throw new IllegalArgumentException("This test does not know " + one);
            }
        }
        return new Image(work, environment, entrypoint);
    }

    private static Path below(Path root, String path) {
        return root.resolve(path.replaceFirst("^/", "")).normalize();
    }

    /** A directory's content, or a file into a directory; times are kept, as Docker keeps them. */
    private static void copy(Path source, Path target) throws IOException {
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.toList()) {
                Path to = Files.isDirectory(source)
                        ? target.resolve(source.relativize(file).toString())
                        : target.resolve(file.getFileName());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(to);
                } else {
                    Files.copy(file, to, StandardCopyOption.COPY_ATTRIBUTES, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }

    private static void run(String command, Path work, Map<String, String> environment) throws Exception {
        Path log = Files.createTempFile("dockerfile", ".log");
        try {
            ProcessBuilder builder = new ProcessBuilder("sh", "-c", command).directory(work.toFile())
                    .redirectErrorStream(true).redirectOutput(log.toFile());
            builder.environment().putAll(environment);
            withJava(builder);
            Process process = builder.start();
            boolean ended = process.waitFor(5, TimeUnit.MINUTES);
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            assertThat(ended && process.exitValue() == 0).as(command + "\n" + Files.readString(log)).isTrue();
        } finally {
            Files.delete(log);
        }
    }

    /** Has 'java' and 'jar' mean those of this test. */
    static void withJava(ProcessBuilder builder) {
        Path bin = Path.of(System.getProperty("java.home"), "bin");
        builder.environment().merge("PATH", bin.toString(), (path, ours) -> ours + ":" + path);
        builder.environment().put("JAVA_HOME", bin.getParent().toString());
        builder.environment().remove("JDK_JAVA_OPTIONS");
    }

    /** Every file below a directory, with its size. */
    static List<String> list(Path directory) throws IOException {
        List<String> all = new ArrayList<>();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted().toList()) {
                all.add(directory.relativize(file) + (Files.isRegularFile(file) ? " " + Files.size(file) : ""));
            }
        }
        return all;
    }

    /** The flags of a file for the launcher: one a line, comments left out. */
    static List<String> flags(Path file) throws IOException {
        return Files.readAllLines(file).stream().map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("#")).toList();
    }

    static List<String> flags(String text) {
        return Arrays.asList(text.strip().split("\\s+"));
    }
}
