package io.solaster.streams.plugin;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;

import io.solaster.config.plugin.PluginConfig;
import io.solaster.config.plugin.PluginConfig.Kind;
import org.jspecify.annotations.Nullable;

/**
 * What lies in the directory of the plug-ins, and which files make up each. One thread at a time, off the shards.
 */
final class PluginFiles {
    private static final String WASM = ".wasm";
    private static final String JAR = ".jar";

    /** Of a file, what changes with it. */
    private record Stamp(long size, long modified, @Nullable Object key) {}

    /** @param problem what is wrong with the file; null for nothing */
    private record Jar(Stamp stamp, String id, List<String> dependencies, @Nullable String problem) {}

    /**
     * The files of a plug-in, itself first.
     *
     * @param print differs once one of them does
     */
    record Found(Kind kind, List<Path> files, String print) {}

    private final Path directory;
    private Map<Path, Jar> jars = new HashMap<>();
    private Map<Path, Stamp> modules = new TreeMap<>();

    PluginFiles(Path directory) {
        this.directory = directory;
    }

    /**
     * Looks at the directory.
     *
     * @throws IOException if it cannot be read
     */
    void read() throws IOException {
        Map<Path, Jar> nowJars = new TreeMap<>();
        Map<Path, Stamp> nowModules = new TreeMap<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path file : entries) {
                String name = file.getFileName().toString();
                if (name.endsWith(JAR) || name.endsWith(WASM)) {
                    Stamp stamp = stamp(file);
                    if (stamp != null && name.endsWith(WASM)) {
                        nowModules.put(file, stamp);
                    } else if (stamp != null) {
                        Jar before = jars.get(file);
                        nowJars.put(file, before != null && before.stamp.equals(stamp) ? before : jar(file, stamp));
                    }
                }
            }
        } catch (java.nio.file.DirectoryIteratorException e) {
            throw e.getCause();
        }
        jars = nowJars;
        modules = nowModules;
    }

    /** Null if it is no file, or gone meanwhile. */
    private static @Nullable Stamp stamp(Path file) {
        try {
            BasicFileAttributes is = Files.readAttributes(file, BasicFileAttributes.class);
            return is.isRegularFile()
                    ? new Stamp(is.size(), is.lastModifiedTime().toMillis(), is.fileKey())
                    : null;
        } catch (IOException gone) {
            return null;
        }
    }

    private static Jar jar(Path file, Stamp stamp) {
        String fileName = file.getFileName().toString();
        String stem = fileName.substring(0, fileName.length() - JAR.length());
        try (JarFile jar = new JarFile(file.toFile())) {
            Manifest manifest = jar.getManifest();
            String id = manifest == null ? null : manifest.getMainAttributes().getValue("Plugin-Id");
            if (id == null || id.isBlank()) {
                return new Jar(stamp, stem, List.of(), "the jar is no plug-in: its manifest has no Plugin-Id; add"
                        + " Plugin-Id: " + stem + " and Plugin-Version");
            }
            return new Jar(stamp, id.strip(), dependencies(manifest.getMainAttributes()), null);
        } catch (IOException | RuntimeException e) {
            return new Jar(stamp, stem, List.of(),
                    "it is no jar, or not a whole one (" + e.getMessage() + "); put it there again");
        }
    }

    /** Ids alone, of {@code a@1.0, b?@>=2.0}: PF4J looks at the versions. */
    private static List<String> dependencies(Attributes manifest) {
        List<String> ids = new ArrayList<>();
        String text = manifest.getValue("Plugin-Dependencies");
        for (String each : text == null ? new String[0] : text.split(",")) {
            String id = each.strip().replaceFirst("@.*", "").replaceFirst("\\?$", "").strip();
            if (!id.isEmpty()) {
                ids.add(id);
            }
        }
        return ids;
    }

    /**
     * What a plug-in is made of.
     *
     * @return null if there is no file
     * @throws PluginException if there are two, or the file is none that can be
     */
    @Nullable
    Found find(String name, PluginConfig config) {
        List<Path> mine = new ArrayList<>();
        if (config.kind() != Kind.JAVA) {
            modules.keySet().stream().filter(file -> file.getFileName().toString().equals(name + WASM))
                    .forEach(mine::add);
        }
        if (config.kind() != Kind.WASM) {
            mine.addAll(jarsOf(name));
        }
        if (mine.isEmpty()) {
            return null;
        }
        if (mine.size() > 1) {
            throw new PluginException("two files are plug-in '" + name + "': "
                    + String.join(", ", mine.stream().map(file -> file.getFileName().toString()).toList())
                    + "; leave one of them");
        }
        Path file = mine.getFirst();
        Stamp module = modules.get(file);
        if (module != null) {
            return new Found(Kind.WASM, List.of(file), module.toString());
        }
        Map<Path, Jar> needed = new LinkedHashMap<>();
        collect(file, needed);
        needed.forEach((path, jar) -> {
            if (jar.problem != null) {
                throw new PluginException(path.getFileName() + ": " + jar.problem);
            }
        });
        return new Found(Kind.JAVA, List.copyOf(needed.keySet()), needed.toString());
    }

    private List<Path> jarsOf(String id) {
        return jars.entrySet().stream().filter(each -> each.getValue().id.equals(id)).map(Map.Entry::getKey).toList();
    }

    private void collect(Path file, Map<Path, Jar> into) {
        Jar jar = jars.get(file);
        if (jar == null || into.putIfAbsent(file, jar) != null) {
            return;
        }
        for (String id : jar.dependencies) {
            // PF4J says which are missing, and refuses two of one id.
            jarsOf(id).forEach(each -> collect(each, into));
        }
    }
}
