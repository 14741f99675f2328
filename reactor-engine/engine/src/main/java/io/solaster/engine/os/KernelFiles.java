package io.solaster.engine.os;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

import io.solaster.config.value.CpuSet;

/**
 * The small files below {@code /proc} and {@code /sys}. They differ by kernel, container and sandbox, so nothing here
 * throws: what is missing, unreadable or no number reads as empty or as the fallback. Any thread.
 */
final class KernelFiles {
    /** The files of the running system. */
    static final KernelFiles LIVE = new KernelFiles(Path.of("/"));

    private final Path root;

    KernelFiles(Path root) {
        this.root = root;
    }

    /** The file's text, or the empty text. */
    String text(String path) {
        try {
            return new String(Files.readAllBytes(resolve(path)), StandardCharsets.UTF_8);
        } catch (IOException | InvalidPathException e) {
            return "";
        }
    }

    /** The CPU list in the file, or the empty set. */
    CpuSet cpus(String path) {
        return cpuList(text(path));
    }

    long number(String path, long fallback) {
        return toLong(text(path), fallback);
    }

    boolean isDirectory(String path) {
        try {
            return Files.isDirectory(resolve(path));
        } catch (InvalidPathException e) {
            return false;
        }
    }

    /** The names in a directory, in no order. */
    List<String> names(String path) {
        String[] names = resolve(path).toFile().list();
        return names == null ? List.of() : List.of(names);
    }

    private Path resolve(String path) {
        return root.resolve(path.substring(1));
    }

    /** What follows {@code key} in the line that starts with it, or the empty text. */
    static String field(String text, String key) {
        int from = text.startsWith(key) ? 0 : text.indexOf('\n' + key) + 1;
        if (from == 0 && !text.startsWith(key)) {
            return "";
        }
        int end = text.indexOf('\n', from);
        return text.substring(from + key.length(), end < 0 ? text.length() : end).strip();
    }

    /** The text up to its first white space. */
    static String firstWord(String text) {
        int end = 0;
        while (end < text.length() && !Character.isWhitespace(text.charAt(end))) {
            end++;
        }
        return text.substring(0, end);
    }

    static CpuSet cpuList(String text) {
        try {
            return CpuSet.parse(text);
        } catch (IllegalArgumentException e) {
            return CpuSet.EMPTY;
        }
    }

    static long toLong(String text, long fallback) {
        try {
            return Long.parseLong(text.strip());
        } catch (NumberFormatException e) {
            return fallback;
        }
    }
}
