package io.solaster.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Packages and classes stay as small as design says, in every module. */
final class RoomsTest {

    @Test
    void packagesAndClassesAreSmallOrSayWhyNot() throws IOException {
        assertThat(faults()).isEmpty();
    }

    @Test
    void findsAPackageWithoutAWordOnWhatItHolds(@TempDir Path sources) throws IOException {
        write(sources, "a/One.java", "package a;\nfinal class One {}\n");
        assertThat(Rooms.faults(sources)).containsOnlyKeys("a");
        write(sources, "a/package-info.java", "/** One. */\npackage a;\n");
        assertThat(Rooms.faults(sources)).isEmpty();
    }

    @Test
    void findsAPackageOfMoreFilesThanItMayHave(@TempDir Path sources) throws IOException {
        write(sources, "a/b/package-info.java", "/** Much. */\npackage a.b;\n");
        files(sources, 20);
        assertThat(Rooms.faults(sources)).containsOnlyKeys("a.b").containsValue(
                "has 21 files; its package-info says 'Holds more than 20 files because …', or split it");
        write(sources, "a/b/package-info.java",
                "/**\n * Much. Holds more than 20\n * files because so it is.\n */\npackage a.b;\n");
        assertThat(Rooms.faults(sources)).isEmpty();
        files(sources, 30);
        assertThat(Rooms.faults(sources)).containsOnlyKeys("a.b")
                .containsValue("has 31 files; split it into rooms of at most 30");
    }

    @Test
    void findsAClassOfMoreLinesThanItMayHave(@TempDir Path sources) throws IOException {
        write(sources, "a/package-info.java", "/** Long. */\npackage a;\n");
        String body = "public final class Long {\n" + "    // Longer than 500 lines because\n".repeat(500) + "}\n";
        write(sources, "a/Long.java", "package a;\n\n/** Says nothing of that. */\n" + body);
        assertThat(Rooms.faults(sources)).containsOnlyKeys("a.Long");
        write(sources, "a/Long.java", "package a;\n\n/** Longer than 500 lines because one thing it is. */\n" + body);
        assertThat(Rooms.faults(sources)).isEmpty();
    }

    private static void files(Path sources, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            write(sources, "a/b/C" + i + ".java", "package a.b;\nfinal class C" + i + " {}\n");
        }
    }

    private static void write(Path sources, String file, String text) throws IOException {
        Files.createDirectories(sources.resolve(file).getParent());
        Files.writeString(sources.resolve(file), text);
    }

    private static Map<String, String> faults() throws IOException {
        Map<String, String> faults = new TreeMap<>();
        List<Path> sources = Modules.folders().stream().map(module -> module.resolve("src/main/java"))
                .filter(Files::isDirectory).toList();
        assertThat(sources).hasSizeGreaterThan(10);
        sources.forEach(each -> faults.putAll(Rooms.faults(each)));
        return faults;
    }
}
