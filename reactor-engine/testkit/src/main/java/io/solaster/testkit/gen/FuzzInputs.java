package io.solaster.testkit.gen;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a fuzzer has found and somebody has kept, so that a plain test goes through it in each build: the fuzzer itself need not
 * run. Any thread.
 */
public final class FuzzInputs {
    private FuzzInputs() {}

    /**
     * The files that Jazzer keeps for a fuzz test, among the test's resources, by their names.
     *
     * @param owner the class of the fuzz test
     * @param method its name
     * @throws IllegalArgumentException if there is no such directory, or nothing in it
     */
    public static List<Path> of(Class<?> owner, String method) {
        String name = owner.getSimpleName() + "Inputs/" + method;
        URL directory = owner.getResource(name);
        if (directory == null) {
            throw new IllegalArgumentException("no resource " + name + " beside " + owner.getName()
                    + "; name the method of its @FuzzTest");
        }
        try (Stream<Path> files = Files.list(Path.of(directory.toURI()))) {
            List<Path> inputs = files.sorted().toList();
            if (inputs.isEmpty()) {
                throw new IllegalArgumentException("no input in " + directory + "; keep one at least");
            }
            return inputs;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + directory, e);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("no directory of files: " + directory, e);
        }
    }
}
