package io.solaster.engine.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command that measures a disk. */
final class MeasureDiskTest {
    @TempDir
    private Path directory;

    @Test
    void printsLimitsAndLeavesNothing() throws Exception {
        String yaml;
        try {
            yaml = MeasureDisk.measure(directory, Duration.ofMillis(20), 4 << 20);
        } catch (IOException refused) {
            assumeTrue(!refused.getMessage().contains("O_DIRECT")
                    && !refused.getMessage().contains("Invalid argument"), "no way past the page cache here");
            throw refused;
        }
        assertThat(yaml).containsPattern("limits:\n +read-bytes-per-second: [1-9][0-9]*MB\n"
                + " +write-bytes-per-second: [1-9][0-9]*MB\n +reads-per-second: [1-9][0-9]*\n"
                + " +writes-per-second: [1-9][0-9]*\n");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void touchesNothingThatIsThere() throws Exception {
        Path there = Files.writeString(directory.resolve("solaster-measure-disk.tmp"), "of somebody");
        assertThatThrownBy(() -> MeasureDisk.measure(directory, Duration.ofMillis(1), 1 << 20))
                .isInstanceOf(FileAlreadyExistsException.class).hasMessageContaining("it is not overwritten");
        assertThat(there).hasContent("of somebody");
    }

    @Test
    void takesNoMoreRoomThanThereIs() {
        assertThatThrownBy(() -> MeasureDisk.measure(directory, Duration.ofMillis(1), 1L << 60))
                .isInstanceOf(IOException.class).hasMessageContaining("ask for less");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void saysWhatItWants() throws Exception {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        assertThat(MeasureDisk.run(new PrintStream(said))).isFalse();
        assertThat(said.toString()).contains("MeasureDisk DIRECTORY");
        for (String wrong : new String[]{"0", "61", "x"}) {
            assertThatThrownBy(() -> MeasureDisk.run(new PrintStream(said), directory.toString(), wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("'" + wrong + "': write a number from 1 to 60");
        }
    }
}
