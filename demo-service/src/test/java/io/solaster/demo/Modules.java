package io.solaster.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** The folders of the build's modules, as its poms name them: a walk would meet what others make and remove meanwhile. */
final class Modules {
    private static final Pattern MODULE = Pattern.compile("<module>(.*?)</module>");

    private Modules() {}

    static List<Path> folders() throws IOException {
        List<Path> folders = new ArrayList<>();
        add(Path.of("..").toAbsolutePath().normalize(), folders);
        return folders;
    }

    private static void add(Path folder, List<Path> folders) throws IOException {
        folders.add(folder);
        for (MatchResult module : MODULE.matcher(Files.readString(folder.resolve("pom.xml"))).results().toList()) {
            add(folder.resolve(module.group(1)), folders);
        }
    }
}
