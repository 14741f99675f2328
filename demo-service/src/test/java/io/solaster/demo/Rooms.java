package io.solaster.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How large packages and classes may be, by their sources, which also tells what a class file does not: comments. A
 * package-info that says {@value #WHY_SO_MANY} and a class comment that says {@value #WHY_SO_LONG} give their reason.
 */
final class Rooms {
    static final String WHY_SO_MANY = "Holds more than 20 files because";
    static final String WHY_SO_LONG = "Longer than 500 lines because";

    private static final int MOST_FILES = 30;
    private static final int MANY_FILES = 20;
    private static final int MANY_LINES = 500;
    private static final Pattern DECLARATION = Pattern
            .compile("(?m)^(?:[a-z-]+ )*(?:class|interface|@interface|record|enum) \\w");

    private Rooms() {}

    /**
     * What is wrong below a folder of sources.
     *
     * @return sentences by the package or class that they are about
     */
    static Map<String, String> faults(Path sources) {
        Map<String, String> faults = new TreeMap<>();
        try (Stream<Path> all = Files.walk(sources)) {
            Map<Path, List<Path>> packages = all.filter(file -> file.toString().endsWith(".java"))
                    .collect(Collectors.groupingBy(Path::getParent));
            packages.forEach((folder, files) -> {
                room(name(sources, folder), folder.resolve("package-info.java"), files.size(), faults);
                files.forEach(file -> length(name(sources, file), file, faults));
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return faults;
    }

    private static void room(String name, Path info, int files, Map<String, String> faults) {
        if (!Files.exists(info)) {
            faults.put(name, "has no package-info; write what it holds, and who may call it on which thread");
        } else if (files > MOST_FILES) {
            faults.put(name, "has " + files + " files; split it into rooms of at most " + MOST_FILES);
        } else if (files > MANY_FILES && !sentences(read(info)).contains(WHY_SO_MANY)) {
            faults.put(name, "has " + files + " files; its package-info says '" + WHY_SO_MANY + " …', or split it");
        }
    }

    private static void length(String name, Path file, Map<String, String> faults) {
        String text = read(file);
        long lines = text.lines().count();
        if (lines > MANY_LINES && !sentences(DECLARATION.split(text, 2)[0]).contains(WHY_SO_LONG)) {
            faults.put(name, "has " + lines + " lines; split it, or its class comment says '" + WHY_SO_LONG + " …'");
        }
    }

    /** A comment without its line breaks. */
    private static String sentences(String comment) {
        return comment.replaceAll("\\s+(\\*\\s+)?", " ");
    }

    private static String name(Path sources, Path file) {
        return sources.relativize(file).toString().replaceFirst("[.]java$", "").replace('/', '.');
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
