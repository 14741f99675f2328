package io.solaster.config.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files of the repository that are made from the records: compared, or written with {@code -Dgenerate}. */
final class Generated {
    private Generated() {}

    static void check(Path file, String content) throws IOException {
        if (System.getProperty("generate") != null) {
            Files.writeString(file, content);
        }
        // Tells the lines that differ.
        assertThat(file).as("%s is out of date: mvn -pl config-schema test -Dgenerate", file).hasContent(content);
    }
}
