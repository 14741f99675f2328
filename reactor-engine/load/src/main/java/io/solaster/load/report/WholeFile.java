package io.solaster.load.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Files that are there whole or not at all, however the process ends. */
public final class WholeFile {
    private WholeFile() {}

    /**
     * Writes a file, in place of one that may be there.
     *
     * @throws IOException naming the file
     */
    public static void write(Path file, String text) throws IOException {
        write(file, part -> Files.writeString(part, text));
    }

    static void write(Path file, Writer writer) throws IOException {
        Path whole = file.toAbsolutePath();
        Path part = whole.resolveSibling("." + whole.getFileName() + "." + ProcessHandle.current().pid() + ".part");
        try {
            writer.write(part);
            Files.move(part, whole, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new IOException(file + " cannot be written (" + e + "); name one in a folder that is there and yours",
                    e);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    /** Fills a file. */
    interface Writer {
        void write(Path file) throws IOException;
    }
}
