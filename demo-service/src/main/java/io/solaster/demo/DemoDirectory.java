package io.solaster.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.util.FileSystemUtils;

/**
 * Says where the demo keeps its topics and plug-ins: in {@code demo.directory} or, where nobody names one, in a directory that
 * is there for as long as the process is. Called by Spring, before there is a context.
 */
final class DemoDirectory implements EnvironmentPostProcessor, Ordered {
    private static final String KEY = "demo.directory";

    DemoDirectory() {}

    @Override
    public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
        try {
            String named = environment.getProperty(KEY);
            Path directory = named == null ? Files.createTempDirectory("solaster-demo-") : Path.of(named);
            Files.createDirectories(directory.resolve("plugins"));
            if (named == null) {
                environment.getPropertySources()
                        .addLast(new MapPropertySource(KEY, Map.of(KEY, directory.toString())));
                // Once all contexts are closed, and with them what lies there.
                SpringApplication.getShutdownHandlers().add(() -> delete(directory));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the demo needs a directory: " + e.getMessage(), e);
        }
    }

    private static void delete(Path directory) {
        try {
            FileSystemUtils.deleteRecursively(directory);
        } catch (IOException e) {
            System.err.println(directory + " is left behind: " + e);
        }
    }

    /** After the files are read, which may name it. */
    @Override
    public int getOrder() {
        return LOWEST_PRECEDENCE;
    }
}
